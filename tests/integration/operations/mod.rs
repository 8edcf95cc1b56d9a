//! What whoever runs an installation does to it, as `docs/operations.md` says.

mod backup;
mod clocks;
mod refusal;
mod released;
mod token_key;
mod upgrade;
