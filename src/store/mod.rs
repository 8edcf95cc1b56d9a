//! The only place with SQL: one async function per statement, on a connection or a transaction.
//!
//! The service opens and commits transactions; nothing here decides what is allowed.

pub mod accounts;
pub mod chain;
pub mod commands;
pub mod demo;
pub mod dsn;
mod error;
pub mod events;
pub mod factors;
pub mod health;
pub mod invitations;
pub mod local;
pub mod logins;
pub mod members;
pub mod migrate;
pub mod outbox;
pub mod page;
pub mod roles;
mod rows;
mod scope;
pub mod sessions;
mod tls;
pub mod users;

pub use error::StoreError;
pub use scope::Scope;

use deadpool_postgres::{Object, Pool, Transaction};

/// A pool of connections to one installation's database.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

/// A borrowed connection.
pub struct Connection(Object);

impl Store {
    /// Takes a pool that is already set up.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Borrows a connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none can be had within the pool's time.
    pub async fn connect(&self) -> Result<Connection, StoreError> {
        Ok(Connection(self.pool.get().await?))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.connect().await?.0.batch_execute("SELECT 1").await?;
        Ok(())
    }
}

impl Connection {
    /// Opens a transaction that sees no more than `scope`; dropped without a commit it rolls back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&mut self, scope: &Scope) -> Result<Transaction<'_>, StoreError> {
        let tx = self.0.transaction().await?;
        scope.set(&tx).await?;
        Ok(tx)
    }

    /// The connection itself, for the migrations and what looks at the server.
    pub fn client_mut(&mut self) -> &mut Object {
        &mut self.0
    }
}
