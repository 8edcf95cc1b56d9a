//! A bar that fills as work goes on, with its share in hundredths.

use super::fit::columns;
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws `done` of `total` into one row.
pub fn draw(frame: &mut Frame<'_>, row: Rect, (done, total): (usize, usize), styles: &Styles) {
    let share = format!(" {:>3} %", hundredths(done, total));
    let width = usize::from(row.width.saturating_sub(columns(&share)));
    let filled = cells(done, total, width);
    let line = Line::from(vec![
        Span::styled("█".repeat(filled), styles.accent),
        Span::styled("─".repeat(width - filled), styles.muted),
        Span::styled(share, styles.text),
    ]);
    frame.render_widget(line, row);
}

/// Only what is done whole is 100.
fn hundredths(done: usize, total: usize) -> usize {
    done.min(total) * 100 / total.max(1)
}

fn cells(done: usize, total: usize, width: usize) -> usize {
    done.min(total) * width / total.max(1)
}

#[cfg(test)]
mod tests {
    use super::{cells, hundredths};

    #[test]
    fn the_bar_is_full_only_at_the_end() {
        assert_eq!(
            (cells(0, 7, 20), cells(6, 7, 20), cells(7, 7, 20)),
            (0, 17, 20)
        );
        assert_eq!((hundredths(999, 1000), hundredths(0, 0)), (99, 0));
        assert_eq!(cells(9, 7, 20), 20);
    }
}
