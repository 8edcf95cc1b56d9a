//! A reader of what a program writes to a terminal that knows only what Rollbook itself needs, and
//! refuses the rest. It shares no code with the program.

use std::collections::BTreeSet;

/// Whether a character may stand in what people read.
pub(crate) fn is_plain(c: char) -> bool {
    let hidden = matches!(c as u32,
        0x00AD | 0x034F | 0x061C | 0x070F | 0x08E2 | 0x115F | 0x1160 | 0x17B4 | 0x17B5
        | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
        | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
        | 0xFFF0..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x13455 | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A | 0xE0000..);
    !c.is_control() && !hidden && (c as u32) & 0xFFFE != 0xFFFE
}

/// The most characters without a width that may follow each other.
const MARKS: usize = 3;

/// What is wrong with the text: a character that may not stand there, or too many marks in a row.
pub(crate) fn fault_of(text: &str) -> Option<String> {
    let mut marks = 0;
    for c in text.chars() {
        if !is_plain(c) {
            return Some(format!("{c:?} in {text:?}"));
        }
        let width = unicode_width::UnicodeWidthChar::width(c);
        marks = if width == Some(0) { marks + 1 } else { 0 };
        if marks > MARKS {
            return Some(format!("a flood of {c:?} in {text:?}"));
        }
    }
    None
}

/// The same for a text of lines.
pub(crate) fn fault_of_lines(text: &str) -> Option<String> {
    text.split('\n').find_map(fault_of)
}

/// The modes that the console sets and resets: alternate screen, cursor, bracketed paste, mouse,
/// synchronized update.
const MODES: [&str; 9] = [
    "25", "1000", "1002", "1003", "1006", "1015", "1049", "2004", "2026",
];

/// Reads the bytes of a whole run; gives the sequences that it used, and panics at any other.
pub(crate) fn sequences(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut seen = BTreeSet::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        assert_eq!(fault_of(&std::mem::take(&mut plain)), None);
        assert_eq!(chars.next(), Some('['), "an escape sequence that is no CSI");
        let mut parameters = String::new();
        let last = loop {
            match chars.next().unwrap() {
                c @ ('0'..='9' | ';' | ':' | '?') => parameters.push(c),
                c => break c,
            }
        };
        seen.insert(kind(&parameters, last));
    }
    assert_eq!(fault_of(&plain), None);
    seen
}

/// The name of an allowed sequence.
fn kind(parameters: &str, last: char) -> String {
    let numbers = !parameters.contains('?');
    let mode = parameters.strip_prefix('?').unwrap_or_default();
    let allowed = match last {
        'm' => numbers,
        'H' => numbers && parameters.split(';').count() == 2,
        // So many columns on, to such a column, and so many erased.
        'C' if parameters.is_empty() => true,
        'C' | 'G' | 'X' => parameters.parse::<u16>().is_ok_and(|count| count < 1000),
        'J' | 'K' => ["", "0", "1", "2"].contains(&parameters),
        'h' | 'l' => mode.split(';').all(|mode| MODES.contains(&mode)),
        _ => false,
    };
    assert!(allowed, "CSI {parameters} {last:?} is not the console's");
    match last {
        'h' | 'l' => format!("?{mode}{last}"),
        _ => last.to_string(),
    }
}

#[test]
fn the_reader_refuses_what_the_console_does_not_need() {
    let good = "\u{1b}[?1049h\u{1b}[2;3H\u{1b}[38;5;1mname\u{1b}[K\u{1b}[0m";
    assert_eq!(sequences(good.as_bytes()).len(), 4);
    let bad = [
        "\u{1b}[6n",
        "\u{1b}[c",
        "\u{1b}[>c",
        "\u{1b}[?1049$p",
        "\u{1b}]0;x\u{7}",
        "\u{1b}Pq\u{1b}\\",
        "\u{1b}_x\u{1b}\\",
        "\u{1b}c",
        "\u{1b}[8;1;1t",
        "\u{1b}[3J",
        "\u{1b}[99999X",
        "\u{9b}2J",
        "a\u{7}",
        "a\u{202E}b",
        "a\u{200B}",
        "a\u{E0041}",
        "e\u{301}\u{301}\u{301}\u{301}",
        "\u{1b}[?6n",
        "\u{1b}[?5h",
    ];
    for text in bad {
        let read = std::panic::catch_unwind(|| sequences(text.as_bytes()));
        assert!(read.is_err(), "{text:?} came through");
    }
}
