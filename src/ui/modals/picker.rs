//! The body that the permission dialogs share: a list with boxes, words beneath it, and two buttons.

use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::checklist::{Checklist, Look, Row, Usable};
use crate::ui::widgets::dialog;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// Cursor, focus, and what was said last.
#[derive(Debug, Default)]
pub(super) struct Picker {
    list: Checklist,
    /// The button with the focus; the list when none has it.
    button: Option<usize>,
    /// What the last key did or could not do.
    pub(super) said: Option<String>,
}

/// What an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picked {
    Nothing,
    Cancel,
    Go,
    /// Turn this row's box over.
    Turn(usize),
}

/// What the dialog says around the list.
pub(super) struct Words<'a> {
    pub(super) title: &'a str,
    /// The button that goes on.
    pub(super) go: &'static str,
    /// What the row under the cursor means.
    pub(super) meaning: String,
}

/// Rows below the list: two lines of words, a free one, the buttons.
const FOOT: u16 = 4;

impl Picker {
    /// The row with the cursor.
    pub(super) fn cursor(&self) -> usize {
        self.list.cursor()
    }

    pub(super) fn on_action(&mut self, action: Action, rows: &[Row], ctx: &Ctx) -> Picked {
        let height = list_area(area(ctx, rows.len())).height;
        let page = isize::try_from(height).unwrap_or(1);
        let step = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            _ => 0,
        };
        match action {
            Action::Back | Action::Quit => return Picked::Cancel,
            Action::Next => self.button = next_stop(self.button, 1),
            Action::Previous => self.button = next_stop(self.button, 2),
            Action::Left | Action::Right if self.button.is_some() => {
                self.button = self.button.map(|at| 1 - at);
            }
            Action::Confirm | Action::Toggle if self.button == Some(0) => return Picked::Cancel,
            Action::Confirm => return Picked::Go,
            Action::Toggle if self.button == Some(1) => return Picked::Go,
            Action::Toggle => return Picked::Turn(self.list.cursor()),
            _ if step != 0 => {
                self.button = None;
                self.said = None;
                // A step is at most the length of the list; larger ones mean "to the end".
                let most = isize::try_from(rows.len()).unwrap_or(isize::MAX);
                self.list.step(step.clamp(-most, most), rows, height);
            }
            _ => {}
        }
        Picked::Nothing
    }

    pub(super) fn on_click(
        &mut self,
        at: Position,
        (rows, go): (&[Row], &'static str),
        ctx: &Ctx,
    ) -> Picked {
        let area = area(ctx, rows.len());
        match buttons(area, go).hit(at) {
            Some(0) => return Picked::Cancel,
            Some(_) => return Picked::Go,
            None => {}
        }
        let list = list_area(area);
        let Some(row) = self.list.hit(at, list, rows) else {
            return Picked::Nothing;
        };
        self.button = None;
        self.list.set_cursor(row, rows, list.height);
        Picked::Turn(row)
    }

    pub(super) fn draw(
        &self,
        frame: &mut Frame<'_>,
        (rows, words): (&[Row], Words<'_>),
        styles: &Styles,
        ctx: &Ctx,
    ) {
        let area = area(ctx, rows.len());
        dialog::draw(frame, area, words.title, styles);
        let list = list_area(area);
        let look = Look {
            focused: self.button.is_none(),
            styles,
        };
        self.list.draw(frame, list, rows, look);
        let blocked = rows
            .get(self.list.cursor())
            .is_some_and(|row| row.usable == Usable::No);
        let (below, style) = match &self.said {
            Some(said) => (said.clone(), styles.warning),
            None if blocked => (
                "Space says why this can't be changed".to_owned(),
                styles.muted,
            ),
            None => (words.meaning, styles.muted),
        };
        let place = Rect {
            y: list.bottom(),
            height: 2,
            ..list
        }
        .intersection(dialog::inner(area));
        let below = Paragraph::new(Line::styled(below, style)).wrap(Wrap { trim: true });
        frame.render_widget(below, place);
        buttons(area, words.go).draw(frame, self.button, styles);
    }
}

fn area(ctx: &Ctx, rows: usize) -> Rect {
    let height = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(FOOT + 3);
    dialog::centred(ctx.area, 78, height)
}

fn buttons(area: Rect, go: &'static str) -> Buttons {
    let buttons = vec![
        Button::new("Cancel", Tone::Plain),
        Button::new(go, Tone::Plain),
    ];
    Buttons::right(buttons, dialog::button_row(area))
}

fn list_area(area: Rect) -> Rect {
    let inner = dialog::inner(area);
    Rect {
        height: inner.height.saturating_sub(FOOT),
        ..inner
    }
}

/// List, first button, second button, list again.
fn next_stop(at: Option<usize>, step: usize) -> Option<usize> {
    ((at.map_or(0, |at| at + 1) + step) % 3).checked_sub(1)
}
