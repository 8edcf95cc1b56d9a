//! One's own password: the current one, and the new one twice.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::effect::FailureKind;
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Three masked fields.
#[derive(Debug)]
pub struct ChangePassword {
    form: Form,
}

/// More than any password may have, so that one too long is said and not cut.
const LIMIT: usize = 512;
const CURRENT: usize = 0;
const NEW: usize = 1;
const AGAIN: usize = 2;

impl ChangePassword {
    /// Opens three masked fields; submits `ChangePassword`.
    pub fn new(_ctx: &Ctx) -> Self {
        let field = |label| Field::new(label, "", TextInput::new(Mask::Dots, LIMIT));
        let fields = vec![
            field("Current password"),
            field("New password"),
            field("New password again"),
        ];
        Self {
            form: Form::new(fields, None, "Change password"),
        }
    }

    /// Whether a password is being typed.
    pub fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Answer(Message::PasswordChanged(Err(failure))) => {
                let about_current = failure.kind == FailureKind::Invalid;
                let field = if about_current { CURRENT } else { AGAIN };
                self.form.complain(field, failure.text.to_string());
                Outcome::Stay
            }
            ModalEvent::Action(Action::Back)
            | ModalEvent::Answer(Message::PasswordChanged(Ok(()))) => Outcome::Close,
            event => match self.form.on_event(event, dialog::inner(area(ctx))) {
                Filled::NotYet => Outcome::Stay,
                Filled::Submitted => self.go(ctx),
            },
        }
    }

    /// How the new password stands, while it is typed.
    fn note(&self, ctx: &Ctx) -> String {
        let new = self.form.fields.get(NEW).map(|field| field.input.secret());
        match new.filter(|_| !self.form.text(NEW).is_empty()) {
            None => format!("At least {} characters", ctx.passwords.min_length),
            Some(new) => {
                let known = known_words(ctx);
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                ctx.passwords.strength(&new, &known).to_string()
            }
        }
    }

    fn go(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        if self.form.text(CURRENT).is_empty() {
            self.form.complain(CURRENT, "Type your current password");
            return Outcome::Stay;
        }
        let secret = |at: usize| self.form.fields.get(at).map(|field| field.input.secret());
        let (Some(current), Some(new)) = (secret(CURRENT), secret(NEW)) else {
            return Outcome::Close;
        };
        let known = known_words(ctx);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        if let Err(fault) = ctx.passwords.check(&new, &known) {
            self.form.complain(NEW, fault.to_string());
            return Outcome::Stay;
        }
        if self.form.text(NEW) != self.form.text(AGAIN) {
            self.form
                .complain(AGAIN, "The two differ; type the same one twice");
            return Outcome::Stay;
        }
        Outcome::Submit(Submitted::ChangePassword { current, new })
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let inner = dialog::draw(frame, area(ctx), "Change password", styles);
        self.form.draw(frame, inner, (&self.note(ctx), styles));
    }
}

/// What others know of this person, which no password is to be made of.
fn known_words(ctx: &Ctx) -> Vec<String> {
    let mut known = vec!["Rollbook".to_owned()];
    if let Some(session) = &ctx.session {
        known.push(session.user.email.to_string());
        known.extend(session.accounts.iter().map(|a| a.name.to_string()));
    }
    known
}

fn area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 72, 12)
}
