//! The use cases on a real database.

mod pages;
mod smoke;
