//! What can go wrong in a use case, in words for the person who asked.

use super::Dead;
use crate::{
    domain::{Current, EmailError, PasswordFault, policy::Denied},
    store::StoreError,
};

/// The outcome of a use case that did not happen. Nothing has been written.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not signed in, the session has ended, or the membership has.
    #[error("{0}")]
    NotSignedIn(SignInFault),
    /// The input can't be right; nothing was looked up.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such thing in this account. The same words for foreign and for missing ids.
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// The state of the account stands against it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// An invitation link that can't be accepted; `web` has a page for each kind.
    #[error("{}", dead_words(*.0))]
    Dead(Dead),
    /// A limit is reached; try again later.
    #[error("{0}")]
    Limited(String),
    /// The database can't be reached or does not answer.
    #[error("The database does not answer: {0}")]
    Unavailable(String),
    /// The answer to a write was lost, and nobody can be asked what became of it.
    #[error(
        "The database does not answer, and it is not known whether this was done; trying again asks, and does nothing twice"
    )]
    Unknown,
    /// Ended before it was done, by whoever asked or by the time that a statement may take.
    #[error("Stopped before it was done; nothing was changed")]
    Stopped,
    /// The database's schema and this program do not go together; trying again does not help.
    #[error("{0}")]
    Schema(String),
    /// A fault of Rollbook itself; the log has the details under this reference.
    #[error("Something unexpected happened (reference {reference}); the log has the details")]
    Bug { reference: String },
}

/// Why a sign-in does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// The same words for an unknown address and a wrong password.
    #[error("That address and password do not match")]
    Wrong,
    #[error("Type the code of your authenticator, or a recovery code")]
    CodeNeeded,
    #[error("That code is not right, or was used already; wait for the next one")]
    WrongCode,
    #[error("This account asks for a second factor, and you have none yet")]
    FactorRequired,
    #[error("It is a while since you signed in; prove again that it is you")]
    ProofNeeded,
    #[error("Too many attempts; wait 15 minutes and try again")]
    Throttled,
    #[error("Your session has ended; sign in again")]
    Ended,
    #[error("You are no longer a member of this account")]
    NoMember,
}

/// Input that no state could make right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error(transparent)]
    Email(#[from] EmailError),
    #[error(transparent)]
    Password(#[from] PasswordFault),
    #[error("{}", unknown_permission(.key, .nearest.as_deref()))]
    Permission {
        key: String,
        nearest: Option<String>,
    },
    #[error("Choose at least one permission, or All Permissions")]
    NothingChosen,
    #[error("A name is 1 to 100 characters long, without control characters")]
    Name,
    #[error("{0} has no platform user yet: a password for the first login is needed")]
    PasswordNeeded(String),
    #[error("The link's address needs a base URL: set web.base_url")]
    BaseUrl,
    #[error("The current password is not right")]
    CurrentPassword,
    #[error("That code is not right, or was used already; wait for the next one")]
    Code,
}

/// The state of the account stands against the change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("This person is already a member; change their permissions instead")]
    AlreadyMember,
    #[error("An invitation to this address is already pending; resend it instead")]
    AlreadyPending,
    /// With what is there now; only for who may see it.
    #[error("Somebody else changed this meanwhile; look at it again")]
    Changed(Current),
    #[error("This invitation is no longer pending")]
    NotPending,
    #[error("An account always has an owner; make somebody else an owner first")]
    LastOwner,
    #[error("This address is registered already; log in instead")]
    AlreadyRegistered,
    #[error("The key that made this link is not in the token key file; resend for a new link")]
    KeyMissing,
    #[error("{0}")]
    KeysInUse(String),
    #[error("An account of this name exists already")]
    AccountExists,
    #[error("This command id was used for a different request")]
    CommandReused,
    #[error("You have a second factor already; take it off first")]
    AlreadyEnrolled,
    #[error("There is nothing to take back: no removal and no change within the time for undoing")]
    NothingToRestore,
}

fn unknown_permission(key: &str, nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("No permission is called {key:?}"),
        |nearest| format!("No permission is called {key:?}; did you mean {nearest:?}?"),
    )
}

fn dead_words(dead: Dead) -> &'static str {
    match dead {
        Dead::Unknown => {
            "This link is not valid; it may have been cut short or replaced by a newer one"
        }
        Dead::Expired => "This invitation has expired; ask for a new one",
        Dead::Used => "This invitation has been accepted already",
        Dead::Declined => "This invitation was declined",
        Dead::Cancelled => "This invitation was withdrawn",
        Dead::InviterLostAuthority => {
            "Whoever sent this invitation may no longer give these permissions"
        }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { constraint } => taken(&constraint),
            StoreError::LastOwner => Conflict::LastOwner.into(),
            StoreError::Bug(_) | StoreError::Unreadable { .. } => Self::bug(&error),
            StoreError::Cancelled => Self::Stopped,
            StoreError::SchemaNewer { .. }
            | StoreError::SchemaDiffers { .. }
            | StoreError::Pooled
            | StoreError::SchemaMoved => Self::Schema(error.to_string()),
            StoreError::Busy | StoreError::Unavailable(_) | StoreError::NotPermitted(_) => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

impl ServiceError {
    /// Logs a fault under a fresh reference, which is all that the person gets to see.
    pub(super) fn bug(error: &(dyn std::error::Error + 'static)) -> Self {
        let reference = uuid::Uuid::new_v4().simple().to_string();
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%reference, %error, %cause, "unexpected fault");
        Self::Bug { reference }
    }
}

fn taken(constraint: &str) -> ServiceError {
    match constraint {
        "users_email_key_key" => Conflict::AlreadyRegistered.into(),
        "memberships_pkey" | "memberships_email" => Conflict::AlreadyMember.into(),
        "invitations_one_pending" => Conflict::AlreadyPending.into(),
        "accounts_name" => Conflict::AccountExists.into(),
        "commands_pkey" => Conflict::CommandReused.into(),
        _ => {
            let constraint = constraint.to_owned();
            ServiceError::bug(&StoreError::Taken { constraint })
        }
    }
}

/// Shorthand of this layer.
pub type Result<T> = std::result::Result<T, ServiceError>;
