//! What a transaction may see. Row-level security shows it nothing else, whatever its statements ask.

use super::{Db, StoreError};
use crate::domain::{AccountId, TokenDigest, UserId};
use std::fmt::Write;

/// How a statement begins that is a transaction of its own and sees the account $1. What it reads must hang
/// on this one's column in a lateral join with a LIMIT: so nothing is looked at before the scope is set. In
/// the wrong order it would see nothing, never more.
pub(super) const OF_ACCOUNT: &str = "WITH scope AS MATERIALIZED (SELECT
    set_config('rollbook.account_id', $1::uuid::text, true)::uuid AS account_id)";

/// The reach of one transaction; by default none.
#[derive(Clone, Copy, Default)]
pub struct Scope {
    account: Option<AccountId>,
    user: Option<UserId>,
    secret: Option<TokenDigest>,
    installation: bool,
}

impl Scope {
    /// One account.
    pub fn account(account: AccountId) -> Self {
        Self {
            account: Some(account),
            ..Self::default()
        }
    }

    /// A user's own memberships and sessions.
    pub fn user(user: UserId) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }

    /// The session or the invitation that a secret opens.
    pub fn secret(digest: TokenDigest) -> Self {
        Self {
            secret: Some(digest),
            ..Self::default()
        }
    }

    /// Every account: for the operator's lists and the delivery worker.
    pub fn installation() -> Self {
        Self {
            installation: true,
            ..Self::default()
        }
    }

    /// The same with a user.
    #[must_use]
    pub fn for_user(self, user: Option<UserId>) -> Self {
        Self { user, ..self }
    }

    /// Sets the scope until the transaction ends; a second call replaces the first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set(&self, tx: &impl Db) -> Result<(), StoreError> {
        let sql = "SELECT set_config('rollbook.account_id', $1, true),
            set_config('rollbook.user_id', $2, true), set_config('rollbook.secret', $3, true),
            set_config('rollbook.reach', $4, true)";
        let account = self.account.map(|id| id.0.to_string()).unwrap_or_default();
        let user = self.user.map(|id| id.0.to_string()).unwrap_or_default();
        let secret = self.secret.as_ref().map(hex).unwrap_or_default();
        let reach = if self.installation {
            "installation"
        } else {
            ""
        };
        tx.execute(sql, &[&account, &user, &secret, &reach]).await?;
        Ok(())
    }
}

fn hex(digest: &TokenDigest) -> String {
    digest
        .as_bytes()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ok = write!(text, "{byte:02x}");
            text
        })
}
