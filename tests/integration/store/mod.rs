//! The database layer on a real server.

mod isolation;
mod local;
mod migrate;
mod owners;
mod plans;
mod tls;
