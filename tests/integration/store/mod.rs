//! The database layer on a real server.

mod local;
mod migrate;
mod owners;
mod tls;
