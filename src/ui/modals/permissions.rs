//! The permission dialog: All permissions or a chosen set, for a member, a pending invitation, or an
//! invitation being written.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::{Grant, Invitation, Member};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::Frame;

/// The permission dialog: All permissions or a chosen set, for a member, a pending invitation, or an
#[derive(Debug)]
pub struct Permissions;

impl Permissions {
    /// Opens the permissions of a member; submits `Review`.
    pub fn for_member(member: Member, _ctx: &Ctx) -> Self {
        drop(member);
        Self
    }

    /// Opens the permissions of a pending invitation; submits `Review`.
    pub fn for_invitation(invitation: Invitation, _ctx: &Ctx) -> Self {
        drop(invitation);
        Self
    }

    /// Opens the permissions of the invitation being written; submits `Chosen`.
    pub fn for_invite(current: Option<Grant>, _ctx: &Ctx) -> Self {
        drop(current);
        Self
    }

    pub fn on_event(&mut self, _event: &ModalEvent<'_>, _ctx: &Ctx) -> Outcome<Submitted> {
        Outcome::Close
    }

    pub fn view(&self, _frame: &mut Frame<'_>, _styles: &Styles, _ctx: &Ctx) {}
}
