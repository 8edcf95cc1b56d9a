//! One line of the audit log.

use super::{Catalogue, DisplaySafe, Grant, GrantDiff, PermissionSet};
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
    pub subject_id: Option<Uuid>,
    pub subject: DisplaySafe,
    pub before: Value,
    pub after: Value,
    pub command: Option<Uuid>,
}

impl Event {
    /// The grant that a membership had before this; none where there was no membership.
    pub fn grant_before(&self) -> Option<Grant> {
        // The other state of an acceptance is the invitation's.
        let joined = self.action.as_str() == "invitation.accepted";
        serde_json::from_value(self.before.clone())
            .ok()
            .filter(|_| !joined)
    }

    /// The grant that a membership had after this; none where there was no membership.
    pub fn grant_after(&self) -> Option<Grant> {
        serde_json::from_value(self.after.clone()).ok()
    }

    /// What this gave and took, as far as it is about a membership.
    pub fn diff(&self, catalogue: &Catalogue) -> GrantDiff {
        let nothing = Grant::custom(PermissionSet::new());
        let (before, after) = (self.grant_before(), self.grant_after());
        let role = before.is_some() && after.is_some();
        if before.is_none() && after.is_none() || self.is_offer() {
            return GrantDiff::default();
        }
        let (before, after) = (before.as_ref(), after.as_ref());
        let diff = GrantDiff::between(
            before.unwrap_or(&nothing),
            after.unwrap_or(&nothing),
            catalogue,
        );
        GrantDiff {
            role: diff.role.filter(|_| role),
            ..diff
        }
    }

    /// An offer alone changes nothing.
    fn is_offer(&self) -> bool {
        self.action.as_str() == "member.ownership_offered"
    }

    /// What happened to a membership, in words.
    pub fn what(&self) -> &str {
        match self.action.as_str() {
            "invitation.accepted" => "joined",
            "member.permissions_changed" => "changed",
            "member.permissions_restored" => "change taken back",
            "member.removed" => "removed",
            "member.restored" => "brought back",
            "member.ownership_offered" => "ownership offered",
            "member.ownership_accepted" => "became an owner",
            other => other,
        }
    }
}
