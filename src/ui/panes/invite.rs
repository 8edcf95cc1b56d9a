//! The pane "Invite New User", pinned at the bottom: an address, All or Choose, and the button. What
//! is wrong is said next to the field, with the way out; what was typed stays.

use super::members::Wish;
use crate::domain::{
    Change, Email, Grant,
    policy::{self, Deed},
};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Failure, FailureKind};
use crate::ui::modals::{Modal, ModalEvent, Permissions, Review};
use crate::ui::model::Ctx;
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::layout::{Position, Rect};

/// What has the focus inside the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Email,
    All,
    Choose,
    Send,
}

const STOPS: [Stop; 4] = [Stop::Email, Stop::All, Stop::Choose, Stop::Send];

/// The way out of a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Fix what was typed.
    Fix,
    /// Already a member: edit them.
    EditMember(Email),
    /// Already invited: send that invitation again.
    Resend(Email),
}

/// The pane's state.
#[derive(Debug)]
pub struct Invite {
    pub(super) email: TextInput,
    /// Neither at first: the choice is the person's.
    pub(super) grant: Option<Grant>,
    pub(super) stop: Stop,
    pub(super) complaint: Option<(String, Way)>,
    /// Lines of the box for several addresses, while it is closed.
    pub(super) kept: Vec<String>,
}

impl Default for Invite {
    fn default() -> Self {
        Self {
            email: TextInput::new(Mask::Shown, 320),
            grant: None,
            stop: Stop::Email,
            complaint: None,
            kept: Vec::new(),
        }
    }
}

impl Invite {
    /// Whether characters go to the address.
    pub fn is_typing(&self) -> bool {
        self.stop == Stop::Email
    }

    /// The pane got the focus by its key.
    pub fn enter(&mut self) {
        self.stop = Stop::Email;
    }

    /// The pane got the focus from the next or the previous pane.
    pub fn enter_from(&mut self, direction: Action) {
        self.stop = if direction == Action::Previous {
            Stop::Send
        } else {
            Stop::Email
        };
    }

    /// Whether Tab leaves the pane from where the focus is.
    pub fn leaves(&self, direction: Action) -> bool {
        match direction {
            Action::Previous => self.stop == Stop::Email,
            _ => self.stop == Stop::Send,
        }
    }

    /// A grant was chosen in the permission dialog.
    pub fn chosen(&mut self, grant: Grant) {
        self.grant = Some(grant);
        self.complaint = None;
        self.stop = Stop::Send;
    }

    /// The invitation is stored: the pane is free for the next one.
    pub fn sent(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        *self = Self {
            kept,
            ..Self::default()
        };
    }

    /// The invitation was refused; tells whether the pane has taken it as its own.
    pub fn refused(&mut self, email: &Email, failure: &Failure) -> bool {
        let way = match failure.kind {
            FailureKind::AlreadyMember => Way::EditMember(email.clone()),
            FailureKind::AlreadyPending => Way::Resend(email.clone()),
            FailureKind::Invalid | FailureKind::Denied => Way::Fix,
            _ => return false,
        };
        self.complain(failure.text.as_str().to_owned(), way);
        true
    }

    fn complain(&mut self, text: String, way: Way) {
        self.stop = match way {
            Way::Fix => self.stop,
            Way::EditMember(_) | Way::Resend(_) => Stop::Send,
        };
        self.complaint = Some((text, way));
    }

    /// A key or click while the pane has the focus.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, area: Rect, ctx: &Ctx) -> Wish {
        match event {
            ModalEvent::Key(key) if self.is_typing() => {
                if self.email.on_key(*key) {
                    self.complaint = None;
                }
                self.cap_said();
            }
            ModalEvent::Paste(text) => {
                if let Some(wish) = self.on_several(text, ctx) {
                    return wish;
                }
                self.stop = Stop::Email;
                self.email.on_paste(text);
                self.complaint = None;
                self.cap_said();
            }
            ModalEvent::Action(action) => return self.act(*action, ctx),
            ModalEvent::Click(at) => return self.click(*at, area, ctx),
            _ => {}
        }
        Wish::Nothing
    }

    fn cap_said(&mut self) {
        if let Some(text) = self.email.complaint() {
            self.complaint = Some((text, Way::Fix));
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx) -> Wish {
        match action {
            Action::Next | Action::Down => self.move_by(1),
            Action::Previous | Action::Up => self.move_by(-1),
            Action::Right if self.stop != Stop::Email => self.move_by(1),
            Action::Left if self.stop != Stop::Email => self.move_by(-1),
            Action::ResendInvitation => return self.way_out(ctx),
            Action::Confirm | Action::Toggle => return self.press(ctx),
            _ => {}
        }
        Wish::Nothing
    }

    fn move_by(&mut self, step: isize) {
        let at = STOPS
            .iter()
            .position(|stop| *stop == self.stop)
            .unwrap_or(0);
        let next = at.saturating_add_signed(step).min(STOPS.len() - 1);
        self.stop = STOPS.get(next).copied().unwrap_or(Stop::Email);
    }

    fn press(&mut self, ctx: &Ctx) -> Wish {
        match self.stop {
            Stop::Email => {
                self.move_by(1);
                Wish::Nothing
            }
            Stop::All => {
                self.grant = Some(Grant::full());
                self.complaint = None;
                self.stop = Stop::Send;
                Wish::Nothing
            }
            Stop::Choose => {
                let permissions = Permissions::for_invite(self.grant.as_ref(), ctx);
                Wish::Open(Box::new(Modal::Permissions(permissions)), Vec::new())
            }
            Stop::Send if matches!(self.complaint, Some((_, Way::EditMember(_)))) => {
                self.way_out(ctx)
            }
            Stop::Send => self.send(ctx),
        }
    }

    /// Does what the complaint offers.
    fn way_out(&self, ctx: &Ctx) -> Wish {
        let (Some((_, way)), Some(seat)) = (&self.complaint, ctx.seat()) else {
            return Wish::Nothing;
        };
        match way {
            Way::EditMember(email) => Wish::Effects(vec![Effect::ShowMember(seat, email.clone())]),
            Way::Fix | Way::Resend(_) => Wish::Nothing,
        }
    }

    /// The address whose invitation is to be sent again, where that is the way out.
    pub fn to_resend(&self) -> Option<&Email> {
        match &self.complaint {
            Some((_, Way::Resend(email))) => Some(email),
            _ => None,
        }
    }

    fn send(&mut self, ctx: &Ctx) -> Wish {
        let email = match Email::parse(self.email.text()) {
            Ok(email) => email,
            Err(fault) => {
                self.stop = Stop::Email;
                self.complain(fault.to_string(), Way::Fix);
                return Wish::Nothing;
            }
        };
        let Some(grant) = self.grant.clone() else {
            self.stop = Stop::All;
            self.complain(
                "Choose: all permissions, or some of them".to_owned(),
                Way::Fix,
            );
            return Wish::Nothing;
        };
        let Some(standing) = ctx.standing() else {
            return Wish::Nothing;
        };
        let deed = Deed::Invite { grant: &grant };
        if let Err(denied) = policy::may(&standing, &deed, &ctx.catalogue) {
            self.complain(denied.to_string(), Way::Fix);
            return Wish::Nothing;
        }
        self.complaint = None;
        let review = Review::new(Change::Invite { email, grant }, ctx);
        Wish::Open(Box::new(Modal::Review(review)), Vec::new())
    }

    fn click(&mut self, at: Position, area: Rect, ctx: &Ctx) -> Wish {
        let places = self.places(area, ctx);
        let hit = [
            (Stop::Email, places.email.contains(at)),
            (Stop::All, places.all.contains(at)),
            (Stop::Choose, places.choose.contains(at)),
            (Stop::Send, places.buttons.hit(at).is_some()),
        ];
        let Some((stop, _)) = hit.into_iter().find(|(_, hit)| *hit) else {
            return Wish::Nothing;
        };
        self.stop = stop;
        match stop {
            Stop::Email => Wish::Nothing,
            _ => self.press(ctx),
        }
    }
}
