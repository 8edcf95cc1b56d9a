//! Who acts, from where, and with what authority.

use super::{DisplaySafe, Email, Grant, SessionId, UserId};
use std::fmt;

/// The person or operator behind a call into the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub who: Who,
    pub origin: Origin,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Holds the installation's database credentials; named by the operating system's user.
    Operator { os_user: String },
    /// Holds an invitation's link; has no standing in any account.
    Invitee { id: Option<UserId>, email: Email },
    /// A platform user with a live session.
    User {
        id: UserId,
        email: Email,
        session: SessionId,
    },
}

impl Actor {
    /// The operator, named by the operating system's user.
    pub fn operator(os_user: impl Into<String>, origin: Origin) -> Self {
        Self {
            who: Who::Operator {
                os_user: os_user.into(),
            },
            origin,
        }
    }

    /// The user's id, or none for the operator.
    pub fn user_id(&self) -> Option<UserId> {
        match &self.who {
            Who::Operator { .. } => None,
            Who::Invitee { id, .. } => *id,
            Who::User { id, .. } => Some(*id),
        }
    }

    /// The user's session, or none for who has none.
    pub fn session(&self) -> Option<SessionId> {
        match &self.who {
            Who::User { session, .. } => Some(*session),
            Who::Operator { .. } | Who::Invitee { .. } => None,
        }
    }

    /// How the audit log and the screens name the actor.
    pub fn label(&self) -> String {
        match &self.who {
            Who::Operator { os_user } => format!("operator {}", DisplaySafe::new(os_user)),
            Who::Invitee { email, .. } | Who::User { email, .. } => email.to_string(),
        }
    }
}

/// Where an act came from: `SSH_CONNECTION`'s client address, a terminal's name, or a page's peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin(String);

impl Origin {
    /// Cleaned and capped at 100 characters: the text comes from the environment or the network.
    pub fn new(source: &str) -> Self {
        Self(
            DisplaySafe::new(source)
                .as_str()
                .chars()
                .take(100)
                .collect(),
        )
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What policy judges: the actor's authority in one account, read inside the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// May do all that keeps the account sound.
    Operator,
    /// A member with this grant.
    Member { user: UserId, grant: Grant },
}

impl Standing {
    /// The member's user id, or none for the operator.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::Member { user, .. } => Some(*user),
        }
    }
}
