//! What somebody may do in an account, as of now: read in one statement that sets its own scope.

use super::{
    Db, StoreError, rows,
    scope::OF_MEMBER,
    sessions::{self, Live, SessionLife, Touch},
};
use crate::domain::{AccountId, Grant, SessionId, UserId};

/// A live session, and what its user holds in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub live: Live,
    /// None for who is no member.
    pub grant: Option<Grant>,
    /// Whether the account asks everybody for two factors.
    pub second_factor_required: bool,
}

/// The authority of a user through a session; none when the session has ended.
///
/// # Errors
/// What the database says.
pub async fn read(
    db: &impl Db,
    (account, user): (AccountId, UserId),
    session: SessionId,
    (life, touch): (SessionLife, Touch),
) -> Result<Option<Authority>, StoreError> {
    let (columns, is_live) = sessions::liveness("$4", "$5");
    let lock = touch.lock();
    let sql = format!(
        "{OF_MEMBER} SELECT s.*, m.role, m.permissions, a.second_factor_required
         FROM scope
         CROSS JOIN LATERAL (SELECT {columns} FROM sessions s
             WHERE s.id = $3 AND s.user_id = scope.user_id AND {is_live} LIMIT 1 {lock}) s
         LEFT JOIN LATERAL (SELECT m.role, m.permissions FROM memberships m
             WHERE m.account_id = scope.account_id AND m.user_id = scope.user_id LIMIT 1) m ON true
         LEFT JOIN LATERAL (SELECT a.second_factor_required FROM accounts a
             WHERE a.id = scope.account_id LIMIT 1) a ON true"
    );
    let (idle, fresh) = sessions::spans(life);
    let row = db
        .query_opt(&sql, &[&account.0, &user.0, &session.0, &idle, &fresh])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let is_member = row.get::<_, Option<&str>>("role").is_some();
    Ok(Some(Authority {
        live: sessions::live(&row),
        grant: is_member.then(|| rows::grant(&row)).transpose()?,
        second_factor_required: row.get::<_, Option<bool>>("second_factor_required") == Some(true),
    }))
}
