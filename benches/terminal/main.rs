//! The console in a pseudo-terminal of 120×40: `cargo bench --bench terminal`.
//!
//! A throw-away server gets one account with `ROLLBOOK_BENCH_MEMBERS` members (1,000 unless set), or
//! `ROLLBOOK_BENCH_URL` names a database that is there: then `ROLLBOOK_BENCH_AS`, `ROLLBOOK_PASSWORD`
//! and `ROLLBOOK_ACCOUNT` say who opens which account, and its members are named as the fill names
//! them. `ROLLBOOK_BENCH_IDLE` sets for how many seconds the idle console is watched (60). Words after
//! `--` choose figures: start, down, held, burst, page, idle.
//!
//! Only ratios say something about another machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and fails by panicking"
)]

mod figures;
mod place;
mod plain;
mod pty;

use place::Place;
use std::env;

/// The word that makes this program the reference.
const PLAIN: &str = "plain-table";

#[tokio::main]
async fn main() {
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if let [word, file] = words.as_slice()
        && word == PLAIN
    {
        return plain::run(file);
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let members = env::var("ROLLBOOK_BENCH_MEMBERS")
        .ok()
        .and_then(|n| n.parse().ok());
    let members = members.unwrap_or(1_000);
    let place = Place::find(members).await;
    place.sign_in();
    figures::heading();
    if wanted("start") {
        figures::start(&place);
    }
    for speed in ["fast", "slow"] {
        if wanted("down") {
            figures::cursor_down(&place, speed);
        }
        if wanted("held") {
            figures::held_down(&place, speed);
        }
    }
    if wanted("burst") {
        figures::burst(&place);
    }
    if wanted("page") {
        figures::page_down(&place);
    }
    if wanted("idle") {
        figures::idle(&place);
    }
    place.leave().await;
}
