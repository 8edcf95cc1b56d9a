//! The only place with SQL: one async function per statement, on a connection or a transaction.
//!
//! The service opens and commits transactions; nothing here decides what is allowed.

pub mod accounts;
pub mod append;
mod cancel;
pub mod chain;
pub mod commands;
pub mod demo;
pub mod dsn;
mod error;
pub mod events;
pub mod factors;
pub mod health;
pub mod import;
pub mod invitations;
pub mod local;
pub mod logins;
pub mod many;
pub mod members;
pub mod migrate;
mod notify;
pub mod outbox;
pub mod page;
mod pool;
pub mod roles;
mod rows;
mod scope;
pub mod sessions;
mod tls;
pub mod users;

pub use cancel::Canceller;
pub use error::StoreError;
pub use notify::{Listener, Told};
pub use scope::Scope;

use crate::domain::{AccountId, UserId};
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
    cancellable: Option<(Canceller, u64)>,
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
            .enter(object.cancel_token())
            .ok_or(StoreError::Cancelled)?;
        Ok(Connection {
            object: Some(object),
            cancellable: Some((canceller.clone(), number)),
        })
    }

    /// Ends on the server what runs under this canceller.
    pub async fn cancel(&self, canceller: &Canceller) {
        canceller.cancel(self.way.tls.as_ref()).await;
    }

    /// Closes the connections that nobody uses: after one that gave no answer the others will give none.
    pub fn forget_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Listens to what changes in an account, on a connection outside the pool.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn listen(
        &self,
        account: AccountId,
        user: Option<UserId>,
    ) -> Result<Listener, StoreError> {
        Listener::open(&self.way, (account, user)).await
    }

    /// Says a word on an account's channel, for whoever wants to know whether it is heard.
    ///
    /// # Errors
    /// What the database says.
    pub async fn echo(&self, account: AccountId, word: &str) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        let channel = notify::channel(account.0);
        connection
            .client_mut()?
            .execute(
                "SELECT pg_notify($1, 'echo ' || $2::text)",
                &[&channel, &word],
            )
            .await?;
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
    pub async fn begin(&mut self, scope: &Scope) -> Result<Transaction<'_>, StoreError> {
        let tx = self.client_mut()?.transaction().await?;
        scope.set(&tx).await?;
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
