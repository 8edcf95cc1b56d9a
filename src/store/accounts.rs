//! Accounts, and the lock that every write to one takes first.

use super::{Db, StoreError, rows};
use crate::domain::{Account, AccountId, AccountSummary, DisplaySafe, UserId};
use tokio_postgres::Row;

/// Adds an account.
///
/// # Errors
/// [`StoreError::Taken`] when the name is in use.
pub async fn insert(db: &impl Db, id: AccountId, name: &str) -> Result<Account, StoreError> {
    let sql = "INSERT INTO accounts (id, name) VALUES ($1, $2)
        RETURNING id, name, member_count, created_at";
    let row = db.query_one(sql, &[&id.0, &name]).await?;
    Ok(account(&row))
}

/// Locks the account's row until the transaction ends; none when there is no such account.
///
/// # Errors
/// [`StoreError::Busy`] when the lock is not to be had in time.
pub async fn lock(db: &impl Db, id: AccountId) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT id, name, member_count, created_at FROM accounts WHERE id = $1 FOR UPDATE";
    let row = db.query_opt(sql, &[&id.0]).await?;
    Ok(row.as_ref().map(account))
}

/// One account by id.
///
/// # Errors
/// What the database says.
pub async fn by_id(db: &impl Db, id: AccountId) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT id, name, member_count, created_at FROM accounts WHERE id = $1";
    let row = db.query_opt(sql, &[&id.0]).await?;
    Ok(row.as_ref().map(account))
}

/// One account by name, in any case.
///
/// # Errors
/// What the database says.
pub async fn by_name(db: &impl Db, name: &str) -> Result<Option<Account>, StoreError> {
    let sql =
        "SELECT id, name, member_count, created_at FROM accounts WHERE lower(name) = lower($1)";
    let row = db.query_opt(sql, &[&name]).await?;
    Ok(row.as_ref().map(account))
}

/// Whether an account lets nobody in without a second factor.
///
/// # Errors
/// What the database says.
pub async fn requires_second_factor(db: &impl Db, id: AccountId) -> Result<bool, StoreError> {
    let sql = "SELECT second_factor_required FROM accounts WHERE id = $1";
    let row = db.query_opt(sql, &[&id.0]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Sets whether an account asks for a second factor.
///
/// # Errors
/// What the database says.
pub async fn require_second_factor(
    db: &impl Db,
    id: AccountId,
    required: bool,
) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET second_factor_required = $2 WHERE id = $1";
    db.execute(sql, &[&id.0, &required]).await?;
    Ok(())
}

/// All accounts by name, at most `limit`.
///
/// # Errors
/// What the database says.
pub async fn list(db: &impl Db, limit: i64) -> Result<Vec<Account>, StoreError> {
    let sql =
        "SELECT id, name, member_count, created_at FROM accounts ORDER BY lower(name) LIMIT $1";
    let rows = db.query(sql, &[&limit]).await?;
    Ok(rows.iter().map(account).collect())
}

/// The identifiers of all accounts.
///
/// # Errors
/// What the database says.
pub async fn ids(db: &impl Db) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT id FROM accounts ORDER BY id";
    let rows = db.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| AccountId(row.get(0))).collect())
}

/// Whether any account exists.
///
/// # Errors
/// What the database says.
pub async fn any(db: &impl Db) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM accounts)";
    Ok(db.query_one(sql, &[]).await?.get(0))
}

/// The accounts of a user by name, with what the user may do in each; the one used last comes
/// first.
///
/// # Errors
/// What the database says.
pub async fn of_user(db: &impl Db, user: UserId) -> Result<Vec<AccountSummary>, StoreError> {
    let sql = "SELECT a.id, a.name, a.member_count, m.role, m.permissions,
            m.ownership_offered_by IS NOT NULL AS ownership_offered,
            coalesce(m.last_used_at = max(m.last_used_at) OVER (), false) AS last_used
        FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1
        ORDER BY last_used DESC, lower(a.name)";
    let rows = db.query(sql, &[&user.0]).await?;
    rows.iter().map(summary).collect()
}

fn account(row: &Row) -> Account {
    Account {
        id: AccountId(row.get("id")),
        name: DisplaySafe::new(row.get("name")),
        members: row.get("member_count"),
        created_at: row.get("created_at"),
    }
}

fn summary(row: &Row) -> Result<AccountSummary, StoreError> {
    Ok(AccountSummary {
        id: AccountId(row.get("id")),
        name: DisplaySafe::new(row.get("name")),
        members: row.get("member_count"),
        grant: rows::grant(row)?,
        ownership_offered: row.get("ownership_offered"),
        last_used: row.get("last_used"),
    })
}
