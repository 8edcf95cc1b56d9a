//! Text that is safe to put on a terminal.
//!
//! Text from the database or the network is cleaned once, at the boundary; widgets take only this
//! type. ratatui strips control characters from spans but not bidi, zero-width or tag characters.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// How many combining marks may follow one base character before the rest is dropped.
const MAX_COMBINING: usize = 3;

/// A string without control characters, bidi overrides and isolates, zero-width and tag
/// characters, line and paragraph separators, private-use or non-characters. What was taken out is
/// shown as U+FFFD, so that a look-alike can't pass for the plain text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct DisplaySafe(String);

impl DisplaySafe {
    /// Cleans `text`; total, never fails.
    pub fn new(text: &str) -> Self {
        if text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Self(text.to_owned());
        }
        let mut clean = String::with_capacity(text.len());
        let mut combining = 0;
        for c in text.chars() {
            if is_combining(c) {
                combining += 1;
                if combining <= MAX_COMBINING && !clean.is_empty() {
                    clean.push(c);
                }
                continue;
            }
            combining = 0;
            clean.push(if is_hostile(c) { '\u{FFFD}' } else { c });
        }
        Self(clean)
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for DisplaySafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for DisplaySafe {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for DisplaySafe {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl AsRef<str> for DisplaySafe {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DisplaySafe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

fn is_combining(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x0610..=0x061A
        | 0x064B..=0x065F | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

fn is_hostile(c: char) -> bool {
    if c.is_control() {
        return true;
    }
    matches!(c as u32,
        0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
        | 0xD800..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFFFE | 0xFFFF
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF | 0xF0000..=0x0010_FFFF)
}

#[cfg(test)]
mod tests {
    use super::DisplaySafe;

    #[test]
    fn plain_text_stays() {
        for text in [
            "Ada Lovelace",
            "bücher@xn--bcher-kva.de",
            "名前 山田",
            "Zoë O'Brien 🙂",
        ] {
            assert_eq!(DisplaySafe::new(text).as_str(), text);
        }
    }

    #[test]
    fn hostile_characters_become_visible() {
        let hostile = "\u{1b}]52;c;x\u{7}\u{9b}2J\r\n\0\u{202E}\u{2066}\u{200B}\u{FEFF}\u{E0041}\u{2028}\u{85}";
        let clean = DisplaySafe::new(hostile);
        for c in clean.as_str().chars() {
            assert!(
                c == '\u{FFFD}' || c.is_ascii_graphic(),
                "{c:?} came through"
            );
        }
    }

    #[test]
    fn a_flood_of_combining_marks_is_capped() {
        let flood = format!("a{}", "\u{0301}".repeat(500));
        assert_eq!(
            DisplaySafe::new(&flood).as_str().chars().count(),
            1 + super::MAX_COMBINING
        );
    }
}
