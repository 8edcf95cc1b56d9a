//! Enrolling a second factor, taking it off, and asking an account's members for one.

use super::{
    Conflict, Enrolment, FactorState, Invalid, Operation, Proof, Result, Service, ServiceError,
    SignInFault, Write, entrance::done, unit::Begun,
};
use crate::{
    domain::{Actor, EventDraft, RECOVERY_CODES, RecoveryCode, Who, policy::Deed},
    store::{accounts, factors, sessions, users},
};
use secrecy::SecretString;
use serde_json::json;

impl Service {
    /// Whether the actor has a second factor, and how many recovery codes are left.
    ///
    /// # Errors
    /// [`SignInFault::Ended`].
    pub async fn second_factor(&self, actor: &Actor) -> Result<FactorState> {
        let mut connection = self.connect().await?;
        let show = Operation::ShowSecondFactor;
        let (tx, user) = self.own(show, actor, &mut connection).await?;
        let factor = factors::find(&tx, user).await?;
        let state = FactorState {
            enrolled: factor.is_some_and(|factor| factor.confirmed),
            recovery_codes_left: factors::recovery_codes_left(&tx, user).await?,
        };
        done(tx, state).await
    }

    /// Starts an enrolment: what the authenticator has to be told. Nothing is guarded yet.
    ///
    /// # Errors
    /// [`Conflict::AlreadyEnrolled`], [`SignInFault::ProofNeeded`].
    pub async fn begin_second_factor(&self, actor: &Actor) -> Result<Enrolment> {
        let mut connection = self.connect().await?;
        let begin = Operation::BeginSecondFactor;
        let (tx, user) = self.own_fresh(begin, actor, &mut connection).await?;
        let keys = self.keys();
        let key = keys.current();
        let generation = factors::begin(&tx, user, key.id()).await?;
        let generation = generation.ok_or(Conflict::AlreadyEnrolled)?;
        let email = users::by_id(&tx, user).await?.map(|user| user.email);
        let secret = key.factor_secret(user, generation);
        let uri = email.and_then(|email| secret.uri(&email));
        let enrolment = Enrolment {
            uri: uri.ok_or(ServiceError::NotSignedIn(SignInFault::Ended))?,
            secret: secret.text(),
        };
        done(tx, enrolment).await
    }

    /// Ends an enrolment with the authenticator's first code. From now on a sign-in needs one. Returns
    /// the recovery codes, which nobody sees again.
    ///
    /// # Errors
    /// [`Invalid::Code`], [`Conflict::AlreadyEnrolled`].
    pub async fn confirm_second_factor(
        &self,
        actor: &Actor,
        code: &SecretString,
    ) -> Result<Vec<SecretString>> {
        let mut connection = self.connect().await?;
        let confirm = Operation::ConfirmSecondFactor;
        let (tx, user) = self.own_fresh(confirm, actor, &mut connection).await?;
        if factors::find(&tx, user).await?.is_some_and(|f| f.confirmed) {
            return Err(Conflict::AlreadyEnrolled.into());
        }
        if !self.spend(&tx, user, code).await? {
            return Err(Invalid::Code.into());
        }
        factors::confirm(&tx, user).await?;
        let codes = recovery_codes()?;
        let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
        factors::set_recovery_codes(&tx, user, &digests).await?;
        if let Who::User { session, .. } = &actor.who {
            sessions::prove(&tx, *session, true).await?;
        }
        let shown = codes.iter().map(|code| code.text().clone()).collect();
        done(tx, shown).await
    }

    /// Takes the second factor off, with password and a code of it.
    ///
    /// # Errors
    /// [`SignInFault::Wrong`], [`SignInFault::WrongCode`], [`SignInFault::CodeNeeded`],
    /// [`SignInFault::Throttled`].
    pub async fn remove_second_factor(
        &self,
        actor: &Actor,
        proof: impl Into<Proof<'_>> + Send,
    ) -> Result<()> {
        self.confirm_identity(actor, proof).await?;
        let mut connection = self.connect().await?;
        let remove = Operation::RemoveSecondFactor;
        let (tx, user) = self.own_fresh(remove, actor, &mut connection).await?;
        factors::remove(&tx, user).await?;
        done(tx, ()).await
    }

    /// Proves again who sits there, for what can't be taken back.
    ///
    /// # Errors
    /// As [`Service::sign_in`].
    pub async fn confirm_identity(
        &self,
        actor: &Actor,
        proof: impl Into<Proof<'_>> + Send,
    ) -> Result<()> {
        let (Who::User { session, .. }, proof) = (&actor.who, proof.into()) else {
            return Err(ServiceError::NotSignedIn(SignInFault::Ended));
        };
        let user = self.my_details(actor).await?;
        let entry = super::Entry {
            method: crate::domain::LoginMethod::Console,
            origin: actor.origin.clone(),
        };
        let proven = self.prove(&user.email, proof, &entry).await?;
        let mut connection = self.connect().await?;
        let confirm = Operation::ConfirmIdentity;
        let (tx, _) = self.own(confirm, actor, &mut connection).await?;
        sessions::prove(&tx, *session, proven.second_factor).await?;
        done(tx, ()).await
    }

    /// Sets whether an account lets nobody in without a second factor. For its owners.
    ///
    /// # Errors
    /// [`ServiceError::Denied`]; [`SignInFault::FactorRequired`] when the actor has none: they would
    /// shut themselves out.
    pub async fn require_second_factor(&self, write: &Write, required: bool) -> Result<()> {
        let mut connection = self.connect().await?;
        let require = (write, Operation::RequireSecondFactor);
        let unit = match self.begin(&mut connection, require, &required).await? {
            Begun::Fresh(unit) => unit,
            Begun::Done(()) => return Ok(()),
        };
        let unit = unit.allow(self, &Deed::RequireSecondFactor).await?;
        if required && !unit.vouched_by_two() {
            return Err(ServiceError::NotSignedIn(SignInFault::FactorRequired));
        }
        let account = unit.account.id;
        let before = accounts::requires_second_factor(&unit.tx, account).await?;
        accounts::require_second_factor(&unit.tx, account, required).await?;
        unit.record(&EventDraft {
            action: "account.second_factor",
            subject: unit.account.name.to_string(),
            subject_id: Some(account.0),
            before: json!({"required": before}),
            after: json!({"required": required}),
        })
        .await?;
        unit.finish(()).await
    }
}

fn recovery_codes() -> Result<Vec<RecoveryCode>> {
    let fresh = || {
        let mut bytes = [0_u8; 15];
        getrandom::fill(&mut bytes).map_err(|error| ServiceError::bug(&error))?;
        Ok(RecoveryCode::from_bytes(bytes))
    };
    (0..RECOVERY_CODES).map(|_| fresh()).collect()
}
