//! What all integration tests start from: a database, a service on it, an account with its owner.

pub(crate) mod browser;
pub(crate) mod home;
pub(crate) mod many;
mod people;
mod pg;
pub(crate) mod pooler;
pub(crate) mod postmaster;
pub(crate) mod program;
pub(crate) mod pty;
pub(crate) mod screen;
pub(crate) mod server;
pub(crate) mod smtp;
pub(crate) mod tls;

pub(crate) use people::*;
pub(crate) use pg::{APP_ROLE, TestDb, counted};

/// Less than any wait for a silent server, or for a console that has to ask: three seconds. What is
/// promised is shorter; it is measured where the machine does nothing else.
pub(crate) const WITHOUT_WAITING: std::time::Duration = std::time::Duration::from_secs(2);
