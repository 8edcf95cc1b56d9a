//! Two things in turn, and what their times and buffers come to.

use crate::database::Database;
use deadpool_postgres::Object;
use rollbook::service::Result;
use std::{
    str::FromStr,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// No case is measured longer than this, once it was measured often enough.
const LONGEST: Duration = Duration::from_secs(15);
const LEAST: usize = 20;

static ROUNDS: LazyLock<usize> = LazyLock::new(|| variable("ROLLBOOK_BENCH_ROUNDS", 400));
static PAGE: LazyLock<i64> = LazyLock::new(|| variable("ROLLBOOK_BENCH_PAGE", 100));

/// A number from the environment, or another where none is set.
pub(crate) fn variable<T: FromStr>(name: &str, otherwise: T) -> T {
    let set = std::env::var(name).ok();
    let number = set.and_then(|n| n.replace('_', "").parse().ok());
    number.unwrap_or(otherwise)
}

/// How often each thing is done.
pub(crate) fn rounds() -> usize {
    *ROUNDS
}

/// Rows on a page.
pub(crate) fn page_rows() -> i64 {
    *PAGE
}

/// Whether a case that began then goes on.
pub(crate) fn goes_on(round: usize, began: Instant) -> bool {
    round < rounds() && (round < LEAST || began.elapsed() < LONGEST)
}

/// The median and the 99th percentile, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Quantiles {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| {
            let time = times.get(times.len() * share / 100);
            time.map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

/// Times one thing.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let done = work.await;
    (start.elapsed(), done)
}

/// How many buffers one call touches, everything counted that its connections do: the session's check,
/// authority, planning. Needs that nobody else uses the database; the least of three tries.
pub(crate) async fn buffers<F: Future<Output = Result<usize>>>(
    database: &Database,
    db: &Object,
    call: impl Fn(usize) -> F,
) -> f64 {
    const CALLS: usize = 10;
    let mut least = f64::MAX;
    for attempt in 0..3 {
        let (before, after) = (read(database, db).await, read(database, db).await);
        let overhead = after - before;
        for i in 0..CALLS {
            call(attempt * CALLS + i).await.unwrap();
        }
        let touched = read(database, db).await - after - overhead;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 buffers")]
        let each = touched as f64 / CALLS as f64;
        least = least.min(each.max(0.0));
    }
    least
}

/// The database's count of buffers, with those of the service's connections.
async fn read(database: &Database, db: &Object) -> i64 {
    for connection in &mut database.pool().await {
        let service = connection.client_mut().unwrap();
        let flush = "SELECT pg_stat_force_next_flush()";
        service.query(flush, &[]).await.unwrap();
    }
    let sql =
        "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()";
    db.query_one(sql, &[]).await.unwrap().get(0)
}
