//! The menu under the name at the top right.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// The menu under the name at the top right.
#[derive(Debug)]
pub struct ProfileMenu;

impl ProfileMenu {
    /// Opens the menu; submits `Act`.
    pub fn new(_ctx: &Ctx) -> Self {
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
