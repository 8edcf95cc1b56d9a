//! The audit log.

use super::{Operation, Result, Service, entrance::done};
use crate::{
    domain::{AccountId, Actor, Event},
    store::{chain, events},
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
        let mut connection = self.connect().await?;
        let list = Operation::ListEvents;
        let (tx, _) = self.look(list, actor, account, &mut connection).await?;
        let listed = events::list(&tx, account, before, limit).await?;
        done(tx, listed).await
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
        let mut connection = self.connect().await?;
        let export = Operation::ExportEvents;
        let (tx, _) = self.look(export, actor, account, &mut connection).await?;
        let page = events::after(&tx, account, after, limit).await?;
        done(tx, page).await
    }

    /// Recomputes the hash chain; none when it holds, else the first sequence at which it breaks.
    ///
    /// # Errors
    /// As [`Service::list_events`].
    pub async fn verify_events(&self, actor: &Actor, account: AccountId) -> Result<Option<i64>> {
        let mut connection = self.connect().await?;
        let verify = Operation::VerifyEvents;
        let (tx, _) = self.look(verify, actor, account, &mut connection).await?;
        let broken = chain::first_broken(&tx, (account, &self.keys())).await?;
        done(tx, broken).await
    }
}
