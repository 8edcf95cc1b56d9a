//! Which account to go to.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::AccountSummary;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::menu::{Item, Menu, Picked};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The accounts of the session.
#[derive(Debug)]
pub struct SwitchAccount {
    menu: Menu,
    accounts: Vec<AccountSummary>,
}

impl SwitchAccount {
    /// Opens the accounts of the session; submits `EnterAccount`.
    pub fn new(ctx: &Ctx) -> Self {
        let accounts = ctx.session.as_ref().map(|session| session.accounts.clone());
        Self {
            menu: Menu::default(),
            accounts: accounts.unwrap_or_default(),
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let (area, count) = (self.area(ctx), self.accounts.len());
        let page = usize::from(dialog::inner(area).height);
        let picked = match event {
            ModalEvent::Action(action) => self.menu.on_action(*action, count, page),
            ModalEvent::Click(at) => self.menu.on_click(*at, area, count),
            _ => Picked::Nothing,
        };
        match picked {
            Picked::Nothing => Outcome::Stay,
            Picked::Away => Outcome::Close,
            Picked::Line(line) => match self.accounts.get(line) {
                Some(account) => Outcome::Submit(Submitted::EnterAccount(account.id)),
                None => Outcome::Stay,
            },
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let here = ctx.account.as_ref().map(|account| account.id);
        let item = |account: &AccountSummary| {
            let mark = if Some(account.id) == here {
                " · here"
            } else {
                ""
            };
            let badge = account.grant.badge(&ctx.catalogue);
            Item {
                label: format!("{}{mark}", account.name),
                note: format!("{badge} · {} users", account.members),
            }
        };
        let items: Vec<Item> = self.accounts.iter().map(item).collect();
        self.menu
            .draw(frame, self.area(ctx), "Switch account", (&items, styles));
    }

    fn area(&self, ctx: &Ctx) -> Rect {
        let rows = u16::try_from(self.accounts.len()).unwrap_or(u16::MAX);
        let height = rows
            .saturating_add(2)
            .clamp(3, ctx.area.height.saturating_sub(4).max(3));
        // Above ten rows the frame keeps a free line at the top.
        dialog::centred(ctx.area, 66, height + u16::from(height > 10))
    }
}
