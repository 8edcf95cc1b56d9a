//! The tenant.

use super::{AccountId, DisplaySafe, Grant};
use jiff::Timestamp;

/// An organisation whose resources people share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: DisplaySafe,
    pub members: i64,
    pub created_at: Timestamp,
}

/// An account as one of its members sees it in the switcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSummary {
    pub id: AccountId,
    pub name: DisplaySafe,
    pub members: i64,
    pub grant: Grant,
    /// An owner has offered this member ownership, and waits for the answer.
    pub ownership_offered: bool,
    /// The user entered this account last, and comes back to it at the next sign-in.
    pub last_used: bool,
}

impl AccountSummary {
    /// An account as the operator sees it, who may do what an owner may.
    pub fn for_operator(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            members: account.members,
            grant: Grant::owner(),
            ownership_offered: false,
            last_used: false,
        }
    }
}
