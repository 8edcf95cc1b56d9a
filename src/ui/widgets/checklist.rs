//! A scrollable list of headings and boxes: what is ticked is the caller's; the cursor, the window
//! and the hits are kept here.

use super::fit::pad;
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// How a row's box looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// No box: a heading.
    Heading,
    Ticked,
    Unticked,
    /// Ticked because something else needs it.
    Implied,
    RadioOn,
    RadioOff,
    /// To be added.
    Plus,
    /// To be taken away.
    Minus,
}

/// One row as the caller describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub mark: Mark,
    pub label: String,
    /// To the right of the label, of second rank.
    pub note: String,
    /// Can't be changed now; it can still have the cursor, to say why.
    pub usable: Usable,
}

/// Whether a row can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usable {
    Yes,
    No,
}

/// Cursor and window over the rows.
#[derive(Debug, Clone, Default)]
pub struct Checklist {
    cursor: usize,
    top: usize,
}

impl Checklist {
    /// The row with the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts the cursor on a row.
    pub fn set_cursor(&mut self, row: usize, rows: &[Row], height: u16) {
        self.cursor = row.min(rows.len().saturating_sub(1));
        self.follow(height);
    }

    /// Moves the cursor by `step` rows that are no headings; stops at the ends. Tells whether it moved.
    pub fn step(&mut self, step: isize, rows: &[Row], height: u16) -> bool {
        let before = self.cursor;
        for _ in 0..step.unsigned_abs() {
            let mut at = self.cursor;
            while let Some(next) = at.checked_add_signed(step.signum()) {
                let Some(row) = rows.get(next) else { break };
                at = next;
                if row.mark != Mark::Heading {
                    self.cursor = at;
                    break;
                }
            }
        }
        self.follow(height);
        // The heading above the first row of a group comes into view with it.
        if self.cursor > 0 && self.top == self.cursor {
            let heading = rows
                .get(self.cursor - 1)
                .is_some_and(|r| r.mark == Mark::Heading);
            self.top -= usize::from(heading);
        }
        self.cursor != before
    }

    fn follow(&mut self, height: u16) {
        let height = usize::from(height).max(1);
        self.top = self
            .top
            .min(self.cursor)
            .max((self.cursor + 1).saturating_sub(height));
    }

    /// The row at a position, headings excluded.
    pub fn hit(&self, at: Position, area: Rect, rows: &[Row]) -> Option<usize> {
        if !area.contains(at) {
            return None;
        }
        let row = self.top + usize::from(at.y - area.y);
        rows.get(row)
            .filter(|row| row.mark != Mark::Heading)
            .map(|_| row)
    }

    /// Draws the visible rows; the cursor shows only with the focus.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, rows: &[Row], look: Look<'_>) {
        let visible = rows
            .iter()
            .enumerate()
            .skip(self.top)
            .take(usize::from(area.height));
        let label_width = rows
            .iter()
            .map(|row| usize::from(super::fit::columns(&row.label)))
            .max()
            .unwrap_or(0)
            .min(usize::from(area.width).saturating_sub(6));
        for ((index, row), line) in visible.zip(area.rows()) {
            let under_cursor = look.focused && index == self.cursor;
            frame.render_widget(
                self::line(row, under_cursor, label_width, look.styles),
                line,
            );
        }
    }
}

/// How a list is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub focused: bool,
    pub styles: &'a Styles,
}

fn line(row: &Row, under_cursor: bool, label_width: usize, styles: &Styles) -> Line<'static> {
    if row.mark == Mark::Heading {
        return Line::styled(row.label.clone(), styles.title);
    }
    let (mark, mark_style) = match row.mark {
        Mark::Heading => ("", styles.text),
        Mark::Ticked => ("[x]", styles.accent),
        Mark::Implied => ("[~]", styles.accent),
        Mark::Unticked => ("[ ]", styles.muted),
        Mark::RadioOn => ("(•)", styles.accent),
        Mark::RadioOff => ("( )", styles.muted),
        Mark::Plus => ("[+]", styles.success),
        Mark::Minus => ("[−]", styles.danger),
    };
    let base = match (row.usable, under_cursor) {
        (Usable::No, _) => styles.disabled,
        (Usable::Yes, true) => styles.selected,
        (Usable::Yes, false) => styles.text,
    };
    let pick = |style: Style| {
        if row.usable == Usable::No {
            styles.disabled
        } else {
            style
        }
    };
    Line::from(vec![
        Span::styled(if under_cursor { "▸ " } else { "  " }, styles.accent),
        Span::styled(mark, pick(mark_style)),
        Span::raw(" "),
        Span::styled(pad(&row.label, label_width), base),
        Span::styled(format!("  {}", row.note), pick(styles.muted)),
    ])
}

#[cfg(test)]
mod tests {
    use super::{Checklist, Mark, Row, Usable};
    use ratatui::layout::{Position, Rect};

    fn rows() -> Vec<Row> {
        [
            Mark::Heading,
            Mark::Ticked,
            Mark::Unticked,
            Mark::Heading,
            Mark::Unticked,
        ]
        .into_iter()
        .map(|mark| Row {
            mark,
            label: "x".into(),
            note: String::new(),
            usable: Usable::Yes,
        })
        .collect()
    }

    #[test]
    fn headings_are_stepped_over() {
        let rows = rows();
        let mut list = Checklist::default();
        assert!(list.step(1, &rows, 3));
        assert_eq!(list.cursor(), 1);
        assert!(list.step(2, &rows, 3));
        assert_eq!(list.cursor(), 4);
        assert!(!list.step(1, &rows, 3));
        assert_eq!(
            list.hit(Position::new(0, 0), Rect::new(0, 0, 9, 3), &rows),
            Some(2)
        );
        assert_eq!(
            list.hit(Position::new(0, 1), Rect::new(0, 0, 9, 3), &rows),
            None
        );
    }
}
