//! Sign-in and sessions.

use super::{
    Entry, Operation, Result, Service, ServiceError, SignInFault, SignedIn,
    entrance::{at_the_door, done},
};
use crate::{
    domain::{AccountId, AccountSummary, Actor, Email, Secret256, SessionId, User, Who},
    store::{
        Scope, accounts,
        logins::{self, Attempt},
        members, sessions, users,
    },
};
use secrecy::SecretString;

/// Failed verifications in 15 minutes after which an address has to wait.
const FAILURES_PER_ADDRESS: i64 = 10;
/// The same for a source, which several people may share behind one jump host.
const FAILURES_PER_SOURCE: i64 = 100;

impl Service {
    /// Checks address and password, records the login, opens a session.
    ///
    /// # Errors
    /// [`SignInFault::Wrong`] in the same words and time for an unknown address and a wrong
    /// password; [`SignInFault::Throttled`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<SignedIn> {
        let email: String = email.trim().chars().take(254).collect();
        let email = Email::from_stored(&email);
        let user = self.verify_login(&email, password, entry).await?;
        self.open_session(user, entry).await
    }

    /// Opens a session again from its secret.
    ///
    /// # Errors
    /// [`SignInFault::Ended`] when it has ended or never was.
    pub async fn resume(&self, secret: &Secret256, entry: &Entry) -> Result<SignedIn> {
        let mut connection = self.0.store.connect().await?;
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
        let mut connection = self.0.store.connect().await?;
        match self.own(Operation::SignOut, actor, &mut connection).await {
            Ok((tx, _)) => {
                sessions::end(&tx, *session).await?;
                done(tx, ()).await
            }
            // It has ended already.
            Err(ServiceError::NotSignedIn(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes `account` the session's current account and remembers it for the next sign-in.
    ///
    /// # Errors
    /// [`SignInFault::NoMember`].
    pub async fn enter_account(&self, actor: &Actor, account: AccountId) -> Result<AccountSummary> {
        let mut connection = self.0.store.connect().await?;
        let enter = Operation::EnterAccount;
        let (tx, _) = self.look(enter, actor, account, &mut connection).await?;
        let Who::User { id, session, .. } = &actor.who else {
            return Err(ServiceError::NotSignedIn(SignInFault::Ended));
        };
        sessions::enter(&tx, *session, account).await?;
        members::use_now(&tx, account, *id).await?;
        let accounts = accounts::of_user(&tx, *id).await?;
        let accounts = done(tx, accounts).await?;
        let entered = accounts.into_iter().find(|summary| summary.id == account);
        entered.ok_or(ServiceError::NotSignedIn(SignInFault::NoMember))
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
        let mut connection = self.0.store.connect().await?;
        let reach = Operation::ReachableAccounts;
        let (tx, user) = self.own(reach, actor, &mut connection).await?;
        let accounts = accounts::of_user(&tx, user).await?;
        done(tx, accounts).await
    }

    /// Checks a password for an address under the throttle, and records the login. The attempt is
    /// written down as failed before the password is looked at, so that no number of parallel
    /// tries gets more verifications than the limit.
    pub(super) async fn verify_login(
        &self,
        email: &Email,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<User> {
        let (login, known) = self.open_login(email, entry).await?;
        let (user, hash) = known.map_or((None, None), |k| (Some(k.user), Some(k.password_hash)));
        let fits = self.0.hasher.verify(password, hash).await?;
        let (true, Some(user)) = (fits, user) else {
            return Err(ServiceError::NotSignedIn(SignInFault::Wrong));
        };
        let mut connection = self.0.store.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::default(), &mut connection).await?;
        logins::succeed(&tx, login).await?;
        done(tx, user).await
    }

    async fn open_login(
        &self,
        email: &Email,
        entry: &Entry,
    ) -> Result<(i64, Option<users::Credentials>)> {
        let mut connection = self.0.store.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::default(), &mut connection).await?;
        logins::queue_for(&tx, email).await?;
        let (by_email, by_source) = logins::recent_failures(&tx, email, &entry.origin).await?;
        if by_email >= FAILURES_PER_ADDRESS || by_source >= FAILURES_PER_SOURCE {
            return Err(ServiceError::NotSignedIn(SignInFault::Throttled));
        }
        let known = users::credentials(&tx, email).await?;
        let user = known.as_ref().map(|credentials| credentials.user.id);
        let attempt = Attempt {
            user,
            email,
            method: entry.method,
            origin: &entry.origin,
        };
        let login = logins::insert(&tx, &attempt).await?;
        done(tx, (login, known)).await
    }

    async fn open_session(&self, user: User, entry: &Entry) -> Result<SignedIn> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| ServiceError::bug(&error))?;
        let secret = Secret256::from_bytes(bytes);
        let session = SessionId::new();
        let mut connection = self.0.store.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::user(user.id), &mut connection).await?;
        let opened = (entry.origin.as_str(), self.0.settings.sessions);
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
