//! The audit log: append-only, one SHA-256 chain per account. The caller holds the account's lock,
//! so that sequences have no gaps and no forks.

use super::{StoreError, append};
use crate::domain::{
    AccountId, Actor, CHANGED, DisplaySafe, Event, EventDraft, REMOVED, TokenKeys, UserId,
};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use uuid::Uuid;

pub(super) const COLUMNS: &str = "id, sequence, at, actor, source, action, subject, before, after, command_id, \
    actor_id, subject_id, hash";

/// Appends one event, as [`append::all`] does.
///
/// # Errors
/// What the database says; then the change must not happen either.
pub async fn append(
    db: &impl GenericClient,
    log: (AccountId, &TokenKeys),
    actor: &Actor,
    command: Option<Uuid>,
    draft: &EventDraft,
) -> Result<(), StoreError> {
    append::all(db, log, actor, command, std::slice::from_ref(draft)).await
}

/// The newest events, newest first; `before` pages on from a sequence.
///
/// # Errors
/// What the database says.
pub async fn list(
    db: &impl GenericClient,
    account: AccountId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE account_id = $1 AND sequence < $2
         ORDER BY sequence DESC LIMIT $3"
    );
    let before = before.unwrap_or(i64::MAX);
    let rows = db
        .query(
            &db.prepare_cached(&sql).await?,
            &[&account.0, &before, &limit],
        )
        .await?;
    Ok(rows.iter().map(event).collect())
}

/// The oldest events after a sequence, oldest first.
///
/// # Errors
/// What the database says.
pub async fn after(
    db: &impl GenericClient,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE account_id = $1 AND sequence > $2
         ORDER BY sequence LIMIT $3"
    );
    let rows = db
        .query(
            &db.prepare_cached(&sql).await?,
            &[&account.0, &after, &limit],
        )
        .await?;
    Ok(rows.iter().map(event).collect())
}

/// Whose changes are meant.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Those that this actor made.
    By(&'a Actor),
    /// Those about this user.
    About(UserId),
}

/// The newest removal or change of permissions that is younger than `within`, still holds, and was not
/// taken back: a removal of who is a member again no longer holds, nor a change of who is none, or has
/// again what they had before it.
///
/// # Errors
/// What the database says.
pub async fn latest_undoable(
    db: &impl GenericClient,
    account: AccountId,
    whose: Whose<'_>,
    within: std::time::Duration,
) -> Result<Option<Event>, StoreError> {
    let (id, label) = match whose {
        Whose::By(actor) => (actor.user_id(), actor.label()),
        Whose::About(user) => (Some(user), String::new()),
    };
    // The operator has no id; the label is the operating system's user.
    let whose = match whose {
        Whose::By(_) if id.is_none() => "e.actor_id IS NOT DISTINCT FROM $2 AND e.actor = $3",
        Whose::By(_) => "e.actor_id = $2 AND $3 <> ''",
        Whose::About(_) => "e.subject_id = $2 AND $3 = ''",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM events e WHERE e.account_id = $1 AND {whose}
           AND e.action IN ($4, $5) AND e.at > now() - make_interval(secs => $6)
           AND (e.action = $4) <> EXISTS (SELECT 1 FROM memberships m
                WHERE m.account_id = e.account_id AND m.user_id = e.subject_id
                  AND (e.action = $4 OR e.before ->> 'role' <> m.role
                    OR e.before -> 'permissions' <> to_jsonb(m.permissions)))
           AND NOT EXISTS (SELECT 1 FROM events u WHERE u.account_id = e.account_id
                AND u.subject_id = e.subject_id AND u.sequence > e.sequence
                AND u.after -> 'undoes' = to_jsonb(e.sequence))
         ORDER BY e.sequence DESC LIMIT 1"
    );
    let row = db
        .query_opt(
            &db.prepare_cached(&sql).await?,
            &[
                &account.0,
                &id.map(|id| id.0),
                &label,
                &REMOVED,
                &CHANGED,
                &within.as_secs_f64(),
            ],
        )
        .await?;
    Ok(row.as_ref().map(event))
}

/// The events of a membership: those about the user, and the acceptances that made them a member.
const HISTORY: &str = "e.account_id = $1 AND e.subject_id IN (SELECT $2::uuid UNION ALL
        SELECT i.id FROM invitations i JOIN users u USING (email_key)
        WHERE i.account_id = $1 AND u.id = $2)
    AND (e.subject_id = $2 OR e.action = 'invitation.accepted')";

/// The newest events of a membership, newest first; `before` pages on from a sequence.
///
/// # Errors
/// What the database says.
pub async fn history(
    db: &impl GenericClient,
    (account, user): (AccountId, UserId),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events e WHERE {HISTORY} AND e.sequence < $3
         ORDER BY e.sequence DESC LIMIT $4"
    );
    let before = before.unwrap_or(i64::MAX);
    let rows = db
        .query(
            &db.prepare_cached(&sql).await?,
            &[&account.0, &user.0, &before, &limit],
        )
        .await?;
    Ok(rows.iter().map(event).collect())
}

/// One event of a membership.
///
/// # Errors
/// What the database says.
pub async fn of_history(
    db: &impl GenericClient,
    (account, user): (AccountId, UserId),
    sequence: i64,
) -> Result<Option<Event>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM events e WHERE {HISTORY} AND e.sequence = $3");
    let row = db
        .query_opt(
            &db.prepare_cached(&sql).await?,
            &[&account.0, &user.0, &sequence],
        )
        .await?;
    Ok(row.as_ref().map(event))
}

fn event(row: &Row) -> Event {
    Event {
        id: row.get("id"),
        sequence: row.get("sequence"),
        at: row.get("at"),
        actor: DisplaySafe::new(row.get("actor")),
        source: DisplaySafe::new(row.get("source")),
        action: DisplaySafe::new(row.get("action")),
        subject_id: row.get("subject_id"),
        subject: DisplaySafe::new(row.get("subject")),
        before: row.get("before"),
        after: row.get("after"),
        command: row.get("command_id"),
    }
}
