//! What can go wrong in a command, its exit code and its one-word code for scripts.
//!
//! Every layer's errors end here; the words are the service's own.

use crate::domain::policy::Denied;
use crate::service::{Conflict, Dead, Invalid, ServiceError, SignInFault};
use crate::store::local::LocalError;
use std::fmt;
use std::io;

/// The exit codes of the command line; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Unexpected = 1,
    Usage = 2,
    NotAllowed = 3,
    NotFound = 4,
    Conflict = 5,
    Unreachable = 6,
    /// Ended by a signal between two batches: 128 + SIGINT, as shells have it.
    Interrupted = 130,
}

/// The word for what somebody else changed meanwhile.
const CHANGED: &str = "conflict";

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// A use case refused.
    Service(ServiceError),
    /// Somebody else changed it meanwhile.
    Changed(Box<Meanwhile>),
    /// The command line, its environment or the configuration can't be right.
    Usage(String),
    /// Nothing is there by that name.
    NotFound(String),
    /// The database or the mail server can't be reached.
    Unreachable(String),
    /// The machine refused something: a file, a socket, a terminal.
    Machine(String),
    /// The reader of standard output went away; nobody is left to tell.
    BrokenPipe,
    /// The command has said on standard output what is wrong.
    Told(Exit),
}

/// What is there now, beside what was to be done.
#[derive(Debug)]
pub struct Meanwhile {
    pub words: String,
    /// For scripts: the document of the member or invitation.
    pub current: serde_json::Value,
    /// The same in lines for a person.
    pub lines: Vec<String>,
}

impl Failure {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Service(error) => service_exit(error),
            Self::Changed(_) => Exit::Conflict,
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Machine(_) => Exit::Unexpected,
            Self::BrokenPipe => Exit::Done,
            Self::Told(exit) => *exit,
        }
    }

    /// The stable word for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Service(error) => service_code(error),
            Self::Changed(_) => CHANGED,
            Self::Usage(_) => "usage",
            Self::NotFound(_) => "not_found",
            Self::Unreachable(_) => "unreachable",
            Self::Machine(_) | Self::BrokenPipe | Self::Told(_) => "unexpected",
        }
    }

    /// A fault of the machine, with what was being done.
    pub fn machine(doing: &str, error: &dyn fmt::Display) -> Self {
        Self::Machine(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Changed(meanwhile) => f.write_str(&meanwhile.words),
            Self::Usage(words)
            | Self::NotFound(words)
            | Self::Unreachable(words)
            | Self::Machine(words) => f.write_str(words),
            Self::BrokenPipe | Self::Told(_) => Ok(()),
        }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Machine(format!("Can't write: {error}"))
        }
    }
}

fn service_exit(error: &ServiceError) -> Exit {
    match error {
        ServiceError::Dead(Dead::Unknown) | ServiceError::NotFound { .. } => Exit::NotFound,
        ServiceError::Denied(Denied::LastOwner | Denied::AlreadyOwner)
        | ServiceError::Conflict(_)
        | ServiceError::Dead(_) => Exit::Conflict,
        ServiceError::Denied(_) | ServiceError::NotSignedIn(_) | ServiceError::Limited(_) => {
            Exit::NotAllowed
        }
        ServiceError::Invalid(_) | ServiceError::Schema(_) => Exit::Usage,
        ServiceError::Unavailable(_) | ServiceError::Unknown | ServiceError::Stopped => {
            Exit::Unreachable
        }
        ServiceError::Bug { .. } => Exit::Unexpected,
    }
}

fn service_code(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Denied(Denied::LastOwner) | ServiceError::Conflict(Conflict::LastOwner) => {
            "last_owner"
        }
        ServiceError::Denied(Denied::AlreadyOwner) => "already_owner",
        ServiceError::Denied(_) => "not_allowed",
        ServiceError::NotSignedIn(fault) => sign_in_code(*fault),
        ServiceError::Invalid(Invalid::Email(_)) => "invalid_email",
        ServiceError::Invalid(Invalid::Permission { .. }) => "unknown_permission",
        ServiceError::Invalid(Invalid::Password(_)) => "invalid_password",
        ServiceError::Invalid(_) => "invalid",
        ServiceError::NotFound { .. } => "not_found",
        ServiceError::Conflict(conflict) => conflict_code(conflict),
        ServiceError::Dead(dead) => dead_code(*dead),
        ServiceError::Limited(_) => "limited",
        ServiceError::Unavailable(_) => "unreachable",
        ServiceError::Unknown => "unknown",
        ServiceError::Stopped => "stopped",
        ServiceError::Schema(_) => "schema",
        ServiceError::Bug { .. } => "unexpected",
    }
}

fn sign_in_code(fault: SignInFault) -> &'static str {
    match fault {
        SignInFault::CodeNeeded => "code_needed",
        SignInFault::FactorRequired => "second_factor_required",
        SignInFault::ProofNeeded => "proof_needed",
        _ => "not_signed_in",
    }
}

fn conflict_code(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::AlreadyMember => "already_member",
        Conflict::AlreadyPending => "already_pending",
        Conflict::Changed(_) => CHANGED,
        Conflict::NotPending => "not_pending",
        Conflict::LastOwner => "last_owner",
        Conflict::AlreadyRegistered => "already_registered",
        Conflict::AccountExists => "account_exists",
        Conflict::AlreadyEnrolled => "already_enrolled",
        Conflict::CommandReused => "command_reused",
        Conflict::KeyMissing => "key_missing",
        Conflict::KeysInUse(_) => "keys_in_use",
        Conflict::NothingToRestore => "nothing_to_restore",
    }
}

fn dead_code(dead: Dead) -> &'static str {
    match dead {
        Dead::Unknown => "unknown_link",
        Dead::Expired => "expired",
        Dead::Used => "already_accepted",
        Dead::Declined => "declined",
        Dead::Cancelled => "cancelled",
        Dead::InviterLostAuthority => "inviter_lost_authority",
    }
}

/// Shorthand of the commands.
pub type Outcome<T = ()> = Result<T, Failure>;

#[cfg(test)]
mod tests {
    use super::{Exit, Failure};
    use crate::domain::{EmailError, policy::Denied};
    use crate::service::{Conflict, Dead, Invalid, ServiceError, SignInFault};
    use std::io;

    #[test]
    fn every_kind_of_error_has_the_exit_code_of_the_design() {
        let cases: Vec<(ServiceError, Exit)> = vec![
            (Denied::NotAManager.into(), Exit::NotAllowed),
            (Denied::LastOwner.into(), Exit::Conflict),
            (
                ServiceError::NotSignedIn(SignInFault::Wrong),
                Exit::NotAllowed,
            ),
            (Invalid::Email(EmailError::NoAt).into(), Exit::Usage),
            (ServiceError::NotFound { what: "member" }, Exit::NotFound),
            (Conflict::AlreadyMember.into(), Exit::Conflict),
            (Conflict::AlreadyPending.into(), Exit::Conflict),
            (Conflict::NothingToRestore.into(), Exit::Conflict),
            (Conflict::LastOwner.into(), Exit::Conflict),
            (ServiceError::Dead(Dead::Unknown), Exit::NotFound),
            (ServiceError::Dead(Dead::Expired), Exit::Conflict),
            (ServiceError::Unavailable("down".into()), Exit::Unreachable),
            (ServiceError::Unknown, Exit::Unreachable),
            (ServiceError::Stopped, Exit::Unreachable),
            (
                ServiceError::Bug {
                    reference: "x".into(),
                },
                Exit::Unexpected,
            ),
        ];
        for (error, exit) in cases {
            assert_eq!(Failure::from(error).exit(), exit);
        }
        assert_eq!(Failure::Usage(String::new()).exit() as u8, 2);
    }

    #[test]
    fn a_broken_pipe_is_quiet() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit(), Exit::Done);
        assert_eq!(failure.to_string(), "");
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit(), Exit::Unexpected);
    }
}
