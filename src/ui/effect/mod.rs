//! What the console asks of the world, as values. This folder is the only part of the console that
//! imports the service: `perform` carries an effect out, `failure` puts an error into words.

mod bulk;
mod failure;
mod members;
mod own;
mod perform;
mod watch;

pub use bulk::{Break, BulkEnd, BulkRun, MANY, Work, run_bulk};
pub use failure::{Failure, FailureKind};
pub use perform::{COUNT_CAP, HISTORY_PAGE, look_around, perform};
pub use watch::Watch;

use crate::clock::Clock;
use crate::domain::{
    AccountId, AccountSummary, Actor, Change, CommandId, Cursor, Email, InvitationId, LoginMethod,
    MemberQuery, Origin, Reach, Secret256, Seek, SessionId, User,
};
pub use crate::service::{Enrolment, Entered, FactorState, Feed, History, News, Presence, Topics};
pub use crate::service::{MemberAct, MemberChange, Progress};

use crate::service::{Entry, Service, ServiceError, SignedIn};
use crate::ui::message::{Message, Place};
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::sync::Arc;

/// Reaches the database, as often as it is asked; the words of a failure are shown as they are.
pub type Connect = Arc<dyn Fn() -> BoxFuture<'static, Result<Service, String>> + Send + Sync>;

/// Something to do outside the model.
#[derive(Debug)]
pub enum Effect {
    /// Reach the database.
    Connect,
    /// Put text on the person's clipboard (OSC 52).
    CopyText(String),
    /// Write the session's secret to the file that keeps it, or delete that file.
    KeepSession(Option<Secret256>),
    SetUp {
        account: String,
        owner: Email,
        password: SecretString,
    },
    SignIn {
        email: String,
        password: SecretString,
        code: Option<SecretString>,
    },
    Resume(Secret256),
    SignOut(Actor),
    EnterAccount(Actor, AccountId),
    ListMembers(Box<ListMembers>),
    CountMembers(Seat, MemberQuery),
    LocateMember(Box<LocateMember>),
    /// End on the server the read of a slot: nobody waits for its answer any more.
    GiveUp(Slot),
    ListInvitations(Seat),
    ShowMember(Seat, Email),
    RemovalPreview(Seat, Email),
    /// Write a reviewed change. The same command id again gives the first result.
    Apply(Seat, Box<Change>, CommandId),
    /// A verdict for each row of the work; nothing is written.
    PreviewBulk(Seat, Work),
    /// Do the work. Tells `BulkProgressed` as it goes, and `BulkEnded`.
    RunBulk(Box<BulkRun>),
    /// End the work that runs before its next batch.
    StopBulk,
    /// Everybody whom the list shows, to be marked.
    FindEverybody(Seat, MemberQuery),
    /// Find the person's own newest change that can be taken back.
    FindUndo(Seat),
    /// What happened to a membership before this event.
    MemberHistory(Seat, Email, Option<i64>),
    AcceptOwnership(Seat),
    RevealLink(Seat, InvitationId),
    RenameMyself(Actor, String),
    ChangePassword {
        actor: Actor,
        current: SecretString,
        new: SecretString,
    },
    LoginLog(Actor),
    MySessions(Actor),
    EndSession(Actor, SessionId),
    SignOutEverywhere(Actor),
    /// End on the server what is being read or written.
    Stop,
    /// Whether session and membership still hold.
    StillIn(Seat),
    ConfirmIdentity {
        actor: Actor,
        password: SecretString,
        code: SecretString,
    },
    ShowSecondFactor(Actor),
    BeginSecondFactor(Actor),
    ConfirmSecondFactor(Actor, SecretString),
    RemoveSecondFactor {
        actor: Actor,
        password: SecretString,
        code: SecretString,
    },
    RequireSecondFactor(Seat, bool),
}

/// Who acts in which account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub actor: Actor,
    pub account: AccountId,
}

/// A page of members to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMembers {
    pub seat: Seat,
    pub query: MemberQuery,
    pub seek: Seek,
    pub limit: i64,
    pub place: Place,
}

/// A member whose place in a list is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocateMember {
    pub seat: Seat,
    pub query: MemberQuery,
    pub cursor: Cursor,
    pub reach: Reach,
}

/// A sign-in as the console keeps it.
#[derive(Debug, Clone)]
pub struct Session {
    pub actor: Actor,
    pub user: User,
    pub secret: Secret256,
    pub accounts: Vec<AccountSummary>,
}

/// Reads of one slot: starting one makes an older one pointless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    Members,
    Count,
    Position,
    Invitations,
    Preview,
    Undo,
    History,
    Logins,
    Watch,
    Factor,
    Sessions,
    Bulk,
    Everybody,
}

impl Effect {
    /// What to say where no answer will come any more; none for what nobody can give up.
    pub fn given_up(&self) -> Option<Message> {
        let words = "The database does not answer; given up";
        let failure = || Failure::new(FailureKind::Unavailable, words);
        Some(match self {
            Self::ListMembers(list) => Message::MembersLoaded(list.place, Err(failure())),
            Self::CountMembers(..) => Message::MembersCounted(Err(failure())),
            Self::LocateMember(_) => Message::MemberLocated(Err(failure())),
            Self::ListInvitations(_) => Message::InvitationsLoaded(Err(failure())),
            Self::ShowMember(..) => Message::MemberShown(Err(failure())),
            Self::RemovalPreview(..) => Message::RemovalPreviewed(Err(failure())),
            Self::LoginLog(_) => Message::LoginsLoaded(Err(failure())),
            Self::StillIn(_) => Message::StillIn(Err(failure())),
            Self::ShowSecondFactor(_) => Message::FactorShown(Err(failure())),
            Self::MySessions(_) => Message::SessionsLoaded(Err(failure())),
            Self::PreviewBulk(..) => Message::BulkPreviewed(Err(failure())),
            Self::FindEverybody(..) => Message::EverybodyFound(Err(failure())),
            Self::Apply(_, change, _) => {
                let unknown = Failure::from(ServiceError::Unknown);
                Message::Changed(change.clone(), Err(unknown))
            }
            _ => return None,
        })
    }

    /// The slot of a read; writes have none, they run to their end.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::ListMembers(_) => Some(Slot::Members),
            Self::CountMembers(..) => Some(Slot::Count),
            Self::LocateMember(_) => Some(Slot::Position),
            Self::ListInvitations(_) => Some(Slot::Invitations),
            Self::ShowMember(..) | Self::RemovalPreview(..) => Some(Slot::Preview),
            Self::FindUndo(_) => Some(Slot::Undo),
            Self::MemberHistory(..) => Some(Slot::History),
            Self::LoginLog(_) => Some(Slot::Logins),
            Self::StillIn(_) => Some(Slot::Watch),
            Self::ShowSecondFactor(_) => Some(Slot::Factor),
            Self::MySessions(_) => Some(Slot::Sessions),
            Self::PreviewBulk(..) => Some(Slot::Bulk),
            Self::FindEverybody(..) => Some(Slot::Everybody),
            _ => None,
        }
    }
}

impl Effect {
    /// Whether the person asked for something that may take its time, so that silence is no sign of trouble.
    pub fn takes_time(&self) -> bool {
        matches!(self, Self::LocateMember(locate) if locate.reach == Reach::Whole)
    }
}

impl From<SignedIn> for Session {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            actor: signed_in.actor,
            user: signed_in.user,
            secret: signed_in.secret,
            accounts: signed_in.accounts,
        }
    }
}

/// Where this console runs, for the login log and for setting up.
#[derive(Debug, Clone)]
pub struct Here {
    pub origin: Origin,
    /// The operating system's user: who sets the installation up.
    pub os_user: String,
    pub clock: Clock,
}

impl Here {
    fn entry(&self) -> Entry {
        Entry {
            method: LoginMethod::Console,
            origin: self.origin.clone(),
        }
    }
}
