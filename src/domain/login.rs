//! One line of the login log.

use super::DisplaySafe;
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
