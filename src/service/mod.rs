//! The use cases: one async function each, shared by the console, the pages and the commands.
//!
//! Each write is one transaction: lock the account, read the actor's authority again, ask policy,
//! change, record the event, queue the mail. The service names no screen and holds no SQL.

mod acceptance;
mod accounts;
mod audit;
mod error;
mod invitations;
mod members;
mod profile;
mod requests;
mod sign_in;

pub use error::{Conflict, Invalid, Result, ServiceError, SignInFault};
pub use requests::{
    Accepted, ChangedGrant, Dead, Entry, InvitationSent, Limits, Look, MailTruth, Registration,
    Removed, Revealed, SendInvitation, SetGrant, SetUp, SignedIn, Terms, Write, WriteMode,
};

use crate::domain::{Catalogue, PasswordPolicy};
use std::sync::Arc;

/// Gives the use cases; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    catalogue: Catalogue,
    passwords: PasswordPolicy,
}

impl Service {
    /// The platform's permissions.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// The password rules, for the hint while typing.
    pub fn password_policy(&self) -> PasswordPolicy {
        self.0.passwords
    }
}
