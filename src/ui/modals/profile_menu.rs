//! The menu under the name at the top right.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::menu::{Item, Menu, Picked};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The menu.
#[derive(Debug)]
pub struct ProfileMenu {
    menu: Menu,
    actions: Vec<Action>,
}

impl ProfileMenu {
    /// Opens the menu; submits `Act`.
    pub fn new(ctx: &Ctx) -> Self {
        let offered = ctx
            .account
            .as_ref()
            .is_some_and(|account| account.ownership_offered);
        let mut actions = vec![
            Action::UserManagement,
            Action::SwitchAccount,
            Action::MyDetails,
            Action::ChangePassword,
            Action::LoginLog,
            Action::MySessions,
            Action::SecondFactor,
        ];
        actions.extend(offered.then_some(Action::AcceptOwnership));
        actions.push(Action::SignOut);
        Self {
            menu: Menu::default(),
            actions,
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let count = self.actions.len();
        let picked = match event {
            ModalEvent::Action(action) => self.menu.on_action(*action, count, count),
            ModalEvent::Click(at) => self.menu.on_click(*at, self.area(ctx), count),
            _ => Picked::Nothing,
        };
        match picked {
            Picked::Nothing => Outcome::Stay,
            Picked::Away => Outcome::Close,
            Picked::Line(line) => match self.actions.get(line) {
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
        let items: Vec<Item> = self.actions.iter().map(item).collect();
        let name = ctx
            .session
            .as_ref()
            .map(|session| session.user.name.to_string());
        self.menu.draw(
            frame,
            self.area(ctx),
            &name.unwrap_or_default(),
            (&items, styles),
        );
    }

    fn area(&self, ctx: &Ctx) -> Rect {
        let height = u16::try_from(self.actions.len()).unwrap_or(8) + 2;
        let width = 30.min(ctx.area.width);
        let right = ctx.area.right().saturating_sub(1).max(width);
        Rect {
            x: right - width,
            y: ctx.area.y + 1,
            width,
            height,
        }
        .intersection(ctx.area)
    }
}
