//! Signed-in sessions. Only the digest of a session's secret is stored.

use super::{Db, StoreError, authority::Viewer, rows};
use crate::domain::{AccountId, DisplaySafe, SessionId, SessionSummary, TokenDigest, User, UserId};
use std::time::Duration;
use tokio_postgres::Row;

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// Without any act.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

/// Opens a session; `opened` is its source, its life, and whether both factors were proved.
///
/// # Errors
/// What the database says.
pub async fn insert(
    db: &impl Db,
    id: SessionId,
    user: UserId,
    digest: &TokenDigest,
    opened: (&str, SessionLife, bool),
) -> Result<(), StoreError> {
    let (source, life, second_factor) = opened;
    let sql = "INSERT INTO sessions (id, user_id, token_digest, source, expires_at, second_factor)
        VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5), $6)";
    db.execute(
        sql,
        &[
            &id.0,
            &user.0,
            &digest.as_bytes(),
            &source,
            &life.absolute.as_secs_f64(),
            &second_factor,
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
    db: &impl Db,
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
        .query_opt(&sql, &[&digest.as_bytes(), &life.idle.as_secs_f64()])
        .await?;
    Ok(row.map(|row| (SessionId(row.get("session_id")), rows::user(&row))))
}

/// What a live session vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Who sits there proved who they are within [`FRESH`].
    pub fresh: bool,
    /// They proved it with both factors.
    pub second_factor: bool,
    /// The last act was written down over a minute ago: the next one has to be, too.
    pub stale: bool,
    /// When it ends by itself, from now, if nobody acts.
    pub left: Duration,
}

/// How long a proof is good for what can't be taken back.
const FRESH: Duration = Duration::from_mins(15);

/// Whether somebody acts through a session, or it is merely looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// An act keeps it from being idle, written down once a minute.
    Acts,
    /// The same, and it can't be ended before the transaction has.
    Writes,
    /// A screen that looks by itself is nobody's act.
    Looks,
}

/// What [`Live`] is made of, of sessions called `s`; `idle` and `fresh` are the names of the parameters
/// with its [`spans`].
pub(super) fn vouched(idle: &str, fresh: &str) -> String {
    format!(
        "s.last_seen_at < now() - interval '1 minute' AS stale, s.second_factor,
         s.proved_at > now() - make_interval(secs => {fresh}) AS fresh,
         extract(epoch FROM least(s.expires_at, s.last_seen_at + make_interval(secs => {idle}))
            - now())::float8 AS remaining"
    )
}

/// Whether one of them is live.
pub(super) fn is_live(idle: &str) -> String {
    format!(
        "s.ended_at IS NULL AND s.expires_at > now()
         AND s.last_seen_at > now() - make_interval(secs => {idle})"
    )
}

/// How long a session may be idle, and how long a proof is good, in seconds.
pub(super) fn spans(life: SessionLife) -> (f64, f64) {
    (life.idle.as_secs_f64(), FRESH.as_secs_f64())
}

impl Live {
    /// Of what [`vouched`] finds, in its order; `remaining` is in seconds.
    pub(super) fn of([stale, second_factor, fresh]: [bool; 3], remaining: f64) -> Self {
        Self {
            fresh,
            second_factor,
            stale,
            left: Duration::from_secs_f64(remaining.max(0.0)),
        }
    }
}

fn live(row: &Row) -> Live {
    let facts = ["stale", "second_factor", "fresh"].map(|fact| row.get(fact));
    Live::of(facts, row.get("remaining"))
}

/// What a user's own session vouches for; none when it has ended.
///
/// # Errors
/// What the database says.
pub async fn find(
    db: &impl Db,
    id: SessionId,
    life: SessionLife,
) -> Result<Option<Live>, StoreError> {
    let (vouched, is_live) = (vouched("$2", "$3"), is_live("$2"));
    let sql = format!("SELECT {vouched} FROM sessions s WHERE s.id = $1 AND {is_live}");
    let (idle, fresh) = spans(life);
    let row = db.query_opt(&sql, &[&id.0, &idle, &fresh]).await?;
    Ok(row.as_ref().map(live))
}

/// Keeps somebody's session from being ended before the transaction has; tells whether it is live.
///
/// # Errors
/// What the database says.
pub async fn hold(db: &impl Db, viewer: &Viewer) -> Result<bool, StoreError> {
    let is_live = is_live("$3");
    let sql = format!(
        "SELECT 1 FROM sessions s WHERE s.id = $1 AND s.user_id = $2 AND {is_live} FOR SHARE"
    );
    let Viewer {
        user,
        session,
        life,
    } = viewer;
    let (idle, _) = spans(*life);
    let row = db.query_opt(&sql, &[&session.0, &user.0, &idle]).await?;
    Ok(row.is_some())
}

/// Writes down that somebody acts through a session.
///
/// # Errors
/// What the database says.
pub async fn touch(db: &impl Db, id: SessionId) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET last_seen_at = now() WHERE id = $1 AND ended_at IS NULL";
    db.execute(sql, &[&id.0]).await?;
    Ok(())
}

/// Writes down that who sits there proved who they are, now.
///
/// # Errors
/// What the database says.
pub async fn prove(db: &impl Db, id: SessionId, second_factor: bool) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET proved_at = now(), second_factor = second_factor OR $2
        WHERE id = $1 AND ended_at IS NULL";
    db.execute(sql, &[&id.0, &second_factor]).await?;
    Ok(())
}

/// A user's live sessions, the one used last first.
///
/// # Errors
/// What the database says.
pub async fn of_user(
    db: &impl Db,
    user: UserId,
    life: SessionLife,
) -> Result<Vec<SessionSummary>, StoreError> {
    let sql = "SELECT s.id, s.source, s.created_at, s.last_seen_at, s.second_factor,
            a.name AS account
        FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
        WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > now()
          AND s.last_seen_at > now() - make_interval(secs => $2)
        ORDER BY s.last_seen_at DESC, s.id";
    let rows = db.query(sql, &[&user.0, &life.idle.as_secs_f64()]).await?;
    let summary = |row: &Row| SessionSummary {
        id: SessionId(row.get("id")),
        source: DisplaySafe::new(row.get("source")),
        created_at: row.get("created_at"),
        last_seen_at: row.get("last_seen_at"),
        second_factor: row.get("second_factor"),
        account: row.get::<_, Option<&str>>("account").map(DisplaySafe::new),
    };
    Ok(rows.iter().map(summary).collect())
}

/// Makes an account the session's current one.
///
/// # Errors
/// What the database says.
pub async fn enter(db: &impl Db, id: SessionId, account: AccountId) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET account_id = $2 WHERE id = $1";
    db.execute(sql, &[&id.0, &account.0]).await?;
    Ok(())
}

/// Ends one session of a user; tells whether it was live.
///
/// # Errors
/// What the database says.
pub async fn end(db: &impl Db, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET ended_at = now()
        WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
    Ok(db.execute(sql, &[&id.0, &user.0]).await? == 1)
}

/// How many live sessions a user has on an account.
///
/// # Errors
/// What the database says.
pub async fn count_on_account(
    db: &impl Db,
    user: UserId,
    account: AccountId,
) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM sessions WHERE user_id = $1 AND account_id = $2
        AND ended_at IS NULL AND expires_at > now()";
    Ok(db.query_one(sql, &[&user.0, &account.0]).await?.get(0))
}

/// Ends every session that a user has on an account; returns how many.
///
/// # Errors
/// What the database says.
pub async fn end_on_account(
    db: &impl Db,
    user: UserId,
    account: AccountId,
) -> Result<i64, StoreError> {
    let sql = "UPDATE sessions SET ended_at = now()
        WHERE user_id = $1 AND account_id = $2 AND ended_at IS NULL";
    let ended = db.execute(sql, &[&user.0, &account.0]).await?;
    Ok(i64::try_from(ended).unwrap_or(i64::MAX))
}

/// Ends every session of a user, or every one but `keep`; returns how many.
///
/// # Errors
/// What the database says.
pub async fn end_all(
    db: &impl Db,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<i64, StoreError> {
    let sql = "UPDATE sessions SET ended_at = now()
        WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL";
    let ended = db.execute(sql, &[&user.0, &keep.map(|id| id.0)]).await?;
    Ok(i64::try_from(ended).unwrap_or(i64::MAX))
}
