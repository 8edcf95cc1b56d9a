//! Signed-in sessions. Only the digest of a session's secret is stored.

use super::{StoreError, rows};
use crate::domain::{AccountId, SessionId, TokenDigest, User, UserId};
use deadpool_postgres::GenericClient;
use std::time::Duration;

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// Without any act.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

/// Opens a session.
///
/// # Errors
/// What the database says.
pub async fn insert(
    db: &impl GenericClient,
    id: SessionId,
    user: UserId,
    digest: &TokenDigest,
    opened: (&str, SessionLife),
) -> Result<(), StoreError> {
    let (source, life) = opened;
    let sql = "INSERT INTO sessions (id, user_id, token_digest, source, expires_at)
        VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))";
    db.execute(
        &db.prepare_cached(sql).await?,
        &[
            &id.0,
            &user.0,
            &digest.as_bytes(),
            &source,
            &life.absolute.as_secs_f64(),
        ],
    )
    .await?;
    Ok(())
}

/// The live session of a secret, with its user; touches it.
///
/// # Errors
/// What the database says.
pub async fn resume(
    db: &impl GenericClient,
    digest: &TokenDigest,
    life: SessionLife,
) -> Result<Option<(SessionId, User)>, StoreError> {
    let sql = format!(
        "UPDATE sessions s SET last_seen_at = now() FROM users u
         WHERE s.token_digest = $1 AND u.id = s.user_id AND s.ended_at IS NULL
           AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(secs => $2)
         RETURNING s.id AS session_id, {}",
        rows::USER
    );
    let row = db
        .query_opt(
            &db.prepare_cached(&sql).await?,
            &[&digest.as_bytes(), &life.idle.as_secs_f64()],
        )
        .await?;
    Ok(row.map(|row| (SessionId(row.get("session_id")), rows::user(&row))))
}

/// Whether a session is live; a live one is touched at most once a minute.
///
/// # Errors
/// What the database says.
pub async fn touch(
    db: &impl GenericClient,
    id: SessionId,
    life: SessionLife,
) -> Result<bool, StoreError> {
    let check = "SELECT last_seen_at < now() - interval '1 minute' AS stale FROM sessions
        WHERE id = $1 AND ended_at IS NULL AND expires_at > now()
          AND last_seen_at > now() - make_interval(secs => $2)";
    let row = db
        .query_opt(
            &db.prepare_cached(check).await?,
            &[&id.0, &life.idle.as_secs_f64()],
        )
        .await?;
    let Some(row) = row else { return Ok(false) };
    if row.get("stale") {
        let sql = "UPDATE sessions SET last_seen_at = now() WHERE id = $1 AND ended_at IS NULL";
        db.execute(&db.prepare_cached(sql).await?, &[&id.0]).await?;
    }
    Ok(true)
}

/// Makes an account the session's current one.
///
/// # Errors
/// What the database says.
pub async fn enter(
    db: &impl GenericClient,
    id: SessionId,
    account: AccountId,
) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET account_id = $2 WHERE id = $1";
    db.execute(&db.prepare_cached(sql).await?, &[&id.0, &account.0])
        .await?;
    Ok(())
}

/// Ends one session.
///
/// # Errors
/// What the database says.
pub async fn end(db: &impl GenericClient, id: SessionId) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL";
    db.execute(&db.prepare_cached(sql).await?, &[&id.0]).await?;
    Ok(())
}

/// How many live sessions a user has on an account.
///
/// # Errors
/// What the database says.
pub async fn count_on_account(
    db: &impl GenericClient,
    user: UserId,
    account: AccountId,
) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM sessions WHERE user_id = $1 AND account_id = $2
        AND ended_at IS NULL AND expires_at > now()";
    Ok(db
        .query_one(&db.prepare_cached(sql).await?, &[&user.0, &account.0])
        .await?
        .get(0))
}

/// Ends every session that a user has on an account; returns how many.
///
/// # Errors
/// What the database says.
pub async fn end_on_account(
    db: &impl GenericClient,
    user: UserId,
    account: AccountId,
) -> Result<i64, StoreError> {
    let sql = "UPDATE sessions SET ended_at = now()
        WHERE user_id = $1 AND account_id = $2 AND ended_at IS NULL";
    let ended = db
        .execute(&db.prepare_cached(sql).await?, &[&user.0, &account.0])
        .await?;
    Ok(i64::try_from(ended).unwrap_or(i64::MAX))
}

/// Ends every session of a user but one.
///
/// # Errors
/// What the database says.
pub async fn end_others(
    db: &impl GenericClient,
    user: UserId,
    keep: SessionId,
) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET ended_at = now()
        WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL";
    db.execute(&db.prepare_cached(sql).await?, &[&user.0, &keep.0])
        .await?;
    Ok(())
}
