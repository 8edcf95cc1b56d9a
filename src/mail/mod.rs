//! Handing a letter to a mail server, or writing it to a folder where there is none.
//!
//! Knows nothing of queues: the delivery worker decides when to try again. Addresses are masked in
//! the log, links never reach it.

pub mod backoff;
mod conversation;
mod letter;
mod line;
mod pace;
mod pool;
mod server;

pub use letter::{Letter, LetterError};
pub use pace::Pace;

use crate::domain::DisplaySafe;
use conversation::Kind;
use lettre::{Message, message::Mailbox, transport::smtp::Error as SmtpError};
use pool::Pool;
use secrecy::SecretString;
use server::Server;
use std::{
    io::Write as _,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The most characters that are kept of a server's reply.
const REPLY: usize = 300;

/// What an installation sets about mail.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// `smtp://` (with `?tls=required` for STARTTLS) or `smtps://`; none for files.
    pub smtp_url: Option<SecretString>,
    pub from: String,
    pub reply_to: Option<String>,
    /// May hold `{account}`.
    pub subject: String,
    /// A PEM file with an authority that the system does not know.
    pub root_cert: Option<PathBuf>,
    /// Where mails go without a mail server.
    pub folder: PathBuf,
    /// The most connections to the mail server at once; at least one is made.
    pub connections: usize,
    /// The most mails a second; 0 for no limit.
    pub rate: f64,
}

/// Why mail can't be set up; never repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("mail.smtp_url can't be read: {0}")]
    Url(String),
    #[error("mail.{key} is no address: {reason}")]
    Address { key: &'static str, reason: String },
    #[error("mail.root_cert {path} can't be read: {reason}")]
    Root { path: String, reason: String },
    #[error("mail.folder {path} can't be made: {reason}")]
    Folder { path: String, reason: String },
}

/// Takes letters.
pub struct Mailer {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    subject: String,
    way: Way,
    connections: usize,
    rate: f64,
}

enum Way {
    Smtp(Box<Pool>),
    Files(PathBuf),
}

/// What became of a letter, with the server's own words, cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The server took it.
    Sent { reply: String },
    /// Not now: a 4xx reply, a time-out, no connection.
    Deferred { reply: String },
    /// Never: a 5xx reply, or a letter that can't be written.
    Failed { reply: String },
}

impl Mailer {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`MailError`] names the setting.
    pub fn new(config: &MailConfig) -> Result<Self, MailError> {
        let address = |key: &'static str, text: &str| {
            text.parse::<Mailbox>().map_err(|error| MailError::Address {
                key,
                reason: error.to_string(),
            })
        };
        let connections = config.connections.max(1);
        let way = match &config.smtp_url {
            Some(url) => {
                let server = Server::new(url, config.root_cert.as_deref())?;
                Way::Smtp(Box::new(Pool::new(server, connections)))
            }
            None => Way::Files(folder(config)?),
        };
        Ok(Self {
            from: address("from", &config.from)?,
            reply_to: config
                .reply_to
                .as_deref()
                .map(|text| address("reply_to", text))
                .transpose()?,
            subject: config.subject.clone(),
            way,
            connections,
            rate: config.rate,
        })
    }

    /// How many mails can be handed over at the same time, each on a connection of its own.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// The pace that is configured, from now on.
    pub fn pace(&self) -> Pace {
        Pace::new(self.rate)
    }

    /// Hands a letter over. Never panics, whatever is in it.
    pub async fn deliver(&self, letter: &Letter) -> Verdict {
        let message = match letter.message(&self.from, self.reply_to.as_ref(), &self.subject) {
            Ok(message) => message,
            Err(error) => {
                return Verdict::Failed {
                    reply: reply(&error.to_string()),
                };
            }
        };
        let verdict = match &self.way {
            Way::Smtp(pool) => send(pool, &message).await,
            Way::Files(folder) => write(folder, letter, &message),
        };
        tracing::info!(invitation = %letter.invitation, to = %letter.masked(), ?verdict, "mail");
        verdict
    }

    /// Whether the mail server takes a connection and a NOOP.
    ///
    /// # Errors
    /// The server's or the system's words.
    pub async fn check(&self) -> Result<String, String> {
        match &self.way {
            Way::Files(folder) => Ok(format!("mails are written to {}", folder.display())),
            Way::Smtp(pool) => match pool.check().await {
                Ok(()) => Ok("the mail server answers".to_owned()),
                Err(trouble) => Err(trouble.words),
            },
        }
    }

    /// Ends connections that have had nothing to do for a while; tells whether any are kept on.
    pub async fn tidy(&self) -> bool {
        match &self.way {
            Way::Smtp(pool) => pool.tidy().await,
            Way::Files(_) => false,
        }
    }

    /// Says goodbye to the mail server.
    pub async fn close(&self) {
        if let Way::Smtp(pool) = &self.way {
            pool.close().await;
        }
    }
}

fn folder(config: &MailConfig) -> Result<PathBuf, MailError> {
    let path = config.folder.clone();
    // Others get through to what lies beside it, such as a private server's files.
    let make = |path: &Path, mode| {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(mode).create(path)
    };
    let above = path.parent().map_or(Ok(()), |above| make(above, 0o711));
    let outcome = above.and_then(|()| make(&path, 0o700));
    outcome.map_err(|error| MailError::Folder {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    Ok(path)
}

async fn send(pool: &Pool, message: &Message) -> Verdict {
    match pool.deliver(message).await {
        Ok(reply) => Verdict::Sent { reply },
        Err(trouble) if trouble.kind == Kind::Never => Verdict::Failed {
            reply: trouble.words,
        },
        Err(trouble) => Verdict::Deferred {
            reply: trouble.words,
        },
    }
}

fn write(folder: &Path, letter: &Letter, message: &Message) -> Verdict {
    let path = folder.join(format!("{}.{}.eml", letter.invitation, letter.generation));
    let written = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(&message.formatted()));
    match written {
        Ok(()) => Verdict::Sent {
            reply: reply(&format!("written to {}", path.display())),
        },
        Err(error) => Verdict::Deferred {
            reply: reply(&format!("{}: {error}", path.display())),
        },
    }
}

/// The error with its causes: lettre keeps the server's words in the source.
fn words(error: &SmtpError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = inner.source();
    }
    words
}

/// Cleaned and capped: a server says what it likes.
fn reply(words: &str) -> String {
    DisplaySafe::new(words)
        .as_str()
        .chars()
        .take(REPLY)
        .collect()
}
