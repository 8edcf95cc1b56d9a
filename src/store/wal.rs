//! Places in the write-ahead log: how far the primary has written it, and how far a standby has replayed it.

use super::{Db, StoreError};

/// A place in the log; what was committed before it is in whatever was replayed up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub i64);

/// How far a primary has made its log last: everything that it has acknowledged lies before.
///
/// # Errors
/// What the database says, such as that it is a standby.
pub async fn written(db: &impl Db) -> Result<Place, StoreError> {
    let sql = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint";
    Ok(Place(db.query_one(sql, &[]).await?.get(0)))
}

/// How far a standby has replayed; none where the server is no standby. A statement that comes after this
/// one sees at least so much; one that asked within itself could have begun to look before.
///
/// # Errors
/// What the database says.
pub async fn replayed(db: &impl Db) -> Result<Option<Place>, StoreError> {
    let sql = "SELECT CASE WHEN pg_is_in_recovery()
        THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END";
    let place: Option<i64> = db.query_one(sql, &[]).await?.get(0);
    Ok(place.map(Place))
}

/// The number that a server shares with its standbys, and with nothing else.
///
/// # Errors
/// What the database says.
pub async fn origin(db: &impl Db) -> Result<i64, StoreError> {
    let sql = "SELECT system_identifier FROM pg_control_system()";
    Ok(db.query_one(sql, &[]).await?.get(0))
}
