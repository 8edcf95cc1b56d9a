//! The way in: each operation opens a transaction that sees what its actor may see, and is checked
//! against its rule in the registry before it gets it.

use super::{Operation, Policy, Result, Service, ServiceError, SignInFault};
use crate::{
    domain::{
        AccountId, Actor, Standing, UserId, Who,
        policy::{self, Deed, Denied},
    },
    store::{
        Connection, Db, Scope, Tx,
        authority::{self, Authority, Viewer},
        sessions::{self, Live, Touch},
    },
};
use std::time::Duration;

impl Service {
    /// A transaction in an account, for an operation that any member, or any who may view, can do.
    pub(super) async fn look<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        account: AccountId,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, Standing)> {
        let (tx, standing, _) = self
            .look_live(operation, actor, account, connection)
            .await?;
        Ok((tx, standing))
    }

    /// The same with what the session vouches for.
    pub(super) async fn look_live<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        account: AccountId,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, Standing, Live)> {
        let scope = Scope::account(account).for_user(actor.user_id());
        let tx = connection.begin(&scope).await?;
        let touch = match operation {
            Operation::StillIn | Operation::Watch => Touch::Looks,
            _ => Touch::Acts,
        };
        let (standing, live) = self.standing(&tx, actor, account, touch).await?;
        self.may_look(operation, &standing)?;
        Ok((tx, standing, live))
    }

    /// Whether the actor may look, asked on a connection that nobody uses, while what they look at is read on
    /// `connection`; on the same one where there is none.
    pub(super) async fn admit(
        &self,
        operation: Operation,
        actor: &Actor,
        account: AccountId,
        connection: &Connection,
    ) -> Result<Live> {
        let spare = if self.0.store.has_idle() {
            Some(self.connect().await?)
        } else {
            None
        };
        let connection = spare.as_ref().unwrap_or(connection);
        self.admit_on(operation, actor, account, connection).await
    }

    /// Whether the actor may look. [`Service::note_act`] follows.
    pub(super) async fn admit_on(
        &self,
        operation: Operation,
        actor: &Actor,
        account: AccountId,
        connection: &Connection,
    ) -> Result<Live> {
        let (standing, live) = self
            .authority(connection, actor, account, Touch::Acts)
            .await?;
        self.may_look(operation, &standing)?;
        Ok(live)
    }

    /// Writes an act down where the last one was long ago.
    pub(super) async fn note_act(
        &self,
        actor: &Actor,
        live: Live,
        connection: &mut Connection,
    ) -> Result<()> {
        if live.stale
            && let Who::User { id, session, .. } = actor.who
        {
            let tx = connection.begin(&Scope::user(id)).await?;
            sessions::touch(&tx, session).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    pub(super) fn may_look(&self, operation: Operation, standing: &Standing) -> Result<()> {
        match operation.policy() {
            Policy::View => Ok(policy::may(standing, &Deed::View, self.catalogue())?),
            Policy::Member => Ok(()),
            _ => Err(misplaced(operation)),
        }
    }

    /// A transaction on what is the actor's own, under a live session.
    pub(super) async fn own<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, UserId)> {
        let (tx, id, _) = self.own_live(operation, actor, connection).await?;
        Ok((tx, id))
    }

    /// The same, for who proved lately that it is them.
    pub(super) async fn own_fresh<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, UserId)> {
        let (tx, id, live) = self.own_live(operation, actor, connection).await?;
        if live.fresh {
            Ok((tx, id))
        } else {
            Err(ServiceError::NotSignedIn(SignInFault::ProofNeeded))
        }
    }

    async fn own_live<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, UserId, Live)> {
        let ended = ServiceError::NotSignedIn(SignInFault::Ended);
        let Who::User { id, session, .. } = &actor.who else {
            return Err(ended);
        };
        if operation.policy() != Policy::Session {
            return Err(misplaced(operation));
        }
        let tx = connection.begin(&Scope::user(*id)).await?;
        let settings = &self.0.settings;
        let found = sessions::find(&tx, *session, settings.sessions).await?;
        let live = found.ok_or(ended)?;
        if live.stale {
            sessions::touch(&tx, *session).await?;
        }
        Ok((tx, *id, live))
    }

    /// A transaction over the whole installation, for the operator.
    pub(super) async fn as_operator<'a>(
        &self,
        operation: Operation,
        actor: &Actor,
        connection: &'a mut Connection,
    ) -> Result<Tx<'a>> {
        operator_only(operation, actor)?;
        Ok(connection.begin(&Scope::installation()).await?)
    }

    /// The actor's authority in an account, as of now, and what their session vouches for; an act of
    /// theirs is written down.
    pub(super) async fn standing(
        &self,
        db: &impl Db,
        actor: &Actor,
        account: AccountId,
        touch: Touch,
    ) -> Result<(Standing, Live)> {
        let (standing, live) = self.authority(db, actor, account, touch).await?;
        if let Who::User { session, .. } = actor.who
            && live.stale
            && touch != Touch::Looks
        {
            sessions::touch(db, session).await?;
        }
        Ok((standing, live))
    }

    async fn authority(
        &self,
        db: &impl Db,
        actor: &Actor,
        account: AccountId,
        touch: Touch,
    ) -> Result<(Standing, Live)> {
        let Some(viewer) = self.viewer(actor) else {
            return match actor.who {
                Who::Operator { .. } => Ok((Standing::Operator, OPERATOR)),
                _ => Err(ServiceError::NotSignedIn(SignInFault::Ended)),
            };
        };
        let hold = async {
            match touch {
                Touch::Writes => sessions::hold(db, &viewer).await,
                Touch::Acts | Touch::Looks => Ok(true),
            }
        };
        let (is_live, found) = tokio::try_join!(hold, authority::read(db, account, &viewer))?;
        let found = found.filter(|_| is_live);
        let found = found.ok_or(ServiceError::NotSignedIn(SignInFault::Ended))?;
        judged(&viewer, found)
    }

    /// Who looks through a session; none for the operator.
    pub(super) fn viewer(&self, actor: &Actor) -> Option<Viewer> {
        match actor.who {
            Who::User { id, session, .. } => Some(Viewer {
                user: id,
                session,
                life: self.0.settings.sessions,
            }),
            _ => None,
        }
    }
}

/// What somebody may do by the authority that was found.
pub(super) fn judged(viewer: &Viewer, found: Authority) -> Result<(Standing, Live)> {
    let no_member = ServiceError::NotSignedIn(SignInFault::NoMember);
    let grant = found.grant.ok_or(no_member)?;
    if found.second_factor_required && !found.live.second_factor {
        return Err(ServiceError::NotSignedIn(SignInFault::FactorRequired));
    }
    let user = viewer.user;
    Ok((Standing::Member { user, grant }, found.live))
}

/// The installation's credentials vouch for the operator.
const OPERATOR: Live = Live {
    fresh: true,
    second_factor: true,
    stale: false,
    left: Duration::MAX,
};

/// Lets the operator through.
pub(super) fn operator_only(operation: Operation, actor: &Actor) -> Result<()> {
    match (operation.policy(), &actor.who) {
        (Policy::Operator, Who::Operator { .. }) => Ok(()),
        (Policy::Operator, _) => Err(Denied::NotOperator.into()),
        _ => Err(misplaced(operation)),
    }
}

/// A transaction over the whole installation, for the delivery worker.
pub(super) async fn as_worker(operation: Operation, connection: &mut Connection) -> Result<Tx<'_>> {
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
) -> Result<Tx<'a>> {
    match operation.policy() {
        Policy::Secret | Policy::Public => Ok(connection.begin(scope).await?),
        _ => Err(misplaced(operation)),
    }
}

/// Ends a transaction with what it came to.
pub(super) async fn done<T>(tx: Tx<'_>, value: T) -> Result<T> {
    tx.commit().await?;
    Ok(value)
}

/// An operation that came in by the wrong door gets nothing.
pub(super) fn misplaced(operation: Operation) -> ServiceError {
    ServiceError::bug(&Misplaced(operation))
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} came in by a door that is not its policy's")]
struct Misplaced(Operation);
