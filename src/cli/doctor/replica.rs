//! What `rollbook doctor` finds about the standby that lists are read from.

use super::super::wiring::Configured;
use super::{Check, State};
use crate::store::{
    Store, StoreError,
    wal::{self, Place},
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const ABOUT: &str = "replica";
/// Between two looks at how far it has come.
const PAUSE: Duration = Duration::from_millis(1);

/// How a standby stands to its primary.
enum Found {
    /// It had what the primary had after so long.
    After(Duration),
    /// So many bytes of the log were missing when the time was up.
    Behind(i64),
    /// It follows nobody.
    NoStandby,
    /// It follows another server.
    Foreign,
}

/// Whether lists can be read there; nothing where no standby is configured.
pub(super) async fn check(configured: &Configured, primary: &Store) -> Option<Check> {
    let replica = match configured.replica() {
        Ok(replica) => replica?,
        Err(failure) => {
            let mend = "Correct database.replica_url";
            return Some(Check::new(ABOUT, State::Fail, failure.to_string(), mend));
        }
    };
    let bound = configured.settings.database.replica_staleness;
    let warn = |found: String, mend| Check::new(ABOUT, State::Warn, found, mend);
    Some(match look(primary, &replica, bound).await {
        Ok(Found::After(lag)) => {
            let found = format!("has what the primary has after {} ms", lag.as_millis());
            Check::new(ABOUT, State::Ok, found, "")
        }
        Ok(Found::Behind(bytes)) => warn(
            format!("is {bytes} bytes behind after {bound:?}: lists are read on the primary"),
            "See pg_stat_replication on the primary, or raise database.replica_staleness",
        ),
        Ok(Found::NoStandby) => warn(
            "is no standby: lists are read on the primary".to_owned(),
            "Name a streaming standby of database.url in database.replica_url",
        ),
        Ok(Found::Foreign) => warn(
            "belongs to another primary".to_owned(),
            "Name a streaming standby of database.url in database.replica_url",
        ),
        Err(error) => warn(
            format!("does not answer: {error}; lists are read on the primary"),
            "Start it, or correct database.replica_url",
        ),
    })
}

async fn look(primary: &Store, replica: &Store, bound: Duration) -> Result<Found, StoreError> {
    let (primary, replica) = (primary.connect().await?, replica.connect().await?);
    if wal::origin(&primary).await? != wal::origin(&replica).await? {
        return Ok(Found::Foreign);
    }
    let goal = wal::written(&primary).await?;
    let began = Instant::now();
    loop {
        let Some(Place(at)) = wal::replayed(&replica).await? else {
            return Ok(Found::NoStandby);
        };
        let waited = began.elapsed();
        match goal.0 - at {
            ..=0 => return Ok(Found::After(waited)),
            missing if waited > bound => return Ok(Found::Behind(missing)),
            _ => sleep(PAUSE).await,
        }
    }
}
