//! One line of the audit log.

use super::DisplaySafe;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// What a use case hands over to be recorded in the transaction of its change.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDraft {
    /// Dotted past tense, such as `member.removed`.
    pub action: &'static str,
    /// Whom or what it is about: an address or a name.
    pub subject: String,
    pub subject_id: Option<Uuid>,
    pub before: Value,
    pub after: Value,
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: i64,
    /// Position in the account's chain, from 1.
    pub sequence: i64,
    pub at: Timestamp,
    pub actor: DisplaySafe,
    pub source: DisplaySafe,
    pub action: DisplaySafe,
    pub subject: DisplaySafe,
    pub before: Value,
    pub after: Value,
    pub command: Option<Uuid>,
}
