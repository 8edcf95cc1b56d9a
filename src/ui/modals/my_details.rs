//! One's own name and address.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::times;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The name to be edited; address and last login to be read.
#[derive(Debug)]
pub struct MyDetails {
    form: Form,
}

/// Rows above the form: address, last login, a free one.
const READ_ROWS: u16 = 3;

impl MyDetails {
    /// Opens the details of the session's user; submits `Rename`.
    pub fn new(ctx: &Ctx) -> Self {
        let name = ctx
            .session
            .as_ref()
            .map(|session| session.user.name.to_string());
        let input = TextInput::new(Mask::Shown, 100).with_text(&name.unwrap_or_default());
        Self {
            form: Form::new(vec![Field::new("Name", "", input)], None, "Save"),
        }
    }

    /// Whether the name is being typed.
    pub fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        if let ModalEvent::Answer(Message::Renamed(reply)) = event {
            return match reply {
                Ok(_) => Outcome::Close,
                Err(failure) => {
                    self.form.complain(0, failure.text.to_string());
                    Outcome::Stay
                }
            };
        }
        if matches!(event, ModalEvent::Action(Action::Back)) {
            return Outcome::Close;
        }
        match self.form.on_event(event, body(ctx)) {
            Filled::NotYet => Outcome::Stay,
            Filled::Submitted => Outcome::Submit(Submitted::Rename(self.form.text(0).to_owned())),
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let inner = dialog::draw(frame, area(ctx), "My details", styles);
        if let Some(session) = &ctx.session {
            let line = |label: &str, value: String| {
                Line::from(vec![
                    Span::styled(format!("{label:<12}"), styles.muted),
                    Span::styled(value, styles.text),
                ])
            };
            let login = session
                .user
                .last_login
                .map(|at| times::absolute(at, &ctx.zone));
            let lines = vec![
                line("E-mail", session.user.email.to_string()),
                line("Last login", login.unwrap_or_else(|| "Never".to_owned())),
            ];
            frame.render_widget(Paragraph::new(lines), inner);
        }
        self.form.draw(frame, body(ctx), ("Esc closes", styles));
    }
}

fn area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 64, READ_ROWS + 8)
}

fn body(ctx: &Ctx) -> Rect {
    let inner = dialog::inner(area(ctx));
    Rect {
        y: inner.y + READ_ROWS.min(inner.height),
        height: inner.height.saturating_sub(READ_ROWS),
        ..inner
    }
}
