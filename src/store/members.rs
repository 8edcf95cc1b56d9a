//! Memberships: who is in an account and what they may do there.

use super::{
    Db, StoreError,
    page::{self, At, Bound},
    rows,
};
use crate::domain::{AccountId, Email, Grant, Member, MemberQuery, UserId};

pub use super::page::members as list;

/// The exact number of members, from the account's own counter.
///
/// # Errors
/// What the database says.
pub async fn count(db: &impl Db, account: AccountId) -> Result<i64, StoreError> {
    let sql = "SELECT member_count FROM accounts WHERE id = $1";
    let row = db.query_opt(sql, &[&account.0]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// How many members match the query's search, counted no further than `cap`.
///
/// # Errors
/// What the database says.
pub async fn count_matching(
    db: &impl Db,
    account: AccountId,
    query: &MemberQuery,
    cap: i64,
) -> Result<i64, StoreError> {
    let sql = format!(
        "SELECT count(*) FROM
        (SELECT 1 FROM account_members m WHERE m.account_id = $1 {} LIMIT $6) found",
        page::matching(query)
    );
    let bound = Bound::new(account, query, At::default());
    let mut parameters = bound.parameters().to_vec();
    parameters.push(&cap);
    let rows = db.query_anew(&sql, &parameters).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// One member by address.
///
/// # Errors
/// What the database says.
pub async fn by_email(
    db: &impl Db,
    account: AccountId,
    email: &Email,
) -> Result<Option<Member>, StoreError> {
    let sql = format!(
        "SELECT {} FROM memberships m WHERE m.account_id = $1 AND m.email_key = $2",
        rows::MEMBER
    );
    let row = db.query_opt(&sql, &[&account.0, &email.key()]).await?;
    row.as_ref().map(rows::member).transpose()
}

/// One member by user.
///
/// # Errors
/// What the database says.
pub async fn by_user(
    db: &impl Db,
    account: AccountId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let sql = format!(
        "SELECT {} FROM memberships m WHERE m.account_id = $1 AND m.user_id = $2",
        rows::MEMBER
    );
    let row = db.query_opt(&sql, &[&account.0, &user.0]).await?;
    row.as_ref().map(rows::member).transpose()
}

/// How many owners an account has, counted no further than `cap`; the caller holds the account's lock.
///
/// # Errors
/// What the database says.
pub async fn count_owners(db: &impl Db, account: AccountId, cap: i64) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM
        (SELECT 1 FROM memberships WHERE account_id = $1 AND role = 'owner' LIMIT $2) owners";
    Ok(db.query_one(sql, &[&account.0, &cap]).await?.get(0))
}

/// Adds a member.
///
/// # Errors
/// [`StoreError::Taken`] when they are one already.
pub async fn insert(
    db: &impl Db,
    account: AccountId,
    user: UserId,
    grant: &Grant,
    invited_by: Option<&str>,
) -> Result<Member, StoreError> {
    let sql = format!(
        "INSERT INTO memberships AS m (account_id, user_id, role, permissions, invited_by)
         VALUES ($1, $2, $3, $4, $5) RETURNING {}",
        rows::MEMBER
    );
    let row = db
        .query_one(
            &sql,
            &[
                &account.0,
                &user.0,
                &grant.role.as_str(),
                &rows::keys(&grant.permissions),
                &invited_by,
            ],
        )
        .await?;
    rows::member(&row)
}

/// Gives a member another grant; the caller holds the account's lock and has compared the version.
///
/// # Errors
/// What the database says.
pub async fn set_grant(
    db: &impl Db,
    account: AccountId,
    user: UserId,
    grant: &Grant,
) -> Result<Member, StoreError> {
    let sql = format!(
        "UPDATE memberships AS m SET role = $3, permissions = $4, version = version + 1,
             ownership_offered_by = CASE WHEN $3 = 'owner' THEN NULL ELSE ownership_offered_by END
         WHERE account_id = $1 AND user_id = $2 RETURNING {}",
        rows::MEMBER
    );
    let row = db
        .query_one(
            &sql,
            &[
                &account.0,
                &user.0,
                &grant.role.as_str(),
                &rows::keys(&grant.permissions),
            ],
        )
        .await?;
    rows::member(&row)
}

/// Records an offer of ownership.
///
/// # Errors
/// What the database says.
pub async fn offer_ownership(
    db: &impl Db,
    account: AccountId,
    user: UserId,
    by: UserId,
) -> Result<Member, StoreError> {
    let sql = format!(
        "UPDATE memberships AS m SET ownership_offered_by = $3, version = version + 1
         WHERE account_id = $1 AND user_id = $2 RETURNING {}",
        rows::MEMBER
    );
    let row = db.query_one(&sql, &[&account.0, &user.0, &by.0]).await?;
    rows::member(&row)
}

/// Whether the offer of ownership still stands: whoever made it is still an owner.
///
/// # Errors
/// What the database says.
pub async fn offer_stands(
    db: &impl Db,
    account: AccountId,
    user: UserId,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM memberships m
        JOIN memberships o ON o.account_id = m.account_id AND o.user_id = m.ownership_offered_by
        WHERE m.account_id = $1 AND m.user_id = $2 AND o.role = 'owner')";
    Ok(db.query_one(sql, &[&account.0, &user.0]).await?.get(0))
}

/// Remembers that the user looks at this account, for the next sign-in.
///
/// # Errors
/// What the database says.
pub async fn use_now(db: &impl Db, account: AccountId, user: UserId) -> Result<(), StoreError> {
    let sql = "UPDATE memberships SET last_used_at = clock_timestamp()
        WHERE account_id = $1 AND user_id = $2";
    db.execute(sql, &[&account.0, &user.0]).await?;
    Ok(())
}

/// Ends a membership.
///
/// # Errors
/// What the database says; [`StoreError::LastOwner`] comes at the commit.
pub async fn delete(db: &impl Db, account: AccountId, user: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM memberships WHERE account_id = $1 AND user_id = $2";
    db.execute(sql, &[&account.0, &user.0]).await?;
    Ok(())
}
