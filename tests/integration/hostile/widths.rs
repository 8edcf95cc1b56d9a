//! Whether the drawing library moves on by as many columns as the program and a terminal count.

use super::corpus::corpus;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use rollbook::domain::{DisplaySafe, columns};

/// How far ratatui gets with a text.
fn drawn(text: &str) -> usize {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 1000, 1));
    let (end, _) = buffer.set_stringn(0, 0, text, usize::MAX, Style::new());
    usize::from(end)
}

#[test]
fn r09_every_character_takes_the_columns_that_are_counted() {
    let off: Vec<String> = ('\u{1}'..=char::MAX)
        .filter_map(|c| {
            // Alone, doubled, and between letters, a mark and a picture.
            let clean = DisplaySafe::new(&format!("a{c}{c}b\u{301}{c}🙂{c}"));
            (drawn(clean.as_str()) != columns(clean.as_str())).then(|| format!("{c:?}"))
        })
        .collect();
    assert!(off.is_empty(), "{}: {off:?}", off.len());
}

#[test]
fn r09_every_string_takes_the_columns_that_are_counted() {
    for text in corpus() {
        let clean = DisplaySafe::new(&text);
        assert_eq!(drawn(clean.as_str()), columns(clean.as_str()), "{text:?}");
    }
}
