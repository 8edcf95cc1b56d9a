//! The audit log.

use super::{Result, Service};
use crate::{
    domain::{AccountId, Actor, Event},
    store::events,
};

impl Service {
    /// The newest events of an account, newest first; `before` pages on from an event's sequence.
    /// Needs `members.view`.
    ///
    /// # Errors
    /// [`super::ServiceError::Denied`], [`super::ServiceError::NotSignedIn`].
    pub async fn list_events(
        &self,
        actor: &Actor,
        account: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        self.may_view(db, actor, account).await?;
        Ok(events::list(db, account, before, limit).await?)
    }

    /// The events after a sequence, oldest first: one page of an export, which ends with an empty one.
    /// Needs `members.view`, on each page anew.
    ///
    /// # Errors
    /// As [`Service::list_events`].
    pub async fn export_events(
        &self,
        actor: &Actor,
        account: AccountId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        self.may_view(db, actor, account).await?;
        Ok(events::after(db, account, after, limit).await?)
    }

    /// Recomputes the hash chain; none when it holds, else the first sequence at which it breaks.
    ///
    /// # Errors
    /// As [`Service::list_events`].
    pub async fn verify_events(&self, actor: &Actor, account: AccountId) -> Result<Option<i64>> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        self.may_view(db, actor, account).await?;
        Ok(events::first_broken(db, account).await?)
    }
}
