//! Where the window stands among all members, said no more exactly than it is known: a scroll bar in the
//! right border, and a place in the lower one. An estimate has a hollow thumb and a `~`.

use super::members::Members;
use crate::domain::Count;
use crate::domain::grouped;
use crate::ui::effect::COUNT_CAP;
use crate::ui::layout;
use crate::ui::theme::Styles;
use crate::ui::widgets::fit::columns;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Scrollbar, ScrollbarOrientation, ScrollbarState};

const EXACT: &str = "█";
const ESTIMATED: &str = "▒";

impl Members {
    /// Draws the thumb over the right border of the pane; none where all rows are seen, or the place is
    /// not known.
    pub(super) fn scroll_bar(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles) {
        let rows = layout::rows(area);
        let Some((top, total, thumb)) = self.thumb(usize::from(rows.height)) else {
            return;
        };
        let height = usize::from(rows.height);
        // The widget's last position is the one where the last row is the first visible one.
        let mut state = ScrollbarState::new(total.saturating_sub(height) + 1)
            .viewport_content_length(height)
            .position(top);
        let bar = Scrollbar::new(ScrollbarOrientation::VerticalRight)
            .begin_symbol(None)
            .end_symbol(None)
            .track_symbol(None)
            .thumb_symbol(thumb)
            .thumb_style(styles.muted);
        let border = Rect {
            x: area.right().saturating_sub(1),
            width: 1,
            ..rows
        };
        frame.render_stateful_widget(bar, border, &mut state);
    }

    /// The first visible row among all, how many there are, and how the thumb looks.
    fn thumb(&self, height: usize) -> Option<(usize, usize, &'static str)> {
        if !self.is_counted() {
            return None;
        }
        let all = self.total();
        let (before, exact) = match self.window.before(all) {
            Count::Exactly(before) => (before, true),
            Count::About(before) => (before, false),
            Count::Unknown => return None,
        };
        let top = usize::try_from(before).ok()? + self.window.top();
        let known = usize::try_from(all.or(self.count)?).ok()?;
        // Never shorter than what is seen.
        let total = known.max(top + height.min(self.window.rows().len()));
        let thumb = if exact && all.is_some() {
            EXACT
        } else {
            ESTIMATED
        };
        (total > height && height > 0).then_some((top, total, thumb))
    }

    /// The place of the selected member: `57 of 200`, `~4,300,000 of 10,000,000`.
    pub(super) fn place(&self) -> String {
        if self.is_counting() {
            return "counting · Esc stops".to_owned();
        }
        if self.window.rows().is_empty() {
            return String::new();
        }
        let all = match self.total() {
            Some(total) => grouped(total),
            None if self.is_counted() => format!("{}+", grouped(COUNT_CAP - 1)),
            None => return String::new(),
        };
        let cursor = i64::try_from(self.window.cursor() + 1).unwrap_or(i64::MAX);
        match self.window.before(self.total()).moved(cursor) {
            Count::Exactly(place) => format!("{} of {all}", grouped(place)),
            Count::About(place) => format!("~{} of {all}", grouped(rounded(place))),
            Count::Unknown => String::new(),
        }
    }

    /// Draws the place into the lower border; gives back how many columns it takes.
    pub(super) fn place_note(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles) -> u16 {
        let place = self.place();
        let width = columns(&place).saturating_add(2);
        if place.is_empty() || area.height < 3 || width + 4 > area.width {
            return 0;
        }
        let row = Rect {
            x: area.right() - width - 2,
            y: area.bottom() - 1,
            width,
            height: 1,
        };
        frame.render_widget(Span::styled(format!(" {place} "), styles.muted), row);
        width
    }
}

/// An estimate with no more digits than it is good for.
fn rounded(number: i64) -> i64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::rounded;
    use crate::domain::grouped;

    #[test]
    fn an_estimate_has_two_digits() {
        assert_eq!(rounded(7), 7);
        assert_eq!(rounded(99), 99);
        assert_eq!(rounded(4_349_999), 4_300_000);
        assert_eq!(rounded(996), 1000);
        assert_eq!(grouped(rounded(4_350_000)), "4,400,000");
    }
}
