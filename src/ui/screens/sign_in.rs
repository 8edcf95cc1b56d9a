//! The sign-in screen. It takes keys while the database is still being reached; what was submitted
//! early is sent as soon as it is there.

use super::{card, content, draw_card};
use crate::ui::effect::{Effect, Failure, FailureKind};
use crate::ui::modals::ModalEvent;
use crate::ui::model::{Ctx, Link};
use crate::ui::theme::Styles;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::form::{Check, Field, Filled, Form};
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Address and password; the code of a second factor once it is asked for.
#[derive(Debug)]
pub struct SignIn {
    form: Form,
    pub waiting: Waiting,
}

const EMAIL: usize = 0;
const PASSWORD: usize = 1;
const CODE: usize = 2;

impl SignIn {
    /// The screen, with the address where it is known.
    pub fn new(email: &str) -> Self {
        let address = TextInput::new(Mask::Shown, 320).with_text(email);
        let fields = vec![
            Field::new("E-mail", "name@example.com", address),
            Field::new("Password", "", TextInput::new(Mask::Dots, 512)),
        ];
        let check = Check {
            label: "Stay signed in on this terminal",
            ticked: false,
        };
        let mut form = Form::new(fields, Some(check), "Sign in");
        if !email.is_empty() {
            form.focus_on(PASSWORD);
        }
        Self {
            form,
            waiting: Waiting::default(),
        }
    }

    /// Whether a text field has the focus.
    pub fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    /// Whether the session is to be kept in a file.
    pub fn stays(&self) -> bool {
        self.form.check.is_some_and(|check| check.ticked)
    }

    /// What was typed as the address.
    pub fn email(&self) -> &str {
        self.form.text(EMAIL)
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Option<Effect> {
        if self.waiting.is_on() {
            return None;
        }
        let area = content(self.card(ctx.area));
        if self.form.on_event(event, area) == Filled::NotYet {
            return None;
        }
        for (field, fault) in [
            (PASSWORD, "Type your password"),
            (EMAIL, "Type your e-mail address"),
        ] {
            if self.form.text(field).is_empty() {
                self.form.complain(field, fault);
            }
        }
        if self.form.text(EMAIL).is_empty() || self.form.text(PASSWORD).is_empty() {
            return None;
        }
        self.waiting.begin(ctx.now);
        Some(self.effect())
    }

    /// The sign-in with what stands in the fields.
    pub fn effect(&self) -> Effect {
        let password = self.form.fields.get(PASSWORD);
        Effect::SignIn {
            email: self.form.text(EMAIL).trim().to_owned(),
            password: password
                .map(|field| field.input.secret())
                .unwrap_or_default(),
            code: self.form.fields.get(CODE).map(|f| f.input.secret()),
        }
    }

    /// It did not work: what was typed stays, except a refused password's focus.
    pub fn refused(&mut self, failure: &Failure) {
        self.waiting.end();
        if failure.kind == FailureKind::CodeNeeded && self.form.fields.get(CODE).is_none() {
            let code = TextInput::new(Mask::Shown, 40);
            self.form.fields.push(Field::new("Code", "123 456", code));
        }
        let last = self.form.fields.len().saturating_sub(1);
        self.form
            .complain(last.max(PASSWORD), failure.text.as_str());
    }

    fn card(&self, screen: Rect) -> Rect {
        card(screen, self.form.wanted_height())
    }

    pub fn view(&self, frame: &mut Frame<'_>, (styles, ctx): (&Styles, &Ctx), link: &Link) {
        let card = self.card(ctx.area);
        let lead = "Sign in to see who can reach your accounts";
        draw_card(frame, card, ("Rollbook", lead), styles);
        let spinner = self.waiting.spinner(ctx.now);
        let note = match (link, spinner) {
            (Link::Connecting(waiting), _) => {
                let picture = waiting.spinner(ctx.now);
                picture.map(|p| format!("{p} Reaching the database …"))
            }
            (_, Some(picture)) => Some(format!("{picture} Signing in …")),
            _ => None,
        };
        let note = note.unwrap_or_default();
        self.form.draw(frame, content(card), (&note, styles));
    }
}
