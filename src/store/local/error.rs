//! What can keep the private server from running, each with what to do about it.

use std::{io, path::PathBuf};

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No PostgreSQL server programs on this machine.
    #[error(
        "No PostgreSQL server programs were found: install them with `{install}`, or name a database in database.url"
    )]
    NoPrograms { install: &'static str },
    /// The data directory was made by a major version that is not installed.
    #[error(
        "{} was made by PostgreSQL {version}, which is not installed: install that version, or move the directory away to start anew",
        .data.display()
    )]
    OtherVersion { data: PathBuf, version: String },
    /// PostgreSQL looks its user up by number and refuses without an answer.
    #[error(
        "User id {uid} has no name on this machine, and PostgreSQL refuses to run without one: add the user (in a container, to /etc/passwd), or name a database in database.url"
    )]
    NoUser { uid: u32 },
    /// Root can't run PostgreSQL, and nobody else is there to do so.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: add one, or name a database in database.url"
    )]
    NoServerUser,
    /// Neither `XDG_DATA_HOME` nor `HOME` says where data goes.
    #[error("Neither XDG_DATA_HOME nor HOME is set: set one, or name a database in database.url")]
    NoHome,
    /// As root the server runs as another user, who must get to its files.
    #[error(
        "The user {user}, as whom PostgreSQL runs, can't reach {}: choose a directory outside of private ones such as /root, or let others through those above it (chmod o+x)",
        .dir.display()
    )]
    Unreachable { dir: PathBuf, user: String },
    /// The socket's directory in /tmp is somebody else's.
    #[error(
        "{} belongs to another user or is open to others: remove it and try again",
        .0.display()
    )]
    ForeignDirectory(PathBuf),
    /// A file operation failed.
    #[error("Can't {what} {}: {error}", .path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        error: io::Error,
    },
    /// A server program failed; its own last words.
    #[error("{program} failed: {reply}")]
    Program {
        program: &'static str,
        reply: String,
    },
    /// Another console holds the start-up lock for too long.
    #[error(
        "Another rollbook has been starting or stopping the server in {} for too long: end it and try again",
        .0.display()
    )]
    Locked(PathBuf),
    /// The server runs, but does not take connections.
    #[error("The private PostgreSQL does not answer: {reply} (see {})", .log.display())]
    NoAnswer { reply: String, log: PathBuf },
    /// The program ends while the server starts.
    #[error("The start of the private PostgreSQL was interrupted")]
    Interrupted,
}

impl LocalError {
    /// For `map_err`: what was being done with which file.
    pub(super) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { what, path, error }
    }
}
