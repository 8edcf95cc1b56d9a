//! Login identities. Password hashes are argon2 PHC strings made by the service.

use super::{Db, StoreError, rows};
use crate::domain::{Email, User, UserId};

/// A user with what a sign-in needs to check.
pub struct Credentials {
    pub user: User,
    /// An argon2 PHC string.
    pub password_hash: String,
}

/// Adds a user.
///
/// # Errors
/// [`StoreError::Taken`] when the address is registered already.
pub async fn insert(
    db: &impl Db,
    id: UserId,
    email: &Email,
    name: &str,
    password_hash: &str,
) -> Result<User, StoreError> {
    let sql = format!(
        "INSERT INTO users AS u (id, email, email_key, name, password_hash)
         VALUES ($1, $2, $3, $4, $5) RETURNING {}",
        rows::USER
    );
    let row = db
        .query_one(
            &sql,
            &[&id.0, &email.as_str(), &email.key(), &name, &password_hash],
        )
        .await?;
    Ok(rows::user(&row))
}

/// A user by the canonical form of the address, with the password's hash.
///
/// # Errors
/// What the database says.
pub async fn credentials(db: &impl Db, email: &Email) -> Result<Option<Credentials>, StoreError> {
    let sql = format!(
        "SELECT {}, u.password_hash FROM users u WHERE u.email_key = $1",
        rows::USER
    );
    let row = db.query_opt(&sql, &[&email.key()]).await?;
    Ok(row.map(|row| Credentials {
        user: rows::user(&row),
        password_hash: row.get("password_hash"),
    }))
}

/// A user by id.
///
/// # Errors
/// What the database says.
pub async fn by_id(db: &impl Db, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {} FROM users u WHERE u.id = $1", rows::USER);
    let row = db.query_opt(&sql, &[&id.0]).await?;
    Ok(row.as_ref().map(rows::user))
}

/// All users by address, at most `limit`.
///
/// # Errors
/// What the database says.
pub async fn list(db: &impl Db, limit: i64) -> Result<Vec<User>, StoreError> {
    let sql = format!(
        "SELECT {} FROM users u ORDER BY u.email_key LIMIT $1",
        rows::USER
    );
    let rows = db.query(&sql, &[&limit]).await?;
    Ok(rows.iter().map(rows::user).collect())
}

/// Changes a user's name.
///
/// # Errors
/// What the database says.
pub async fn rename(db: &impl Db, id: UserId, name: &str) -> Result<User, StoreError> {
    let sql = format!(
        "UPDATE users AS u SET name = $2 WHERE id = $1 RETURNING {}",
        rows::USER
    );
    let row = db.query_one(&sql, &[&id.0, &name]).await?;
    Ok(rows::user(&row))
}

/// Replaces the password's hash.
///
/// # Errors
/// What the database says.
pub async fn set_password(db: &impl Db, id: UserId, password_hash: &str) -> Result<(), StoreError> {
    let sql = "UPDATE users SET password_hash = $2 WHERE id = $1";
    db.execute(sql, &[&id.0, &password_hash]).await?;
    Ok(())
}

/// Replaces a hash with a stronger one of the same password, unless the password was changed meanwhile.
///
/// # Errors
/// What the database says.
pub async fn strengthen(
    db: &impl Db,
    id: UserId,
    (weak, strong): (&str, &str),
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    db.execute(sql, &[&id.0, &weak, &strong]).await?;
    Ok(())
}
