//! What all integration tests start from: a database, a service on it, an account with its owner.

pub(crate) mod browser;
pub(crate) mod home;
pub(crate) mod many;
mod people;
mod pg;
pub(crate) mod pooler;
pub(crate) mod program;
pub(crate) mod pty;
pub(crate) mod screen;
pub(crate) mod server;
pub(crate) mod smtp;
pub(crate) mod tls;

pub(crate) use people::*;
pub(crate) use pg::{APP_ROLE, TestDb, counted};
