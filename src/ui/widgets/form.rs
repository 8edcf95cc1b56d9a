//! Labelled text fields, at most one check box, and a button: focus, typing, and what is said next
//! to each field.

use super::buttons::{Button, Buttons, Tone};
use super::fit::{columns, cut};
use super::text_input::{self, TextInput};
use crate::ui::action::Action;
use crate::ui::modals::ModalEvent;
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

/// A labelled text field.
#[derive(Debug)]
pub struct Field {
    pub label: &'static str,
    pub placeholder: &'static str,
    pub input: TextInput,
    /// What is wrong with it, said beneath.
    pub fault: Option<String>,
}

/// A check box at the end of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub label: &'static str,
    pub ticked: bool,
}

/// The form. The focus runs over the fields, the check box, the button.
#[derive(Debug)]
pub struct Form {
    pub fields: Vec<Field>,
    pub check: Option<Check>,
    pub button: &'static str,
    focus: usize,
}

/// Whether the person is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    NotYet,
    /// The button was pressed, or Enter in the last field.
    Submitted,
}

impl Field {
    /// An empty field.
    pub fn new(label: &'static str, placeholder: &'static str, input: TextInput) -> Self {
        Self {
            label,
            placeholder,
            input,
            fault: None,
        }
    }
}

impl Form {
    /// A form with the focus on its first field.
    pub fn new(fields: Vec<Field>, check: Option<Check>, button: &'static str) -> Self {
        Self {
            fields,
            check,
            button,
            focus: 0,
        }
    }

    /// What stands in a field; empty for one that does not exist.
    pub fn text(&self, field: usize) -> &str {
        self.fields
            .get(field)
            .map_or("", |field| field.input.text())
    }

    /// Puts a complaint next to a field and the focus on it.
    pub fn complain(&mut self, field: usize, fault: impl Into<String>) {
        if let Some(at) = self.fields.get_mut(field) {
            at.fault = Some(fault.into());
            self.focus = field;
        }
    }

    /// Puts the focus on a field.
    pub fn focus_on(&mut self, field: usize) {
        self.focus = field.min(self.stops() - 1);
    }

    /// Whether a text field has the focus.
    pub fn is_typing(&self) -> bool {
        self.focus < self.fields.len()
    }

    /// Rows that the form would like.
    pub fn wanted_height(&self) -> u16 {
        let rows = self.fields.len() * 2 + usize::from(self.check.is_some()) * 2 + 1;
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    fn stops(&self) -> usize {
        self.fields.len() + usize::from(self.check.is_some()) + 1
    }

    fn on_button(&self) -> bool {
        self.focus + 1 == self.stops()
    }

    /// Tells the form what happened; `area` is where it is drawn.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, area: Rect) -> Filled {
        match event {
            ModalEvent::Key(key) => self.edit(|input| {
                input.on_key(*key);
            }),
            ModalEvent::Paste(text) => self.edit(|input| input.on_paste(text)),
            ModalEvent::Click(at) => return self.click(*at, area),
            ModalEvent::Action(action) => return self.act(*action),
            ModalEvent::Answer(_) => {}
        }
        Filled::NotYet
    }

    fn edit(&mut self, change: impl FnOnce(&mut TextInput)) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.fault = None;
            change(&mut field.input);
            field.fault = field.input.complaint();
        }
    }

    fn act(&mut self, action: Action) -> Filled {
        let stops = self.stops();
        match action {
            Action::Next | Action::Down => self.focus = (self.focus + 1) % stops,
            Action::Previous | Action::Up => self.focus = (self.focus + stops - 1) % stops,
            Action::Confirm | Action::Toggle if self.on_button() => return Filled::Submitted,
            Action::Confirm if self.is_typing() => {
                let empty = self.fields.iter().skip(self.focus + 1);
                match empty.map(|f| f.input.is_empty()).position(|empty| empty) {
                    Some(next) => self.focus += next + 1,
                    None => return Filled::Submitted,
                }
            }
            Action::Confirm | Action::Toggle => self.tick(),
            _ => {}
        }
        Filled::NotYet
    }

    fn tick(&mut self) {
        if let Some(check) = &mut self.check {
            check.ticked = !check.ticked;
        }
    }

    fn click(&mut self, at: Position, area: Rect) -> Filled {
        let places = self.places(area);
        let hit = places.fields.iter().position(|row| row.contains(at));
        if let Some(field) = hit {
            self.focus = field;
        } else if places.check.contains(at) {
            self.focus = self.fields.len();
            self.tick();
        } else if self.buttons(places.button).hit(at).is_some() {
            self.focus = self.stops() - 1;
            return Filled::Submitted;
        }
        Filled::NotYet
    }

    fn buttons(&self, row: Rect) -> Buttons {
        Buttons::left(vec![Button::new(self.button, Tone::Plain)], shifted(row, 2))
    }

    /// One row per field with a row for its complaint beneath, closer together where room is short.
    fn places(&self, area: Rect) -> Places {
        let step = if area.height >= self.wanted_height() {
            2
        } else {
            1
        };
        let row = |index: u16| {
            let y = area.y.saturating_add(index).min(area.bottom());
            Rect {
                y,
                height: u16::from(y < area.bottom()),
                ..area
            }
        };
        let count = u16::try_from(self.fields.len()).unwrap_or(u16::MAX);
        let check_rows = if self.check.is_some() { step } else { 0 };
        let after = count.saturating_mul(step);
        Places {
            fields: (0..count).map(|index| row(index * step)).collect(),
            check: if self.check.is_some() {
                row(after)
            } else {
                Rect::default()
            },
            button: row(after + check_rows),
            step,
        }
    }

    /// Draws the form; `note` stands to the right of the button.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, (note, styles): (&str, &Styles)) {
        let places = self.places(area);
        let labels = self
            .fields
            .iter()
            .map(|f| columns(f.label))
            .max()
            .unwrap_or(0)
            + 2;
        for (index, (field, row)) in self.fields.iter().zip(&places.fields).enumerate() {
            let focused = index == self.focus;
            draw_field(frame, (field, focused), (*row, labels), styles);
            if let (Some(fault), 2) = (&field.fault, places.step) {
                let under = shifted(
                    Rect {
                        y: row.y + 1,
                        ..*row
                    },
                    labels,
                );
                let words = cut(fault, usize::from(under.width));
                frame.render_widget(Span::styled(words, styles.danger), under);
            }
        }
        if let Some(check) = self.check {
            let focused = self.focus == self.fields.len();
            draw_check(frame, (check, focused), places.check, styles);
        }
        let buttons = self.buttons(places.button);
        buttons.draw(frame, self.on_button().then_some(0), styles);
        let crowded = self.fields.iter().find_map(|f| f.fault.as_deref());
        let (words, style) = match crowded {
            Some(fault) if places.step == 1 => (fault, styles.danger),
            _ => (note, styles.muted),
        };
        let beside = shifted(places.button, columns(self.button) + 8);
        let words = cut(words, usize::from(beside.width));
        frame.render_widget(Span::styled(words, style), beside);
    }
}

struct Places {
    fields: Vec<Rect>,
    check: Rect,
    button: Rect,
    step: u16,
}

fn shifted(row: Rect, by: u16) -> Rect {
    let by = by.min(row.width);
    Rect {
        x: row.x + by,
        width: row.width - by,
        ..row
    }
}

fn draw_field(
    frame: &mut Frame<'_>,
    (field, focused): (&Field, bool),
    (row, labels): (Rect, u16),
    styles: &Styles,
) {
    let (mark, style) = if focused {
        ("▸", styles.accent)
    } else {
        (" ", styles.text)
    };
    let label = Span::styled(format!("{mark} {}", field.label), style);
    frame.render_widget(
        label,
        Rect {
            width: labels.min(row.width),
            ..row
        },
    );
    let look = text_input::Look {
        focused,
        placeholder: field.placeholder,
        styles,
    };
    field.input.draw(frame, shifted(row, labels + 2), look);
}

fn draw_check(frame: &mut Frame<'_>, (check, focused): (Check, bool), row: Rect, styles: &Styles) {
    let mark = if focused { "▸" } else { " " };
    let tick = if check.ticked { "[x]" } else { "[ ]" };
    let style = if focused { styles.accent } else { styles.text };
    frame.render_widget(
        Span::styled(format!("{mark} {tick} {}", check.label), style),
        row,
    );
}

#[cfg(test)]
mod tests {
    use super::{Check, Field, Filled, Form};
    use crate::ui::action::Action;
    use crate::ui::modals::ModalEvent;
    use crate::ui::widgets::text_input::{Mask, TextInput};
    use ratatui::layout::Rect;

    #[test]
    fn enter_goes_to_the_next_empty_field_and_then_submits() {
        let field = || Field::new("x", "", TextInput::new(Mask::Shown, 9));
        let check = Check {
            label: "stay",
            ticked: false,
        };
        let mut form = Form::new(vec![field(), field()], Some(check), "Go");
        let area = Rect::new(0, 0, 40, 10);
        let enter = ModalEvent::Action(Action::Confirm);
        assert_eq!(form.on_event(&enter, area), Filled::NotYet);
        assert_eq!(form.focus, 1);
        assert_eq!(form.on_event(&enter, area), Filled::Submitted);
        form.on_event(&ModalEvent::Action(Action::Next), area);
        form.on_event(&ModalEvent::Action(Action::Toggle), area);
        assert!(form.check.unwrap().ticked);
    }
}
