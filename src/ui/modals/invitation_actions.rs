//! What can be done with a pending invitation, as a menu for the mouse.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::Invitation;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// What can be done with a pending invitation, as a menu for the mouse.
#[derive(Debug)]
pub struct InvitationActions;

impl InvitationActions {
    /// Opens the menu; submits `Act`.
    pub fn new(invitation: Invitation, _ctx: &Ctx) -> Self {
        drop(invitation);
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
