//! The login log; `users.last_login` is kept from it.

use super::{Db, StoreError};
use crate::domain::{DisplaySafe, Email, LoginAttempt, LoginMethod, Origin, UserId};

/// A login to be recorded.
pub struct Attempt<'a> {
    pub user: Option<UserId>,
    pub email: &'a Email,
    pub method: LoginMethod,
    pub origin: &'a Origin,
}

/// Records a login as failed, before the password is looked at; returns its number.
///
/// # Errors
/// What the database says.
pub async fn insert(db: &impl Db, attempt: &Attempt<'_>) -> Result<i64, StoreError> {
    let sql = "INSERT INTO logins (user_id, email_key, success, method, source)
        VALUES ($1, $2, false, $3, $4) RETURNING id";
    let row = db
        .query_one(
            sql,
            &[
                &attempt.user.map(|user| user.0),
                &attempt.email.key(),
                &attempt.method.as_str(),
                &attempt.origin.as_str(),
            ],
        )
        .await?;
    Ok(row.get(0))
}

/// Turns a login into a successful one, which becomes its user's last.
///
/// # Errors
/// What the database says.
pub async fn succeed(db: &impl Db, login: i64) -> Result<(), StoreError> {
    let sql = "WITH login AS (
            UPDATE logins SET success = true WHERE id = $1 RETURNING user_id, at)
        UPDATE users u SET last_login = login.at FROM login WHERE u.id = login.user_id";
    db.execute(sql, &[&login]).await?;
    Ok(())
}

/// Takes a login out of the count: its password was right, its code was not asked for yet.
///
/// # Errors
/// What the database says.
pub async fn discount(db: &impl Db, login: i64) -> Result<(), StoreError> {
    let sql = "UPDATE logins SET counted = false WHERE id = $1";
    db.execute(sql, &[&login]).await?;
    Ok(())
}

/// Failed logins of the last 15 minutes: for this address, and from this source.
///
/// # Errors
/// What the database says.
pub async fn recent_failures(
    db: &impl Db,
    email: &Email,
    origin: &Origin,
) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT
        (SELECT count(*) FROM logins WHERE email_key = $1 AND NOT success AND counted
            AND at > now() - interval '15 minutes') AS by_email,
        (SELECT count(*) FROM logins WHERE source = $2 AND NOT success AND counted
            AND at > now() - interval '15 minutes') AS by_source";
    let row = db.query_one(sql, &[&email.key(), &origin.as_str()]).await?;
    Ok((row.get("by_email"), row.get("by_source")))
}

/// Holds everybody else who signs in with this address until the transaction ends, so that
/// attempts are counted one after the other.
///
/// # Errors
/// [`StoreError::Busy`].
pub async fn queue_for(db: &impl Db, email: &Email) -> Result<(), StoreError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    db.execute(sql, &[&email.key()]).await?;
    Ok(())
}

/// A user's newest logins, newest first.
///
/// # Errors
/// What the database says.
pub async fn of_user(
    db: &impl Db,
    user: UserId,
    limit: i64,
) -> Result<Vec<LoginAttempt>, StoreError> {
    let sql = "SELECT at, success, method, source FROM logins
        WHERE user_id = $1 ORDER BY at DESC LIMIT $2";
    let rows = db.query(sql, &[&user.0, &limit]).await?;
    let attempt = |row: &tokio_postgres::Row| LoginAttempt {
        at: row.get("at"),
        success: row.get("success"),
        method: DisplaySafe::new(row.get("method")),
        source: DisplaySafe::new(row.get("source")),
    };
    Ok(rows.iter().map(attempt).collect())
}
