//! What a list shows: its order, its search text, and where the window stands.

use super::{Member, Role};
use jiff::Timestamp;

/// By which column members are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sort {
    #[default]
    Email,
    LastLogin,
    Role,
}

impl Sort {
    /// The next one, for the key that cycles.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Email => Self::LastLogin,
            Self::LastLogin => Self::Role,
            Self::Role => Self::Email,
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    #[default]
    Ascending,
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// The whole key of one row in any order: a position between pages. "Never" comes last in both
/// directions of [`Sort::LastLogin`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub email_key: String,
    pub last_login: Option<Timestamp>,
    pub role: Role,
}

impl Cursor {
    /// The position of a member.
    pub fn of(member: &Member) -> Self {
        Self {
            email_key: member.email.key().to_owned(),
            last_login: member.last_login,
            role: member.grant.role,
        }
    }
}

/// From where a page is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seek {
    /// The first rows.
    #[default]
    First,
    /// The last rows, in list order.
    Last,
    /// The rows after the cursor.
    After(Cursor),
    /// The rows before the cursor, in list order.
    Before(Cursor),
}

/// Which members, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberQuery {
    pub sort: Sort,
    pub direction: Direction,
    /// Substring of address or name, any case; empty for all.
    pub search: String,
}

/// A page of rows in list order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Whether rows exist before the first of this page.
    pub more_before: bool,
    /// Whether rows exist after the last of this page.
    pub more_after: bool,
}
