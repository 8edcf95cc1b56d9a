//! The use cases: one async function each, shared by the console, the pages and the commands.
//!
//! Each write is one transaction: lock the account, read the actor's authority again, ask policy,
//! change, record the event, queue the mail. The service names no screen and holds no SQL.

mod acceptance;
mod accounts;
mod audit;
mod bulk;
mod changes;
mod entrance;
mod error;
mod grants;
mod import;
mod invitations;
mod judge;
mod keys;
mod limits;
mod links;
mod listing;
mod live;
mod members;
mod operation;
mod outbox;
mod ownership;
mod passwords;
mod positions;
mod profile;
mod proof;
mod replica;
mod requests;
mod resolve;
mod second_factor;
mod sessions;
mod settings;
mod sign_in;
mod undo;
mod unit;
mod weigh;
mod worker;

pub use bulk::{BATCH, BrokenOff, BulkDone, Course, Import, MemberAct, MemberChange, Progress};
pub use error::{Conflict, Invalid, Result, ServiceError, SignInFault};
pub use keys::{KeySource, KeyUse, TokenKeyUse};
pub use live::{Feed, News, Topics};
pub use operation::{Operation, Policy};
pub use requests::{
    Accepted, AdjustGrant, ChangedGrant, Dead, Enrolment, Entered, Entry, Extent, FactorState,
    History, InvitationSent, Limits, Look, MailTruth, Presence, Proof, Registration, Removed,
    Restore, Restored, Revealed, SendInvitation, SetGrant, SetUp, SignedIn, Terms, Wanted, Write,
    WriteMode,
};
pub use resolve::until_known;
pub use settings::{SendingLimits, ServiceSettings};

use crate::{
    domain::{Catalogue, PasswordPolicy, TokenKeys},
    store::{Canceller, Connection, Scope, Store, health},
};
use jiff::Timestamp;
use passwords::Hasher;
use replica::Replica;
use std::sync::Arc;

/// Gives the use cases; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>, Option<Canceller>, Option<Arc<Replica>>);

/// What a service is made of.
pub struct Parts {
    pub store: Store,
    pub catalogue: Catalogue,
    pub token_keys: KeySource,
    pub settings: ServiceSettings,
}

struct Inner {
    store: Store,
    catalogue: Catalogue,
    token_keys: KeySource,
    settings: ServiceSettings,
    hasher: Hasher,
}

impl Service {
    /// Puts a service together.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            catalogue,
            token_keys,
            settings,
        } = parts;
        let inner = Arc::new(Inner {
            store,
            catalogue,
            token_keys,
            settings,
            hasher: Hasher::new(),
        });
        Self(inner, None, None)
    }

    /// The same service, whose use cases [`Service::stop`] can end.
    #[must_use]
    pub fn stoppable(&self) -> Self {
        Self(
            Arc::clone(&self.0),
            Some(Canceller::default()),
            self.2.clone(),
        )
    }

    /// Ends what runs on the server through this handle, and lets nothing new begin. A use case that
    /// is ended so leaves nothing behind; one that could not be ended in time comes to its own end.
    pub async fn stop(&self) {
        if let Some(canceller) = &self.1 {
            canceller.cancel().await;
        }
    }

    /// Begins with fresh connections: after one that gave no answer the others will give none.
    pub fn start_afresh(&self) {
        self.0.store.forget_idle();
    }

    /// Comes when [`Service::stop`] was asked for and the server did not follow: whoever still waits need
    /// not.
    pub async fn given_up(&self) {
        match &self.1 {
            Some(canceller) => canceller.given_up().await,
            None => std::future::pending().await,
        }
    }

    async fn connect(&self) -> Result<Connection> {
        let store = &self.0.store;
        Ok(match &self.1 {
            Some(canceller) => store.connect_under(canceller).await?,
            None => store.connect().await?,
        })
    }

    /// The installation's keys, as they are now.
    fn keys(&self) -> Arc<TokenKeys> {
        self.0.token_keys.keys()
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

    /// What the database's clock says, by which everything that ends is decided.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn clock(&self) -> Result<Timestamp> {
        let mut connection = self.connect().await?;
        let nothing = Scope::default();
        let tx = entrance::at_the_door(Operation::Clock, &nothing, &mut connection).await?;
        let now = health::now(&tx).await?;
        entrance::done(tx, now).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn ready(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let nothing = Scope::default();
        let tx = entrance::at_the_door(Operation::Ready, &nothing, &mut connection).await?;
        entrance::done(tx, ()).await
    }
}
