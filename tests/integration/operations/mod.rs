//! What whoever runs an installation does to it, as `docs/operations.md` says.

mod backup;
mod clocks;
mod pooler;
mod refusal;
mod released;
mod replica;
mod token_key;
mod upgrade;
