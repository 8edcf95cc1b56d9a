//! Whole flows on a real PostgreSQL, a real mail server, a real browser and a real terminal: one
//! binary, so that they share one database server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod architecture;
mod cli;
mod docs;
mod e2e;
mod fuzz;
mod hostile;
mod mail;
mod operations;
mod service;
mod store;
mod support;
mod ui;
mod web;
