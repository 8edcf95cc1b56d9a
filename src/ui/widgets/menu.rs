//! A list of lines of which one is chosen: the profile menu, the accounts, what can be done with an
//! invitation.

use super::dialog;
use super::fit::{columns, pad};
use crate::ui::action::Action;
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub label: String,
    /// To the right, of second rank: a key, a role.
    pub note: String,
}

/// Cursor and window over the lines.
#[derive(Debug, Clone, Default)]
pub struct Menu {
    cursor: usize,
}

/// What an event did to the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// The cursor may have moved.
    Nothing,
    /// This line was chosen.
    Line(usize),
    /// The menu is to close.
    Away,
}

impl Menu {
    /// The line with the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// A bound key, over `count` lines of which `page` are seen.
    pub fn on_action(&mut self, action: Action, count: usize, page: usize) -> Picked {
        let last = count.saturating_sub(1);
        self.cursor = match action {
            Action::Up | Action::Previous => self.cursor.checked_sub(1).unwrap_or(last),
            Action::Down | Action::Next => {
                if self.cursor >= last {
                    0
                } else {
                    self.cursor + 1
                }
            }
            Action::PageUp => self.cursor.saturating_sub(page),
            Action::PageDown => (self.cursor + page).min(last),
            Action::First => 0,
            Action::Last => last,
            Action::Confirm | Action::Toggle if count > 0 => return Picked::Line(self.cursor),
            Action::Back | Action::Quit | Action::OpenProfile => return Picked::Away,
            _ => self.cursor,
        };
        Picked::Nothing
    }

    /// A click.
    pub fn on_click(&mut self, at: Position, area: Rect, count: usize) -> Picked {
        let inner = dialog::inner(area);
        if !area.contains(at) {
            return Picked::Away;
        }
        let line = self.top(inner.height) + usize::from(at.y.saturating_sub(inner.y));
        if inner.contains(at) && line < count {
            self.cursor = line;
            return Picked::Line(line);
        }
        Picked::Nothing
    }

    /// The cursor is always in sight.
    fn top(&self, height: u16) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(height).max(1))
    }

    /// Draws the frame and the lines.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, title: &str, look: (&[Item], &Styles)) {
        let (items, styles) = look;
        let inner = dialog::draw(frame, area, title, styles);
        let top = self.top(inner.height);
        let shown = items.iter().enumerate().skip(top);
        for ((index, item), row) in shown.zip(inner.rows()) {
            let chosen = index == self.cursor;
            let width = usize::from(row.width).saturating_sub(3 + usize::from(columns(&item.note)));
            let style = if chosen { styles.selected } else { styles.text };
            let line = Line::from(vec![
                Span::styled(if chosen { "▸ " } else { "  " }, styles.accent),
                Span::styled(pad(&item.label, width), style),
                Span::raw(" "),
                Span::styled(item.note.clone(), styles.muted),
            ]);
            frame.render_widget(line, row);
        }
        if items.len() > top + usize::from(inner.height) {
            dialog::draw_note(frame, area, "↓ more", styles);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Menu, Picked};
    use crate::ui::action::Action;

    #[test]
    fn the_cursor_goes_round_and_picks() {
        let mut menu = Menu::default();
        assert_eq!(menu.on_action(Action::Up, 3, 9), Picked::Nothing);
        assert_eq!(menu.cursor(), 2);
        menu.on_action(Action::Down, 3, 9);
        assert_eq!(menu.on_action(Action::Confirm, 3, 9), Picked::Line(0));
        assert_eq!(menu.on_action(Action::Confirm, 0, 9), Picked::Nothing);
        assert_eq!(menu.on_action(Action::Back, 3, 9), Picked::Away);
    }
}
