//! The audit log: append-only, one SHA-256 chain per account. The caller holds the account's lock,
//! so that sequences have no gaps and no forks.

use super::StoreError;
use crate::domain::{AccountId, Actor, DisplaySafe, Event, EventDraft};
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

const COLUMNS: &str = "id, sequence, at, actor, source, action, subject, before, after, command_id, \
    actor_id, subject_id, hash";

/// Appends an event in the transaction of its change.
///
/// # Errors
/// What the database says; then the change must not happen either.
pub async fn append(
    db: &impl GenericClient,
    account: AccountId,
    actor: &Actor,
    command: Option<Uuid>,
    draft: &EventDraft,
) -> Result<(), StoreError> {
    let last = "SELECT sequence, hash, clock_timestamp() AS at FROM
            (SELECT 1) one LEFT JOIN LATERAL (SELECT sequence, hash FROM events
                WHERE account_id = $1 ORDER BY sequence DESC LIMIT 1) last ON true";
    let row = db
        .query_one(&db.prepare_cached(last).await?, &[&account.0])
        .await?;
    let link = Link {
        account,
        sequence: row.get::<_, Option<i64>>("sequence").unwrap_or_default() + 1,
        at: row.get("at"),
        actor_id: actor.user_id().map(|user| user.0),
        actor: actor.label(),
        source: actor.origin.as_str().to_owned(),
        action: draft.action.to_owned(),
        subject_id: draft.subject_id,
        subject: draft.subject.clone(),
        change: (draft.before.clone(), draft.after.clone()),
        command,
    };
    let hash = link.hash(row.get::<_, Option<&[u8]>>("hash"));
    let sql = "INSERT INTO events (account_id, sequence, at, actor_id, actor, source, action,
            subject_id, subject, before, after, command_id, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    db.execute(
        &db.prepare_cached(sql).await?,
        &[
            &account.0,
            &link.sequence,
            &link.at,
            &link.actor_id,
            &link.actor,
            &link.source,
            &link.action,
            &link.subject_id,
            &link.subject,
            &link.change.0,
            &link.change.1,
            &link.command,
            &hash,
        ],
    )
    .await?;
    Ok(())
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

/// The newest event of this action about this subject that is younger than `within`.
///
/// # Errors
/// What the database says.
pub async fn latest_about(
    db: &impl GenericClient,
    account: AccountId,
    subject: &str,
    action: &str,
    within: std::time::Duration,
) -> Result<Option<Event>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE account_id = $1 AND action = $3
           AND subject_id = (SELECT id FROM users WHERE email_key = $2)
           AND at > now() - make_interval(secs => $4)
         ORDER BY sequence DESC LIMIT 1"
    );
    let row = db
        .query_opt(
            &db.prepare_cached(&sql).await?,
            &[&account.0, &subject, &action, &within.as_secs_f64()],
        )
        .await?;
    Ok(row.as_ref().map(event))
}

/// Recomputes an account's chain from its first event; returns the first sequence that does not
/// fit, or none.
///
/// # Errors
/// What the database says.
pub async fn first_broken(
    db: &impl GenericClient,
    account: AccountId,
) -> Result<Option<i64>, StoreError> {
    const PAGE: i64 = 1000;
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE account_id = $1 AND sequence > $2
         ORDER BY sequence LIMIT {PAGE}"
    );
    let statement = db.prepare_cached(&sql).await?;
    let (mut sequence, mut hash): (i64, Option<Vec<u8>>) = (0, None);
    loop {
        let rows = db.query(&statement, &[&account.0, &sequence]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in &rows {
            let link = Link::of(account, row);
            let stored: Vec<u8> = row.get("hash");
            if link.sequence != sequence + 1 || link.hash(hash.as_deref()) != stored {
                return Ok(Some(sequence + 1));
            }
            sequence = link.sequence;
            hash = Some(stored);
        }
    }
}

/// Everything of an event that its hash covers.
struct Link {
    account: AccountId,
    sequence: i64,
    at: Timestamp,
    actor_id: Option<Uuid>,
    actor: String,
    source: String,
    action: String,
    subject_id: Option<Uuid>,
    subject: String,
    change: (serde_json::Value, serde_json::Value),
    command: Option<Uuid>,
}

impl Link {
    fn of(account: AccountId, row: &Row) -> Self {
        Self {
            account,
            sequence: row.get("sequence"),
            at: row.get("at"),
            actor_id: row.get("actor_id"),
            actor: row.get("actor"),
            source: row.get("source"),
            action: row.get("action"),
            subject_id: row.get("subject_id"),
            subject: row.get("subject"),
            change: (row.get("before"), row.get("after")),
            command: row.get("command_id"),
        }
    }

    /// SHA-256 over the hash before and this event as one JSON array; object keys are in order.
    fn hash(&self, before: Option<&[u8]>) -> Vec<u8> {
        let text = serde_json::json!([
            self.account,
            self.sequence,
            self.at.as_microsecond(),
            self.actor_id,
            self.actor,
            self.source,
            self.action,
            self.subject_id,
            self.subject,
            self.change.0,
            self.change.1,
            self.command,
        ])
        .to_string();
        Sha256::new()
            .chain_update(before.unwrap_or_default())
            .chain_update(text)
            .finalize()
            .to_vec()
    }
}

fn event(row: &Row) -> Event {
    Event {
        id: row.get("id"),
        sequence: row.get("sequence"),
        at: row.get("at"),
        actor: DisplaySafe::new(row.get("actor")),
        source: DisplaySafe::new(row.get("source")),
        action: DisplaySafe::new(row.get("action")),
        subject: DisplaySafe::new(row.get("subject")),
        before: row.get("before"),
        after: row.get("after"),
        command: row.get("command_id"),
    }
}
