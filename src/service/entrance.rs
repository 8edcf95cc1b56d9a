//! The way in: each operation opens a transaction that sees what its actor may see, and is checked
//! against its rule in the registry before it gets it.

use super::{Operation, Policy, Result, Service, ServiceError, SignInFault};
use crate::{
    domain::{
        AccountId, Actor, Standing, UserId, Who,
        policy::{self, Deed, Denied},
    },
    store::{Connection, Scope, StoreError, members, sessions},
};
use deadpool_postgres::{GenericClient, Transaction};

impl Service {
    /// A transaction in an account, for an operation that any member, or any who may view, can do.
    pub(super) async fn look<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        account: AccountId,
        connection: &'a mut Connection,
    ) -> Result<(Transaction<'a>, Standing)> {
        let scope = Scope::account(account).for_user(actor.user_id());
        let tx = connection.begin(&scope).await?;
        let standing = self.standing(&tx, actor, account).await?;
        match operation.policy() {
            Policy::View => policy::may(&standing, &Deed::View, self.catalogue())?,
            Policy::Member => {}
            _ => return Err(misplaced(operation)),
        }
        Ok((tx, standing))
    }

    /// A transaction on what is the actor's own, under a live session.
    pub(super) async fn own<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<(Transaction<'a>, UserId)> {
        let ended = ServiceError::NotSignedIn(SignInFault::Ended);
        let Who::User { id, session, .. } = &actor.who else {
            return Err(ended);
        };
        let tx = connection.begin(&Scope::user(*id)).await?;
        if !sessions::touch(&tx, *session, self.0.settings.sessions).await? {
            return Err(ended);
        }
        match operation.policy() {
            Policy::Session => Ok((tx, *id)),
            _ => Err(misplaced(operation)),
        }
    }

    /// A transaction over the whole installation, for the operator.
    pub(super) async fn as_operator<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<Transaction<'a>> {
        operator_only(operation, actor)?;
        Ok(connection.begin(&Scope::installation()).await?)
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
}

/// Lets the operator through.
pub(super) fn operator_only(operation: Operation, actor: &Actor) -> Result<()> {
    match (operation.policy(), &actor.who) {
        (Policy::Operator, Who::Operator { .. }) => Ok(()),
        (Policy::Operator, _) => Err(Denied::NotOperator.into()),
        _ => Err(misplaced(operation)),
    }
}

/// A transaction over the whole installation, for the delivery worker.
pub(super) async fn as_worker(
    operation: Operation,
    connection: &mut Connection,
) -> Result<Transaction<'_>> {
    match operation.policy() {
        Policy::Worker => Ok(connection.begin(&Scope::installation()).await?),
        _ => Err(misplaced(operation)),
    }
}

/// A transaction for who proves themselves by a secret, or asks what anybody may know.
pub(super) async fn at_the_door<'a>(
    operation: Operation,
    scope: &Scope,
    connection: &'a mut Connection,
) -> Result<Transaction<'a>> {
    match operation.policy() {
        Policy::Secret | Policy::Public => Ok(connection.begin(scope).await?),
        _ => Err(misplaced(operation)),
    }
}

/// Ends a transaction with what it came to.
pub(super) async fn done<T>(tx: Transaction<'_>, value: T) -> Result<T> {
    tx.commit().await.map_err(StoreError::from)?;
    Ok(value)
}

/// An operation that came in by the wrong door gets nothing.
pub(super) fn misplaced(operation: Operation) -> ServiceError {
    ServiceError::bug(&Misplaced(operation))
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} came in by a door that is not its policy's")]
struct Misplaced(Operation);
