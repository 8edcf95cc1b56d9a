//! Text cut or padded to a width in terminal columns, with an ellipsis where something is missing.

use crate::domain;
use unicode_width::UnicodeWidthChar;

/// `text` in at most `width` columns; what does not fit ends in `…`.
pub fn cut(text: &str, width: usize) -> String {
    if domain::columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut short = String::new();
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns + 1 > width {
            break;
        }
        used += columns;
        short.push(c);
    }
    if width > 0 {
        short.push('…');
    }
    short
}

/// `text` in exactly `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let mut text = cut(text, width);
    let missing = width.saturating_sub(domain::columns(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The width of `text` in columns, as the layout counts.
pub fn columns(text: &str) -> u16 {
    u16::try_from(domain::columns(text)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{cut, pad};

    #[test]
    fn wide_characters_are_never_halved() {
        assert_eq!(cut("名前山田", 5), "名前…");
        assert_eq!(pad("名前山田", 6), "名前… ");
        assert_eq!(cut("ada@x.com", 9), "ada@x.com");
        assert_eq!(cut("ada@x.com", 0), "");
    }
}
