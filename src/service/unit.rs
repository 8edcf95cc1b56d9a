//! One write: a transaction under the account's lock, with the actor's authority read inside it.

use super::{Conflict, Result, Service, ServiceError, SignInFault, Write, WriteMode};
use crate::{
    domain::{
        Account, AccountId, Actor, Catalogue, EventDraft, Standing, Who,
        policy::{self, Deed, Denied},
    },
    store::{Connection, accounts, commands, events, members, sessions},
};
use deadpool_postgres::{GenericClient, Transaction};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// An open write. Dropped without [`Unit::finish`] it rolls back.
pub(super) struct Unit<'a> {
    pub(super) tx: Transaction<'a>,
    pub(super) account: Account,
    pub(super) standing: Standing,
    write: &'a Write,
    request: Vec<u8>,
}

/// A write that has begun, or the result of the first run of its command id.
pub(super) enum Begun<'a, T> {
    Fresh(Box<Unit<'a>>),
    Done(T),
}

impl Service {
    /// Locks the account, looks the command id up, and reads the actor's standing.
    pub(super) async fn begin<'a, T: DeserializeOwned>(
        &self,
        connection: &'a mut Connection,
        write: &'a Write,
        request: &(impl Serialize + Sync),
    ) -> Result<Begun<'a, T>> {
        let tx = connection.begin().await?;
        let account = accounts::lock(&tx, write.account).await?;
        let account = account.ok_or_else(|| no_account(&write.actor))?;
        // The actor is part of the request: a result is given again only to whom it was given. It is
        // looked up before the actor's standing, which the first run may have ended.
        let text = serde_json::to_vec(&(write.actor.user_id(), request))
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
        let standing = self.standing(&tx, &write.actor, write.account).await?;
        Ok(Begun::Fresh(Box::new(Unit {
            tx,
            account,
            standing,
            write,
            request,
        })))
    }

    /// The actor's authority in an account, as of now.
    pub(super) async fn standing(
        &self,
        db: &impl GenericClient,
        actor: &Actor,
        account: AccountId,
    ) -> Result<Standing> {
        let Who::User { id, session, .. } = &actor.who else {
            return match actor.who {
                Who::Operator { .. } => Ok(Standing::Operator),
                _ => Err(ServiceError::NotSignedIn(SignInFault::Ended)),
            };
        };
        if !sessions::touch(db, *session, self.0.settings.sessions).await? {
            return Err(ServiceError::NotSignedIn(SignInFault::Ended));
        }
        let member = members::by_user(db, account, *id).await?;
        let member = member.ok_or(ServiceError::NotSignedIn(SignInFault::NoMember))?;
        Ok(Standing::Member {
            user: *id,
            grant: member.grant,
        })
    }

    /// Whether the actor may look at an account.
    pub(super) async fn may_view(
        &self,
        db: &impl GenericClient,
        actor: &Actor,
        account: AccountId,
    ) -> Result<()> {
        let standing = self.standing(db, actor, account).await?;
        Ok(policy::may(&standing, &Deed::View, self.catalogue())?)
    }
}

impl Unit<'_> {
    /// Asks policy.
    pub(super) fn may(&self, deed: &Deed<'_>, catalogue: &Catalogue) -> Result<()> {
        Ok(policy::may(&self.standing, deed, catalogue)?)
    }

    /// Refuses to take the last owner away.
    pub(super) async fn keeps_an_owner(&self, leaving: &crate::domain::Grant) -> Result<()> {
        let owners = members::count_owners(&self.tx, self.account.id).await?;
        match policy::owner_remains(owners, leaving) {
            Err(Denied::LastOwner) => Err(Conflict::LastOwner.into()),
            other => Ok(other?),
        }
    }

    /// Adds the event of the change.
    pub(super) async fn record(&self, draft: &EventDraft) -> Result<()> {
        let command = Some(self.write.command.0);
        Ok(events::append(&self.tx, self.account.id, &self.write.actor, command, draft).await?)
    }

    /// Records the command's result and commits; a dry run rolls back.
    pub(super) async fn finish<T: Serialize>(self: Box<Self>, result: T) -> Result<T> {
        if self.write.mode == WriteMode::DryRun {
            self.tx
                .rollback()
                .await
                .map_err(crate::store::StoreError::from)?;
            return Ok(result);
        }
        let value = serde_json::to_value(&result).map_err(|error| ServiceError::bug(&error))?;
        let done = commands::Done {
            request: self.request.clone(),
            result: value,
        };
        commands::insert(&self.tx, self.account.id, self.write.command, &done).await?;
        self.tx
            .commit()
            .await
            .map_err(crate::store::StoreError::from)?;
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
