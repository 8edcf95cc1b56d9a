//! Second factors and their recovery codes. The transaction's scope is their user.

use super::{Db, StoreError};
use crate::domain::{DisplaySafe, KeyId, TokenDigest, UserId};
use tokio_postgres::Row;

/// A user's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    pub generation: i32,
    /// Whether its first code has been given; else it guards nothing yet.
    pub confirmed: bool,
    /// The step of the newest accepted code.
    pub last_step: i64,
    /// The key that its secret is derived from, once that is known.
    pub key: Option<KeyId>,
    /// The database's time, in seconds since the Unix epoch.
    pub now: i64,
}

/// The second factor of a user, confirmed or not.
///
/// # Errors
/// What the database says.
pub async fn find(db: &impl Db, user: UserId) -> Result<Option<Factor>, StoreError> {
    let sql = "SELECT generation, confirmed_at IS NOT NULL AS confirmed, last_step, key_id,
            extract(epoch FROM clock_timestamp())::bigint AS now
        FROM second_factors WHERE user_id = $1";
    let row = db.query_opt(sql, &[&user.0]).await?;
    Ok(row.map(|row| Factor {
        generation: row.get("generation"),
        confirmed: row.get("confirmed"),
        last_step: row.get("last_step"),
        key: key(&row),
        now: row.get("now"),
    }))
}

/// Starts an enrolment under a new generation; none where a factor is confirmed already.
///
/// # Errors
/// What the database says.
pub async fn begin(db: &impl Db, user: UserId, key: KeyId) -> Result<Option<i32>, StoreError> {
    let sql = "INSERT INTO second_factors AS f (user_id, key_id) VALUES ($1, $2)
        ON CONFLICT (user_id) DO UPDATE SET generation = f.generation + 1, last_step = 0, key_id = $2
            WHERE f.confirmed_at IS NULL
        RETURNING generation";
    let row = db.query_opt(sql, &[&user.0, &key.as_bytes()]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Everybody whose second factor counts, by address, with the key that it is derived from where that
/// is known. The transaction's scope is the installation.
///
/// # Errors
/// What the database says.
pub async fn all(db: &impl Db) -> Result<Vec<(DisplaySafe, Option<KeyId>)>, StoreError> {
    let sql = "SELECT u.email, f.key_id FROM second_factors f JOIN users u ON u.id = f.user_id
        WHERE f.confirmed_at IS NOT NULL ORDER BY u.email_key";
    let rows = db.query(sql, &[]).await?;
    let one = |row| (DisplaySafe::new(Row::get(row, "email")), key(row));
    Ok(rows.iter().map(one).collect())
}

fn key(row: &Row) -> Option<KeyId> {
    KeyId::from_bytes(row.get::<_, Option<&[u8]>>("key_id")?)
}

/// Makes the factor count.
///
/// # Errors
/// What the database says.
pub async fn confirm(db: &impl Db, user: UserId) -> Result<(), StoreError> {
    let sql = "UPDATE second_factors SET confirmed_at = now() WHERE user_id = $1";
    db.execute(sql, &[&user.0]).await?;
    Ok(())
}

/// Takes the factor off; its generation stays, so that its secret never counts again.
///
/// # Errors
/// What the database says.
pub async fn remove(db: &impl Db, user: UserId) -> Result<(), StoreError> {
    let sql = "UPDATE second_factors SET confirmed_at = NULL WHERE user_id = $1";
    db.execute(sql, &[&user.0]).await?;
    set_recovery_codes(db, user, &[]).await
}

/// Spends the code of a step, which is of this key; tells whether this call was the one.
///
/// # Errors
/// What the database says.
pub async fn spend_step(
    db: &impl Db,
    user: UserId,
    (step, key): (i64, KeyId),
) -> Result<bool, StoreError> {
    let sql = "UPDATE second_factors SET last_step = $2, key_id = $3
        WHERE user_id = $1 AND last_step < $2";
    Ok(db.execute(sql, &[&user.0, &step, &key.as_bytes()]).await? == 1)
}

/// Replaces all recovery codes.
///
/// # Errors
/// What the database says.
pub async fn set_recovery_codes(
    db: &impl Db,
    user: UserId,
    digests: &[TokenDigest],
) -> Result<(), StoreError> {
    let gone = "DELETE FROM recovery_codes WHERE user_id = $1";
    db.execute(gone, &[&user.0]).await?;
    let sql = "INSERT INTO recovery_codes (user_id, digest) SELECT $1, unnest($2::bytea[])";
    let digests: Vec<&[u8]> = digests.iter().map(TokenDigest::as_bytes).collect();
    db.execute(sql, &[&user.0, &digests]).await?;
    Ok(())
}

/// Spends a recovery code; tells whether there was such a one, unspent.
///
/// # Errors
/// What the database says.
pub async fn spend_recovery_code(
    db: &impl Db,
    user: UserId,
    digest: &TokenDigest,
) -> Result<bool, StoreError> {
    let sql = "UPDATE recovery_codes SET used_at = now()
        WHERE user_id = $1 AND digest = $2 AND used_at IS NULL";
    Ok(db.execute(sql, &[&user.0, &digest.as_bytes()]).await? == 1)
}

/// How many recovery codes are left.
///
/// # Errors
/// What the database says.
pub async fn recovery_codes_left(db: &impl Db, user: UserId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL";
    Ok(db.query_one(sql, &[&user.0]).await?.get(0))
}
