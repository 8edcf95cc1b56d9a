//! The use cases on a real database.

mod access;
mod audit;
mod links;
mod pages;
mod races;
mod registry;
mod sessions;
mod smoke;
