//! The first-run screen: creates the account and its owner, then signs the owner in.

use super::{card, content, draw_card};
use crate::domain::Email;
use crate::ui::effect::{Effect, Failure};
use crate::ui::modals::ModalEvent;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The first account's name, its owner's address and password.
#[derive(Debug)]
pub struct FirstRun {
    form: Form,
    pub waiting: Waiting,
}

const ACCOUNT: usize = 0;
const EMAIL: usize = 1;
const PASSWORD: usize = 2;
const AGAIN: usize = 3;

impl Default for FirstRun {
    fn default() -> Self {
        let text = |limit| TextInput::new(Mask::Shown, limit);
        let secret = || TextInput::new(Mask::Dots, 512);
        let fields = vec![
            Field::new("Account name", "such as Lovelace Mills", text(100)),
            Field::new("Your e-mail", "name@example.com", text(320)),
            Field::new("Password", "at least 15 characters", secret()),
            Field::new("Password again", "", secret()),
        ];
        Self {
            form: Form::new(fields, None, "Create account"),
            waiting: Waiting::default(),
        }
    }
}

impl FirstRun {
    /// Whether a text field has the focus.
    pub fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Option<Effect> {
        if self.waiting.is_on() {
            return None;
        }
        let area = content(self.card(ctx.area));
        if self.form.on_event(event, area) == Filled::NotYet {
            return None;
        }
        let effect = self.checked(ctx)?;
        self.waiting.begin(ctx.now);
        Some(effect)
    }

    fn checked(&mut self, ctx: &Ctx) -> Option<Effect> {
        let account = self.form.text(ACCOUNT).trim().to_owned();
        if account.is_empty() {
            self.form.complain(ACCOUNT, "Give the account a name");
            return None;
        }
        let owner = match Email::parse(self.form.text(EMAIL)) {
            Ok(owner) => owner,
            Err(fault) => {
                self.form.complain(EMAIL, fault.to_string());
                return None;
            }
        };
        let password = self.form.fields.get(PASSWORD)?.input.secret();
        let known = [owner.as_str(), account.as_str(), "rollbook"];
        if let Err(fault) = ctx.passwords.check(&password, &known) {
            self.form.complain(PASSWORD, fault.to_string());
            return None;
        }
        if self.form.text(PASSWORD) != self.form.text(AGAIN) {
            self.form.complain(AGAIN, "The two passwords differ");
            return None;
        }
        Some(Effect::SetUp {
            account,
            owner,
            password,
        })
    }

    /// It did not work; what was typed stays.
    pub fn refused(&mut self, failure: &Failure) {
        self.waiting.end();
        self.form.complain(ACCOUNT, failure.text.as_str());
    }

    /// How the password stands, while it is typed.
    fn hint(&self, ctx: &Ctx) -> String {
        let typed = self.form.fields.get(PASSWORD).map(|f| f.input.secret());
        match typed.filter(|_| !self.form.text(PASSWORD).is_empty()) {
            None => String::new(),
            Some(typed) => {
                let known = [self.form.text(EMAIL), self.form.text(ACCOUNT), "rollbook"];
                ctx.passwords.strength(&typed, &known).to_string()
            }
        }
    }

    fn card(&self, screen: Rect) -> Rect {
        card(screen, self.form.wanted_height())
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let card = self.card(ctx.area);
        let lead = "Nothing here yet: create the first account and its owner";
        draw_card(frame, card, ("Welcome to Rollbook", lead), styles);
        let spinner = self.waiting.spinner(ctx.now);
        let note = spinner.map_or_else(|| self.hint(ctx), |p| format!("{p} Creating …"));
        self.form.draw(frame, content(card), (&note, styles));
    }
}
