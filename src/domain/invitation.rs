//! An offer of membership to one e-mail address, and what became of its mail.

use super::{AccountId, DisplaySafe, Email, Grant, InvitationId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an invitation stands. Expiry is decided by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitationStatus {
    Pending,
    Accepted,
    Declined,
    Cancelled,
    Expired,
}

impl InvitationStatus {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Accepted,
        Self::Declined,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The inverse of [`InvitationStatus::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What became of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waits for the delivery worker.
    Queued,
    /// The mail server took it.
    Sent,
    /// Will be tried again.
    Deferred,
    /// Will not be tried again.
    Failed,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Deferred, Self::Failed];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }

    /// The inverse of [`DeliveryState::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The delivery of an invitation's newest mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub state: DeliveryState,
    pub attempts: i32,
    /// The mail server's own words, cleaned.
    pub last_reply: Option<DisplaySafe>,
    /// When a deferred mail is tried again.
    pub next_attempt_at: Option<Timestamp>,
}

/// An offer of membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub account: AccountId,
    pub email: Email,
    pub grant: Grant,
    pub status: InvitationStatus,
    /// The inviting user; none when the operator invited.
    pub inviter: Option<UserId>,
    /// The inviter as shown to people.
    pub invited_by: DisplaySafe,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Raised by each resend; the link of an older generation is dead.
    pub generation: i32,
    pub version: i64,
    pub delivery: Delivery,
}
