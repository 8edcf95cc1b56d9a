//! The commands: the built program on a real database, its output and its exit codes.

mod accounts;
mod bulk;
mod foreign;
mod invitations;
mod members;
mod own;
mod roles;
mod surroundings;
