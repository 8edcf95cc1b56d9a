//! The use cases on a real database.

mod access;
mod audit;
mod changes;
mod edits_at_once;
mod foreign;
mod import;
mod links;
mod links_at_once;
mod live;
mod matrix;
mod owners_at_once;
mod pages;
mod races;
mod registry;
mod sessions;
mod sessions_at_once;
mod smoke;
mod throttle;
mod undo;
