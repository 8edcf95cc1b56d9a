//! One's own password.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// One's own password.
#[derive(Debug)]
pub struct ChangePassword;

impl ChangePassword {
    /// Opens three masked fields; submits `ChangePassword`.
    pub fn new(_ctx: &Ctx) -> Self {
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
