//! What will change, and the command that does the same, before it is written.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::Change;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// What will change, and the command that does the same, before it is written.
#[derive(Debug)]
pub struct Review;

impl Review {
    /// Opens the review of a change; submits `Apply`, waits for `Message::Changed`.
    pub fn new(change: Change, _ctx: &Ctx) -> Self {
        drop(change);
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
