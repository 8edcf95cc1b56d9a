//! Many invitations in one statement each: what is there already, and what is new.

use super::StoreError;
use crate::domain::{AccountId, Email, Grant, InvitationId, TokenDigest, UserId};
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use std::fmt::Write as _;
use uuid::Uuid;

/// What an account has of an address already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Member,
    Pending,
    /// A pending invitation whose time is over.
    Expired,
}

/// What the account has of each of these addresses, by their place; those that it does not know are not
/// there.
///
/// # Errors
/// What the database says.
pub async fn known(
    db: &impl GenericClient,
    account: AccountId,
    emails: &[&Email],
) -> Result<Vec<(usize, Known)>, StoreError> {
    let sql = "SELECT a.place - 1 AS place, m.user_id IS NOT NULL AS member, i.expires_at <= now() AS expired
        FROM unnest($2::text[]) WITH ORDINALITY AS a (email_key, place)
        LEFT JOIN memberships m ON m.account_id = $1 AND m.email_key = a.email_key
        LEFT JOIN invitations i ON i.account_id = $1 AND i.email_key = a.email_key
            AND i.status = 'pending'
        WHERE m.user_id IS NOT NULL OR i.id IS NOT NULL";
    let keys: Vec<&str> = emails.iter().map(|email| email.key()).collect();
    // Prepared anew, so planned for this many addresses and the tables as large as they are now.
    let rows = db
        .query(&db.prepare(sql).await?, &[&account.0, &keys])
        .await?;
    let known = rows.iter().map(|row| {
        let known = match (row.get("member"), row.get("expired")) {
            (true, _) => Known::Member,
            (false, Some(true)) => Known::Expired,
            (false, _) => Known::Pending,
        };
        let place: i64 = row.get("place");
        (usize::try_from(place).unwrap_or_default(), known)
    });
    Ok(known.collect())
}

/// Marks pending invitations of these addresses whose time is over as expired, which frees the addresses
/// for new ones.
///
/// # Errors
/// What the database says.
pub async fn expire(
    db: &impl GenericClient,
    account: AccountId,
    emails: &[&Email],
) -> Result<(), StoreError> {
    let sql = "UPDATE invitations SET status = 'expired', decided_at = now(), version = version + 1
        WHERE account_id = $1 AND email_key = ANY($2) AND status = 'pending' AND expires_at <= now()";
    let keys: Vec<&str> = emails.iter().map(|email| email.key()).collect();
    db.execute(&db.prepare_cached(sql).await?, &[&account.0, &keys])
        .await?;
    Ok(())
}

/// Mails queued to each of these addresses in the last day, from any account.
///
/// # Errors
/// What the database says.
pub async fn mails_to(db: &impl GenericClient, emails: &[&Email]) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT mails_to(a.email_key)
        FROM unnest($1::text[]) WITH ORDINALITY AS a (email_key, place) ORDER BY a.place";
    let keys: Vec<&str> = emails.iter().map(|email| email.key()).collect();
    let rows = db.query(&db.prepare_cached(sql).await?, &[&keys]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Invitations to be stored, all from the same inviter and with the same end.
pub struct NewInvitations<'a> {
    pub account: AccountId,
    pub inviter: Option<UserId>,
    pub inviter_name: &'a str,
    pub expires_at: Timestamp,
    pub each: Vec<NewRow<'a>>,
}

/// What is one invitation's own.
pub struct NewRow<'a> {
    pub id: InvitationId,
    pub email: &'a Email,
    pub grant: &'a Grant,
    pub digest: TokenDigest,
}

/// Adds pending invitations and queues the mail of each.
///
/// # Errors
/// [`StoreError::Taken`] when one is pending for an address.
pub async fn insert(db: &impl GenericClient, new: &NewInvitations<'_>) -> Result<(), StoreError> {
    let sql = "WITH made AS (
            INSERT INTO invitations (id, account_id, email, email_key, role, permissions,
                inviter_id, inviter_name, token_digest, expires_at)
            SELECT r.id, $1, r.email, r.email_key, r.role, r.permissions::text[], $2, $3, r.digest, $4
            FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])
                AS r (id, email, email_key, role, permissions, digest))
        INSERT INTO outbox (id, account_id, invitation_id, generation)
        SELECT r.mail, $1, r.id, 1 FROM unnest($11::uuid[], $5::uuid[]) AS r (mail, id)";
    let each = &new.each;
    let ids: Vec<Uuid> = each.iter().map(|row| row.id.0).collect();
    let emails: Vec<&str> = each.iter().map(|row| row.email.as_str()).collect();
    let keys: Vec<&str> = each.iter().map(|row| row.email.key()).collect();
    let roles: Vec<&str> = each.iter().map(|row| row.grant.role.as_str()).collect();
    let permissions: Vec<String> = each.iter().map(|row| array(row.grant)).collect();
    let digests: Vec<&[u8]> = each.iter().map(|row| row.digest.as_bytes()).collect();
    let mails: Vec<Uuid> = each.iter().map(|_| Uuid::now_v7()).collect();
    db.execute(
        &db.prepare_cached(sql).await?,
        &[
            &new.account.0,
            &new.inviter.map(|user| user.0),
            &new.inviter_name,
            &new.expires_at,
            &ids,
            &emails,
            &keys,
            &roles,
            &permissions,
            &digests,
            &mails,
        ],
    )
    .await?;
    Ok(())
}

/// A grant's keys as PostgreSQL writes an array: arrays of arrays must be rectangular, so each row's comes
/// as text (manual, 8.15.2).
pub(super) fn array(grant: &Grant) -> String {
    let mut text = String::from("{");
    for key in grant.permissions.iter() {
        let comma = if text.len() > 1 { "," } else { "" };
        let quoted = key.replace('\\', r"\\").replace('"', "\\\"");
        // Writing to a string does not fail.
        let _ok = write!(text, "{comma}\"{quoted}\"");
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::array;
    use crate::domain::Grant;

    #[test]
    fn keys_of_any_kind_are_one_element_each() {
        let keys = ["plain", "a,b", r"back\slash", "quo\"te", "", "{}", "NULL"];
        let grant = Grant::custom(keys.into_iter().collect());
        assert_eq!(
            array(&grant),
            r#"{"","NULL","a,b","back\\slash","plain","quo\"te","{}"}"#
        );
        assert_eq!(array(&Grant::full()), "{}");
    }
}
