//! One line of typed text: a cursor, a scrolled window, an optional mask, and a cap that a paste of
//! ten thousand characters meets without harm.

use crate::domain::{DisplaySafe, columns};
use crate::ui::theme::Styles;
use crossterm::event::{Event, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use secrecy::SecretString;
use std::fmt;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

/// Whether typed text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mask {
    #[default]
    Shown,
    /// A dot for each character: passwords.
    Dots,
}

/// A text field.
#[derive(Clone)]
pub struct TextInput {
    input: Input,
    mask: Mask,
    limit: usize,
    /// Something was left out because the field is full.
    full: bool,
}

impl fmt::Debug for TextInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was typed may be a password.
        f.debug_struct("TextInput").finish_non_exhaustive()
    }
}

impl TextInput {
    /// An empty field for at most `limit` characters.
    pub fn new(mask: Mask, limit: usize) -> Self {
        Self {
            input: Input::default(),
            mask,
            limit,
            full: false,
        }
    }

    /// The same field with `text` in it.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.input = Input::new(text.chars().take(self.limit).collect());
        self
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// What was typed, as a secret.
    pub fn secret(&self) -> SecretString {
        self.input.value().to_owned().into()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        // A new value: reset() would keep the deleted text for yanking.
        self.input = Input::default();
        self.full = false;
    }

    /// A key; tells whether the text changed.
    pub fn on_key(&mut self, key: KeyEvent) -> bool {
        let before = self.text().chars().count();
        let Some(request) = tui_input::backend::crossterm::to_input_request(&Event::Key(key))
        else {
            return false;
        };
        if matches!(request, InputRequest::InsertChar(_)) && before >= self.limit {
            self.full = true;
            return false;
        }
        let changed = self
            .input
            .handle_event(&Event::Key(key))
            .is_some_and(|state| state.value);
        self.full &= !changed;
        changed
    }

    /// Whether the cursor stands before everything.
    pub fn at_start(&self) -> bool {
        self.input.cursor() == 0
    }

    /// Takes what stands after the cursor out of the field.
    pub fn split_off(&mut self) -> String {
        let at = self.input.cursor();
        let mut value: Vec<char> = self.text().chars().collect();
        let rest = value.split_off(at.min(value.len()));
        self.input = Input::new(value.into_iter().collect());
        rest.into_iter().collect()
    }

    /// Puts text at the end, up to the limit; the cursor stays before it.
    pub fn append(&mut self, text: &str) {
        let at = self.text().chars().count();
        let whole = self.text().chars().chain(text.chars()).take(self.limit);
        self.input = Input::new(whole.collect()).with_cursor(at);
    }

    /// Pasted text: control characters and line ends are dropped, the rest is kept up to the limit.
    pub fn on_paste(&mut self, text: &str) {
        let room = self.limit.saturating_sub(self.text().chars().count());
        let mut clean = text.trim().chars().filter(|c| !c.is_control());
        let taken: String = clean.by_ref().take(room).collect();
        self.full = clean.next().is_some();
        let at = self.input.cursor();
        let length = taken.chars().count();
        let mut value: Vec<char> = self.text().chars().collect();
        value.splice(at..at, taken.chars());
        self.input = Input::new(value.into_iter().collect()).with_cursor(at + length);
    }

    /// Says when something was left out.
    pub fn complaint(&self) -> Option<String> {
        self.full
            .then(|| format!("Only the first {} characters were kept", self.limit))
    }

    /// Draws the field into one row and, with the focus, puts the terminal's cursor there.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: Look<'_>) {
        if area.is_empty() {
            return;
        }
        let width = usize::from(area.width);
        let style = if look.focused {
            look.styles.input_focus
        } else {
            look.styles.input
        };
        if self.is_empty() && !look.placeholder.is_empty() {
            let words = super::fit::pad(look.placeholder, width);
            frame.render_widget(Span::styled(words, look.styles.placeholder), area);
        } else {
            let text = super::fit::pad(&self.window(width), width);
            frame.render_widget(Span::styled(text, style), area);
        }
        if look.focused {
            let column = u16::try_from(self.cursor_column(width)).unwrap_or(0);
            let x = area.x.saturating_add(column).min(area.right() - 1);
            frame.set_cursor_position(Position::new(x, area.y));
        }
    }

    fn shown(&self) -> String {
        match self.mask {
            Mask::Dots => "•".repeat(self.text().chars().count()),
            Mask::Shown => DisplaySafe::new(self.text()).as_str().to_owned(),
        }
    }

    /// How many leading characters scroll out of a field of `width` columns.
    fn scrolled(&self, width: usize) -> usize {
        let before: String = self.shown().chars().take(self.input.cursor()).collect();
        let mut over = (columns(&before) + 1).saturating_sub(width);
        let mut skipped = 0;
        for c in before.chars() {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(unicode_width::UnicodeWidthChar::width(c).unwrap_or(0));
            skipped += 1;
        }
        skipped
    }

    fn window(&self, width: usize) -> String {
        self.shown()
            .chars()
            .skip(self.scrolled(width))
            .scan(0, |used, c| {
                *used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
                (*used <= width).then_some(c)
            })
            .collect()
    }

    fn cursor_column(&self, width: usize) -> usize {
        let skip = self.scrolled(width);
        let before: String = self
            .shown()
            .chars()
            .take(self.input.cursor())
            .skip(skip)
            .collect();
        columns(&before)
    }
}

/// How a field is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub focused: bool,
    /// Shown while the field is empty.
    pub placeholder: &'a str,
    pub styles: &'a Styles,
}

#[cfg(test)]
mod tests {
    use super::{Mask, TextInput};
    use crossterm::event::{KeyCode, KeyEvent};

    #[test]
    fn a_huge_paste_is_capped_and_said() {
        let mut field = TextInput::new(Mask::Shown, 320);
        field.on_paste(&format!("a\r\n\u{1b}{}", "x".repeat(10_000)));
        assert_eq!(field.text().chars().count(), 320);
        assert_eq!(
            field.complaint().unwrap(),
            "Only the first 320 characters were kept"
        );
        assert!(!field.on_key(KeyCode::Char('y').into()));
        assert!(field.on_key(KeyEvent::from(KeyCode::Backspace)));
        assert_eq!(field.complaint(), None);
    }

    #[test]
    fn a_paste_goes_where_the_cursor_is() {
        let mut field = TextInput::new(Mask::Shown, 20).with_text("ada@com");
        for _ in 0..3 {
            field.on_key(KeyCode::Left.into());
        }
        field.on_paste(" x.\n");
        assert_eq!(field.text(), "ada@x.com");
    }

    #[test]
    fn a_secret_is_never_printed() {
        let field = TextInput::new(Mask::Dots, 20).with_text("hunter2hunter2");
        assert!(!format!("{field:?}").contains("hunter2"));
        assert_eq!(field.window(5), "••••");
    }
}
