//! The pending invitations: their list, the cursor, and what may be done with the selected one.

use super::members::{Loaded, Wish};
use crate::domain::{
    Change, Email, Invitation, InvitationId, InvitationStatus,
    policy::{self, Deed},
};
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::live::{Due, Marks};
use crate::ui::modals::{Confirm, InvitationActions, Modal, ModalEvent, Permissions, Review};
use crate::ui::model::{Ctx, Mail};
use jiff::Timestamp;
use ratatui::layout::Rect;

/// The pending invitations.
#[derive(Debug)]
pub struct Invitations {
    pub(super) rows: Vec<Invitation>,
    pub(super) cursor: usize,
    /// The one just sent from here, on which the cursor is put when it is listed.
    sent: Option<InvitationId>,
    pub loaded: Loaded,
    /// When to read them again.
    pub due: Due,
    /// What others changed just now.
    pub marks: Marks<InvitationId>,
}

impl Default for Invitations {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            cursor: 0,
            sent: None,
            loaded: Loaded::NotYet,
            due: Due::default(),
            marks: Marks::default(),
        }
    }
}

impl Invitations {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The pending invitation of an address.
    pub fn pending_for(&self, email: &Email) -> Option<&Invitation> {
        let pending = |i: &&Invitation| i.status == InvitationStatus::Pending && i.email == *email;
        self.rows.iter().find(pending)
    }

    /// Asks for the list.
    pub fn load(&mut self, ctx: &Ctx) -> Option<Effect> {
        let seat = ctx.seat()?;
        self.due.ask(ctx.now);
        Some(Effect::ListInvitations(seat))
    }

    /// An invitation was sent from here: it is to be seen.
    pub fn expect(&mut self, id: InvitationId) {
        match self.rows.iter().position(|row| row.id == id) {
            // The news of it was faster than the answer.
            Some(at) => self.cursor = at,
            None => self.sent = Some(id),
        }
    }

    /// The list arrived; the cursor stays on its invitation, or goes to the one just sent. Tells whether
    /// the picture changed.
    pub fn on_loaded(&mut self, rows: Vec<Invitation>, now: Timestamp) -> bool {
        self.due.answered(now);
        let first = self.loaded == Loaded::NotYet;
        self.loaded = Loaded::Yes;
        if rows == self.rows {
            return first;
        }
        if !first {
            let known = |row: &&Invitation| !self.rows.contains(row);
            let changed = rows.iter().filter(known).map(|row| row.id);
            self.marks.set(changed.collect(), now);
        }
        let sent = self.sent.take_if(|id| rows.iter().any(|row| row.id == *id));
        let here = self.rows.get(self.cursor).map(|invitation| invitation.id);
        let id = sent.or(here);
        self.rows = rows;
        let found = self
            .rows
            .iter()
            .position(|invitation| Some(invitation.id) == id);
        self.cursor = found
            .unwrap_or(self.cursor)
            .min(self.rows.len().saturating_sub(1));
        true
    }

    pub(super) fn top(&self, height: u16) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(height))
    }

    /// A key or click while the pane has the focus; `rows` is where the rows are drawn.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, rows: Rect, ctx: &Ctx) -> Wish {
        let last = self.rows.len().saturating_sub(1);
        match event {
            ModalEvent::Action(action) => match action {
                Action::Up => self.cursor = self.cursor.saturating_sub(1),
                Action::Down => self.cursor = (self.cursor + 1).min(last),
                Action::PageUp => {
                    self.cursor = self.cursor.saturating_sub(usize::from(rows.height));
                }
                Action::PageDown => {
                    self.cursor = (self.cursor + usize::from(rows.height)).min(last);
                }
                Action::First => self.cursor = 0,
                Action::Last => self.cursor = last,
                action => return self.act(*action, ctx),
            },
            ModalEvent::Click(at) if rows.contains(*at) => {
                let row = self.top(rows.height) + usize::from(at.y - rows.y);
                if row > last || self.rows.is_empty() {
                    return Wish::Nothing;
                }
                let again = row == self.cursor;
                self.cursor = row;
                if again {
                    return self.menu(ctx);
                }
            }
            _ => {}
        }
        Wish::Nothing
    }

    fn menu(&self, ctx: &Ctx) -> Wish {
        let Some(invitation) = self.rows.get(self.cursor) else {
            return Wish::Nothing;
        };
        let menu = InvitationActions::new(invitation, ctx);
        Wish::Open(Box::new(Modal::InvitationActions(menu)), Vec::new())
    }

    fn act(&self, action: Action, ctx: &Ctx) -> Wish {
        match self.rows.get(self.cursor) {
            Some(invitation) => open_for(action, invitation.clone(), ctx),
            None => Wish::Nothing,
        }
    }
}

/// The dialog or effect for an action on an invitation, or why not.
pub fn open_for(action: Action, invitation: Invitation, ctx: &Ctx) -> Wish {
    let Some(standing) = ctx.standing() else {
        return Wish::Nothing;
    };
    let grant = invitation.grant.clone();
    let deed = match action {
        Action::EditInvitation => Deed::EditInvitation {
            from: &grant,
            to: &grant,
        },
        Action::CancelInvitation => Deed::CancelInvitation { grant: &grant },
        Action::ResendInvitation | Action::RevealLink => Deed::ResendInvitation { grant: &grant },
        _ => return Wish::Nothing,
    };
    if let Err(denied) = policy::may(&standing, &deed, &ctx.catalogue) {
        return Wish::Refuse(denied.to_string());
    }
    let modal = match action {
        Action::EditInvitation => Modal::Permissions(Permissions::for_invitation(invitation, ctx)),
        Action::ResendInvitation => {
            Modal::Review(Review::new(Change::ResendInvitation { invitation }, ctx))
        }
        Action::CancelInvitation => {
            Modal::Confirm(Confirm::new(Change::CancelInvitation { invitation }, ctx))
        }
        _ => return reveal(&invitation, ctx),
    };
    Wish::Open(Box::new(modal), Vec::new())
}

fn reveal(invitation: &Invitation, ctx: &Ctx) -> Wish {
    match (&ctx.mail, ctx.seat()) {
        (Mail::Files { .. }, Some(seat)) => {
            Wish::Effects(vec![Effect::RevealLink(seat, invitation.id)])
        }
        _ => Wish::Refuse(
            "The link is in the mail; here it is shown only where no mail server is set".to_owned(),
        ),
    }
}
