//! One's own details, password and login log.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// The actor's own user.
    pub async fn my_details(&self, actor: &Actor) -> Result<User> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Changes one's own name.
    pub async fn rename_myself(&self, actor: &Actor, name: &str) -> Result<User> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Changes one's own password and ends all other sessions.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// One's own newest logins, newest first.
    pub async fn login_log(&self, actor: &Actor, limit: i64) -> Result<Vec<LoginAttempt>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
