//! What goes into the use cases and what comes out of them.

use crate::domain::{
    Account, AccountId, AccountSummary, Actor, CommandId, DisplaySafe, Email, Event, Grant,
    GrantDiff, Invitation, LoginMethod, Member, Moment, Origin, Page, PermissionSet, Secret256,
    User,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a write is to be done: by whom, in which account, under which command id, and whether for
/// real.
#[derive(Debug, Clone)]
pub struct Write {
    pub actor: Actor,
    pub account: AccountId,
    /// Made by the caller; the same id again returns the first result.
    pub command: CommandId,
    pub mode: WriteMode,
}

/// Whether a write is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    #[default]
    Apply,
    /// Everything is checked and done, then rolled back.
    DryRun,
}

impl Write {
    /// A write for real, under a new command id.
    pub fn new(actor: &Actor, account: AccountId) -> Self {
        Self {
            actor: actor.clone(),
            account,
            command: CommandId::new(),
            mode: WriteMode::Apply,
        }
    }
}

/// What somebody gives to prove who they are.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    pub password: &'a SecretString,
    /// A code of the authenticator, or a recovery code; needed where a second factor is enrolled.
    pub code: Option<&'a SecretString>,
}

impl<'a> From<&'a SecretString> for Proof<'a> {
    fn from(password: &'a SecretString) -> Self {
        Self {
            password,
            code: None,
        }
    }
}

/// A second factor that waits for its first code.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// What a QR code tells an authenticator.
    pub uri: SecretString,
    /// The same for typing.
    pub secret: SecretString,
}

/// How a user stands with the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorState {
    pub enrolled: bool,
    pub recovery_codes_left: i64,
}

/// A live sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub actor: Actor,
    pub user: User,
    /// Opens the session again: kept in memory, or in a 0600 file when the person asks for it.
    pub secret: Secret256,
    /// The accounts that the user can reach, by name.
    pub accounts: Vec<AccountSummary>,
}

/// An account on entering it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    pub account: AccountSummary,
    /// The first of its members by address, so that nobody has to ask for them first; none for who may
    /// not view them.
    pub first: Option<Page<Member>>,
}

/// Gives a member another grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetGrant {
    pub email: Email,
    pub to: Grant,
    /// The version that the change was made from; `None` takes whatever is there.
    pub version: Option<i64>,
}

/// What a change of permissions did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangedGrant {
    pub member: Member,
    pub diff: GrantDiff,
}

/// Gives a member single keys and takes others, whatever else they hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdjustGrant {
    pub email: Email,
    pub give: PermissionSet,
    pub take: PermissionSet,
    /// As in [`SetGrant`].
    pub version: Option<i64>,
}

/// Brings an earlier state of a membership back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restore {
    pub email: Email,
    pub what: Wanted,
}

/// Which earlier state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Wanted {
    /// The one before their removal, else before the newest change of their permissions.
    Latest(Extent),
    /// The one that somebody reviewed.
    Reviewed {
        /// The event that knows the state, and which of its two.
        event: i64,
        moment: Moment,
        /// The state, or as much of it as was reviewed.
        to: Grant,
        /// The version of the membership that was seen; none for who was not a member.
        version: Option<i64>,
    },
}

/// What is to happen where not all of it can come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Extent {
    /// Nothing.
    #[default]
    Whole,
    /// The rest comes back.
    Possible,
}

/// What came back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restored {
    pub member: Member,
    /// Whether they had been removed.
    pub removed: bool,
    pub diff: GrantDiff,
    /// What of the old state stayed away, in words; empty when all of it came back.
    pub withheld: String,
}

/// What happened to a membership.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The membership now; none for who was removed.
    pub member: Option<Member>,
    /// Newest first.
    pub events: Vec<Event>,
}

/// What a removal ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Removed {
    pub member: Member,
    pub sessions_ended: i64,
    pub invitations_cancelled: i64,
}

/// Invites an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendInvitation {
    pub email: Email,
    pub grant: Grant,
    /// The operator's `--no-limit`.
    pub limits: Limits,
}

/// Whether the sending limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Limits {
    #[default]
    Enforced,
    /// Only the operator may.
    Lifted,
}

/// A stored invitation whose mail is queued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvitationSent {
    pub invitation: Invitation,
}

/// The one-time link, shown once and recorded in the audit log.
#[derive(Debug, Clone)]
pub struct Revealed {
    pub link: SecretString,
}

/// Where mail goes, so that a screen never says "sent" of what was written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTruth {
    /// Through this host.
    Smtp { host: DisplaySafe },
    /// No mail server is configured: `.eml` files in this folder.
    Files { folder: DisplaySafe },
}

/// Through which entrance and from where somebody comes.
#[derive(Debug, Clone)]
pub struct Entry {
    pub method: LoginMethod,
    pub origin: Origin,
}

/// What a link turns out to be.
#[derive(Debug, Clone)]
pub enum Look {
    /// Pending: the terms, and whether the address has a platform user (who logs in) or not (who
    /// registers).
    Open { terms: Box<Terms>, registered: bool },
    /// Can't be accepted any more, or never could.
    Dead(Dead),
}

/// Why a link is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Unknown, forged, cut short, or killed by a newer link.
    Unknown,
    Expired,
    /// Accepted already.
    Used,
    Declined,
    Cancelled,
    /// Whoever sent it may no longer give these permissions.
    InviterLostAuthority,
}

/// What is on offer.
#[derive(Debug, Clone)]
pub struct Terms {
    pub invitation: Invitation,
    pub account_name: DisplaySafe,
    pub inviter_name: DisplaySafe,
    /// Labels of the permissions in catalogue order; "All permissions" alone for a full grant.
    pub permissions: Vec<DisplaySafe>,
}

/// What a person without a platform user types.
#[derive(Debug, Clone)]
pub struct Registration {
    pub name: String,
    pub password: SecretString,
}

/// Who joined which account.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub user: User,
    pub account: AccountId,
    pub account_name: DisplaySafe,
}

/// What set-up found or made.
#[derive(Debug, Clone)]
pub struct SetUp {
    pub account: Account,
    pub owner: User,
    /// False when everything was there already.
    pub created: bool,
}

/// Somebody who is signed in, in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The account with their grant as it is now.
    pub account: AccountSummary,
    /// How long the session still holds if nobody acts.
    pub left: Duration,
}
