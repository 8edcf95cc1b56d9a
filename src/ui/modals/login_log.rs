//! One's own logins.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// One's own logins.
#[derive(Debug)]
pub struct LoginLog;

impl LoginLog {
    /// Opens waits for `Message::LoginsLoaded`.
    pub fn new(_ctx: &Ctx) -> Self {
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
