//! Several lines of typed text: the line with the cursor is a text field, the others are kept as they
//! are. Beside each line the caller may say something.

use super::fit::pad;
use super::text_input::{self, Mask, TextInput};
use crate::domain::DisplaySafe;
use crate::ui::theme::Styles;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The most characters of a line.
const LONGEST: usize = 320;

/// The lines; there is always one.
#[derive(Debug)]
pub struct TextBox {
    lines: Vec<String>,
    row: usize,
    /// The line with the cursor, as it is being typed.
    field: TextInput,
    top: usize,
    most: usize,
    full: bool,
}

/// How the box is drawn.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub focused: bool,
    pub styles: &'a Styles,
    /// What stands beside a line.
    pub beside: &'a dyn Fn(usize) -> (String, Style),
}

impl TextBox {
    /// A box of at most `most` lines, with the cursor at the end of the last.
    pub fn new(lines: impl IntoIterator<Item = String>, most: usize) -> Self {
        let mut text = Self {
            lines: vec![String::new()],
            row: 0,
            field: field(""),
            top: 0,
            most: most.max(1),
            full: false,
        };
        text.insert(lines);
        text
    }

    /// The lines as they are now.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let current = self.field.text();
        let lines = self.lines.iter().enumerate();
        lines.map(move |(row, line)| if row == self.row { current } else { line })
    }

    /// The lines, to be kept.
    pub fn into_lines(mut self) -> Vec<String> {
        self.put_back();
        self.lines
    }

    /// The line with the cursor.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Says when something was left out.
    pub fn complaint(&self) -> Option<String> {
        let full = || format!("Only the first {} lines were kept", self.most);
        self.full.then(full).or_else(|| self.field.complaint())
    }

    fn put_back(&mut self) {
        if let Some(line) = self.lines.get_mut(self.row) {
            self.field.text().clone_into(line);
        }
    }

    /// Puts the cursor at the end of a line.
    pub fn go_to(&mut self, row: usize) {
        self.put_back();
        self.row = row.min(self.lines.len() - 1);
        self.field = field(self.lines.get(self.row).map_or("", String::as_str));
    }

    /// Moves the cursor by `step` lines.
    pub fn step(&mut self, step: isize) {
        self.go_to(self.row.saturating_add_signed(step));
    }

    /// A key; tells whether the text changed.
    pub fn on_key(&mut self, key: KeyEvent) -> bool {
        let joins = key.code == KeyCode::Backspace && self.field.at_start();
        if !joins {
            return self.field.on_key(key);
        }
        if self.row == 0 {
            return false;
        }
        let rest = self.field.text().to_owned();
        self.lines.remove(self.row);
        self.row -= 1;
        self.field = field(self.lines.get(self.row).map_or("", String::as_str));
        self.field.append(&rest);
        self.full = false;
        true
    }

    /// Breaks the line at the cursor.
    pub fn split(&mut self) {
        if self.lines.len() >= self.most {
            self.full = true;
            return;
        }
        let rest = self.field.split_off();
        self.put_back();
        self.row += 1;
        self.lines.insert(self.row, rest.clone());
        // The cursor is where the line was broken.
        self.field = field("");
        self.field.append(&rest);
    }

    /// Takes the line with the cursor out.
    pub fn drop_line(&mut self) {
        self.full = false;
        if self.lines.len() == 1 {
            self.field = field("");
            return;
        }
        self.lines.remove(self.row);
        self.row = self.row.min(self.lines.len() - 1);
        self.field = field(self.lines.get(self.row).map_or("", String::as_str));
    }

    /// Puts lines in at the cursor's, after it where something stands there. The cursor goes to the end
    /// of the last.
    pub fn insert(&mut self, lines: impl IntoIterator<Item = String>) {
        self.put_back();
        let empty = self.field.is_empty();
        let at = if empty { self.row } else { self.row + 1 };
        let mut lines = lines.into_iter();
        let room = self
            .most
            .saturating_sub(self.lines.len() - usize::from(empty));
        let taken: Vec<String> = lines.by_ref().take(room).map(|line| clean(&line)).collect();
        self.full = lines.next().is_some();
        if taken.is_empty() {
            return;
        }
        let last = at + taken.len() - 1;
        self.lines.splice(at..at + usize::from(empty), taken);
        self.row = last;
        self.field = field(self.lines.get(last).map_or("", String::as_str));
    }

    /// Keeps the lines that `keep` says.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        self.put_back();
        let mut row = 0;
        self.lines.retain(|_| {
            row += 1;
            keep(row - 1)
        });
        if self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.row = 0;
        self.field = field(self.lines.first().map_or("", String::as_str));
        self.full = false;
    }

    /// The first visible line, so that the cursor's is in sight.
    fn first(&self, height: u16) -> usize {
        let height = usize::from(height).max(1);
        self.top
            .min(self.row)
            .max((self.row + 1).saturating_sub(height))
    }

    /// Keeps the window where it is drawn, as long as the cursor stays in it.
    pub fn follow(&mut self, height: u16) {
        self.top = self.first(height);
    }

    /// Whether lines stand below what is seen.
    pub fn more(&self, height: u16) -> bool {
        self.first(height) + usize::from(height) < self.lines.len()
    }

    /// Puts the cursor on the line under a click; tells whether there is one.
    pub fn click(&mut self, at: Position, area: Rect) -> bool {
        let row = self.first(area.height) + usize::from(at.y.saturating_sub(area.y));
        let hit = area.contains(at) && row < self.lines.len();
        if hit {
            self.go_to(row);
        }
        hit
    }

    /// Draws the visible lines, each with what stands beside it.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: Look<'_>) {
        let text = (area.width / 2).max(area.width.min(24));
        let lines = self.lines().enumerate().skip(self.first(area.height));
        for ((row, line), place) in lines.zip(area.rows()) {
            let here = look.focused && row == self.row;
            let [mark, field, note] = [
                (place.x, 2),
                (place.x + 2, text.saturating_sub(2)),
                (place.x + text + 1, place.width.saturating_sub(text + 1)),
            ]
            .map(|(x, width)| Rect { x, width, ..place }.intersection(place));
            if here {
                frame.render_widget(Span::styled("▸ ", look.styles.accent), mark);
                let look = text_input::Look {
                    focused: true,
                    placeholder: "",
                    styles: look.styles,
                };
                self.field.draw(frame, field, look);
            } else {
                let words = pad(DisplaySafe::new(line).as_str(), usize::from(field.width));
                frame.render_widget(Span::styled(words, look.styles.text), field);
            }
            let (words, style) = (look.beside)(row);
            let words = super::fit::cut(&words, usize::from(note.width));
            frame.render_widget(Line::styled(words, style), note);
        }
    }
}

fn field(text: &str) -> TextInput {
    TextInput::new(Mask::Shown, LONGEST).with_text(text)
}

/// A line as a text field takes it.
fn clean(line: &str) -> String {
    let line = line.trim().chars().filter(|c| !c.is_control());
    line.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::TextBox;
    use crossterm::event::KeyCode;

    fn lines(text: &TextBox) -> Vec<&str> {
        text.lines().collect()
    }

    fn typed(text: &mut TextBox, keys: &str) {
        for c in keys.chars() {
            text.on_key(KeyCode::Char(c).into());
        }
    }

    #[test]
    fn lines_are_broken_joined_and_taken_out() {
        let mut text = TextBox::new([], 9);
        typed(&mut text, "adabob");
        for _ in 0..3 {
            text.on_key(KeyCode::Left.into());
        }
        text.split();
        assert_eq!(lines(&text), ["ada", "bob"]);
        typed(&mut text, "x");
        assert_eq!(lines(&text), ["ada", "xbob"]);
        text.on_key(KeyCode::Backspace.into());
        text.on_key(KeyCode::Backspace.into());
        assert_eq!((lines(&text), text.row()), (vec!["adabob"], 0));
        typed(&mut text, "-");
        assert_eq!(lines(&text), ["ada-bob"]);
        text.insert(["c".to_owned(), "d".to_owned()]);
        text.step(-1);
        text.drop_line();
        assert_eq!(lines(&text), ["ada-bob", "d"]);
        text.step(-9);
        typed(&mut text, "!");
        text.step(9);
        assert_eq!(text.into_lines(), ["ada-bob!", "d"]);
    }

    #[test]
    fn there_is_always_a_line_and_never_too_many() {
        let mut text = TextBox::new((0..5).map(|line| line.to_string()), 3);
        assert_eq!(lines(&text), ["0", "1", "2"]);
        assert!(text.complaint().unwrap().contains("first 3 lines"));
        text.split();
        assert_eq!(lines(&text).len(), 3);
        text.retain(|row| row == 1);
        assert_eq!((lines(&text), text.complaint()), (vec!["1"], None));
        text.drop_line();
        text.drop_line();
        assert_eq!(lines(&text), [""]);
        assert!(!text.on_key(KeyCode::Backspace.into()));
    }
}
