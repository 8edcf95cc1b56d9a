//! The JSON documents that `--json` prints. Their field names are an interface: scripts rely on them.

use crate::domain::{
    Account, AccountSummary, Catalogue, DeliveryState, Event, Invitation, InvitationStatus, Member,
    PermissionSet, Role, User,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

/// A member.
#[derive(Debug, Serialize)]
pub struct MemberDocument<'a> {
    email: &'a str,
    name: &'a str,
    role: Role,
    /// What the member holds under today's catalogue, whatever the role.
    permissions: PermissionSet,
    last_login: Option<Timestamp>,
    joined_at: Timestamp,
    version: i64,
}

impl<'a> MemberDocument<'a> {
    /// The document of a member.
    pub fn of(member: &'a Member, catalogue: &Catalogue) -> Self {
        Self {
            email: member.email.as_str(),
            name: member.name.as_str(),
            role: member.grant.role,
            permissions: member.grant.effective(catalogue),
            last_login: member.last_login,
            joined_at: member.joined_at,
            version: member.version,
        }
    }
}

/// A member who has just been removed, and what ended with the membership.
#[derive(Debug, Serialize)]
pub struct RemovedDocument<'a> {
    #[serde(flatten)]
    pub member: MemberDocument<'a>,
    pub sessions_ended: i64,
    pub invitations_cancelled: i64,
}

/// A membership of which an earlier state was brought back.
#[derive(Debug, Serialize)]
pub struct RestoredDocument<'a> {
    #[serde(flatten)]
    pub member: MemberDocument<'a>,
    /// What of the old state stayed away, in words; none when all of it came back.
    pub withheld: Option<&'a str>,
}

/// One event of a membership.
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    #[serde(flatten)]
    event: EventDocument<'a>,
    given: PermissionSet,
    taken: PermissionSet,
}

impl<'a> HistoryDocument<'a> {
    /// The document of an event, with what it gave and took under today's catalogue.
    pub fn of(event: &'a Event, catalogue: &Catalogue) -> Self {
        let diff = event.diff(catalogue);
        Self {
            event: event.into(),
            given: diff.given,
            taken: diff.taken,
        }
    }
}

/// An invitation.
#[derive(Debug, Serialize)]
pub struct InvitationDocument<'a> {
    id: String,
    email: &'a str,
    role: Role,
    permissions: PermissionSet,
    status: InvitationStatus,
    invited_by: &'a str,
    created_at: Timestamp,
    expires_at: Timestamp,
    delivery: DeliveryDocument<'a>,
    /// Only where the caller asked to see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct DeliveryDocument<'a> {
    state: DeliveryState,
    attempts: i32,
    last_reply: Option<&'a str>,
}

impl<'a> InvitationDocument<'a> {
    /// The document of an invitation.
    pub fn of(invitation: &'a Invitation, catalogue: &Catalogue) -> Self {
        let delivery = &invitation.delivery;
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.as_str(),
            role: invitation.grant.role,
            permissions: invitation.grant.effective(catalogue),
            status: invitation.status,
            invited_by: invitation.invited_by.as_str(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            delivery: DeliveryDocument {
                state: delivery.state,
                attempts: delivery.attempts,
                last_reply: delivery.last_reply.as_ref().map(AsRef::as_ref),
            },
            link: None,
        }
    }

    /// The same with the one-time link.
    #[must_use]
    pub fn with_link(mut self, link: Option<&'a SecretString>) -> Self {
        self.link = link.map(ExposeSecret::expose_secret);
        self
    }
}

/// What a link offers, and what became of it.
#[derive(Debug, Serialize)]
pub struct AcceptanceDocument<'a> {
    pub account: &'a str,
    pub email: &'a str,
    pub invited_by: &'a str,
    pub role: Role,
    pub permissions: PermissionSet,
    /// `open` (looked at only), `accepted` or `declined`.
    pub status: &'static str,
    /// Whether a user was made for it.
    pub registered: bool,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct AccountDocument<'a> {
    id: String,
    name: &'a str,
    members: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    /// The asking user's own role; none for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
}

impl<'a> From<&'a Account> for AccountDocument<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.as_str(),
            members: account.members,
            created_at: Some(account.created_at),
            role: None,
        }
    }
}

impl<'a> From<&'a AccountSummary> for AccountDocument<'a> {
    fn from(account: &'a AccountSummary) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.as_str(),
            members: account.members,
            created_at: None,
            role: Some(account.grant.role),
        }
    }
}

/// A user of the platform.
#[derive(Debug, Serialize)]
pub struct UserDocument<'a> {
    id: String,
    email: &'a str,
    name: &'a str,
    last_login: Option<Timestamp>,
    created_at: Timestamp,
}

impl<'a> From<&'a User> for UserDocument<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str(),
            name: user.name.as_str(),
            last_login: user.last_login,
            created_at: user.created_at,
        }
    }
}

/// An event of the audit log.
#[derive(Debug, Serialize)]
pub struct EventDocument<'a> {
    sequence: i64,
    at: Timestamp,
    actor: &'a str,
    source: &'a str,
    action: &'a str,
    subject: &'a str,
    before: &'a Value,
    after: &'a Value,
    command: Option<String>,
}

impl<'a> From<&'a Event> for EventDocument<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at,
            actor: event.actor.as_str(),
            source: event.source.as_str(),
            action: event.action.as_str(),
            subject: event.subject.as_str(),
            before: &event.before,
            after: &event.after,
            command: event.command.map(|id| id.to_string()),
        }
    }
}
