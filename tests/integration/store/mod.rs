//! The database layer on a real server.

mod migrate;
