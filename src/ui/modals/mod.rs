//! The dialogs. One enum and a match, no trait: each takes an event and gives an [`Outcome`]; the
//! console (`update.rs`) acts on what is submitted. Dialogs stack; the last has the focus.

mod bulk;
mod change_password;
mod choice;
mod confirm;
mod conflict;
mod help;
mod history;
mod invitation_actions;
mod login_log;
mod my_details;
mod my_sessions;
mod notice;
mod permissions;
mod picker;
mod profile_menu;
mod prove;
mod review;
mod second_factor;
mod several;
mod switch_account;
mod writing;
mod written;

pub use bulk::{Bulk, BulkPermissions, Plan};
pub use change_password::ChangePassword;
pub use confirm::Confirm;
pub use conflict::Conflict;
pub use help::Help;
pub use history::History;
pub use invitation_actions::InvitationActions;
pub use login_log::LoginLog;
pub use my_details::MyDetails;
pub use my_sessions::MySessions;
pub use notice::Notice;
pub use permissions::Permissions;
pub use profile_menu::ProfileMenu;
pub use prove::Prove;
pub use review::Review;
pub use second_factor::SecondFactor;
pub use several::{Several, lines_of};
pub use switch_account::SwitchAccount;

use super::action::{Action, Context};
use super::effect::Effect;
use super::message::Message;
use super::model::Ctx;
use super::theme::Styles;
use crate::domain::{AccountId, Change, CommandId, Current, Email, Grant};
use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Position;
use secrecy::SecretString;

/// What a dialog is told.
#[derive(Debug)]
pub enum ModalEvent<'a> {
    /// A bound key in one of the dialog's contexts.
    Action(Action),
    /// Any other key; where [`Modal::is_typing`], also every plain character.
    Key(KeyEvent),
    /// Pasted text.
    Paste(&'a str),
    /// A left click.
    Click(Position),
    /// What an effect came to. Only the dialog with the focus is told.
    Answer(&'a Message),
}

/// What a dialog wants after an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    Stay,
    Close,
    /// Act on this. The dialog stays open; `update` closes it where that is the meaning.
    Submit(T),
}

/// What a dialog hands over.
#[derive(Debug)]
pub enum Submitted {
    /// Show the review of this change on top; Esc there comes back here.
    Review(Box<Change>),
    /// Show the review of this plan on top; Esc there comes back here.
    ReviewMany(Box<Plan>),
    /// Choose the grant of invitations on top, beginning with this one.
    ChooseGrant(Option<Grant>),
    /// Edit what is there now, beginning with this grant.
    Edit(Box<Current>, Grant),
    /// Show what happened to this membership, on top.
    History(Email),
    /// Write it. The review waits for `Message::Changed`; on success all dialogs close.
    Apply(Box<Change>, CommandId),
    /// The grant chosen for invitations; closes the dialog.
    Chosen(Grant),
    /// Close the dialog and do this, as if its key had been pressed on the main screen.
    Act(Action),
    /// Copy text to the clipboard; the dialog stays.
    Copy(String),
    /// Go to another account; closes the dialog.
    EnterAccount(AccountId),
    /// Waits for `Message::Renamed`.
    Rename(String),
    /// Waits for `Message::PasswordChanged`.
    ChangePassword {
        current: SecretString,
        new: SecretString,
    },
    /// Start this; the dialog stays and hears the answer.
    Start(Effect),
    /// Ask for the one-time link; the notice with it comes by itself.
    RevealLink(crate::domain::InvitationId),
}

/// An open dialog.
#[derive(Debug)]
pub enum Modal {
    Bulk(Box<Bulk>),
    BulkPermissions(Box<BulkPermissions>),
    ChangePassword(ChangePassword),
    Confirm(Confirm),
    Conflict(Conflict),
    Help(Help),
    History(History),
    InvitationActions(InvitationActions),
    LoginLog(LoginLog),
    MyDetails(MyDetails),
    MySessions(MySessions),
    Notice(Notice),
    Permissions(Permissions),
    ProfileMenu(ProfileMenu),
    Prove(Prove),
    Review(Review),
    SecondFactor(SecondFactor),
    Several(Box<Several>),
    SwitchAccount(SwitchAccount),
}

/// Forwards a call to whichever dialog is open.
macro_rules! each {
    ($modal:expr, $inner:ident => $call:expr) => {
        match $modal {
            Modal::Bulk($inner) => $call,
            Modal::BulkPermissions($inner) => $call,
            Modal::ChangePassword($inner) => $call,
            Modal::Confirm($inner) => $call,
            Modal::Conflict($inner) => $call,
            Modal::Help($inner) => $call,
            Modal::History($inner) => $call,
            Modal::InvitationActions($inner) => $call,
            Modal::LoginLog($inner) => $call,
            Modal::MyDetails($inner) => $call,
            Modal::MySessions($inner) => $call,
            Modal::Notice($inner) => $call,
            Modal::Permissions($inner) => $call,
            Modal::ProfileMenu($inner) => $call,
            Modal::Prove($inner) => $call,
            Modal::Review($inner) => $call,
            Modal::SecondFactor($inner) => $call,
            Modal::Several($inner) => $call,
            Modal::SwitchAccount($inner) => $call,
        }
    };
}

impl Modal {
    /// Tells the dialog what happened.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        each!(self, modal => modal.on_event(event, ctx))
    }

    /// Draws the dialog over the screen; `ctx.area` is the whole of it.
    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        each!(self, modal => modal.view(frame, styles, ctx));
    }

    /// The contexts in which keys are looked up, most specific first.
    pub fn contexts(&self) -> &'static [Context] {
        match self {
            Self::Review(_) | Self::Confirm(_) | Self::Bulk(_) => {
                &[Context::Review, Context::Dialog]
            }
            Self::Several(_) => &[Context::List, Context::Dialog],
            _ => &[Context::Dialog],
        }
    }

    /// Whether a text field has the focus, so that plain characters are typed.
    pub fn is_typing(&self) -> bool {
        match self {
            Self::MyDetails(details) => details.is_typing(),
            Self::ChangePassword(change) => change.is_typing(),
            Self::Prove(prove) => prove.is_typing(),
            Self::SecondFactor(factor) => factor.is_typing(),
            Self::Several(several) => several.is_typing(),
            _ => false,
        }
    }

    /// When the dialog's picture changes by itself (a spinner).
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Review(review) => review.next_tick(now),
            Self::Confirm(confirm) => confirm.next_tick(now),
            Self::History(history) => history.next_tick(now),
            Self::LoginLog(log) => log.next_tick(now),
            Self::MySessions(sessions) => sessions.next_tick(now),
            Self::Bulk(bulk) => bulk.next_tick(now),
            _ => None,
        }
    }
}
