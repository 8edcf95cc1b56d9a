//! What all integration tests start from: a database, a service on it, an account with its owner.

mod people;
mod pg;

pub(crate) use people::*;
pub(crate) use pg::TestDb;
