//! One's own sessions: look at them, end them; and whether this one still holds.

use super::{Operation, Presence, Result, Service, ServiceError, SignInFault, entrance::done};
use crate::{
    domain::{AccountId, Actor, SessionId, SessionSummary},
    store::{accounts, sessions},
};

impl Service {
    /// One's own live sessions, the one used last first.
    ///
    /// # Errors
    /// [`super::SignInFault::Ended`].
    pub async fn my_sessions(&self, actor: &Actor) -> Result<Vec<SessionSummary>> {
        let mut connection = self.connect().await?;
        let list = Operation::MySessions;
        let (tx, user) = self.own(list, actor, &mut connection).await?;
        let live = sessions::of_user(&tx, user, self.0.settings.sessions).await?;
        done(tx, live).await
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for one that is not one's own, or has ended.
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<()> {
        let mut connection = self.connect().await?;
        let end = Operation::EndSession;
        let (tx, user) = self.own(end, actor, &mut connection).await?;
        if !sessions::end(&tx, user, session).await? {
            return Err(ServiceError::NotFound { what: "Session" });
        }
        done(tx, ()).await
    }

    /// Ends all of one's own sessions, this one too; returns how many.
    ///
    /// # Errors
    /// [`super::SignInFault::Ended`].
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<i64> {
        let mut connection = self.connect().await?;
        let end = Operation::SignOutEverywhere;
        let (tx, user) = self.own(end, actor, &mut connection).await?;
        let ended = sessions::end_all(&tx, user, None).await?;
        done(tx, ended).await
    }

    /// The account as the actor sees it while they are still signed in and a member. Looking is no act:
    /// it keeps no session from being idle.
    ///
    /// # Errors
    /// [`super::SignInFault::Ended`], [`super::SignInFault::NoMember`].
    pub async fn still_in(&self, actor: &Actor, account: AccountId) -> Result<Presence> {
        let mut connection = self.connect().await?;
        let still = Operation::StillIn;
        let (tx, _, live) = self
            .look_live(still, actor, account, &mut connection)
            .await?;
        let mine = match actor.user_id() {
            Some(user) => accounts::of_user(&tx, user).await?,
            None => Vec::new(),
        };
        let mine = done(tx, mine).await?;
        let account = mine.into_iter().find(|summary| summary.id == account);
        let left = live.left;
        let account = account.ok_or(ServiceError::NotSignedIn(SignInFault::NoMember))?;
        Ok(Presence { account, left })
    }
}
