//! Command ids: a connection can die after the commit and before the answer, so the same id again
//! returns the first result.

use super::{Db, StoreError};
use crate::domain::{AccountId, CommandId};
use serde_json::Value;

/// A command that has run.
pub struct Done {
    /// SHA-256 of the request.
    pub request: Vec<u8>,
    pub result: Value,
}

/// The first run of a command id; the caller holds the account's lock.
///
/// # Errors
/// What the database says.
pub async fn find(
    db: &impl Db,
    account: AccountId,
    id: CommandId,
) -> Result<Option<Done>, StoreError> {
    let sql = "SELECT request, result FROM commands WHERE id = $1 AND account_id = $2";
    let row = db.query_opt(sql, &[&id.0, &account.0]).await?;
    Ok(row.map(|row| Done {
        request: row.get("request"),
        result: row.get("result"),
    }))
}

/// Records a command with its result, in the transaction of its change.
///
/// # Errors
/// What the database says.
pub async fn insert(
    db: &impl Db,
    account: AccountId,
    id: CommandId,
    done: &Done,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO commands (id, account_id, request, result) VALUES ($1, $2, $3, $4)";
    db.execute(sql, &[&id.0, &account.0, &done.request, &done.result])
        .await?;
    Ok(())
}
