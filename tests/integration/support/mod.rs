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

use std::time::Duration;

/// A key's frame is promised within this time.
pub(crate) const PROMPT: Duration = Duration::from_millis(100);

/// Judges the keys of a test that has neighbours: some of them may be late by these, none by as much as
/// a wait for a silent server, of which is told after three seconds.
pub(crate) fn no_key_waited(mut frames: Vec<Duration>) {
    frames.sort();
    let (middle, longest) = (frames[frames.len() / 2], frames[frames.len() - 1]);
    assert!(middle < PROMPT, "{middle:?} of {}", frames.len());
    assert!(longest < Duration::from_secs(2), "{longest:?}");
}
