//! What can be done with a pending invitation, as a menu for the mouse.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::Invitation;
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::menu::{Item, Menu, Picked};
use ratatui::Frame;
use ratatui::layout::Rect;

const ACTIONS: [Action; 4] = [
    Action::EditInvitation,
    Action::ResendInvitation,
    Action::RevealLink,
    Action::CancelInvitation,
];

/// The menu.
#[derive(Debug)]
pub struct InvitationActions {
    menu: Menu,
    title: String,
}

impl InvitationActions {
    /// Opens the menu; submits `Act`.
    pub fn new(invitation: &Invitation, _ctx: &Ctx) -> Self {
        Self {
            menu: Menu::default(),
            title: invitation.email.to_string(),
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let picked = match event {
            ModalEvent::Action(action) => {
                self.menu.on_action(*action, ACTIONS.len(), ACTIONS.len())
            }
            ModalEvent::Click(at) => self.menu.on_click(*at, area(ctx), ACTIONS.len()),
            _ => Picked::Nothing,
        };
        match picked {
            Picked::Nothing => Outcome::Stay,
            Picked::Away => Outcome::Close,
            Picked::Line(line) => match ACTIONS.get(line) {
                Some(action) => Outcome::Submit(Submitted::Act(*action)),
                None => Outcome::Stay,
            },
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let item = |action: &Action| Item {
            label: action.title().to_owned(),
            note: String::new(),
        };
        let items: Vec<Item> = ACTIONS.iter().map(item).collect();
        self.menu
            .draw(frame, area(ctx), &self.title, (&items, styles));
    }
}

fn area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 64, u16::try_from(ACTIONS.len()).unwrap_or(4) + 2)
}
