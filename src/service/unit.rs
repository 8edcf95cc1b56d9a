//! One write: a transaction under the account's lock, with the actor's authority read inside it.

use super::{
    Conflict, Operation, Policy, Result, Service, ServiceError, SignInFault, Write, WriteMode,
    entrance::misplaced, replica::Writing,
};
use crate::{
    domain::{
        Account, Actor, EventDraft, Standing, TokenKeys, Who,
        policy::{self, Deed, Denied},
    },
    store::{
        Connection, Scope, Tx, accounts, append, commands, events, members,
        sessions::{Live, Touch},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// An open write. Dropped without [`Unit::finish`] it rolls back.
pub(super) struct Unit<'a> {
    pub(super) tx: Tx<'a>,
    pub(super) account: Account,
    pub(super) standing: Standing,
    live: Live,
    keys: Arc<TokenKeys>,
    write: &'a Write,
    operation: Operation,
    request: Vec<u8>,
    _writing: Writing,
}

/// A write that has begun, or the result of the first run of its command id.
pub(super) enum Begun<'a, T> {
    Fresh(Box<Unit<'a>>),
    Done(T),
}

impl Service {
    /// Locks the account, looks the command id up, and reads the actor's standing.
    pub(super) async fn begin<'a, T: DeserializeOwned>(
        &'a self,
        connection: &'a mut Connection,
        (write, operation): (&'a Write, Operation),
        request: &(impl Serialize + Sync),
    ) -> Result<Begun<'a, T>> {
        if operation.policy() != Policy::Deed {
            return Err(misplaced(operation));
        }
        let writing = self.writing();
        let scope = Scope::account(write.account).for_user(write.actor.user_id());
        let tx = connection.begin(&scope).await?;
        let account = accounts::lock(&tx, write.account).await?;
        let account = account.ok_or_else(|| no_account(&write.actor))?;
        // The actor is part of the request: a result is given again only to whom it was given. It is
        // looked up before the actor's standing, which the first run may have ended.
        let text = serde_json::to_vec(&(write.actor.user_id(), operation.name(), request))
            .map_err(|error| ServiceError::bug(&error))?;
        let request = Sha256::digest(text).to_vec();
        if let Some(done) = commands::find(&tx, write.account, write.command).await? {
            if done.request != request {
                return Err(Conflict::CommandReused.into());
            }
            return serde_json::from_value(done.result)
                .map(Begun::Done)
                .map_err(|error| ServiceError::bug(&error));
        }
        let writes = Touch::Writes;
        match self
            .standing(&tx, &write.actor, write.account, writes)
            .await
        {
            Ok((standing, live)) => Ok(Begun::Fresh(Box::new(Unit {
                tx,
                account,
                standing,
                live,
                keys: self.keys(),
                write,
                operation,
                request,
                _writing: writing,
            }))),
            // Somebody who lost their membership, and tries.
            Err(error @ ServiceError::NotSignedIn(SignInFault::NoMember)) => {
                Err(self.refused(tx, (write, operation), error).await?)
            }
            Err(error) => Err(error),
        }
    }

    /// Leaves the refusal of a write in the audit log, and nothing else of it.
    async fn refused(
        &self,
        tx: Tx<'_>,
        (write, operation): (&Write, Operation),
        error: ServiceError,
    ) -> Result<ServiceError> {
        if write.mode == WriteMode::Apply {
            let draft = EventDraft {
                action: "refused",
                subject: operation.name().to_owned(),
                subject_id: None,
                before: Value::Null,
                after: json!({"reason": error.to_string()}),
            };
            let command = Some(write.command.0);
            let keys = self.keys();
            let log = (write.account, &*keys);
            events::append(&tx, log, &write.actor, command, &draft).await?;
            tx.commit().await?;
        }
        Ok(error)
    }
}

impl Unit<'_> {
    /// Asks policy. A refusal ends the write, and is all that it leaves behind.
    pub(super) async fn allow(
        self: Box<Self>,
        service: &Service,
        deed: &Deed<'_>,
    ) -> Result<Box<Self>> {
        match policy::may(&self.standing, deed, service.catalogue()) {
            Ok(()) if deed.touches_owners() && !self.live.fresh => {
                Err(ServiceError::NotSignedIn(SignInFault::ProofNeeded))
            }
            Ok(()) => Ok(self),
            Err(denied) => Err(self.refuse(service, denied).await?),
        }
    }

    /// Whether who acts proved it with both factors.
    pub(super) fn vouched_by_two(&self) -> bool {
        self.live.second_factor
    }

    /// Whether who acts proved lately that it is them.
    pub(super) fn proved_lately(&self) -> bool {
        self.live.fresh
    }

    /// Ends the write with a refusal.
    pub(super) async fn refuse(
        self: Box<Self>,
        service: &Service,
        denied: Denied,
    ) -> Result<ServiceError> {
        let Self {
            tx,
            write,
            operation,
            ..
        } = *self;
        service.refused(tx, (write, operation), denied.into()).await
    }

    /// Refuses to take the last owner away.
    pub(super) async fn keeps_an_owner(&self, leaving: &crate::domain::Grant) -> Result<()> {
        // One, or others remain.
        let owners = members::count_owners(&self.tx, self.account.id, 2).await?;
        match policy::owner_remains(owners, leaving) {
            Err(Denied::LastOwner) => Err(Conflict::LastOwner.into()),
            other => Ok(other?),
        }
    }

    /// Adds the event of the change.
    pub(super) async fn record(&self, draft: &EventDraft) -> Result<()> {
        self.record_all(std::slice::from_ref(draft)).await
    }

    /// Adds the events of many changes, in their order.
    pub(super) async fn record_all(&self, drafts: &[EventDraft]) -> Result<()> {
        let command = Some(self.write.command.0);
        let log = (self.account.id, &*self.keys);
        Ok(append::all(&self.tx, log, &self.write.actor, command, drafts).await?)
    }

    /// Records the command's result and commits; a dry run rolls back.
    pub(super) async fn finish<T: Serialize>(self: Box<Self>, result: T) -> Result<T> {
        if self.write.mode == WriteMode::DryRun {
            self.tx.rollback().await?;
            return Ok(result);
        }
        let value = serde_json::to_value(&result).map_err(|error| ServiceError::bug(&error))?;
        let done = commands::Done {
            request: self.request.clone(),
            result: value,
        };
        commands::insert(&self.tx, self.account.id, self.write.command, &done).await?;
        self.tx.commit().await?;
        Ok(result)
    }
}

/// A foreign account answers a user like one that does not exist.
fn no_account(actor: &Actor) -> ServiceError {
    match actor.who {
        Who::Operator { .. } => ServiceError::NotFound { what: "Account" },
        _ => ServiceError::NotSignedIn(SignInFault::NoMember),
    }
}
