//! What can happen to the console: input, time, and one answer for each effect.
//!
//! Messages are past tense and carry domain values; a failure is already in words.

use crate::domain::{
    Change, CommandId, Invitation, LoginAttempt, Member, Page, Position, Restoration,
    SessionSummary, User, Verdict,
};
use crate::ui::effect::{
    BulkEnd, Enrolment, Entered, FactorState, Failure, History, News, Presence, Progress, Session,
};
use crate::ui::model::Mail;
use crossterm::event::Event;
use jiff::SignedDuration;
use ratatui::layout::Size;
use secrecy::SecretString;

/// What an effect comes to.
pub type Reply<T> = Result<T, Failure>;

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A key, a paste, or the mouse.
    Input(Event),
    /// The terminal has this size now.
    Resized(Size),
    /// The time that the model asked to be woken at has come.
    Tick,
    /// The terminal is gone, or a signal asks to end.
    Ended,
    /// The database is reached, or not.
    Connected(Reply<Found>),
    SignedIn(Reply<Box<Session>>),
    SignedOut(Reply<()>),
    AccountEntered(Reply<Box<Entered>>),
    MembersLoaded(Place, Reply<Page<Member>>),
    MembersCounted(Reply<i64>),
    MemberLocated(Reply<Position>),
    InvitationsLoaded(Reply<Vec<Invitation>>),
    /// The member that an error led to.
    MemberShown(Reply<Box<Member>>),
    /// Live sessions and pending invitations that a removal would end.
    RemovalPreviewed(Reply<(i64, i64)>),
    /// A reviewed change was written, or refused.
    Changed(Box<Change>, Reply<Done>),
    /// A verdict for each row of what is to be done to many.
    BulkPreviewed(Reply<Vec<Verdict>>),
    /// So far the work under this command is.
    BulkProgressed(CommandId, Progress),
    /// The work under this command is done, or broken off.
    BulkEnded(CommandId, BulkEnd),
    /// Everybody whom the list shows; none where they are too many.
    EverybodyFound(Reply<Option<Vec<Member>>>),
    UndoFound(Reply<Box<Restoration>>),
    HistoryLoaded(Reply<Box<History>>),
    OwnershipAccepted(Reply<Box<Member>>),
    LinkRevealed(Reply<SecretString>),
    Renamed(Reply<Box<User>>),
    PasswordChanged(Reply<()>),
    SessionsLoaded(Reply<Vec<SessionSummary>>),
    SessionEnded(Reply<()>),
    SignedOutEverywhere(Reply<i64>),
    /// Session and membership still hold, or not.
    StillIn(Reply<Box<Presence>>),
    /// What others changed, or how the console learns of it.
    Heard(News),
    /// Something has been asked for a while, and there is no answer yet.
    Unanswered,
    /// Who sits there proved again who they are.
    Proven(Reply<()>),
    FactorShown(Reply<FactorState>),
    EnrolmentBegun(Reply<Enrolment>),
    /// With the recovery codes.
    FactorConfirmed(Reply<Vec<SecretString>>),
    FactorRemoved(Reply<()>),
    FactorRequired(bool, Reply<()>),
    LoginsLoaded(Reply<Vec<LoginAttempt>>),
}

/// What a fresh connection tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whether no account exists yet.
    pub setup: Setup,
    pub mail: Mail,
    /// How far the database's clock is ahead of the console's.
    pub ahead: SignedDuration,
}

/// Whether the installation has an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    Needed,
    Done,
}

/// Where a page of members belongs in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Another list: the cursor goes to its first row.
    Fresh,
    /// The end of the list: the cursor goes to its last row.
    End,
    /// The same rows again: the cursor stays on its member.
    Reload,
    /// Rows after the window.
    After,
    /// Rows before the window.
    Before,
    /// The rows around a place, so many of which stand before it: the cursor goes to that place.
    Around(usize),
}

/// What a written change left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    GrantSet(Box<Member>),
    Restored {
        member: Box<Member>,
        /// Whether they had been removed.
        removed: bool,
    },
    OwnershipOffered(Box<Member>),
    MemberRemoved {
        member: Box<Member>,
        sessions_ended: i64,
        invitations_cancelled: i64,
    },
    InvitationSent(Box<Invitation>),
    InvitationEdited(Box<Invitation>),
    InvitationResent(Box<Invitation>),
    InvitationCancelled(Box<Invitation>),
}
