//! Mails that wait for the delivery worker: written in the transaction of the invitation, claimed
//! by lease, so that any number of workers may run and a crash loses nothing.
//!
//! A claim takes some mails of each account in turn, of those sent one at a time first. Its cost depends
//! neither on how many mails wait nor on how many accounts have some.

use super::{Db, StoreError, rows};
use crate::domain::{AccountId, DeliveryState, DisplaySafe, Invitation, InvitationId, TokenDigest};
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

/// How long a claim holds that is not renewed: what a worker that died had in hand goes then.
pub const LEASE: Duration = Duration::from_mins(1);
/// The most accounts that one claim looks at; most have mails that are due.
const ACCOUNTS: i32 = 1000;
/// The most mails of an account in one claim, in steps: each is a statement of its own, whose plan is made
/// for that number.
const SHARES: [usize; 8] = [64, 32, 16, 8, 4, 3, 2, 1];

/// A mail that this worker has claimed.
pub struct Claimed {
    pub hold: Hold,
    /// Tries made so far, this one counted.
    pub attempts: i32,
    pub invitation: Invitation,
    /// The digest of the link's token.
    pub digest: Option<TokenDigest>,
    pub account_name: DisplaySafe,
    /// The inviter's own name and address where a user invited.
    pub inviter: Option<(DisplaySafe, String)>,
}

/// A mail, and what proves that it is this worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hold {
    pub id: Uuid,
    lease: Uuid,
}

/// What became of a claimed mail.
pub struct Outcome {
    pub hold: Hold,
    pub state: DeliveryState,
    pub reply: String,
    /// When to try again, from now; for [`DeliveryState::Deferred`].
    pub retry_in: Duration,
}

/// Which kind of mails, and after which account the walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    bulk: bool,
    after: Uuid,
}

impl Place {
    /// Before the first account, for mails that were sent one at a time.
    pub const SINGLE: Self = Self {
        bulk: false,
        after: Uuid::nil(),
    };
    /// Before the first account, for those of imports.
    pub const BULK: Self = Self {
        bulk: true,
        after: Uuid::nil(),
    };
}

/// What a claim came to.
pub struct Claim {
    pub mails: Vec<Claimed>,
    /// Mails whose invitation was over before they went; they will never be sent.
    pub over: usize,
    /// Where to go on; none when the walk has come to the last account.
    pub next: Option<Place>,
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

/// Claims up to `most` mails that are due: some of each account from `place` on. The attempt is counted
/// before anything is sent. Mails of invitations that are no longer pending, or of an older generation,
/// are never claimed: they fail here.
///
/// # Errors
/// What the database says.
pub async fn claim(db: &impl Db, most: usize, place: Place) -> Result<Claim, StoreError> {
    let turns = turns(db, most, place).await?;
    let accounts = turns.due.len().max(1);
    let share = SHARES.into_iter().find(|share| share * accounts <= most);
    let picked = pick(db, &turns.due, (share.unwrap_or(1), place.bulk)).await?;
    let next = turns.last.map(|after| Place { after, ..place });
    let (mut mails, mut over) = (Vec::new(), 0);
    if !picked.is_empty() {
        mails = lease(db, &picked).await?;
    }
    if mails.len() < picked.len() {
        let leased: HashSet<Uuid> = mails.iter().map(|mail| mail.hold.id).collect();
        let rest: Vec<Uuid> = picked
            .into_iter()
            .filter(|id| !leased.contains(id))
            .collect();
        over = fail_over(db, &rest).await?;
    }
    Ok(Claim { mails, over, next })
}

/// The accounts whose turn it is.
struct Turns {
    /// Those with a mail that is due.
    due: Vec<Uuid>,
    /// The last one looked at; none when no other comes after it.
    last: Option<Uuid>,
}

/// From account to account along the index, however many mails each has.
async fn turns(db: &impl Db, most: usize, place: Place) -> Result<Turns, StoreError> {
    let sql = "WITH RECURSIVE turn AS (
            (SELECT o.account_id, o.next_attempt_at <= now() AS due, 1 AS looked,
                 (o.next_attempt_at <= now())::int AS found
             FROM outbox o WHERE o.state IN ('queued', 'deferred') AND o.bulk = $1 AND o.account_id > $2
             ORDER BY o.account_id, o.next_attempt_at LIMIT 1)
            UNION ALL
            SELECT n.account_id, n.due, t.looked + 1, t.found + n.due::int
            FROM turn t CROSS JOIN LATERAL (
                SELECT o.account_id, o.next_attempt_at <= now() AS due
                FROM outbox o WHERE o.state IN ('queued', 'deferred') AND o.bulk = $1
                    AND o.account_id > t.account_id
                ORDER BY o.account_id, o.next_attempt_at LIMIT 1) n
            WHERE t.found < $3 AND t.looked < $4)
        SELECT account_id, due FROM turn";
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&place.bulk, &place.after, &most, &ACCOUNTS];
    let rows = db.query(sql, &parameters).await?;
    let looked = i32::try_from(rows.len()).unwrap_or(i32::MAX);
    let due = rows.iter().filter(|row| row.get("due"));
    let due: Vec<Uuid> = due.map(|row| row.get("account_id")).collect();
    let more = looked >= ACCOUNTS || i32::try_from(due.len()).is_ok_and(|found| found >= most);
    let last = rows
        .last()
        .filter(|_| more)
        .map(|row| row.get("account_id"));
    Ok(Turns { due, last })
}

/// Locks the mails of these accounts that are due longest, whatever has become of their invitations.
async fn pick(
    db: &impl Db,
    accounts: &[Uuid],
    (share, bulk): (usize, bool),
) -> Result<Vec<Uuid>, StoreError> {
    let sql = format!(
        "SELECT d.id FROM unnest($1::uuid[]) a(id) CROSS JOIN LATERAL (
             SELECT o.id FROM outbox o
             WHERE o.account_id = a.id AND o.bulk = $2 AND o.state IN ('queued', 'deferred')
                 AND o.next_attempt_at <= now()
                 AND (o.leased_until IS NULL OR o.leased_until < now())
             ORDER BY o.next_attempt_at LIMIT {share} FOR UPDATE SKIP LOCKED) d"
    );
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.query(&sql, &[&accounts, &bulk]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Mails that nobody is to get any more leave the queue, so that no claim meets them again.
async fn fail_over(db: &impl Db, rest: &[Uuid]) -> Result<usize, StoreError> {
    let sql = "UPDATE outbox o SET state = 'failed',
            last_reply = concat_ws('; ', 'not sent: the invitation was over before', o.last_reply)
        FROM invitations i WHERE o.id = ANY($1) AND i.id = o.invitation_id
            AND (i.generation <> o.generation OR i.status <> 'pending' OR i.expires_at <= now())";
    let over = db.execute(sql, &[&rest]).await?;
    Ok(usize::try_from(over).unwrap_or(usize::MAX))
}

async fn lease(db: &impl Db, picked: &[Uuid]) -> Result<Vec<Claimed>, StoreError> {
    let sql = format!(
        "WITH claimed AS (
             UPDATE outbox o SET lease = $2, leased_until = now() + make_interval(secs => $3),
                 attempts = o.attempts + 1
             FROM invitations i WHERE o.id = ANY($1) AND i.id = o.invitation_id
                 AND i.generation = o.generation
                 AND i.status = 'pending' AND i.expires_at > now() RETURNING o.*)
         SELECT o.id AS outbox_id, {}, a.name AS account_name, i.token_digest,
             u.name AS user_name, u.email AS user_email
         FROM claimed o JOIN invitations i ON i.id = o.invitation_id
         JOIN accounts a ON a.id = i.account_id LEFT JOIN users u ON u.id = i.inviter_id",
        rows::INVITATION
    );
    let lease = Uuid::now_v7();
    let rows = db
        .query(&sql, &[&picked, &lease, &LEASE.as_secs_f64()])
        .await?;
    let claimed = rows.iter().map(|row| {
        let invitation = rows::invitation(row)?;
        let inviter = row
            .get::<_, Option<&str>>("user_name")
            .map(|name| (DisplaySafe::new(name), row.get::<_, String>("user_email")));
        Ok(Claimed {
            hold: Hold {
                id: row.get("outbox_id"),
                lease,
            },
            attempts: invitation.delivery.attempts,
            digest: TokenDigest::from_bytes(row.get("token_digest")),
            account_name: DisplaySafe::new(row.get("account_name")),
            inviter,
            invitation,
        })
    });
    claimed.collect()
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
        SELECT pg_notify('rollbook_mail', 'mail') FROM freed LIMIT 1";
    let (ids, leases) = split(held.iter().copied());
    db.query(sql, &[&ids, &leases]).await?;
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
