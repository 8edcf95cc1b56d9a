//! What a user did to get in: one line of the login log, one live session.

use super::{DisplaySafe, SessionId};
use jiff::Timestamp;

/// Which entrance was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMethod {
    Console,
    Page,
    Command,
}

impl LoginMethod {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Page => "page",
            Self::Command => "command",
        }
    }
}

/// A login, successful or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    pub at: Timestamp,
    pub success: bool,
    pub method: DisplaySafe,
    pub source: DisplaySafe,
}

/// One of a user's live sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    pub id: SessionId,
    /// Where it was opened from.
    pub source: DisplaySafe,
    pub created_at: Timestamp,
    /// The last act through it, to the minute.
    pub last_seen_at: Timestamp,
    /// Whether both factors were proved.
    pub second_factor: bool,
    /// The account it is in, once it is in one.
    pub account: Option<DisplaySafe>,
}
