//! The only place with SQL: one async function per statement, on a connection or a transaction.
//!
//! The service opens and commits transactions; nothing here decides what is allowed.

pub mod accounts;
pub mod append;
pub mod authority;
mod cancel;
pub mod chain;
pub mod claim;
pub mod commands;
pub mod db;
pub mod demo;
pub mod dsn;
mod error;
pub mod events;
pub mod factors;
mod hang_up;
pub mod health;
pub mod import;
pub mod invitations;
pub mod local;
pub mod logins;
pub mod many;
pub mod members;
pub mod migrate;
mod moment;
mod notify;
pub mod outbox;
pub mod page;
mod pool;
pub mod position;
pub mod roles;
mod rows;
mod scope;
pub mod sessions;
mod tls;
pub mod users;
pub mod wal;

pub use cancel::Canceller;
pub use db::{Db, Naming};
pub use error::StoreError;
pub use notify::{Channel, Listener, Told};
pub use scope::Scope;

use db::Line;
use deadpool_postgres::{Object, Pool, Transaction};
use pool::Way;
use std::sync::Arc;

/// Connections to one installation's database.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    way: Arc<Way>,
}

/// A borrowed connection.
pub struct Connection {
    /// Taken out only where it does not go back.
    object: Option<Object>,
    naming: Naming,
    cancellable: Option<(Canceller, u64)>,
}

/// An open transaction; dropped without a commit it rolls back.
pub struct Tx<'a> {
    inner: Transaction<'a>,
    naming: Naming,
}

impl Store {
    fn new(pool: Pool, way: Way) -> Self {
        Self {
            pool,
            way: Arc::new(way),
        }
    }

    /// Borrows a connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none can be had within the pool's time.
    pub async fn connect(&self) -> Result<Connection, StoreError> {
        let object = Some(self.pool.get().await?);
        Ok(Connection {
            object,
            naming: self.way.naming,
            cancellable: None,
        })
    }

    /// Borrows a connection whose work [`Store::cancel`] can end.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] when that was asked already; else as [`Store::connect`].
    pub async fn connect_under(&self, canceller: &Canceller) -> Result<Connection, StoreError> {
        let object = self.pool.get().await?;
        let number = canceller
            .enter(object.cancel_token(), &self.way)
            .ok_or(StoreError::Cancelled)?;
        Ok(Connection {
            object: Some(object),
            naming: self.way.naming,
            cancellable: Some((canceller.clone(), number)),
        })
    }

    /// Whether a connection is there that nobody uses.
    pub fn has_idle(&self) -> bool {
        self.pool.status().available > 0
    }

    /// Closes the connections that nobody uses: after one that gave no answer the others will give none.
    pub fn forget_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Whether LISTEN is of any use: a pooler in transaction mode takes it, and nothing is ever heard.
    pub fn can_listen(&self) -> bool {
        self.way.naming == Naming::Prepared
    }

    /// Listens to what is told on some channels, on a connection outside the pool.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn listen(&self, channels: &[Channel]) -> Result<Listener, StoreError> {
        Listener::open(&self.way, channels).await
    }

    /// Says a word on a channel, for whoever wants to know whether it is heard.
    ///
    /// # Errors
    /// What the database says.
    pub async fn echo(&self, channel: Channel, word: &str) -> Result<(), StoreError> {
        let connection = self.connect().await?;
        let sql = "SELECT pg_notify($1, 'echo ' || $2::text)";
        connection.execute(sql, &[&channel.name(), &word]).await?;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        connection.client_mut()?.batch_execute("SELECT 1").await?;
        Ok(())
    }
}

impl Connection {
    /// Opens a transaction that sees no more than `scope`; dropped without a commit it rolls back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&mut self, scope: &Scope) -> Result<Tx<'_>, StoreError> {
        let naming = self.naming;
        let inner = self.client_mut()?.transaction().await?;
        let tx = Tx { inner, naming };
        if naming == Naming::Unnamed {
            // Behind a pooler nothing lasts longer than the transaction.
            let limits = pool::limits("SET LOCAL");
            tokio::try_join!(tx.batch(&limits), scope.set(&tx))?;
        } else {
            scope.set(&tx).await?;
        }
        Ok(tx)
    }

    /// The connection itself, for the migrations and what looks at the server.
    ///
    /// # Errors
    /// None while it is borrowed.
    pub fn client_mut(&mut self) -> Result<&mut Object, StoreError> {
        self.object.as_mut().ok_or(StoreError::Cancelled)
    }
}

impl Tx<'_> {
    async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.inner.batch_execute(sql).await?)
    }

    /// Makes what was written last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the answer was lost: it may have been committed;
    /// [`StoreError::LastOwner`].
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// Undoes what was written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }
}

impl Db for Tx<'_> {
    fn line(&self) -> Result<Line<'_>, StoreError> {
        Ok(Line {
            client: self.inner.client(),
            statements: &self.inner.statement_cache,
            naming: self.naming,
        })
    }
}

/// Each statement is a transaction of its own.
impl Db for Connection {
    fn line(&self) -> Result<Line<'_>, StoreError> {
        let object = self.object.as_ref().ok_or(StoreError::Cancelled)?;
        Ok(Line {
            client: object,
            statements: &object.statement_cache,
            naming: self.naming,
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let cancelled = self
            .cancellable
            .take()
            .is_some_and(|(canceller, number)| canceller.leave(number));
        if cancelled && let Some(object) = self.object.take() {
            // A cancellation on its way would hit whoever borrows it next.
            drop(Object::take(object));
        }
    }
}
