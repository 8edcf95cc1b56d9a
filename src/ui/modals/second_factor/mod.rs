//! One's own second factor: enrol it with a QR code, keep the recovery codes, take it off; and for
//! owners, whether the account asks for one.

mod codes;
mod enrolling;

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::{Actor, Role};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, FactorState, Failure, FailureKind};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::menu::{Item, Menu, Picked};
use crate::ui::widgets::text_input::{Mask, TextInput};
use codes::Codes;
use enrolling::Enrolling;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

const TITLE: &str = "Second factor";

/// The dialog.
#[derive(Debug)]
pub struct SecondFactor {
    stage: Stage,
    menu: Menu,
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Stage {
    /// Waits for `Message::FactorShown`.
    Loading,
    /// What can be done.
    Choosing(FactorState),
    /// Waits for the authenticator's first code.
    Enrolling(Box<Enrolling>),
    /// The recovery codes, shown once.
    Codes(Codes),
    /// Password and code, to take it off.
    Removing(Box<Form>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Enrol,
    Remove,
    Require(bool),
}

impl Choice {
    fn words(self) -> &'static str {
        match self {
            Self::Enrol => "Set one up with an authenticator",
            Self::Remove => "Take it off",
            Self::Require(true) => "Ask everybody in this account for one",
            Self::Require(false) => "No longer ask for one in this account",
        }
    }
}

impl Default for SecondFactor {
    /// Opens and waits for `Message::FactorShown`.
    fn default() -> Self {
        Self {
            stage: Stage::Loading,
            menu: Menu::default(),
            failure: None,
        }
    }
}

impl SecondFactor {
    /// Whether something is being typed.
    pub fn is_typing(&self) -> bool {
        match &self.stage {
            Stage::Enrolling(enrolling) => enrolling.is_typing(),
            Stage::Removing(form) => form.is_typing(),
            _ => false,
        }
    }

    /// Whether an enrolment has just ended well.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Codes(_))
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let actor = ctx.session.as_ref().map(|session| session.actor.clone());
        let Some(actor) = actor else {
            return Outcome::Close;
        };
        if let ModalEvent::Answer(message) = event {
            self.on_answer(message, ctx);
            return Outcome::Stay;
        }
        match (&mut self.stage, event) {
            (_, ModalEvent::Action(Action::Back | Action::Quit)) => Outcome::Close,
            (Stage::Codes(codes), ModalEvent::Action(action)) => codes.on_action(*action, ctx),
            // A proof was asked for and given.
            (Stage::Choosing(_), ModalEvent::Action(Action::Retry)) => {
                Outcome::Submit(Submitted::Start(Effect::BeginSecondFactor(actor)))
            }
            (Stage::Choosing(state), event) => {
                let choices = choices(*state, ctx);
                self.choose(event, &choices, (actor, ctx))
            }
            (Stage::Enrolling(enrolling), event) => enrolling.on_event(event, actor, ctx),
            (Stage::Removing(form), event) => remove(form, event, actor, ctx),
            (Stage::Loading | Stage::Codes(_), _) => Outcome::Stay,
        }
    }

    fn on_answer(&mut self, message: &Message, ctx: &Ctx) {
        self.failure = None;
        match message {
            Message::FactorShown(Ok(state)) => self.stage = Stage::Choosing(*state),
            Message::EnrolmentBegun(Ok(enrolment)) => {
                let email = ctx.session.as_ref().map(|s| s.user.email.to_string());
                let enrolling = Enrolling::new(enrolment, email.unwrap_or_default());
                self.stage = Stage::Enrolling(Box::new(enrolling));
            }
            Message::FactorConfirmed(Ok(codes)) => {
                self.stage = Stage::Codes(Codes::new(codes.clone()));
            }
            Message::FactorConfirmed(Err(failure)) => {
                if let Stage::Enrolling(enrolling) = &mut self.stage {
                    enrolling.refused(failure);
                }
            }
            Message::FactorRemoved(Err(failure)) => {
                if let Stage::Removing(form) = &mut self.stage {
                    let about_code = failure.kind == FailureKind::CodeNeeded;
                    form.complain(usize::from(about_code), failure.text.to_string());
                }
            }
            Message::FactorShown(Err(failure))
            | Message::EnrolmentBegun(Err(failure))
            | Message::FactorRequired(_, Err(failure)) => self.failure = Some(failure.clone()),
            _ => {}
        }
    }

    fn choose(
        &mut self,
        event: &ModalEvent<'_>,
        choices: &[Choice],
        (actor, ctx): (Actor, &Ctx),
    ) -> Outcome<Submitted> {
        let (area, count) = (menu_area(ctx, choices.len()), choices.len());
        let picked = match event {
            ModalEvent::Action(action) => self.menu.on_action(*action, count, count),
            ModalEvent::Click(at) => self.menu.on_click(*at, area, count),
            _ => Picked::Nothing,
        };
        let choice = match picked {
            Picked::Nothing => return Outcome::Stay,
            Picked::Away => return Outcome::Close,
            Picked::Line(line) => choices.get(line).copied(),
        };
        let effect = match choice {
            None => None,
            Some(Choice::Enrol) => Some(Effect::BeginSecondFactor(actor)),
            Some(Choice::Require(required)) => ctx
                .seat()
                .map(|seat| Effect::RequireSecondFactor(seat, required)),
            Some(Choice::Remove) => {
                self.stage = Stage::Removing(Box::new(removal_form()));
                None
            }
        };
        effect.map_or(Outcome::Stay, |effect| {
            Outcome::Submit(Submitted::Start(effect))
        })
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        match &self.stage {
            Stage::Loading => {
                let area = menu_area(ctx, 1);
                dialog::draw(frame, area, TITLE, styles);
            }
            Stage::Choosing(state) => self.view_choices(frame, *state, (styles, ctx)),
            Stage::Enrolling(enrolling) => enrolling.view(frame, styles, ctx),
            Stage::Codes(codes) => codes.view(frame, (styles, ctx)),
            Stage::Removing(form) => {
                let inner =
                    dialog::draw(frame, form_area(ctx), "Take the second factor off", styles);
                form.draw(frame, inner, ("", styles));
            }
        }
    }

    fn view_choices(&self, frame: &mut Frame<'_>, state: FactorState, look: (&Styles, &Ctx)) {
        let (styles, ctx) = look;
        let choices = choices(state, ctx);
        let item = |choice: &Choice| Item {
            label: choice.words().to_owned(),
            note: String::new(),
        };
        let items: Vec<Item> = choices.iter().map(item).collect();
        let area = menu_area(ctx, choices.len());
        let title = if state.enrolled {
            format!(
                "{TITLE}: on · {} recovery codes left",
                state.recovery_codes_left
            )
        } else {
            format!("{TITLE}: none")
        };
        self.menu.draw(frame, area, &title, (&items, styles));
        if let Some(failure) = &self.failure {
            let under = Rect {
                y: area.bottom(),
                height: 1,
                ..area
            }
            .intersection(ctx.area);
            frame.render_widget(Line::styled(failure.text.to_string(), styles.danger), under);
        }
    }
}

fn choices(state: FactorState, ctx: &Ctx) -> Vec<Choice> {
    let owner = ctx
        .account
        .as_ref()
        .is_some_and(|account| account.grant.role == Role::Owner);
    let mut choices = vec![if state.enrolled {
        Choice::Remove
    } else {
        Choice::Enrol
    }];
    if owner && state.enrolled {
        choices.extend([Choice::Require(true), Choice::Require(false)]);
    }
    choices
}

fn removal_form() -> Form {
    let fields = vec![
        Field::new("Password", "", TextInput::new(Mask::Dots, 512)),
        Field::new(
            "Code",
            "of the authenticator, or a recovery code",
            TextInput::new(Mask::Shown, 40),
        ),
    ];
    Form::new(fields, None, "Take it off")
}

fn remove(form: &mut Form, event: &ModalEvent<'_>, actor: Actor, ctx: &Ctx) -> Outcome<Submitted> {
    if form.on_event(event, dialog::inner(form_area(ctx))) == Filled::NotYet {
        return Outcome::Stay;
    }
    let mut secrets = form.fields.iter().map(|field| field.input.secret());
    let (Some(password), Some(code)) = (secrets.next(), secrets.next()) else {
        return Outcome::Close;
    };
    Outcome::Submit(Submitted::Start(Effect::RemoveSecondFactor {
        actor,
        password,
        code,
    }))
}

fn menu_area(ctx: &Ctx, lines: usize) -> Rect {
    let height = u16::try_from(lines).unwrap_or(4) + 2;
    dialog::centred(ctx.area, 60, height)
}

fn form_area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 76, 10)
}
