//! One's own details, password and login log.

use super::{Invalid, Operation, Result, Service, ServiceError, SignInFault, entrance::done};
use crate::{
    domain::{Actor, LoginAttempt, User},
    store::{logins, sessions, users},
};
use secrecy::SecretString;

impl Service {
    /// The actor's own user.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn my_details(&self, actor: &Actor) -> Result<User> {
        let mut connection = self.connect().await?;
        let show = Operation::MyDetails;
        let (tx, id) = self.own(show, actor, &mut connection).await?;
        let user = users::by_id(&tx, id).await?;
        let user = user.ok_or(ServiceError::NotSignedIn(SignInFault::Ended))?;
        done(tx, user).await
    }

    /// Changes one's own name.
    ///
    /// # Errors
    /// [`Invalid::Name`], [`SignInFault::Ended`].
    pub async fn rename_myself(&self, actor: &Actor, name: &str) -> Result<User> {
        let name = checked_name(name)?;
        let mut connection = self.connect().await?;
        let rename = Operation::RenameMyself;
        let _writing = self.writing();
        let (tx, id) = self.own(rename, actor, &mut connection).await?;
        let user = users::rename(&tx, id, name).await?;
        done(tx, user).await
    }

    /// Changes one's own password and ends all other sessions.
    ///
    /// # Errors
    /// [`Invalid::CurrentPassword`], [`Invalid::Password`], [`SignInFault::Throttled`].
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let user = self.my_details(actor).await?;
        let accounts = self.reachable_accounts(actor).await?;
        let mut context = vec![user.email.as_str(), user.name.as_str(), "Rollbook"];
        context.extend(accounts.iter().map(|account| account.name.as_str()));
        self.0
            .settings
            .passwords
            .check(new, &context)
            .map_err(Invalid::from)?;
        let entry = super::Entry {
            method: crate::domain::LoginMethod::Console,
            origin: actor.origin.clone(),
        };
        match self.prove_password(&user.email, current, &entry).await {
            Err(ServiceError::NotSignedIn(SignInFault::Wrong)) => {
                return Err(Invalid::CurrentPassword.into());
            }
            other => other?,
        }
        let hash = self.0.hasher.hash(new).await?;
        let mut connection = self.connect().await?;
        let change = Operation::ChangePassword;
        let (tx, id) = self.own(change, actor, &mut connection).await?;
        users::set_password(&tx, id, &hash).await?;
        sessions::end_all(&tx, id, actor.session()).await?;
        done(tx, ()).await
    }

    /// One's own newest logins, newest first.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn login_log(&self, actor: &Actor, limit: i64) -> Result<Vec<LoginAttempt>> {
        let mut connection = self.connect().await?;
        let log = Operation::LoginLog;
        let (tx, id) = self.own(log, actor, &mut connection).await?;
        let attempts = logins::of_user(&tx, id, limit).await?;
        done(tx, attempts).await
    }
}

/// A person's or an account's name: trimmed, 1 to 100 characters, none of them a control character.
pub(super) fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > 100 || name.chars().any(char::is_control) {
        return Err(Invalid::Name.into());
    }
    Ok(name)
}
