//! A QR code in half blocks: two modules a cell, so that they come out square.

use crate::ui::theme::Styles;
use fast_qr::{ECL, QRBuilder, QRCode};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Light modules around the code. The standard asks for four; readers make do with two, and a
/// terminal of 24 rows has no room for more.
const QUIET: usize = 1;

/// A code, ready to be drawn. Prints without what it says.
pub struct Qr {
    rows: Vec<String>,
}

impl Qr {
    /// The code of a text; none when it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
        let side = code.size + 2 * QUIET;
        let rows = (0..side.div_ceil(2)).map(|row| {
            let pair = |column| {
                (
                    is_dark(&code, row * 2, column),
                    is_dark(&code, row * 2 + 1, column),
                )
            };
            (0..side).map(|column| half_block(pair(column))).collect()
        });
        Some(Self {
            rows: rows.collect(),
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let side = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let width = self.rows.first().map_or(0, |row| row.chars().count());
        (side(width), side(self.rows.len()))
    }

    /// Draws the code, dark on light whatever the theme.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles) {
        for (text, row) in self.rows.iter().zip(area.rows()) {
            frame.render_widget(Line::styled(text.as_str(), styles.qr), row);
        }
    }
}

impl std::fmt::Debug for Qr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Qr(..)")
    }
}

fn is_dark(code: &QRCode, row: usize, column: usize) -> bool {
    let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.size);
    match (inside(row), inside(column)) {
        (Some(row), Some(column)) => code[row][column].value(),
        _ => false,
    }
}

fn half_block((upper, lower): (bool, bool)) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::Qr;

    #[test]
    fn finder_patterns_stand_in_three_corners() {
        let qr = Qr::of("otpauth://totp/Rollbook:ada?secret=GEZDGNBVGY3TQOJQ").unwrap();
        let (width, height) = qr.size();
        assert_eq!(height, width.div_ceil(2));
        // The upper side of a finder pattern: seven dark modules below one light row.
        let first: Vec<char> = qr.rows[0].chars().collect();
        let last = first.len() - 1;
        assert!(first[1..8].iter().all(|c| *c == '▄'), "{first:?}");
        assert!(first[last - 7..last].iter().all(|c| *c == '▄'), "{first:?}");
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
