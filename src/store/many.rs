//! Many memberships in one statement each.

use super::{Db, StoreError, import::array, rows};
use crate::domain::{AccountId, Email, Grant, Member, UserId};
use std::collections::HashMap;
use tokio_postgres::Row;
use uuid::Uuid;

/// The members with these addresses, by their place; those who are none are not there.
///
/// # Errors
/// What the database says.
pub async fn by_emails(
    db: &impl Db,
    account: AccountId,
    emails: &[&Email],
) -> Result<Vec<(usize, Member)>, StoreError> {
    let sql = format!(
        "SELECT {}, a.place - 1 AS place
         FROM unnest($2::text[]) WITH ORDINALITY AS a (email_key, place)
         JOIN memberships m ON m.account_id = $1 AND m.email_key = a.email_key",
        rows::MEMBER
    );
    let keys: Vec<&str> = emails.iter().map(|email| email.key()).collect();
    // Prepared anew, so planned for this many addresses and the table as large as it is now.
    let rows = db.query_anew(&sql, &[&account.0, &keys]).await?;
    let one = |row: &Row| {
        let place: i64 = row.get("place");
        Ok((
            usize::try_from(place).unwrap_or_default(),
            rows::member(row)?,
        ))
    };
    rows.iter().map(one).collect()
}

/// Gives members other grants, none of them an owner's; the caller holds the account's lock.
///
/// # Errors
/// What the database says.
pub async fn set_grants(
    db: &impl Db,
    account: AccountId,
    grants: &[(UserId, &Grant)],
) -> Result<(), StoreError> {
    let sql = "UPDATE memberships AS m SET role = r.role, permissions = r.permissions::text[],
            version = version + 1
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS r (user_id, role, permissions)
        WHERE m.account_id = $1 AND m.user_id = r.user_id";
    let users: Vec<Uuid> = grants.iter().map(|(user, _)| user.0).collect();
    let roles: Vec<&str> = grants
        .iter()
        .map(|(_, grant)| grant.role.as_str())
        .collect();
    let permissions: Vec<String> = grants.iter().map(|(_, grant)| array(grant)).collect();
    db.execute_anew(sql, &[&account.0, &users, &roles, &permissions])
        .await?;
    Ok(())
}

/// Ends memberships; the caller holds the account's lock.
///
/// # Errors
/// What the database says; [`StoreError::LastOwner`] comes at the commit.
pub async fn delete(db: &impl Db, account: AccountId, users: &[UserId]) -> Result<(), StoreError> {
    let sql = "DELETE FROM memberships WHERE account_id = $1 AND user_id = ANY($2)";
    db.execute_anew(sql, &[&account.0, &ids(users)]).await?;
    Ok(())
}

/// Ends the sessions of users on an account; how many each had.
///
/// # Errors
/// What the database says.
pub async fn end_sessions(
    db: &impl Db,
    account: AccountId,
    users: &[UserId],
) -> Result<HashMap<UserId, i64>, StoreError> {
    let sql = "WITH ended AS (
            UPDATE sessions SET ended_at = now()
            WHERE account_id = $1 AND user_id = ANY($2) AND ended_at IS NULL RETURNING user_id)
        SELECT user_id, count(*) FROM ended GROUP BY user_id";
    counted(db, sql, account, users).await
}

/// Withdraws the pending invitations that users have sent in an account; how many each had.
///
/// # Errors
/// What the database says.
pub async fn cancel_sent_by(
    db: &impl Db,
    account: AccountId,
    users: &[UserId],
) -> Result<HashMap<UserId, i64>, StoreError> {
    let sql = "WITH cancelled AS (
            UPDATE invitations SET status = 'cancelled', decided_at = now(), version = version + 1
            WHERE account_id = $1 AND inviter_id = ANY($2) AND status = 'pending'
            RETURNING inviter_id)
        SELECT inviter_id, count(*) FROM cancelled GROUP BY inviter_id";
    counted(db, sql, account, users).await
}

async fn counted(
    db: &impl Db,
    sql: &str,
    account: AccountId,
    users: &[UserId],
) -> Result<HashMap<UserId, i64>, StoreError> {
    let rows = db.query_anew(sql, &[&account.0, &ids(users)]).await?;
    let each = rows.iter().map(|row| (UserId(row.get(0)), row.get(1)));
    Ok(each.collect())
}

fn ids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.0).collect()
}
