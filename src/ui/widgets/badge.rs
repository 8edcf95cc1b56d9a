//! A small badge: a word in its own colour, told apart without colour by the mark before it.

use ratatui::style::Style;
use ratatui::text::Span;

/// The badge as a span; `mark` is one column.
pub fn badge<'a>(mark: char, text: &str, style: Style) -> Span<'a> {
    Span::styled(format!("{mark} {text}"), style)
}
