//! Invitations. Expiry is decided here, by the database's clock.

use super::{Db, StoreError, rows};
use crate::domain::{AccountId, Email, Grant, Invitation, InvitationId, TokenDigest, UserId};
use std::time::Duration;
use tokio_postgres::Row;

/// An invitation to be stored.
pub struct NewInvitation<'a> {
    pub id: InvitationId,
    pub account: AccountId,
    pub email: &'a Email,
    pub grant: &'a Grant,
    pub inviter: Option<UserId>,
    pub inviter_name: &'a str,
    pub digest: &'a TokenDigest,
    pub valid_for: Duration,
}

/// Marks pending invitations of this address whose time is over as expired, which frees the
/// address for a new one.
///
/// # Errors
/// What the database says.
pub async fn expire(db: &impl Db, account: AccountId, email: &Email) -> Result<(), StoreError> {
    let sql = "UPDATE invitations SET status = 'expired', decided_at = now(), version = version + 1
        WHERE account_id = $1 AND email_key = $2 AND status = 'pending' AND expires_at <= now()";
    db.execute(sql, &[&account.0, &email.key()]).await?;
    Ok(())
}

/// Adds a pending invitation.
///
/// # Errors
/// [`StoreError::Taken`] when one is pending for the address.
pub async fn insert(db: &impl Db, new: &NewInvitation<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO invitations (id, account_id, email, email_key, role, permissions,
            inviter_id, inviter_name, token_digest, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10))";
    db.execute(
        sql,
        &[
            &new.id.0,
            &new.account.0,
            &new.email.as_str(),
            &new.email.key(),
            &new.grant.role.as_str(),
            &rows::keys(&new.grant.permissions),
            &new.inviter.map(|user| user.0),
            &new.inviter_name,
            &new.digest.as_bytes(),
            &new.valid_for.as_secs_f64(),
        ],
    )
    .await?;
    Ok(())
}

/// One invitation of an account.
///
/// # Errors
/// What the database says.
pub async fn by_id(
    db: &impl Db,
    account: AccountId,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invitations i
         LEFT JOIN outbox o ON o.invitation_id = i.id AND o.generation = i.generation
         WHERE i.account_id = $1 AND i.id = $2",
        rows::INVITATION
    );
    let row = db.query_opt(&sql, &[&account.0, &id.0]).await?;
    row.as_ref().map(rows::invitation).transpose()
}

/// The account and id of the invitation that a link's digest opens, whatever its state. The
/// transaction's scope is the link's secret.
///
/// # Errors
/// What the database says.
pub async fn by_digest(
    db: &impl Db,
    digest: &TokenDigest,
) -> Result<Option<(AccountId, InvitationId)>, StoreError> {
    let sql = "SELECT account_id, id FROM invitations WHERE token_digest = $1";
    let row = db.query_opt(sql, &[&digest.as_bytes()]).await?;
    Ok(row.map(|row| (AccountId(row.get(0)), InvitationId(row.get(1)))))
}

/// The digest of an invitation's link.
///
/// # Errors
/// What the database says.
pub async fn digest(db: &impl Db, id: InvitationId) -> Result<Option<TokenDigest>, StoreError> {
    let sql = "SELECT token_digest FROM invitations WHERE id = $1";
    let row = db.query_opt(sql, &[&id.0]).await?;
    Ok(row.and_then(|row| TokenDigest::from_bytes(row.get(0))))
}

/// Every link that can be used now: invitation, generation and digest. The transaction's scope is the
/// installation.
///
/// # Errors
/// What the database says.
pub async fn live_links(
    db: &impl Db,
) -> Result<Vec<(InvitationId, i32, Option<TokenDigest>)>, StoreError> {
    let sql = "SELECT id, generation, token_digest FROM invitations
        WHERE status = 'pending' AND expires_at > now()";
    let rows = db.query(sql, &[]).await?;
    let one = |row: &Row| {
        let digest = TokenDigest::from_bytes(row.get("token_digest"));
        (InvitationId(row.get("id")), row.get("generation"), digest)
    };
    Ok(rows.iter().map(one).collect())
}

/// The pending invitation of an address, expired or not.
///
/// # Errors
/// What the database says.
pub async fn pending_for(
    db: &impl Db,
    account: AccountId,
    email: &Email,
) -> Result<Option<InvitationId>, StoreError> {
    let sql = "SELECT id FROM invitations
        WHERE account_id = $1 AND email_key = $2 AND status = 'pending'";
    let row = db.query_opt(sql, &[&account.0, &email.key()]).await?;
    Ok(row.map(|row| InvitationId(row.get(0))))
}

/// Pending invitations and those that expired within `expired_within`, newest first, at most
/// `limit`.
///
/// # Errors
/// What the database says.
pub async fn list(
    db: &impl Db,
    account: AccountId,
    expired_within: Duration,
    limit: i64,
) -> Result<Vec<Invitation>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invitations i
         LEFT JOIN outbox o ON o.invitation_id = i.id AND o.generation = i.generation
         WHERE i.account_id = $1 AND i.status = 'pending'
           AND i.expires_at > now() - make_interval(secs => $2)
         ORDER BY i.created_at DESC, i.id LIMIT $3",
        rows::INVITATION
    );
    let rows = db
        .query(&sql, &[&account.0, &expired_within.as_secs_f64(), &limit])
        .await?;
    rows.iter().map(rows::invitation).collect()
}

/// Raises the generation of a pending invitation: a new digest, a new life.
///
/// # Errors
/// What the database says.
pub async fn renew(
    db: &impl Db,
    id: InvitationId,
    generation: i32,
    digest: &TokenDigest,
    valid_for: Duration,
) -> Result<(), StoreError> {
    let sql = "UPDATE invitations SET generation = $2, token_digest = $3, version = version + 1,
            expires_at = now() + make_interval(secs => $4)
        WHERE id = $1 AND status = 'pending'";
    db.execute(
        sql,
        &[
            &id.0,
            &generation,
            &digest.as_bytes(),
            &valid_for.as_secs_f64(),
        ],
    )
    .await?;
    Ok(())
}

/// Gives a pending invitation another grant.
///
/// # Errors
/// What the database says.
pub async fn set_grant(db: &impl Db, id: InvitationId, grant: &Grant) -> Result<(), StoreError> {
    let sql = "UPDATE invitations SET role = $2, permissions = $3, version = version + 1
        WHERE id = $1 AND status = 'pending'";
    db.execute(
        sql,
        &[&id.0, &grant.role.as_str(), &rows::keys(&grant.permissions)],
    )
    .await?;
    Ok(())
}

/// Accepts: the one guarded update that decides between clicks, cancellation and expiry, by the time
/// at which it runs. Tells whether this call was the one.
///
/// # Errors
/// What the database says.
pub async fn accept(
    db: &impl Db,
    id: InvitationId,
    digest: &TokenDigest,
) -> Result<bool, StoreError> {
    let sql =
        "UPDATE invitations SET status = 'accepted', decided_at = now(), version = version + 1
        WHERE id = $1 AND token_digest = $2 AND status = 'pending'
          AND expires_at > clock_timestamp()";
    Ok(db.execute(sql, &[&id.0, &digest.as_bytes()]).await? == 1)
}

/// Declines a pending invitation, expired or not; tells whether this call was the one.
///
/// # Errors
/// What the database says.
pub async fn decline(
    db: &impl Db,
    id: InvitationId,
    digest: &TokenDigest,
) -> Result<bool, StoreError> {
    let sql =
        "UPDATE invitations SET status = 'declined', decided_at = now(), version = version + 1
        WHERE id = $1 AND token_digest = $2 AND status = 'pending'";
    Ok(db.execute(sql, &[&id.0, &digest.as_bytes()]).await? == 1)
}

/// Withdraws a pending invitation; tells whether this call was the one.
///
/// # Errors
/// What the database says.
pub async fn cancel(db: &impl Db, id: InvitationId) -> Result<bool, StoreError> {
    let sql =
        "UPDATE invitations SET status = 'cancelled', decided_at = now(), version = version + 1
        WHERE id = $1 AND status = 'pending'";
    Ok(db.execute(sql, &[&id.0]).await? == 1)
}

/// How many pending invitations a user has sent in an account.
///
/// # Errors
/// What the database says.
pub async fn count_sent_by(
    db: &impl Db,
    account: AccountId,
    inviter: UserId,
) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM invitations
        WHERE account_id = $1 AND inviter_id = $2 AND status = 'pending' AND expires_at > now()";
    Ok(db.query_one(sql, &[&account.0, &inviter.0]).await?.get(0))
}

/// Withdraws every pending invitation that a user has sent in an account; returns how many.
///
/// # Errors
/// What the database says.
pub async fn cancel_sent_by(
    db: &impl Db,
    account: AccountId,
    inviter: UserId,
) -> Result<i64, StoreError> {
    let sql =
        "UPDATE invitations SET status = 'cancelled', decided_at = now(), version = version + 1
        WHERE account_id = $1 AND inviter_id = $2 AND status = 'pending'";
    let cancelled = db.execute(sql, &[&account.0, &inviter.0]).await?;
    Ok(i64::try_from(cancelled).unwrap_or(i64::MAX))
}

/// How much has been sent lately: what the limits are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Mails queued by this inviter in the last 10 minutes.
    pub by_inviter: i64,
    /// Mails queued for this account in the last day.
    pub by_account: i64,
    /// Mails queued to this address in the last day, from any account.
    pub to_address: i64,
    /// Pending invitations of the account.
    pub pending: i64,
}

/// Reads the usage; the caller holds the account's lock.
///
/// # Errors
/// What the database says.
pub async fn usage(
    db: &impl Db,
    account: AccountId,
    inviter: Option<UserId>,
    email: &Email,
) -> Result<Usage, StoreError> {
    let sql = "SELECT
        (SELECT count(*) FROM invitations i JOIN outbox o ON o.invitation_id = i.id
            WHERE i.account_id = $1 AND i.inviter_id = $2
              AND o.created_at > now() - interval '10 minutes') AS by_inviter,
        (SELECT count(*) FROM outbox
            WHERE account_id = $1 AND created_at > now() - interval '1 day') AS by_account,
        mails_to($3) AS to_address,
        (SELECT count(*) FROM invitations
            WHERE account_id = $1 AND status = 'pending' AND expires_at > now()) AS pending";
    let row = db
        .query_one(
            sql,
            &[&account.0, &inviter.map(|user| user.0), &email.key()],
        )
        .await?;
    Ok(Usage {
        by_inviter: row.get("by_inviter"),
        by_account: row.get("by_account"),
        to_address: row.get("to_address"),
        pending: row.get("pending"),
    })
}
