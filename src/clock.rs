//! The only caller of `now()`. Expiry is decided by the database's clock; this one is for words on
//! the screen ("3 minutes ago") and for timers.

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still, for tests and pictures.
    Fixed(Timestamp),
}

impl Clock {
    /// The current instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for the time"
    )]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => at,
        }
    }
}
