//! Ending on the server what one task's connections are doing, so that nothing runs on that nobody
//! waits for, and no connection that is still busy goes back to the pool.

use super::{hang_up, pool::Way};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_postgres::CancelToken;
use tokio_util::sync::CancellationToken;

/// How long the server may take to hear of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Cancels what the connections that were borrowed under it are doing.
#[derive(Clone, Default)]
pub struct Canceller {
    asked: CancellationToken,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    next: u64,
    tokens: HashMap<u64, (CancelToken, Arc<Way>)>,
}

impl Canceller {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it is held.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a borrowed connection; none when it is too late to begin anything.
    pub(super) fn enter(&self, token: CancelToken, way: &Arc<Way>) -> Option<u64> {
        let mut held = self.held();
        if self.asked.is_cancelled() {
            return None;
        }
        held.next += 1;
        let number = held.next;
        held.tokens.insert(number, (token, Arc::clone(way)));
        Some(number)
    }

    /// The connection is given back; tells whether a cancellation may be on its way to it, which must
    /// not hit whoever borrows it next.
    pub(super) fn leave(&self, number: u64) -> bool {
        let mut held = self.held();
        held.tokens.remove(&number);
        self.asked.is_cancelled()
    }

    /// Comes when the server was asked and has had its time: whoever still waits need not.
    pub async fn given_up(&self) {
        self.asked.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    }

    /// Asks the server to end what is running; nothing new begins.
    pub async fn cancel(&self) {
        let running: Vec<_> = {
            let held = self.held();
            self.asked.cancel();
            held.tokens.values().cloned().collect()
        };
        for (token, way) in running {
            let asking = hang_up::cancel(&token, &way.config, way.tls.as_ref());
            if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, asking).await {
                tracing::warn!(%error, "a statement could not be cancelled");
            }
        }
    }
}
