//! The hash chain of an account's audit log: how a link is made, and where the chain breaks.

use super::{StoreError, events::COLUMNS};
use crate::domain::{AccountId, KeyId, TokenKey, TokenKeys};
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use tokio_postgres::Row;
use uuid::Uuid;

/// Recomputes an account's chain from its first event to the end that one of `keys` vouches for; returns the
/// first sequence that does not fit, or none. Nobody who appends meanwhile has to wait.
///
/// # Errors
/// What the database says.
pub async fn first_broken(
    db: &impl GenericClient,
    (account, keys): (AccountId, &TokenKeys),
) -> Result<Option<i64>, StoreError> {
    let mut end = End::default();
    loop {
        let before = end.sequence;
        if let Some(broken) = walk(db, account, &mut end).await? {
            return Ok(Some(broken));
        }
        // Read after the events: an honest head is never behind them.
        let (vouched, mac) = head(db, account).await?;
        if vouched > end.sequence && end.sequence > before {
            // Something was appended meanwhile, or cut off: look again.
            continue;
        }
        if vouched != end.sequence {
            return Ok(Some(end.sequence.min(vouched) + 1));
        }
        let hash = end.hash.as_deref().unwrap_or_default();
        let at = (account, end.sequence);
        let fits = mac.is_some_and(|mac| keys.of_audit_head(at, hash, &mac).is_some());
        return Ok((!fits && end.sequence > 0).then_some(end.sequence));
    }
}

/// Who vouches for the end of an account's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// There is no event.
    Empty,
    By(KeyId),
    /// The log is older than the keys' vouching for it.
    NotYet,
    /// The log, what vouches for it, or the keys are not what they were.
    Nobody,
}

/// Which of `keys` vouches for the end of an account's log, without a look at what is before it.
///
/// # Errors
/// What the database says.
pub async fn vouched(
    db: &impl GenericClient,
    (account, keys): (AccountId, &TokenKeys),
) -> Result<Vouched, StoreError> {
    let head = head(db, account).await?;
    let last = last(db, account).await?;
    Ok(who_vouches((account, keys), last, head))
}

/// The same for an end and a head that are known already.
pub(super) fn who_vouches(
    (account, keys): (AccountId, &TokenKeys),
    end: Option<(i64, Vec<u8>)>,
    (sequence, mac): (i64, Option<Vec<u8>>),
) -> Vouched {
    match (end, mac) {
        (None, None) if sequence == 0 => Vouched::Empty,
        (Some(_), None) if sequence == 0 => Vouched::NotYet,
        (Some((end, hash)), Some(mac)) if end == sequence => keys
            .of_audit_head((account, end), &hash, &mac)
            .map_or(Vouched::Nobody, |key| Vouched::By(key.id())),
        _ => Vouched::Nobody,
    }
}

/// Whether every event of an account's log fits the one before, whoever vouches for the end.
///
/// # Errors
/// What the database says.
pub async fn is_linked(db: &impl GenericClient, account: AccountId) -> Result<bool, StoreError> {
    Ok(walk(db, account, &mut End::default()).await?.is_none())
}

/// Has `key` vouch for the end of an account's log as it is. The caller holds the account's lock.
///
/// # Errors
/// What the database says.
pub async fn vouch(
    db: &impl GenericClient,
    (account, key): (AccountId, &TokenKey),
) -> Result<(), StoreError> {
    if let Some((sequence, hash)) = last(db, account).await? {
        set_head(db, (account, key), (sequence, &hash)).await?;
    }
    Ok(())
}

/// The last event's sequence and hash.
async fn last(
    db: &impl GenericClient,
    account: AccountId,
) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let sql =
        "SELECT sequence, hash FROM events WHERE account_id = $1 ORDER BY sequence DESC LIMIT 1";
    let row = db
        .query_opt(&db.prepare_cached(sql).await?, &[&account.0])
        .await?;
    Ok(row.map(|row| (row.get("sequence"), row.get("hash"))))
}

/// Writes what vouches for the end of a log.
pub(super) async fn set_head(
    db: &impl GenericClient,
    (account, key): (AccountId, &TokenKey),
    (sequence, hash): (i64, &[u8]),
) -> Result<(), StoreError> {
    let head = key.audit_head(account, sequence, hash);
    let sql = "UPDATE accounts SET audit_sequence = $2, audit_head = $3 WHERE id = $1";
    db.execute(
        &db.prepare_cached(sql).await?,
        &[&account.0, &sequence, &head.as_slice()],
    )
    .await?;
    Ok(())
}

/// How far the chain has been followed.
#[derive(Default)]
struct End {
    sequence: i64,
    hash: Option<Vec<u8>>,
}

/// Follows the chain to its end; returns where it breaks.
async fn walk(
    db: &impl GenericClient,
    account: AccountId,
    end: &mut End,
) -> Result<Option<i64>, StoreError> {
    const PAGE: i64 = 1000;
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE account_id = $1 AND sequence > $2
         ORDER BY sequence LIMIT {PAGE}"
    );
    let statement = db.prepare_cached(&sql).await?;
    loop {
        let rows = db.query(&statement, &[&account.0, &end.sequence]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in &rows {
            let link = Link::of(account, row);
            let stored: Vec<u8> = row.get("hash");
            let next = end.sequence + 1;
            if link.sequence != next || link.hash(end.hash.as_deref()) != stored {
                return Ok(Some(next));
            }
            end.sequence = next;
            end.hash = Some(stored);
        }
    }
}

/// The last sequence, and what vouches for it.
async fn head(
    db: &impl GenericClient,
    account: AccountId,
) -> Result<(i64, Option<Vec<u8>>), StoreError> {
    let sql = "SELECT audit_sequence, audit_head FROM accounts WHERE id = $1";
    let row = db
        .query_opt(&db.prepare_cached(sql).await?, &[&account.0])
        .await?;
    Ok(row.map_or((0, None), |row| (row.get(0), row.get(1))))
}

/// Everything of an event that its hash covers.
pub(super) struct Link<'a> {
    pub(super) account: AccountId,
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) actor_id: Option<Uuid>,
    pub(super) actor: &'a str,
    pub(super) source: &'a str,
    pub(super) action: &'a str,
    pub(super) subject_id: Option<Uuid>,
    pub(super) subject: &'a str,
    pub(super) change: (Cow<'a, Value>, Cow<'a, Value>),
    pub(super) command: Option<Uuid>,
}

impl<'a> Link<'a> {
    fn of(account: AccountId, row: &'a Row) -> Self {
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
            change: (Cow::Owned(row.get("before")), Cow::Owned(row.get("after"))),
            command: row.get("command_id"),
        }
    }

    /// SHA-256 over the hash before and this event as one JSON array; object keys are in order.
    pub(super) fn hash(&self, before: Option<&[u8]>) -> Vec<u8> {
        let everything = (
            self.account,
            self.sequence,
            self.at.as_microsecond(),
            self.actor_id,
            self.actor,
            self.source,
            self.action,
            self.subject_id,
            self.subject,
            &*self.change.0,
            &*self.change.1,
            self.command,
        );
        // Text and numbers alone can't fail to be written.
        let text = serde_json::to_vec(&everything).unwrap_or_default();
        Sha256::new()
            .chain_update(before.unwrap_or_default())
            .chain_update(text)
            .finalize()
            .to_vec()
    }
}
