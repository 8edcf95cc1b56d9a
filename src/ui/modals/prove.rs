//! Proving again who sits there, before what can't be taken back.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, FailureKind};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Password, and a code where a second factor is enrolled.
#[derive(Debug)]
pub struct Prove {
    form: Form,
}

const PASSWORD: usize = 0;
const CODE: usize = 1;

impl Default for Prove {
    /// Opens two fields; submits `ConfirmIdentity`.
    fn default() -> Self {
        let fields = vec![
            Field::new("Password", "", TextInput::new(Mask::Dots, 512)),
            Field::new(
                "Code",
                "if you have a second factor",
                TextInput::new(Mask::Shown, 40),
            ),
        ];
        Self {
            form: Form::new(fields, None, "It is me"),
        }
    }
}

impl Prove {
    /// Whether something is being typed.
    pub fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Answer(Message::Proven(Err(failure))) => {
                let about_code = failure.kind == FailureKind::CodeNeeded;
                let field = if about_code { CODE } else { PASSWORD };
                self.form.complain(field, failure.text.to_string());
                Outcome::Stay
            }
            ModalEvent::Action(Action::Back) => Outcome::Close,
            // The code is not for everybody: Enter after the password goes ahead.
            ModalEvent::Action(Action::Confirm) if !self.form.text(PASSWORD).is_empty() => {
                self.go(ctx)
            }
            event => match self.form.on_event(event, dialog::inner(area(ctx))) {
                Filled::NotYet => Outcome::Stay,
                Filled::Submitted => self.go(ctx),
            },
        }
    }

    fn go(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        if self.form.text(PASSWORD).is_empty() {
            self.form.complain(PASSWORD, "Type your password");
            return Outcome::Stay;
        }
        let secret = |at: usize| self.form.fields.get(at).map(|field| field.input.secret());
        let actor = ctx.session.as_ref().map(|session| session.actor.clone());
        let (Some(password), Some(code), Some(actor)) = (secret(PASSWORD), secret(CODE), actor)
        else {
            return Outcome::Close;
        };
        Outcome::Submit(Submitted::Start(Effect::ConfirmIdentity {
            actor,
            password,
            code,
        }))
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let inner = dialog::draw(frame, area(ctx), "Prove that it is you", styles);
        let note = "This can't be taken back; you signed in a while ago";
        self.form.draw(frame, inner, (note, styles));
    }
}

fn area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 76, 10)
}
