//! The use cases: one async function each, shared by the console, the pages and the commands.
//!
//! Each write is one transaction: lock the account, read the actor's authority again, ask policy,
//! change, record the event, queue the mail. The service names no screen and holds no SQL.

mod acceptance;
mod accounts;
mod audit;
mod entrance;
mod error;
mod invitations;
mod limits;
mod members;
mod operation;
mod outbox;
mod ownership;
mod passwords;
mod profile;
mod proof;
mod requests;
mod second_factor;
mod sessions;
mod settings;
mod sign_in;
mod unit;

pub use error::{Conflict, Invalid, Result, ServiceError, SignInFault};
pub use operation::{Operation, Policy};
pub use requests::{
    Accepted, ChangedGrant, Dead, Enrolment, Entry, FactorState, InvitationSent, Limits, Look,
    MailTruth, Proof, Registration, Removed, Revealed, SendInvitation, SetGrant, SetUp, SignedIn,
    Terms, Write, WriteMode,
};
pub use settings::{SendingLimits, ServiceSettings};

use crate::{
    domain::{Catalogue, PasswordPolicy, TokenKey},
    store::{Scope, Store},
};
use passwords::Hasher;
use std::sync::Arc;

/// Gives the use cases; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

/// What a service is made of.
pub struct Parts {
    pub store: Store,
    pub catalogue: Catalogue,
    pub token_key: TokenKey,
    pub settings: ServiceSettings,
}

struct Inner {
    store: Store,
    catalogue: Catalogue,
    token_key: TokenKey,
    settings: ServiceSettings,
    hasher: Hasher,
}

impl Service {
    /// Puts a service together.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            catalogue,
            token_key,
            settings,
        } = parts;
        Self(Arc::new(Inner {
            store,
            catalogue,
            token_key,
            settings,
            hasher: Hasher::new(),
        }))
    }

    /// The platform's permissions.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// The password rules, for the hint while typing.
    pub fn password_policy(&self) -> PasswordPolicy {
        self.0.settings.passwords
    }

    /// Where mail goes in this installation.
    pub fn mail_truth(&self) -> &MailTruth {
        &self.0.settings.mail
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn ready(&self) -> Result<()> {
        let mut connection = self.0.store.connect().await?;
        let nothing = Scope::default();
        let tx = entrance::at_the_door(Operation::Ready, &nothing, &mut connection).await?;
        entrance::done(tx, ()).await
    }
}
