//! Columns that give way: which of them fit into a width, and how wide each is. Rows are drawn as
//! lines by the pane that knows them.

use super::fit::pad;
use ratatui::style::Style;
use ratatui::text::Span;

/// A column: its heading, its width, and whether it takes the rest of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub heading: &'static str,
    pub width: u16,
    pub grow: Grow,
    /// The row must be at least this wide for the column to be shown.
    pub from_width: u16,
}

impl Column {
    /// As a table of columns lists it.
    pub const fn new(heading: &'static str, width: u16, from_width: u16, grow: Grow) -> Self {
        Self {
            heading,
            width,
            grow,
            from_width,
        }
    }
}

/// Whether a column takes what the others leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grow {
    Yes,
    No,
}

/// Columns between columns.
pub const GAP: u16 = 2;

/// The width of each column in a row of `width`; zero where the column gives way.
pub fn widths<const N: usize>(columns: &[Column; N], width: u16) -> [u16; N] {
    let mut widths = columns.map(|c| if width >= c.from_width { c.width } else { 0 });
    let shown = widths.iter().filter(|w| **w > 0).count();
    let gaps = GAP * u16::try_from(shown.saturating_sub(1)).unwrap_or(0);
    let used = widths.iter().fold(gaps, |sum, w| sum.saturating_add(*w));
    let growing = columns.iter().position(|c| c.grow == Grow::Yes);
    if let Some(slot) = growing.and_then(|at| widths.get_mut(at)) {
        let others = used - *slot;
        *slot = width.saturating_sub(others);
    }
    widths
}

/// A cell padded to its column, with the gap after it; nothing for a column that gave way.
pub fn cell(text: &str, width: u16, style: Style) -> Vec<Span<'static>> {
    if width == 0 {
        return Vec::new();
    }
    vec![
        Span::styled(pad(text, usize::from(width)), style),
        Span::styled(" ".repeat(usize::from(GAP)), style),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Column, Grow, widths};

    #[test]
    fn columns_give_way_and_one_takes_the_rest() {
        let column = |width, from_width, grow| Column {
            heading: "",
            width,
            grow,
            from_width,
        };
        let columns = [
            column(20, 0, Grow::Yes),
            column(10, 40, Grow::No),
            column(9, 60, Grow::No),
        ];
        assert_eq!(widths(&columns, 80), [57, 10, 9]);
        assert_eq!(widths(&columns, 50), [38, 10, 0]);
        assert_eq!(widths(&columns, 36), [36, 0, 0]);
    }
}
