//! Proving who somebody is: the password under the throttle, then the code where a second factor is
//! enrolled.

use super::{
    Entry, Operation, Proof, Result, Service, ServiceError, SignInFault,
    entrance::{at_the_door, done},
    passwords::Hasher,
};
use crate::{
    domain::{Email, RecoveryCode, User, UserId},
    store::{
        Scope, Tx, factors,
        logins::{self, Attempt},
        users,
    },
};
use secrecy::{ExposeSecret, SecretString};

/// Failed verifications in 15 minutes after which an address has to wait.
const FAILURES_PER_ADDRESS: i64 = 10;
/// The same for a source, which several people may share behind one jump host.
const FAILURES_PER_SOURCE: i64 = 100;

/// A user who proved who they are.
pub(super) struct Proven {
    pub(super) user: User,
    /// With both factors.
    pub(super) second_factor: bool,
    login: i64,
}

impl Service {
    /// Checks password and code for an address, and records the login.
    pub(super) async fn prove(
        &self,
        email: &Email,
        proof: Proof<'_>,
        entry: &Entry,
    ) -> Result<Proven> {
        let proven = self.verify_password(email, proof.password, entry).await?;
        self.check_code(proven, proof.code).await
    }

    /// Checks the password alone, of somebody who is signed in.
    pub(super) async fn prove_password(
        &self,
        email: &Email,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<()> {
        let proven = self.verify_password(email, password, entry).await?;
        let mut connection = self.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::default(), &mut connection).await?;
        logins::succeed(&tx, proven.login).await?;
        done(tx, ()).await
    }

    /// Checks a password for an address under the throttle. The attempt is written down as failed
    /// before the password is looked at, so that no number of parallel tries gets more verifications
    /// than the limit.
    async fn verify_password(
        &self,
        email: &Email,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<Proven> {
        let (login, known) = self.open_login(email, entry).await?;
        let (user, hash) = known.map_or((None, None), |k| (Some(k.user), Some(k.password_hash)));
        let fits = self.0.hasher.verify(password, hash.clone()).await?;
        let (true, Some(user)) = (fits, user) else {
            return Err(ServiceError::NotSignedIn(SignInFault::Wrong));
        };
        if let Some(weak) = hash.filter(|hash| Hasher::needs_upgrade(hash)) {
            self.strengthen(user.id, &weak, password).await?;
        }
        Ok(Proven {
            user,
            second_factor: false,
            login,
        })
    }

    /// Hashes the password anew: only now is it at hand.
    async fn strengthen(&self, user: UserId, weak: &str, password: &SecretString) -> Result<()> {
        let strong = self.0.hasher.hash(password).await?;
        let mut connection = self.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::default(), &mut connection).await?;
        users::strengthen(&tx, user, (weak, &strong)).await?;
        done(tx, ()).await
    }

    async fn open_login(
        &self,
        email: &Email,
        entry: &Entry,
    ) -> Result<(i64, Option<users::Credentials>)> {
        let mut connection = self.connect().await?;
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

    /// The second half of a proof. A wrong code stays a failed login, so that codes can't be guessed
    /// any faster than passwords.
    async fn check_code(&self, proven: Proven, code: Option<&SecretString>) -> Result<Proven> {
        let user = proven.user.id;
        let mut connection = self.connect().await?;
        let tx = at_the_door(Operation::SignIn, &Scope::user(user), &mut connection).await?;
        let factor = factors::find(&tx, user).await?;
        let enrolled = factor.is_some_and(|factor| factor.confirmed);
        match code.filter(|code| !code.expose_secret().trim().is_empty()) {
            None if enrolled => {
                logins::discount(&tx, proven.login).await?;
                done(tx, ()).await?;
                return Err(ServiceError::NotSignedIn(SignInFault::CodeNeeded));
            }
            Some(code) if enrolled && !self.spend(&tx, user, code).await? => {
                return Err(ServiceError::NotSignedIn(SignInFault::WrongCode));
            }
            _ => {}
        }
        logins::succeed(&tx, proven.login).await?;
        let second_factor = enrolled;
        let proven = Proven {
            second_factor,
            ..proven
        };
        done(tx, proven).await
    }

    /// Spends a code of the authenticator or a recovery code; tells whether it was right.
    pub(super) async fn spend(
        &self,
        tx: &Tx<'_>,
        user: UserId,
        code: &SecretString,
    ) -> Result<bool> {
        if let Some(recovery) = RecoveryCode::parse(code.expose_secret()) {
            return Ok(factors::spend_recovery_code(tx, user, &recovery.digest()).await?);
        }
        let Some(factor) = factors::find(tx, user).await? else {
            return Ok(false);
        };
        for key in self.keys().all() {
            // Which key made a factor is known since its first code under this schema.
            let another = factor.key.is_some_and(|made_by| made_by != key.id());
            let secret = key.factor_secret(user, factor.generation);
            if let (false, Some(step)) = (another, secret.step_of(code.expose_secret(), factor.now))
            {
                return Ok(factors::spend_step(tx, user, (step, key.id())).await?);
            }
        }
        Ok(false)
    }
}
