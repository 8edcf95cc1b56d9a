//! Schema migrations: embedded, forward-only, each in its own transaction, all under one advisory
//! lock so that any number of programs may start at once.

use super::StoreError;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio_postgres::{Client, error::SqlState};

/// The key of the advisory lock: "rollbook" in ASCII.
const LOCK: i64 = 0x726f_6c6c_626f_6f6b;

/// How long a migration waits for a table: whoever comes after it has to wait as long.
const LOCK_WAIT: &str = "SET LOCAL lock_timeout = '2s'";
/// How often it comes again, and how long it lets the others through before.
const TRIES: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);

struct Migration {
    version: i32,
    sql: &'static str,
}

impl Migration {
    const fn new(version: i32, sql: &'static str) -> Self {
        Self { version, sql }
    }

    fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql.as_bytes()).to_vec()
    }
}

/// In the order of their versions, from 1 on.
const MIGRATIONS: &[Migration] = &[
    Migration::new(1, include_str!("migrations/0001_init.sql")),
    Migration::new(2, include_str!("migrations/0002_isolation.sql")),
    Migration::new(3, include_str!("migrations/0003_second_factor.sql")),
    Migration::new(4, include_str!("migrations/0004_audit_head.sql")),
    Migration::new(5, include_str!("migrations/0005_live.sql")),
    Migration::new(6, include_str!("migrations/0006_factor_keys.sql")),
    Migration::new(7, include_str!("migrations/0007_history.sql")),
    Migration::new(8, include_str!("migrations/0008_mail_turns.sql")),
    Migration::new(9, include_str!("migrations/0009_upkeep.sql")),
    Migration::new(10, include_str!("migrations/0010_authority.sql")),
    Migration::new(11, include_str!("migrations/0011_mail_told.sql")),
];

/// The newest schema version that this program knows.
pub fn newest() -> i32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Brings the schema up to date; returns how many migrations ran.
///
/// # Errors
/// [`StoreError::SchemaNewer`] and [`StoreError::SchemaDiffers`] when this program is not the one
/// for this database; else what the database says.
pub async fn run(client: &mut Client) -> Result<usize, StoreError> {
    // Both also for a role that may make no tables.
    if is_newest(client).await? {
        return Ok(0);
    }
    // Waiting for another program's migration may take longer than a statement should.
    let before = client
        .query_one(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')",
            &[],
        )
        .await?;
    set_limits(client, "0", "0").await?;
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await?;
    let outcome = run_locked(client).await;
    let outcome = outcome.map_err(StoreError::or_not_permitted);
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&LOCK])
        .await?;
    // The connection goes back to its pool as it was.
    set_limits(client, before.get(0), before.get(1)).await?;
    outcome
}

async fn set_limits(client: &Client, statement: &str, lock: &str) -> Result<(), StoreError> {
    let sql =
        "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)";
    client.execute(sql, &[&statement, &lock]).await?;
    Ok(())
}

/// The schema version of a database; 0 when it has none. No statement here has a name: it is also asked
/// through a pooler.
///
/// # Errors
/// What the database says.
pub async fn version(client: &Client) -> Result<i32, StoreError> {
    let ran = ran(client).await?;
    Ok(ran.last().map_or(0, |(version, _)| *version))
}

/// The migrations that have run, by version, with their checksums: one round trip, as every start
/// waits for it.
async fn ran(client: &Client) -> Result<Vec<(i32, Vec<u8>)>, StoreError> {
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    match client.query_typed(sql, &[]).await {
        Ok(rows) => Ok(rows
            .iter()
            .map(|row| (row.get("version"), row.get("checksum")))
            .collect()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Whether exactly this program's migrations have run.
async fn is_newest(client: &Client) -> Result<bool, StoreError> {
    let ran = ran(client).await?;
    let found = ran.last().map_or(0, |(version, _)| *version);
    check_known(found)?;
    if found != newest() {
        return Ok(false);
    }
    for ((version, checksum), migration) in ran.into_iter().zip(MIGRATIONS) {
        if checksum != migration.checksum() {
            return Err(StoreError::SchemaDiffers { version });
        }
    }
    Ok(true)
}

async fn run_locked(client: &mut Client) -> Result<usize, StoreError> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 version integer PRIMARY KEY, checksum bytea NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .await?;
    check_known(version(client).await?)?;
    let mut ran = 0;
    for migration in MIGRATIONS {
        ran += usize::from(apply_when_free(client, migration).await?);
    }
    Ok(ran)
}

/// Applies a migration between the others' work: a backup that reads a table for an hour must not make
/// everybody wait for the migration that waits for it.
async fn apply_when_free(client: &mut Client, migration: &Migration) -> Result<bool, StoreError> {
    for _ in 1..TRIES {
        match apply(client, migration).await {
            Err(StoreError::Busy) => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
    }
    apply(client, migration).await
}

fn check_known(found: i32) -> Result<(), StoreError> {
    if found > newest() {
        return Err(StoreError::SchemaNewer {
            found,
            known: newest(),
        });
    }
    Ok(())
}

async fn apply(client: &mut Client, migration: &Migration) -> Result<bool, StoreError> {
    let checksum = migration.checksum();
    let tx = client.transaction().await?;
    let done = tx
        .query_opt(
            "SELECT checksum FROM schema_migrations WHERE version = $1",
            &[&migration.version],
        )
        .await?;
    if let Some(row) = done {
        if row.get::<_, Vec<u8>>(0) != checksum {
            return Err(StoreError::SchemaDiffers {
                version: migration.version,
            });
        }
        return Ok(false);
    }
    tx.batch_execute(LOCK_WAIT).await?;
    tx.batch_execute(migration.sql).await?;
    tx.execute(
        "INSERT INTO schema_migrations (version, checksum) VALUES ($1, $2)",
        &[&migration.version, &checksum],
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}
