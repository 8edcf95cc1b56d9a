//! The operator's use cases: set-up, accounts, users.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// Whether no account exists yet.
    pub async fn needs_setup(&self) -> Result<bool> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// First account and owner; idempotent: the same names again change nothing. Operator only. The password is needed when the owner has no platform user.
    pub async fn set_up(
        &self,
        actor: &Actor,
        account_name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<SetUp> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Another account with an existing or new user as owner. Operator only.
    pub async fn create_account(
        &self,
        actor: &Actor,
        name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<Account> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// All accounts by name. Operator only.
    pub async fn list_accounts(&self, actor: &Actor) -> Result<Vec<Account>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// An account that the actor can reach, by exact name or id.
    pub async fn find_account(&self, actor: &Actor, name_or_id: &str) -> Result<Account> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// All users by address, at most `limit`. Operator only.
    pub async fn list_users(&self, actor: &Actor, limit: i64) -> Result<Vec<User>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
