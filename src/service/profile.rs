//! One's own details, password and login log.

use super::{Invalid, Result, Service, ServiceError, SignInFault};
use crate::{
    domain::{Actor, LoginAttempt, SessionId, User, UserId, Who},
    store::{StoreError, logins, sessions, users},
};
use deadpool_postgres::GenericClient;
use secrecy::SecretString;

impl Service {
    /// The actor's own user.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn my_details(&self, actor: &Actor) -> Result<User> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        let id = self.live_user(db, actor).await?;
        users::by_id(db, id)
            .await?
            .ok_or(ServiceError::NotSignedIn(SignInFault::Ended))
    }

    /// Changes one's own name.
    ///
    /// # Errors
    /// [`Invalid::Name`], [`SignInFault::Ended`].
    pub async fn rename_myself(&self, actor: &Actor, name: &str) -> Result<User> {
        let name = checked_name(name)?;
        let connection = self.0.store.connect().await?;
        let id = self.live_user(connection.client(), actor).await?;
        Ok(users::rename(connection.client(), id, name).await?)
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
        match self.verify_login(&user.email, current, &entry).await {
            Err(ServiceError::NotSignedIn(SignInFault::Wrong)) => {
                return Err(Invalid::CurrentPassword.into());
            }
            other => other?,
        };
        let hash = self.0.hasher.hash(new).await?;
        let mut connection = self.0.store.connect().await?;
        let tx = connection.begin().await?;
        self.live_user(&tx, actor).await?;
        users::set_password(&tx, user.id, &hash).await?;
        if let Some(session) = session(actor) {
            sessions::end_others(&tx, user.id, session).await?;
        }
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }

    /// One's own newest logins, newest first.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn login_log(&self, actor: &Actor, limit: i64) -> Result<Vec<LoginAttempt>> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        let id = self.live_user(db, actor).await?;
        Ok(logins::of_user(db, id, limit).await?)
    }

    /// The user of a live session.
    pub(super) async fn live_user(&self, db: &impl GenericClient, actor: &Actor) -> Result<UserId> {
        let ended = ServiceError::NotSignedIn(SignInFault::Ended);
        let Who::User { id, session, .. } = &actor.who else {
            return Err(ended);
        };
        if sessions::touch(db, *session, self.0.settings.sessions).await? {
            Ok(*id)
        } else {
            Err(ended)
        }
    }
}

fn session(actor: &Actor) -> Option<SessionId> {
    match &actor.who {
        Who::User { session, .. } => Some(*session),
        Who::Operator { .. } | Who::Invitee { .. } => None,
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
