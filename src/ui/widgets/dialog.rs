//! The frame of a dialog: centred, padded, over a cleared piece of the screen.

use super::fit::{columns, cut};
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Block, BorderType, Clear, Padding};

/// A rectangle of this size in the middle of `screen`, cut to it.
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}

/// What is inside the frame: one column and one row of border, two columns of padding, a free line
/// above where there is room.
pub fn inner(area: Rect) -> Rect {
    let above = u16::from(area.height > 10);
    Rect {
        x: area.x.saturating_add(3).min(area.right()),
        y: area.y.saturating_add(1 + above).min(area.bottom()),
        width: area.width.saturating_sub(6),
        height: area.height.saturating_sub(2 + above),
    }
}

/// The row of the dialog's buttons: the last inside the frame.
pub fn button_row(area: Rect) -> Rect {
    let inner = inner(area);
    Rect {
        y: inner.bottom().saturating_sub(1).max(inner.y),
        height: inner.height.min(1),
        ..inner
    }
}

/// Clears the place, draws the frame and gives the inner area.
pub fn draw(frame: &mut Frame<'_>, area: Rect, title: &str, styles: &Styles) -> Rect {
    frame.render_widget(Clear, area);
    let title = cut(title, usize::from(area.width.saturating_sub(6)));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(styles.border_focus)
        .title(Span::styled(format!(" {title} "), styles.title))
        .padding(Padding::ZERO)
        .style(styles.text);
    frame.render_widget(block, area);
    inner(area)
}

/// A quiet word in the lower border, such as `↓ more`.
pub fn draw_note(frame: &mut Frame<'_>, area: Rect, note: &str, styles: &Styles) {
    let width = columns(note).saturating_add(2).min(area.width);
    let place = Rect {
        x: area.right().saturating_sub(width + 2).max(area.x),
        y: area.bottom().saturating_sub(1),
        width,
        height: area.height.min(1),
    };
    frame.render_widget(Span::styled(format!(" {note} "), styles.muted), place);
}
