//! Errors of the service in words for the person, and what the screen can offer as a way out.

use crate::domain::{Current, DisplaySafe};
use crate::service::{Conflict, ServiceError};

/// Why something did not happen, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub text: DisplaySafe,
    /// What is there now, where somebody else changed it meanwhile.
    pub current: Option<Box<Current>>,
}

/// What the screen can offer as a way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Policy says no, or a limit is reached.
    Denied,
    /// The session has ended, or the membership has.
    SignedOut,
    /// The password was right; a code has to follow.
    CodeNeeded,
    /// The account asks for a second factor, and there is none yet.
    FactorRequired,
    /// Who sits there has to prove again who they are.
    ProofNeeded,
    /// Input that no state could make right, or a wrong password.
    Invalid,
    NotFound,
    AlreadyMember,
    AlreadyPending,
    /// Somebody else changed it meanwhile.
    Changed,
    /// The state of the account stands against it.
    Conflict,
    /// The database does not answer; Retry may help.
    Unavailable,
    /// A write that may have been done or not.
    Unknown,
    /// Ended before it was done.
    Stopped,
    /// A fault of Rollbook.
    Bug,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, text: &str) -> Self {
        Self {
            kind,
            text: DisplaySafe::new(text),
            current: None,
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        use crate::service::SignInFault as Fault;
        let kind = match &error {
            ServiceError::Denied(_) | ServiceError::Limited(_) => FailureKind::Denied,
            ServiceError::NotSignedIn(Fault::Wrong | Fault::WrongCode | Fault::Throttled)
            | ServiceError::Invalid(_) => FailureKind::Invalid,
            ServiceError::NotSignedIn(Fault::CodeNeeded) => FailureKind::CodeNeeded,
            ServiceError::NotSignedIn(Fault::FactorRequired) => FailureKind::FactorRequired,
            ServiceError::NotSignedIn(Fault::ProofNeeded) => FailureKind::ProofNeeded,
            ServiceError::NotSignedIn(Fault::Ended | Fault::NoMember) => FailureKind::SignedOut,
            ServiceError::NotFound { .. } | ServiceError::Dead(_) => FailureKind::NotFound,
            ServiceError::Conflict(Conflict::AlreadyMember) => FailureKind::AlreadyMember,
            ServiceError::Conflict(Conflict::AlreadyPending) => FailureKind::AlreadyPending,
            ServiceError::Conflict(Conflict::Changed(_)) => FailureKind::Changed,
            ServiceError::Conflict(_) => FailureKind::Conflict,
            ServiceError::Unavailable(_) | ServiceError::Schema(_) => FailureKind::Unavailable,
            ServiceError::Unknown => FailureKind::Unknown,
            ServiceError::Stopped => FailureKind::Stopped,
            ServiceError::Bug { .. } => FailureKind::Bug,
        };
        let text = error.to_string();
        let current = match error {
            ServiceError::Conflict(Conflict::Changed(current)) => Some(Box::new(current)),
            _ => None,
        };
        Self {
            current,
            ..Self::new(kind, &text)
        }
    }
}
