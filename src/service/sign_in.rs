//! Sign-in and sessions.

use super::{
    Entered, Entry, Operation, Proof, Result, Service, ServiceError, SignInFault, SignedIn,
    entrance::{at_the_door, done},
    proof::Proven,
};
use crate::{
    domain::{
        AccountId, AccountSummary, Actor, Email, MemberQuery, Secret256, Seek, SessionId, User,
        Who,
        policy::{self, Deed},
    },
    store::{Scope, accounts, members, sessions},
};

/// How many members come with an account that is entered.
const FIRST: i64 = 100;

impl Service {
    /// Checks address, password and code, records the login, opens a session.
    ///
    /// # Errors
    /// [`SignInFault::Wrong`] in the same words and time for an unknown address and a wrong
    /// password; [`SignInFault::Throttled`]; [`SignInFault::CodeNeeded`] and
    /// [`SignInFault::WrongCode`] where a second factor is enrolled.
    pub async fn sign_in(
        &self,
        email: &str,
        proof: impl Into<Proof<'_>> + Send,
        entry: &Entry,
    ) -> Result<SignedIn> {
        let email: String = email.trim().chars().take(254).collect();
        let email = Email::from_stored(&email);
        let proven = self.prove(&email, proof.into(), entry).await?;
        self.open_session(proven, entry).await
    }

    /// Opens a session again from its secret.
    ///
    /// # Errors
    /// [`SignInFault::Ended`] when it has ended or never was.
    pub async fn resume(&self, secret: &Secret256, entry: &Entry) -> Result<SignedIn> {
        let mut connection = self.connect().await?;
        let (digest, life) = (secret.digest(), self.0.settings.sessions);
        let tx = at_the_door(Operation::Resume, &Scope::secret(digest), &mut connection).await?;
        let found = sessions::resume(&tx, &digest, life).await?;
        let (session, user) = found.ok_or(ServiceError::NotSignedIn(SignInFault::Ended))?;
        Scope::user(user.id).set(&tx).await?;
        let accounts = accounts::of_user(&tx, user.id).await?;
        let resumed = signed_in(user, session, secret.clone(), (accounts, entry));
        done(tx, resumed).await
    }

    /// Ends the session.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let Who::User { session, .. } = &actor.who else {
            return Ok(());
        };
        let mut connection = self.connect().await?;
        match self.own(Operation::SignOut, actor, &mut connection).await {
            Ok((tx, user)) => {
                sessions::end(&tx, user, *session).await?;
                done(tx, ()).await
            }
            // It has ended already.
            Err(ServiceError::NotSignedIn(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes `account` the session's current account and remembers it for the next sign-in; its first
    /// members come along.
    ///
    /// # Errors
    /// [`SignInFault::NoMember`].
    pub async fn enter_account(&self, actor: &Actor, account: AccountId) -> Result<Entered> {
        let mut connection = self.connect().await?;
        let enter = Operation::EnterAccount;
        let (tx, standing) = self.look(enter, actor, account, &mut connection).await?;
        let Who::User { id, session, .. } = &actor.who else {
            return Err(ServiceError::NotSignedIn(SignInFault::Ended));
        };
        // What does not wait for each other goes out together.
        tokio::try_join!(
            sessions::enter(&tx, *session, account),
            members::use_now(&tx, account, *id)
        )?;
        let views = policy::may(&standing, &Deed::View, self.catalogue()).is_ok();
        let (everybody, seek) = (MemberQuery::default(), Seek::First);
        let first = async {
            if !views {
                return Ok(None);
            }
            let page = members::list(&tx, account, &everybody, &seek, FIRST);
            page.await.map(Some)
        };
        let (accounts, first) = tokio::try_join!(accounts::of_user(&tx, *id), first)?;
        let (accounts, first) = done(tx, (accounts, first)).await?;
        let entered = accounts.into_iter().find(|summary| summary.id == account);
        let account = entered.ok_or(ServiceError::NotSignedIn(SignInFault::NoMember))?;
        Ok(Entered { account, first })
    }

    /// The accounts that the actor is a member of, the one used last first, then by name; all
    /// accounts for the operator, as an owner sees them.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn reachable_accounts(&self, actor: &Actor) -> Result<Vec<AccountSummary>> {
        if let Who::Operator { .. } = actor.who {
            let accounts = self.list_accounts(actor).await?;
            return Ok(accounts
                .into_iter()
                .map(AccountSummary::for_operator)
                .collect());
        }
        let mut connection = self.connect().await?;
        let reach = Operation::ReachableAccounts;
        let (tx, user) = self.own(reach, actor, &mut connection).await?;
        let accounts = accounts::of_user(&tx, user).await?;
        done(tx, accounts).await
    }

    async fn open_session(&self, proven: Proven, entry: &Entry) -> Result<SignedIn> {
        let user = proven.user;
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| ServiceError::bug(&error))?;
        let secret = Secret256::from_bytes(bytes);
        let session = SessionId::new();
        let mut connection = self.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::user(user.id), &mut connection).await?;
        let life = self.0.settings.sessions;
        let opened = (entry.origin.as_str(), life, proven.second_factor);
        sessions::insert(&tx, session, user.id, &secret.digest(), opened).await?;
        let accounts = accounts::of_user(&tx, user.id).await?;
        done(tx, signed_in(user, session, secret, (accounts, entry))).await
    }
}

fn signed_in(
    user: User,
    session: SessionId,
    secret: Secret256,
    (accounts, entry): (Vec<AccountSummary>, &Entry),
) -> SignedIn {
    let who = Who::User {
        id: user.id,
        email: user.email.clone(),
        session,
    };
    SignedIn {
        actor: Actor {
            who,
            origin: entry.origin.clone(),
        },
        user,
        secret,
        accounts,
    }
}
