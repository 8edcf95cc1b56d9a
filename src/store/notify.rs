//! What changes, told by the database (LISTEN) on a connection of its own.

use super::{StoreError, pool::Way, roles::quoted};
use crate::domain::{AccountId, UserId};
use futures_util::{StreamExt, future::ready, stream};
use std::fmt::Write;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, tls::MakeTlsConnect};
use tokio_postgres::{Socket, tls::TlsConnect};

/// What to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Memberships; of one user where only theirs changed.
    Members(Option<UserId>),
    /// Invitations, or what became of their mails.
    Invitations,
    Account,
    /// One of the user's sessions has ended.
    Session,
    /// A mail was queued, in whatever account.
    Mail,
    /// A test whether anything is heard at all.
    Echo(String),
}

/// Where something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// What changes in one account.
    Account(AccountId),
    /// The end of one user's sessions.
    User(UserId),
    /// Mails that are queued.
    Mail,
}

impl Channel {
    /// The names of migrations 5 and 11.
    pub(super) fn name(self) -> String {
        match self {
            Self::Account(AccountId(id)) | Self::User(UserId(id)) => {
                format!("rollbook_{}", id.simple())
            }
            Self::Mail => "rollbook_mail".to_owned(),
        }
    }
}

/// Hears what is told on some channels.
pub struct Listener(Line);

/// A connection of its own, with the task that reads it; both end together.
struct Line {
    client: Client,
    told: mpsc::UnboundedReceiver<Told>,
    _driver: JoinSet<()>,
}

impl Listener {
    /// What was told next; none when the connection has broken.
    pub async fn next(&mut self) -> Option<Told> {
        self.0.told.recv().await
    }

    /// What else was told already.
    pub fn at_hand(&mut self) -> Option<Told> {
        self.0.told.try_recv().ok()
    }

    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(super) async fn open(way: &Way, channels: &[Channel]) -> Result<Self, StoreError> {
        let line = match way.tls.clone() {
            None => listened(&way.config, NoTls).await?,
            Some(tls) => listened(&way.config, tls).await?,
        };
        let mut sql = way.become_role();
        for channel in channels {
            // Writing to a string does not fail.
            let _ok = write!(sql, "LISTEN {};", quoted(&channel.name()));
        }
        line.client.batch_execute(&sql).await?;
        Ok(Self(line))
    }
}

async fn listened<T>(config: &Config, tls: T) -> Result<Line, StoreError>
where
    T: MakeTlsConnect<Socket> + Clone + Send + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let (sender, told) = mpsc::unbounded_channel();
    let mut driver = JoinSet::new();
    driver.spawn(pass_on(connection, sender));
    Ok(Line {
        client,
        told,
        _driver: driver,
    })
}

/// Drives the connection until it breaks or nobody listens any more.
async fn pass_on<S>(mut connection: Connection<Socket, S>, told: mpsc::UnboundedSender<Told>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    stream::poll_fn(move |cx| connection.poll_message(cx))
        .take_while(|message| ready(message.is_ok()))
        .for_each(|message| {
            if let Ok(AsyncMessage::Notification(notification)) = message
                && let Some(word) = read(notification.payload())
            {
                // Nobody listens any more; the client is gone too, and the connection ends.
                let _nobody = told.send(word);
            }
            ready(())
        })
        .await;
}

/// The words of migrations 5 and 11.
fn read(payload: &str) -> Option<Told> {
    let (word, rest) = payload.split_once(' ').unwrap_or((payload, ""));
    match word {
        "members" => Some(Told::Members(None)),
        "member" => Some(Told::Members(rest.parse().ok().map(UserId))),
        "invitations" => Some(Told::Invitations),
        "account" => Some(Told::Account),
        "session" => Some(Told::Session),
        "mail" => Some(Told::Mail),
        "echo" => Some(Told::Echo(rest.to_owned())),
        _ => None,
    }
}
