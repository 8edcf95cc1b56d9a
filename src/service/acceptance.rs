//! What a holder of an invitation's link may do. Looking changes nothing.

use super::{
    Accepted, Conflict, Dead, Entry, Invalid, Look, Operation, Proof, Registration, Result,
    Service, ServiceError, Terms,
    entrance::{at_the_door, done},
    invitations::{draft, state},
    profile::checked_name,
};
use crate::{
    domain::{
        Account, AccountId, Actor, DisplaySafe, Grant, Invitation, InvitationId, InvitationStatus,
        InvitationToken, Role, Standing, User, UserId, Who,
        policy::{self, Deed},
    },
    store::{Connection, Db, Scope, Tx, accounts, events, invitations, logins, members, users},
};

/// How people outside see the operator: the name of a system's user is nobody's business.
pub(super) const OPERATOR: &str = "The operator";

impl Service {
    /// What a link shows; changes nothing, however often it is opened.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]. A dead link is no error but [`Look::Dead`].
    pub async fn look_at_invitation(&self, token: &InvitationToken) -> Result<Look> {
        let mut connection = self.connect().await?;
        let look = Operation::LookAtInvitation;
        let (tx, invitation, account) = match self.open(look, token, &mut connection).await {
            Err(ServiceError::Dead(dead)) => return Ok(Look::Dead(dead)),
            other => other?,
        };
        let registered = users::credentials(&tx, &invitation.email).await?.is_some();
        let terms = Box::new(self.terms(&tx, invitation, account).await?);
        done(tx, Look::Open { terms, registered }).await
    }

    /// Logs in with the invited address and joins.
    ///
    /// # Errors
    /// [`ServiceError::Dead`], [`super::SignInFault::Wrong`], [`super::SignInFault::Throttled`],
    /// [`Conflict::AlreadyMember`].
    pub async fn accept_invitation(
        &self,
        token: &InvitationToken,
        proof: impl Into<Proof<'_>> + Send,
        entry: &Entry,
    ) -> Result<Accepted> {
        let accept = Operation::AcceptInvitation;
        let email = {
            let mut connection = self.connect().await?;
            self.open(accept, token, &mut connection).await?.1.email
        };
        let user = self.prove(&email, proof.into(), entry).await?.user;
        let mut connection = self.connect().await?;
        let (tx, invitation, account) = self.open_locked(accept, token, &mut connection).await?;
        let accepted = self
            .join(&tx, token, (invitation, account), (user, entry))
            .await?;
        done(tx, accepted).await
    }

    /// Registers the invited address and joins with exactly the assigned permissions, in one
    /// transaction.
    ///
    /// # Errors
    /// [`ServiceError::Dead`], [`Conflict::AlreadyRegistered`], [`ServiceError::Invalid`].
    pub async fn register_and_accept(
        &self,
        token: &InvitationToken,
        registration: &Registration,
        entry: &Entry,
    ) -> Result<Accepted> {
        let register = Operation::RegisterAndAccept;
        let (email, account) = {
            let mut connection = self.connect().await?;
            let (_, invitation, account) = self.open(register, token, &mut connection).await?;
            (invitation.email, account)
        };
        let name = checked_name(&registration.name)?;
        let context = [email.as_str(), account.name.as_str(), "Rollbook"];
        let password = &registration.password;
        self.0
            .settings
            .passwords
            .check(password, &context)
            .map_err(Invalid::from)?;
        let hash = self.0.hasher.hash(password).await?;
        let mut connection = self.connect().await?;
        let (tx, invitation, account) = self.open_locked(register, token, &mut connection).await?;
        let user = users::insert(&tx, UserId::new(), &email, name, &hash).await?;
        let attempt = logins::Attempt {
            user: Some(user.id),
            email: &email,
            method: entry.method,
            origin: &entry.origin,
        };
        let login = logins::insert(&tx, &attempt).await?;
        logins::succeed(&tx, login).await?;
        let accepted = self
            .join(&tx, token, (invitation, account), (user, entry))
            .await?;
        done(tx, accepted).await
    }

    /// Declines; needs nothing but the link.
    ///
    /// # Errors
    /// [`ServiceError::Dead`].
    pub async fn decline_invitation(&self, token: &InvitationToken, entry: &Entry) -> Result<()> {
        let mut connection = self.connect().await?;
        let decline = Operation::DeclineInvitation;
        let (tx, invitation, account) = self.open_locked(decline, token, &mut connection).await?;
        if !invitations::decline(&tx, invitation.id, &token.digest()).await? {
            return Err(ServiceError::Dead(Dead::Unknown));
        }
        let who = Who::Invitee {
            id: None,
            email: invitation.email.clone(),
        };
        let actor = Actor {
            who,
            origin: entry.origin.clone(),
        };
        let declined = draft(
            "invitation.declined",
            &invitation,
            state(&invitation),
            serde_json::Value::Null,
        );
        events::append(&tx, (account.id, &*self.keys()), &actor, None, &declined).await?;
        done(tx, ()).await
    }

    /// The live invitation of a token with its account, and a transaction that sees this account; the
    /// reason where it is dead.
    async fn open<'a>(
        &self,
        operation: Operation,
        token: &InvitationToken,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, Invitation, Account)> {
        let (tx, account, id) = at_the_link(operation, token, connection).await?;
        let account = accounts::by_id(&tx, account).await?;
        self.alive(tx, account, id).await
    }

    /// The same under the account's lock, read after the lock is held. The link may have been replaced
    /// meanwhile.
    async fn open_locked<'a>(
        &self,
        operation: Operation,
        token: &InvitationToken,
        connection: &'a mut Connection,
    ) -> Result<(Tx<'a>, Invitation, Account)> {
        let (tx, account, id) = at_the_link(operation, token, connection).await?;
        let account = accounts::lock(&tx, account).await?;
        let same = invitations::by_digest(&tx, &token.digest()).await?;
        same.ok_or(ServiceError::Dead(Dead::Unknown))?;
        self.alive(tx, account, id).await
    }

    async fn alive<'a>(
        &self,
        tx: Tx<'a>,
        account: Option<Account>,
        id: InvitationId,
    ) -> Result<(Tx<'a>, Invitation, Account)> {
        let dead = |reason| ServiceError::Dead(reason);
        let account = account.ok_or_else(|| dead(Dead::Unknown))?;
        let found = invitations::by_id(&tx, account.id, id).await?;
        let invitation = found.ok_or_else(|| dead(Dead::Unknown))?;
        match invitation.status {
            InvitationStatus::Pending => {}
            InvitationStatus::Expired => return Err(dead(Dead::Expired)),
            InvitationStatus::Accepted => return Err(dead(Dead::Used)),
            InvitationStatus::Declined => return Err(dead(Dead::Declined)),
            InvitationStatus::Cancelled => return Err(dead(Dead::Cancelled)),
        }
        self.inviter_still_may(&tx, &invitation).await?;
        Ok((tx, invitation, account))
    }

    async fn inviter_still_may(&self, db: &impl Db, invitation: &Invitation) -> Result<()> {
        let Some(inviter) = invitation.inviter else {
            return Ok(());
        };
        let member = members::by_user(db, invitation.account, inviter).await?;
        let allowed = member.is_some_and(|member| {
            let standing = Standing::Member {
                user: inviter,
                grant: member.grant,
            };
            let deed = Deed::Invite {
                grant: &invitation.grant,
            };
            policy::may(&standing, &deed, self.catalogue()).is_ok()
        });
        if allowed {
            Ok(())
        } else {
            Err(ServiceError::Dead(Dead::InviterLostAuthority))
        }
    }

    async fn join(
        &self,
        tx: &Tx<'_>,
        token: &InvitationToken,
        (invitation, account): (Invitation, Account),
        (user, entry): (User, &Entry),
    ) -> Result<Accepted> {
        if members::by_user(tx, account.id, user.id).await?.is_some() {
            return Err(Conflict::AlreadyMember.into());
        }
        // Under the account's lock nothing but its end can have come since it was found alive.
        if !invitations::accept(tx, invitation.id, &token.digest()).await? {
            return Err(ServiceError::Dead(Dead::Expired));
        }
        let by = Some(invitation.invited_by.as_str());
        let member = members::insert(tx, account.id, user.id, &invitation.grant, by).await?;
        let who = Who::Invitee {
            id: Some(user.id),
            email: user.email.clone(),
        };
        let actor = Actor {
            who,
            origin: entry.origin.clone(),
        };
        let joined = draft(
            "invitation.accepted",
            &invitation,
            state(&invitation),
            super::members::state(&member),
        );
        events::append(tx, (account.id, &*self.keys()), &actor, None, &joined).await?;
        Ok(Accepted {
            user,
            account: account.id,
            account_name: account.name,
        })
    }

    async fn terms(&self, db: &impl Db, invitation: Invitation, account: Account) -> Result<Terms> {
        let inviter = match invitation.inviter {
            Some(id) => users::by_id(db, id).await?,
            None => None,
        };
        let inviter_name = inviter.map_or_else(|| OPERATOR.into(), |user| user.name);
        let permissions = self.permission_labels(&invitation.grant);
        Ok(Terms {
            invitation,
            account_name: account.name,
            inviter_name,
            permissions,
        })
    }

    /// The labels of a grant in catalogue order, for people who don't know the keys.
    pub(super) fn permission_labels(&self, grant: &Grant) -> Vec<DisplaySafe> {
        let all = (grant.role == Role::Full).then(|| DisplaySafe::new("All permissions"));
        let known = self.catalogue().permissions().iter();
        let chosen = known
            .filter(|p| grant.permissions.contains(&p.key))
            .map(|p| p.label.clone());
        let unknown = grant.unknown(self.catalogue());
        let unknown: Vec<DisplaySafe> = unknown.iter().map(DisplaySafe::new).collect();
        all.into_iter().chain(chosen).chain(unknown).collect()
    }
}

/// A transaction that sees the account of the invitation that a link opens.
async fn at_the_link<'a>(
    operation: Operation,
    token: &InvitationToken,
    connection: &'a mut Connection,
) -> Result<(Tx<'a>, AccountId, InvitationId)> {
    let digest = token.digest();
    let tx = at_the_door(operation, &Scope::secret(digest), connection).await?;
    let found = invitations::by_digest(&tx, &digest).await?;
    let (account, id) = found.ok_or(ServiceError::Dead(Dead::Unknown))?;
    Scope::account(account).set(&tx).await?;
    Ok((tx, account, id))
}
