//! What happens when something breaks: servers killed, lines cut, workers that die with a mail in hand.
//! Counts are small enough for every run; `ROLLBOOK_FAULTS=full` runs the large ones. Each test prints
//! what was acknowledged, lost, duplicated, and unknown but then resolved.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it found"
)]

mod cancel;
mod disk;
mod edits;
mod ledger;
mod live;
mod load;
mod promotion;
mod proxy;
mod silence;
mod workers;

#[path = "../integration/support/mod.rs"]
#[expect(dead_code, reason = "shared with the other tests; each uses its part")]
mod support;

/// Whether the large counts are asked for, on a machine that does nothing else.
fn is_full() -> bool {
    std::env::var("ROLLBOOK_FAULTS").is_ok_and(|asked| asked == "full")
}

/// The small count, or the large one where that is asked for.
fn count(small: usize, large: usize) -> usize {
    if is_full() { large } else { small }
}
