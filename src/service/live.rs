//! What others change in an account, as it happens: told by the database, and looked after by polling
//! where it can't be.

use super::{Operation, Result, Service, ServiceError, entrance::done};
use crate::{
    domain::{AccountId, Actor},
    store::{Channel, Listener, Told},
};
use std::time::Duration;
use tokio::{sync::mpsc, time};

/// What belongs to one change comes close together.
const GATHER: Duration = Duration::from_millis(20);
/// How long the word sent to oneself may take to come back.
const ECHO: Duration = Duration::from_secs(2);
/// The wait before listening again; it doubles up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// The next wait.
struct Again(Duration);

impl Again {
    fn new() -> Self {
        Self(AGAIN.0)
    }

    async fn wait(&mut self) {
        time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(AGAIN.1);
    }
}

/// How an open console learns of what others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Feed {
    /// The database tells it.
    Told,
    /// It has to ask: no notification comes through, or the connection for them is broken.
    #[default]
    Asking,
}

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Topics {
    pub members: bool,
    pub invitations: bool,
    /// One's own grant, session, or the account.
    pub presence: bool,
}

/// What a watch brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Feed(Feed),
    Changed(Topics),
}

impl Topics {
    const ALL: Self = Self {
        members: true,
        invitations: true,
        presence: true,
    };

    fn add(&mut self, told: &Told, actor: &Actor) {
        match told {
            Told::Members(whose) => {
                self.members = true;
                self.presence |= whose.is_none() || *whose == actor.user_id();
            }
            Told::Invitations => self.invitations = true,
            Told::Account | Told::Session => self.presence = true,
            Told::Mail | Told::Echo(_) => {}
        }
    }
}

impl Service {
    /// Brings what others change in the account, until nobody receives it any more. After a broken
    /// connection everything counts as changed.
    ///
    /// # Errors
    /// [`ServiceError::NotSignedIn`] for who is no member; never that the database does not answer.
    pub async fn watch(
        &self,
        actor: &Actor,
        account: AccountId,
        news: mpsc::Sender<News>,
    ) -> Result<()> {
        let mut again = Again::new();
        while !news.is_closed() {
            match self.hear(actor, account, &news).await {
                Ok(()) => again = Again::new(),
                Err(ServiceError::Unavailable(words)) => tracing::warn!(words, "can't listen"),
                Err(error) => return Err(error),
            }
            if news.send(News::Feed(Feed::Asking)).await.is_err() {
                break;
            }
            again.wait().await;
        }
        Ok(())
    }

    /// Listens until the connection breaks.
    async fn hear(
        &self,
        actor: &Actor,
        account: AccountId,
        news: &mpsc::Sender<News>,
    ) -> Result<()> {
        let mut connection = self.connect().await?;
        let watch = Operation::Watch;
        let (tx, _) = self.look(watch, actor, account, &mut connection).await?;
        done(tx, ()).await?;
        drop(connection);
        if !self.0.store.can_listen() {
            if news.send(News::Feed(Feed::Asking)).await.is_ok() {
                news.closed().await;
            }
            return Ok(());
        }
        let channel = Channel::Account(account);
        let channels: Vec<Channel> = [Some(channel), actor.user_id().map(Channel::User)]
            .into_iter()
            .flatten()
            .collect();
        let mut listener = self.listen(&channels, channel).await?;
        // What happened before there was anybody to hear it.
        let mut topics = Topics::ALL;
        if news.send(News::Feed(Feed::Told)).await.is_err() {
            return Ok(());
        }
        loop {
            // Lists have to show what is told.
            drop(self.writing());
            if news.send(News::Changed(topics)).await.is_err() {
                return Ok(());
            }
            topics = Topics::default();
            while topics == Topics::default() {
                let told = tokio::select! {
                    told = listener.next() => told,
                    () = news.closed() => return Ok(()),
                };
                let Some(told) = told else { return Ok(()) };
                topics.add(&told, actor);
            }
            time::sleep(GATHER).await;
            while let Some(told) = listener.at_hand() {
                topics.add(&told, actor);
            }
        }
    }

    /// Says that mails were queued, and whether that is told, until nobody receives it any more.
    pub(super) async fn listen_for_mail(&self, rung: mpsc::Sender<Feed>) {
        let mut again = Again::new();
        while self.0.store.can_listen() && !rung.is_closed() {
            match self.listen(&[Channel::Mail], Channel::Mail).await {
                Ok(mut listener) => {
                    again = Again::new();
                    // What was queued before there was anybody to hear it counts as told.
                    while rung.send(Feed::Told).await.is_ok() && listener.next().await.is_some() {
                        while listener.at_hand().is_some() {}
                    }
                }
                Err(error) => tracing::warn!(%error, "can't listen for mails"),
            }
            if rung.send(Feed::Asking).await.is_err() {
                break;
            }
            again.wait().await;
        }
    }

    /// Listens, and makes sure that a word said on another connection is heard on this one: behind a pooler in
    /// transaction mode LISTEN works, and nothing is ever heard.
    async fn listen(&self, channels: &[Channel], tried: Channel) -> Result<Listener> {
        let mut listener = self.0.store.listen(channels).await?;
        if self.is_heard(&mut listener, tried).await? {
            return Ok(listener);
        }
        let words = "notifications do not come through: a pooler in transaction mode?";
        Err(ServiceError::Unavailable(words.to_owned()))
    }

    async fn is_heard(&self, listener: &mut Listener, channel: Channel) -> Result<bool> {
        let word = uuid::Uuid::new_v4().simple().to_string();
        self.0.store.echo(channel, &word).await?;
        let echo = Told::Echo(word);
        let heard = async {
            while let Some(told) = listener.next().await {
                if told == echo {
                    return true;
                }
            }
            false
        };
        Ok(time::timeout(ECHO, heard).await.unwrap_or(false))
    }
}
