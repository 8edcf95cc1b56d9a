//! Short-lived results in the lower right corner: it worked, look here, it failed.

use super::fit::{columns, cut};
use crate::domain::DisplaySafe;
use crate::ui::theme::Styles;
use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

const STAYS: SignedDuration = SignedDuration::from_secs(6);
const AT_ONCE: usize = 3;

/// What kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Success,
    Warning,
    Failure,
}

#[derive(Debug, Clone)]
struct Toast {
    kind: Kind,
    text: DisplaySafe,
    until: Timestamp,
}

/// The results on the screen, the newest last.
#[derive(Debug, Clone, Default)]
pub struct Toasts(Vec<Toast>);

impl Toasts {
    /// Shows a result; the same words again only stay longer.
    pub fn push(&mut self, kind: Kind, text: impl Into<DisplaySafe>, now: Timestamp) {
        let text = text.into();
        self.0.retain(|toast| toast.text != text);
        let until = now.checked_add(STAYS).unwrap_or(now);
        self.0.push(Toast { kind, text, until });
        let surplus = self.0.len().saturating_sub(AT_ONCE);
        self.0.drain(..surplus);
    }

    /// Drops what has been there long enough; tells whether something went.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|toast| toast.until > now);
        self.0.len() != before
    }

    /// When the next one goes.
    pub fn next_tick(&self) -> Option<Timestamp> {
        self.0.iter().map(|toast| toast.until).min()
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Draws them upwards from the lower right corner of `area`.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles) {
        let mut bottom = area.bottom();
        for toast in self.0.iter().rev() {
            let (mark, style) = match toast.kind {
                Kind::Success => ("✓", styles.success),
                Kind::Warning => ("!", styles.warning),
                Kind::Failure => ("✗", styles.danger),
            };
            let text = cut(
                toast.text.as_str(),
                usize::from(area.width.saturating_sub(8)),
            );
            let width = columns(&text).saturating_add(6).min(area.width);
            if bottom < area.y.saturating_add(3) {
                return;
            }
            let place = Rect::new(area.right() - width, bottom - 3, width, 3);
            frame.render_widget(Clear, place);
            let line = Line::from(vec![
                Span::styled(format!(" {mark} "), style),
                Span::raw(text),
            ]);
            let block = Block::bordered()
                .border_type(BorderType::Rounded)
                .border_style(style);
            frame.render_widget(Paragraph::new(line).block(block), place);
            bottom -= 3;
        }
    }
}
