//! How connections are made: those of the pool, and those that live outside it.

use super::{Naming, roles::quoted};
use deadpool::managed::QueueMode;
use deadpool_postgres::{
    BuildError, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use std::time::Duration;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a connection, new or from the pool.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// How long a server that took the connection may be silent before the first answer. Screens have said
/// long before that it is, and go on by themselves when it comes back.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// No statement of a screen takes this long; one that does is cut off by the server.
const LIMITS: [&str; 5] = [
    "statement_timeout = '5s'",
    "lock_timeout = '3s'",
    "idle_in_transaction_session_timeout = '10s'",
    "TimeZone = 'UTC'",
    // Compiling a plan takes longer than any page.
    "jit = off",
];

/// How one installation's database is reached.
pub(super) struct Way {
    pub(super) config: Config,
    /// None where the connection carries no TLS.
    pub(super) tls: Option<MakeRustlsConnect>,
    /// What each connection becomes.
    pub(super) role: Option<String>,
    pub(super) naming: Naming,
}

impl Way {
    /// A pool of at most `size` connections that never waits without end.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, BuildError> {
        let session = match self.naming {
            Naming::Prepared => limits("SET") + &self.become_role(),
            Naming::Unnamed => String::new(),
        };
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match self.tls.clone() {
            None => Manager::from_config(self.config.clone(), NoTls, recycling),
            Some(tls) => Manager::from_config(self.config.clone(), tls, recycling),
        };
        Pool::builder(manager)
            .max_size(size)
            // The one that was used last: what it reads is in its processor's cache.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(FIRST_ANSWER))
            .recycle_timeout(Some(CONNECT))
            .post_create(Hook::async_fn(move |client, _| {
                let session = session.clone();
                Box::pin(async move {
                    if session.is_empty() {
                        return Ok(());
                    }
                    client
                        .batch_execute(&session)
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
    }

    /// The statement with which a connection becomes the application's role; empty where it stays.
    pub(super) fn become_role(&self) -> String {
        let set = |role: &String| format!("SET ROLE {};", quoted(role));
        self.role.as_ref().map_or_else(String::new, set)
    }
}

/// The limits of a connection (`SET`) or of a transaction (`SET LOCAL`), as statements.
pub(super) fn limits(set: &str) -> String {
    LIMITS.map(|limit| format!("{set} {limit};")).concat()
}
