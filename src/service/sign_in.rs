//! Sign-in and sessions.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// Checks address and password, records the login, opens a session.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<SignedIn> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Opens a session again from its secret.
    pub async fn resume(&self, secret: &Secret256, entry: &Entry) -> Result<SignedIn> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Ends the session.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Makes `account` the session's current account and remembers it for the next sign-in.
    pub async fn enter_account(&self, actor: &Actor, account: AccountId) -> Result<AccountSummary> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// The accounts that a user can reach, by name; all accounts for the operator (at most 1000).
    pub async fn reachable_accounts(&self, actor: &Actor) -> Result<Vec<AccountSummary>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
