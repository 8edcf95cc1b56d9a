//! Mails that wait for the delivery worker: written in the transaction of the invitation, claimed
//! by lease, so that any number of workers may run and a crash loses nothing.

use super::{Db, StoreError, rows};
use crate::domain::{AccountId, DeliveryState, DisplaySafe, Invitation, InvitationId, TokenDigest};
use std::time::Duration;
use uuid::Uuid;

/// How long a worker may take over one mail before another may claim it.
const LEASE: Duration = Duration::from_mins(1);

/// A mail that this worker has claimed.
pub struct Claimed {
    pub id: Uuid,
    /// Proves the claim when the outcome is written.
    pub lease: Uuid,
    /// Tries made so far, this one counted.
    pub attempts: i32,
    pub invitation: Invitation,
    /// The digest of the link's token.
    pub digest: Option<TokenDigest>,
    pub account_name: DisplaySafe,
    /// The inviter's own name and address where a user invited.
    pub inviter: Option<(DisplaySafe, String)>,
}

/// What became of a claimed mail.
pub struct Outcome<'a> {
    pub state: DeliveryState,
    pub reply: &'a str,
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

/// Claims the mail that is due longest; the attempt is counted before anything is sent. Mails of
/// invitations that are no longer pending, or of an older generation, are never claimed.
///
/// # Errors
/// What the database says.
pub async fn claim(db: &impl Db) -> Result<Option<Claimed>, StoreError> {
    let sql = format!(
        "WITH due AS (
             SELECT o.id FROM outbox o
             JOIN invitations i ON i.id = o.invitation_id AND i.generation = o.generation
             WHERE o.state IN ('queued', 'deferred') AND o.next_attempt_at <= now()
               AND (o.leased_until IS NULL OR o.leased_until < now())
               AND i.status = 'pending' AND i.expires_at > now()
             ORDER BY o.next_attempt_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED),
         claimed AS (
             UPDATE outbox o SET lease = $1, leased_until = now() + make_interval(secs => $2),
                 attempts = attempts + 1
             FROM due WHERE o.id = due.id RETURNING o.*)
         SELECT o.id AS outbox_id, {}, a.name AS account_name, i.token_digest,
             u.name AS user_name, u.email AS user_email
         FROM claimed o JOIN invitations i ON i.id = o.invitation_id
         JOIN accounts a ON a.id = i.account_id LEFT JOIN users u ON u.id = i.inviter_id",
        rows::INVITATION
    );
    let lease = Uuid::now_v7();
    let row = db.query_opt(&sql, &[&lease, &LEASE.as_secs_f64()]).await?;
    let Some(row) = row else { return Ok(None) };
    let invitation = rows::invitation(&row)?;
    let inviter = row
        .get::<_, Option<&str>>("user_name")
        .map(|name| (DisplaySafe::new(name), row.get::<_, String>("user_email")));
    Ok(Some(Claimed {
        id: row.get("outbox_id"),
        lease,
        attempts: invitation.delivery.attempts,
        digest: TokenDigest::from_bytes(row.get("token_digest")),
        account_name: DisplaySafe::new(row.get("account_name")),
        inviter,
        invitation,
    }))
}

/// Writes what became of a claimed mail; without effect when the lease was lost meanwhile.
///
/// # Errors
/// What the database says.
pub async fn settle(
    db: &impl Db,
    claimed: (Uuid, Uuid),
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let (id, lease) = claimed;
    let sql = "UPDATE outbox SET state = $3, last_reply = $4, lease = NULL, leased_until = NULL,
            next_attempt_at = now() + make_interval(secs => $5),
            sent_at = CASE WHEN $3 = 'sent' THEN now() END
        WHERE id = $1 AND lease = $2";
    db.execute(
        sql,
        &[
            &id,
            &lease,
            &outcome.state.as_str(),
            &outcome.reply,
            &outcome.retry_in.as_secs_f64(),
        ],
    )
    .await?;
    Ok(())
}

/// How long until the next mail is due that can be claimed; none when nothing waits.
///
/// # Errors
/// What the database says.
pub async fn next_due(db: &impl Db) -> Result<Option<Duration>, StoreError> {
    // greatest() passes over nulls, so nothing waiting has to be told apart from due now.
    let sql = "SELECT CASE WHEN count(*) > 0 THEN greatest(extract(epoch FROM
            min(greatest(o.next_attempt_at, coalesce(o.leased_until, o.next_attempt_at)))
            - now()), 0)::float8 END
        FROM outbox o JOIN invitations i ON i.id = o.invitation_id AND i.generation = o.generation
        WHERE o.state IN ('queued', 'deferred') AND i.status = 'pending' AND i.expires_at > now()";
    let seconds: Option<f64> = db.query_one(sql, &[]).await?.get(0);
    Ok(seconds.map(Duration::from_secs_f64))
}
