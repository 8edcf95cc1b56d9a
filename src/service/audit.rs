//! The audit log.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// The newest events of an account, newest first; `before` pages on from an event's sequence. Needs `members.view`.
    pub async fn list_events(
        &self,
        actor: &Actor,
        account: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Recomputes the hash chain; `None` when it holds, else the first sequence at which it breaks. Operator or `members.view`.
    pub async fn verify_events(&self, actor: &Actor, account: AccountId) -> Result<Option<i64>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
