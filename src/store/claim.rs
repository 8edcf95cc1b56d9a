//! Claims of mails that are due: some of each account in turn, of those sent one at a time first. What a claim
//! costs depends neither on how many mails wait nor on how many accounts have some.

use super::{
    Db, StoreError,
    outbox::{Hold, LEASE},
    rows,
};
use crate::domain::{DisplaySafe, Invitation, TokenDigest};
use std::collections::HashSet;
use uuid::Uuid;

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

/// Claims up to `most` mails that are due: some of each account from `place` on. The attempt is counted
/// before anything is sent. Mails of invitations that are no longer pending, or of an older generation,
/// are never claimed: they fail here.
///
/// # Errors
/// What the database says.
pub async fn mails(db: &impl Db, most: usize, place: Place) -> Result<Claim, StoreError> {
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
