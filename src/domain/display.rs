//! Text that is safe to put on a terminal.
//!
//! Text from the database or the network is cleaned once, at the boundary; widgets take only this
//! type. ratatui strips control characters from spans but not bidi, zero-width or tag characters.
//!
//! Widths are counted character by character, as terminals do; cleaned text has no sequence left for
//! which the sum would be another than what ratatui counts.

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Write as _};
use unicode_width::UnicodeWidthChar;

/// How many combining marks may follow one base character before the rest is dropped.
const MAX_COMBINING: usize = 3;

/// A string without control characters, bidi overrides and isolates, zero-width and tag
/// characters, line and paragraph separators, private-use or non-characters. What
/// was taken out is shown as U+FFFD, so that a look-alike can't pass for the plain text. Short ones, as most
/// names are, take no memory of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct DisplaySafe(CompactString);

impl DisplaySafe {
    /// Cleans `text`; total, never fails.
    pub fn new(text: &str) -> Self {
        if is_plain(text) {
            return Self(text.into());
        }
        let mut clean = CompactString::with_capacity(text.len());
        for (c, look) in looks(text) {
            match look {
                Look::Mark if clean.is_empty() => {}
                Look::Plain | Look::Mark => clean.push(full_width(c)),
                Look::Flood => {}
                Look::Hostile => clean.push('\u{FFFD}'),
            }
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

/// Whether it is printable ASCII, as nearly all is. Every byte is looked at: a loop that does not stop early is
/// one that the compiler makes of vector instructions.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// The voiced sound marks of halfwidth katakana become their full-width twins: unicode-width 0.2.3
/// counts a column for them, and ratatui-core 0.1.2 adds it once more.
fn full_width(c: char) -> char {
    match c {
        '\u{FF9E}' => '\u{309B}',
        '\u{FF9F}' => '\u{309C}',
        c => c,
    }
}

/// The columns that a terminal gives to a text, character by character.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A number with its thousands apart: `12,345`. Never a negative one.
pub fn grouped(number: impl Copy + fmt::Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A JSON document in which all that [`DisplaySafe`] would take out is written as an escape (RFC
/// 8259, 7): plain to look at, and the same value to a parser. Compact JSON has such characters
/// only inside strings.
pub fn escaped_json(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for (c, look) in looks(json) {
        if matches!(look, Look::Plain | Look::Mark) {
            plain.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string never fails.
            write!(plain, "\\u{unit:04x}").ok();
        }
    }
    plain
}

/// What a character is to somebody who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// Stands on the character before it.
    Mark,
    /// A mark after too many.
    Flood,
    Hostile,
}

fn looks(text: &str) -> impl Iterator<Item = (char, Look)> {
    text.chars().scan(0, |marks, c| {
        let look = if is_hostile(c) {
            *marks = 0;
            Look::Hostile
        } else if c.width() == Some(0) {
            *marks += 1;
            if *marks > MAX_COMBINING {
                Look::Flood
            } else {
                Look::Mark
            }
        } else {
            *marks = 0;
            Look::Plain
        };
        Some((c, look))
    })
}

fn is_hostile(c: char) -> bool {
    // The last two of each plane are no characters. Regional indicators, emoji modifiers and the
    // vowels of Kirat Rai join into widths that terminals disagree about.
    if c.is_control() || (c as u32) & 0xFFFE == 0xFFFE {
        return true;
    }
    matches!(c as u32,
        0x00AD | 0x034F | 0x061C | 0x070F | 0x08E2 | 0x115F | 0x1160 | 0x17B4 | 0x17B5
        | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
        | 0xD800..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0x110BD | 0x110CD | 0x13430..=0x13455 | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0x16D63..=0x16D6A | 0x1F1E6..=0x1F1FF | 0x1F3FB..=0x1F3FF | 0xE0000..=0xE0FFF | 0xF0000..=0x0010_FFFF)
}

#[cfg(test)]
mod tests {
    use super::{DisplaySafe, columns, escaped_json};

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

    #[test]
    fn no_script_s_marks_make_a_flood() {
        for mark in [
            '\u{05BF}',
            '\u{06D6}',
            '\u{094D}',
            '\u{0F71}',
            '\u{3099}',
            '\u{1D165}',
        ] {
            let flood = DisplaySafe::new(&format!("a{}", String::from(mark).repeat(50)));
            assert!(flood.as_str().chars().count() <= 1 + super::MAX_COMBINING);
        }
    }

    #[test]
    fn columns_add_up_where_fonts_join() {
        // unicode-width counts lam and alef as one; terminals and ratatui as two.
        assert_eq!(columns("\u{644}\u{627}"), 2);
        assert_eq!(columns("名前"), 4);
        assert_eq!(DisplaySafe::new("👍🏽").as_str(), "👍\u{FFFD}");
    }

    #[test]
    fn json_shows_what_it_escapes_and_loses_nothing() {
        let text = "é\u{1b}\u{85}\u{202E}\u{7f}\u{E0041}e\u{301}\u{301}\u{301}\u{301}名";
        let json = escaped_json(&serde_json::to_string(text).unwrap());
        assert!(json.contains(r"\u202e") && json.contains(r"\udb40\udc41") && json.contains('名'));
        assert_eq!(DisplaySafe::new(&json).as_str(), json);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
