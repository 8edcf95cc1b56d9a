//! Mails that wait for the delivery worker: written in the transaction of the invitation, claimed
//! by lease ([`super::claim`]), so that any number of workers may run and a crash loses nothing.

use super::{Channel, Db, StoreError};
use crate::domain::{AccountId, DeliveryState, InvitationId};
use std::time::Duration;
use uuid::Uuid;

/// How long a claim holds that is not renewed: what a worker that died had in hand goes then.
pub const LEASE: Duration = Duration::from_mins(1);

/// A mail, and what proves that it is this worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hold {
    pub id: Uuid,
    pub(super) lease: Uuid,
}

/// What became of a claimed mail.
pub struct Outcome {
    pub hold: Hold,
    pub state: DeliveryState,
    pub reply: String,
    /// When to try again, from now; for [`DeliveryState::Deferred`].
    pub retry_in: Duration,
}

/// Queues the mail of an invitation's generation.
///
/// # Errors
/// What the database says.
pub async fn enqueue(
    db: &impl Db,
    account: AccountId,
    invitation: InvitationId,
    generation: i32,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (id, account_id, invitation_id, generation)
        VALUES ($1, $2, $3, $4)";
    db.execute(
        sql,
        &[&Uuid::now_v7(), &account.0, &invitation.0, &generation],
    )
    .await?;
    Ok(())
}

/// Writes what became of claimed mails; without effect on those whose lease was lost meanwhile.
///
/// # Errors
/// What the database says.
pub async fn settle(db: &impl Db, outcomes: &[Outcome]) -> Result<(), StoreError> {
    let sql = "UPDATE outbox o SET state = s.state, last_reply = s.reply, lease = NULL,
            leased_until = NULL, next_attempt_at = now() + make_interval(secs => s.retry),
            sent_at = CASE WHEN s.state = 'sent' THEN now() END
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::float8[])
            AS s(id, lease, state, reply, retry)
        WHERE o.id = s.id AND o.lease = s.lease";
    let (ids, leases) = split(outcomes.iter().map(|outcome| outcome.hold));
    let states: Vec<&str> = outcomes.iter().map(|o| o.state.as_str()).collect();
    let replies: Vec<&str> = outcomes.iter().map(|o| o.reply.as_str()).collect();
    let retries: Vec<f64> = outcomes.iter().map(|o| o.retry_in.as_secs_f64()).collect();
    db.execute(sql, &[&ids, &leases, &states, &replies, &retries])
        .await?;
    Ok(())
}

/// Holds mails for another [`LEASE`]; tells which are still this worker's.
///
/// # Errors
/// What the database says.
pub async fn renew(db: &impl Db, held: &[Hold]) -> Result<Vec<Uuid>, StoreError> {
    let sql = "UPDATE outbox SET leased_until = now() + make_interval(secs => $3)
        WHERE id = ANY($1) AND lease = ANY($2) RETURNING id";
    let (ids, leases) = split(held.iter().copied());
    let rows = db
        .query(sql, &[&ids, &leases, &LEASE.as_secs_f64()])
        .await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Gives claimed mails back that nobody began to send, and tells the other workers: the attempt was none.
///
/// # Errors
/// What the database says.
pub async fn release(db: &impl Db, held: &[Hold]) -> Result<(), StoreError> {
    let sql = "WITH freed AS (
            UPDATE outbox SET lease = NULL, leased_until = NULL, attempts = attempts - 1
            WHERE id = ANY($1) AND lease = ANY($2) RETURNING id)
        SELECT pg_notify($3, 'mail') FROM freed LIMIT 1";
    let (ids, leases) = split(held.iter().copied());
    db.query(sql, &[&ids, &leases, &Channel::Mail.name()])
        .await?;
    Ok(())
}

fn split(held: impl Iterator<Item = Hold>) -> (Vec<Uuid>, Vec<Uuid>) {
    held.map(|hold| (hold.id, hold.lease)).unzip()
}

/// How long until the next mail is due, or the lease of one that somebody has in hand runs out; none when
/// nothing waits.
///
/// # Errors
/// What the database says.
pub async fn next_due(db: &impl Db) -> Result<Option<Duration>, StoreError> {
    let sql = "SELECT greatest(extract(epoch FROM o.next_attempt_at - now()), 0)::float8
        FROM outbox o WHERE o.state IN ('queued', 'deferred')
            AND (o.leased_until IS NULL OR o.leased_until < now())
        ORDER BY o.next_attempt_at LIMIT 1";
    let row = db.query_opt(sql, &[]).await?;
    let free = row.map(|row| Duration::from_secs_f64(row.get(0)));
    if free == Some(Duration::ZERO) {
        return Ok(free);
    }
    // Then those that are due are all in somebody's hand, first in the index and few.
    let sql = "SELECT extract(epoch FROM min(o.leased_until) - now())::float8
        FROM (SELECT leased_until FROM outbox WHERE state IN ('queued', 'deferred')
            ORDER BY next_attempt_at LIMIT 256) o WHERE o.leased_until >= now()";
    let held = db.query_one(sql, &[]).await?.get::<_, Option<f64>>(0);
    let held = held.map(|left| Duration::from_secs_f64(left.max(0.001)));
    Ok(free.into_iter().chain(held).min())
}
