//! Appending to the audit log: one event or many, chained and vouched for as one.

use super::{
    StoreError,
    chain::{self, Link, Vouched},
};
use crate::domain::{AccountId, Actor, EventDraft, TokenKeys};
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// The end of a log, to which something is appended.
struct End {
    at: Timestamp,
    last: Option<(i64, Vec<u8>)>,
    vouched: Vouched,
}

/// What the events of one change have in common.
struct By<'a> {
    account: AccountId,
    id: Option<Uuid>,
    label: &'a str,
    source: &'a str,
    command: Option<Uuid>,
}

/// Appends events in the transaction of their change, and has the log's new end vouched for by the current
/// key. Where nobody vouches for the end that is there, the new one is not vouched for either: a log that
/// was cut short must not become whole by what happens next.
///
/// # Errors
/// What the database says; then the change must not happen either.
pub async fn all(
    db: &impl GenericClient,
    (account, keys): (AccountId, &TokenKeys),
    actor: &Actor,
    command: Option<Uuid>,
    drafts: &[EventDraft],
) -> Result<(), StoreError> {
    let by = By {
        account,
        id: actor.user_id().map(|user| user.0),
        label: &actor.label(),
        source: actor.origin.as_str(),
        command,
    };
    let end = end(db, (account, keys)).await?;
    let hashes = chained(&by, &end, drafts);
    let Some(newest) = hashes.last() else {
        return Ok(());
    };
    insert(db, (&by, &end), drafts, &hashes).await?;
    if end.vouched == Vouched::Nobody {
        tracing::error!(%account, "the audit log is not what it was; `rollbook audit verify` says where");
        return Ok(());
    }
    let added = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
    let newest = (end.sequence() + added, newest.as_slice());
    chain::set_head(db, (account, keys.current()), newest).await
}

impl End {
    fn sequence(&self) -> i64 {
        self.last.as_ref().map_or(0, |(sequence, _)| *sequence)
    }
}

async fn end(
    db: &impl GenericClient,
    (account, keys): (AccountId, &TokenKeys),
) -> Result<End, StoreError> {
    let sql = "SELECT sequence, hash, clock_timestamp() AS at, a.audit_sequence, a.audit_head
        FROM accounts a LEFT JOIN LATERAL (SELECT sequence, hash FROM events
                WHERE account_id = a.id ORDER BY sequence DESC LIMIT 1) last ON true
        WHERE a.id = $1";
    let row = db
        .query_one(&db.prepare_cached(sql).await?, &[&account.0])
        .await?;
    let last = row.get::<_, Option<i64>>("sequence").zip(row.get("hash"));
    let head = (row.get("audit_sequence"), row.get("audit_head"));
    Ok(End {
        at: row.get("at"),
        vouched: chain::who_vouches((account, keys), last.clone(), head),
        last,
    })
}

/// The hash of each event, over that of the one before.
fn chained(by: &By<'_>, end: &End, drafts: &[EventDraft]) -> Vec<Vec<u8>> {
    let mut sequence = end.sequence();
    let mut before = end.last.as_ref().map(|(_, hash)| hash.clone());
    let mut next = |draft: &EventDraft| {
        sequence += 1;
        let link = Link {
            account: by.account,
            sequence,
            at: end.at,
            actor_id: by.id,
            actor: by.label,
            source: by.source,
            action: draft.action,
            subject_id: draft.subject_id,
            subject: &draft.subject,
            change: (Cow::Borrowed(&draft.before), Cow::Borrowed(&draft.after)),
            command: by.command,
        };
        let hash = link.hash(before.as_deref());
        before = Some(hash.clone());
        hash
    };
    drafts.iter().map(&mut next).collect()
}

async fn insert(
    db: &impl GenericClient,
    (by, end): (&By<'_>, &End),
    drafts: &[EventDraft],
    hashes: &[Vec<u8>],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO events (account_id, sequence, at, actor_id, actor, source, command_id,
            action, subject_id, subject, before, after, hash)
        SELECT $1, $2 + r.place, $3, $4, $5, $6, $7,
            r.action, r.subject_id, r.subject, r.before, r.after, r.hash
        FROM unnest($8::text[], $9::uuid[], $10::text[], $11::jsonb[], $12::jsonb[], $13::bytea[])
            WITH ORDINALITY AS r (action, subject_id, subject, before, after, hash, place)";
    let actions: Vec<&str> = drafts.iter().map(|draft| draft.action).collect();
    let ids: Vec<Option<Uuid>> = drafts.iter().map(|draft| draft.subject_id).collect();
    let subjects: Vec<&str> = drafts.iter().map(|draft| draft.subject.as_str()).collect();
    let before: Vec<&Value> = drafts.iter().map(|draft| &draft.before).collect();
    let after: Vec<&Value> = drafts.iter().map(|draft| &draft.after).collect();
    db.execute(
        &db.prepare_cached(sql).await?,
        &[
            &by.account.0,
            &end.sequence(),
            &end.at,
            &by.id,
            &by.label,
            &by.source,
            &by.command,
            &actions,
            &ids,
            &subjects,
            &before,
            &after,
            &hashes,
        ],
    )
    .await?;
    Ok(())
}
