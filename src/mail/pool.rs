//! A few connections to the mail server, kept between mails.
//!
//! A server ends a connection that it finds idle, or that has had its share, without asking. The next mail
//! finds that out; as nothing of it has left by then, it goes over a fresh connection at once.

use super::{
    conversation::{Conversation, Kind, Trouble},
    server::Server,
};
use futures_util::future::join_all;
use lettre::Message;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// How long a connection is kept that has nothing to do; servers wait longer (RFC 5321, 4.5.3.2).
const IDLE: Duration = Duration::from_secs(30);

pub(super) struct Pool {
    server: Server,
    turns: Semaphore,
    kept: Mutex<Vec<(Conversation, Instant)>>,
}

impl Pool {
    /// At most so many connections at once.
    pub(super) fn new(server: Server, connections: usize) -> Self {
        Self {
            server,
            turns: Semaphore::new(connections),
            kept: Mutex::default(),
        }
    }

    /// Hands a mail over, on a connection that is free or a new one; the server's answer.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) async fn deliver(&self, message: &Message) -> Result<String, Trouble> {
        let _turn = self.turns.acquire().await;
        if let Some(mut kept) = self.take() {
            let outcome = kept.deliver(message).await;
            let gone = matches!(&outcome, Err(trouble) if trouble.kind == Kind::Gone);
            if !gone || kept.begun() {
                self.keep(kept);
                return outcome;
            }
        }
        let mut fresh = self.server.connect().await?;
        let outcome = fresh.deliver(message).await;
        self.keep(fresh);
        outcome
    }

    /// Whether the server takes a connection and a NOOP.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) async fn check(&self) -> Result<(), Trouble> {
        let mut fresh = self.server.connect().await?;
        fresh.noop().await?;
        fresh.end().await;
        Ok(())
    }

    /// Ends the connections that nobody has used for a while; tells whether any are kept on.
    pub(super) async fn tidy(&self) -> bool {
        let now = Instant::now();
        self.end(|since| now.duration_since(since) >= IDLE).await;
        !self.kept().is_empty()
    }

    /// Ends all that are not in use.
    pub(super) async fn close(&self) {
        self.end(|_since| true).await;
    }

    async fn end(&self, which: impl Fn(Instant) -> bool) {
        let ending: Vec<Conversation> = {
            let mut kept = self.kept();
            let ending = kept.extract_if(.., |(_, since)| which(*since));
            ending.map(|(conversation, _)| conversation).collect()
        };
        join_all(ending.into_iter().map(Conversation::end)).await;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(Conversation, Instant)>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last: it is the least likely to have been ended by the server.
    fn take(&self) -> Option<Conversation> {
        self.kept().pop().map(|(conversation, _)| conversation)
    }

    fn keep(&self, conversation: Conversation) {
        if conversation.usable() {
            self.kept().push((conversation, Instant::now()));
        }
    }
}
