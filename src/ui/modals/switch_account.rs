//! Which account to go to.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// Which account to go to.
#[derive(Debug)]
pub struct SwitchAccount;

impl SwitchAccount {
    /// Opens the accounts of the session; submits `EnterAccount`.
    pub fn new(_ctx: &Ctx) -> Self {
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
