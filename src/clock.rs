//! The only caller of `now()`. Expiry is decided by the database's clock; this one is for timers, and for
//! words on the screen ("3 minutes ago"), which add how far the database's clock is ahead.

use jiff::Timestamp;
use std::time::Instant;

/// Where the time comes from.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// The machine's clock as it was at the start, and what has passed since: a clock that is set
    /// meanwhile stalls no timer.
    Steady { start: Timestamp, since: Instant },
    /// A clock that stands still, for tests and pictures.
    Fixed(Timestamp),
}

impl Clock {
    /// A steady clock that starts now.
    pub fn steady() -> Self {
        Self::Steady {
            start: Self::System.now(),
            since: Instant::now(),
        }
    }

    /// The current instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for the time"
    )]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Steady { start, since } => start.checked_add(since.elapsed()).unwrap_or(start),
            Self::Fixed(at) => at,
        }
    }
}
