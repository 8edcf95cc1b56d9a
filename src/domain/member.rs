//! People: the login identity, and the same person inside one account.

use super::{DisplaySafe, Email, Grant, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A login identity on the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub name: DisplaySafe,
    pub last_login: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A user inside one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub user: UserId,
    pub email: Email,
    pub name: DisplaySafe,
    pub grant: Grant,
    /// The last successful login to the platform, or none yet.
    pub last_login: Option<Timestamp>,
    pub joined_at: Timestamp,
    /// Who invited them, for the detail; none for the first owner.
    pub invited_by: Option<DisplaySafe>,
    /// Ownership was offered and waits for their answer.
    pub ownership_offered: bool,
    /// Grows with each change of the membership.
    pub version: i64,
}
