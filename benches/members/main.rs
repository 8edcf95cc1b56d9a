//! The member list at any size beside the bare query, in turn in the same run:
//!
//!     cargo bench --bench members
//!
//! `-- pages` (unless said otherwise) measures every list operation of the service, `-- growth` the same
//! few operations in accounts of growing size, `-- fill` only fills.
//!
//! | variable | |
//! | --- | --- |
//! | `ROLLBOOK_BENCH_MEMBERS` | members of the account, 1,000,000 unless set; `growth` goes up to it |
//! | `ROLLBOOK_BENCH_URL` | a server of one's own: `host=… user=…` of a superuser, without a database |
//! | `ROLLBOOK_BENCH_DIR` | where the private server is kept otherwise; below `target` unless set |
//! | `ROLLBOOK_BENCH_PAGE` | rows of a page, 100 unless set: what a console asks for |
//! | `ROLLBOOK_BENCH_ROUNDS` | how often each operation is measured, 400 unless set |
//! | `ROLLBOOK_BENCH_ONLY` | a part of the operations' names |
//!
//! A database is filled once and used again. Only ratios say something about another machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

mod asking;
mod bare;
mod cases;
mod database;
mod fill;
mod growth;
mod measure;
mod pages;
mod people;

use database::Server;

// On one thread, with what the connections do: how long another one takes to wake is no part of a page.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let work = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let server = Server::start().await;
    server.describe().await;
    match work.as_deref() {
        None | Some("pages") => Box::pin(pages::run(&server.database(members()).await)).await,
        Some("growth") => Box::pin(growth::run(&server, members())).await,
        Some("fill") => drop(server.database(members()).await),
        Some(other) => panic!("{other} is none of pages, growth and fill"),
    }
    server.stop().await;
}

fn members() -> u64 {
    measure::variable("ROLLBOOK_BENCH_MEMBERS", 1_000_000)
}
