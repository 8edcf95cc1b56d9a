//! The private PostgreSQL server of an installation that names no database: from the programs on
//! this machine, reachable through one unix socket, shared by all consoles of a data directory.
//!
//! The first console starts it, the last to leave stops it; one that is killed leaves it running,
//! and the next adopts it.

mod cluster;
mod error;
mod identity;
mod lease;
mod programs;
mod throw_away;

pub use error::LocalError;
pub use identity::default_dir;

use cluster::{Cluster, Durability, ROLE};
use lease::{Lease, Turn};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use throw_away::ThrowAway;
use tokio_postgres::{Client, NoTls, error::SqlState};

/// How long crash recovery may take before the console gives up.
const RECOVERY: Duration = Duration::from_mins(1);

/// A running private server, for as long as this value lives.
#[derive(Debug)]
pub struct LocalServer {
    cluster: Cluster,
    hold: Option<Hold>,
}

#[derive(Debug)]
enum Hold {
    Shared(Lease),
    ThrowAway(ThrowAway),
}

impl LocalServer {
    /// Joins the server of `dir`, or initialises and starts it.
    ///
    /// # Errors
    /// [`LocalError`]; each says what to do.
    pub async fn start(dir: &Path) -> Result<Self, LocalError> {
        let dir = dir.to_owned();
        let server = blocking(move || Self::join(&dir)).await?;
        if server.wait_ready().await.is_err() {
            // It died while we joined.
            let cluster = server.cluster.clone();
            blocking(move || bring_up(&cluster, &Turn::take(cluster.dir())?)).await?;
            server.wait_ready().await?;
        }
        Ok(server)
    }

    /// A server in a fresh directory that is removed when this process ends, even if it is killed.
    ///
    /// # Errors
    /// [`LocalError`]; each says what to do.
    pub async fn throw_away() -> Result<Self, LocalError> {
        let (hold, cluster) = blocking(ThrowAway::start).await?;
        Ok(Self {
            cluster,
            hold: Some(Hold::ThrowAway(hold)),
        })
    }

    fn join(dir: &Path) -> Result<Self, LocalError> {
        let cluster = Cluster::below(dir, Durability::Kept)?;
        let turn = Turn::take(cluster.dir())?;
        let lease = Lease::take(cluster.dir(), &turn)?;
        bring_up(&cluster, &turn)?;
        Ok(Self {
            cluster,
            hold: Some(Hold::Shared(lease)),
        })
    }

    /// The connection string of one of its databases.
    pub fn dsn(&self, database: &str) -> String {
        let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let host = self.cluster.socket_dir();
        let (host, database) = (quote(&host.to_string_lossy()), quote(database));
        format!("host='{host}' user={ROLE} dbname='{database}'")
    }

    /// Makes the database unless it is there.
    ///
    /// # Errors
    /// [`LocalError::NoAnswer`] with the server's words.
    pub async fn ensure_database(&self, name: &str) -> Result<(), LocalError> {
        let quoted = name.replace('"', "\"\"");
        let made = self
            .with_client(async |client| {
                let sql = format!("CREATE DATABASE \"{quoted}\"");
                client.batch_execute(&sql).await
            })
            .await;
        match made {
            // Two at once: the loser sees the index instead of the name check.
            Err(error)
                if [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION]
                    .iter()
                    .any(|state| error.code() == Some(state)) =>
            {
                Ok(())
            }
            other => other.map_err(|error| self.no_answer(&error)),
        }
    }

    /// Leaves; the last to leave stops the server.
    pub async fn stop(mut self) {
        let Some(hold) = self.hold.take() else { return };
        let cluster = self.cluster.clone();
        // Whoever comes next finds the server running and adopts it.
        blocking(move || leave(&cluster, hold)).await.ok();
    }

    /// A server that was killed may be at its recovery: wait for that.
    async fn wait_ready(&self) -> Result<(), LocalError> {
        let until = Instant::now() + RECOVERY;
        loop {
            let Err(error) = self.with_client(async |_| Ok(())).await else {
                return Ok(());
            };
            let starting = error.code() == Some(&SqlState::CANNOT_CONNECT_NOW);
            if !starting || Instant::now() > until {
                return Err(self.no_answer(&error));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Connects to the maintenance database for the time of one call.
    async fn with_client<T>(
        &self,
        call: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.dsn("postgres"), NoTls).await?;
        // The connection ends when the client is dropped; what breaks it, the call reports too.
        let work = async move { call(&client).await };
        let (done, _) = tokio::join!(work, connection);
        done
    }

    fn no_answer(&self, error: &tokio_postgres::Error) -> LocalError {
        let reply = error
            .as_db_error()
            .map_or_else(|| error.to_string(), |db| db.message().to_owned());
        LocalError::NoAnswer {
            reply,
            log: self.cluster.log(),
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            leave(&self.cluster, hold).ok();
        }
    }
}

/// Starts the server unless it runs. Blocking.
fn bring_up(cluster: &Cluster, _: &Turn) -> Result<(), LocalError> {
    cluster.initialise()?;
    if cluster.answers() {
        return Ok(());
    }
    cluster.start()
}

/// Gives the hold back; the last one stops the server. Blocking.
fn leave(cluster: &Cluster, hold: Hold) -> Result<(), LocalError> {
    match hold {
        Hold::ThrowAway(mut throw_away) => throw_away.end(),
        Hold::Shared(lease) => {
            let turn = Turn::take(cluster.dir())?;
            if lease.give_back(&turn) && cluster.answers() {
                cluster.stop()?;
            }
        }
    }
    Ok(())
}

/// Runs what waits for files and processes away from the event loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LocalError> + Send + 'static,
) -> Result<T, LocalError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(LocalError::Interrupted))
}
