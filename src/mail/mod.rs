//! Handing a letter to a mail server, or writing it to a folder where there is none.
//!
//! Knows nothing of queues: the delivery worker decides when to try again. Addresses are masked in
//! the log, links never reach it.

pub mod backoff;
mod letter;

pub use letter::{Letter, LetterError};

use crate::domain::DisplaySafe;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        Error as SmtpError, PoolConfig,
        client::{Certificate, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    io::Write as _,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    time::Duration,
};

/// The most characters that are kept of a server's reply.
const REPLY: usize = 300;
/// How long the server may take for one step of the conversation.
const STEP: Duration = Duration::from_secs(30);
/// The most connections to the mail server at once.
const CONNECTIONS: u32 = 4;

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
}

enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
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
        let way = match &config.smtp_url {
            Some(url) => Way::Smtp(Box::new(transport(url, config)?)),
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
        })
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
            Way::Smtp(transport) => send(transport, message).await,
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
            Way::Smtp(transport) => match transport.test_connection().await {
                Ok(true) => Ok("the mail server answers".to_owned()),
                Ok(false) => Err("the mail server answers, but not to NOOP".to_owned()),
                Err(error) => Err(reply(&words(&error))),
            },
        }
    }
}

fn transport(
    url: &SecretString,
    config: &MailConfig,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let parsed =
        url::Url::parse(url.expose_secret()).map_err(|error| MailError::Url(error.to_string()))?;
    let host = parsed
        .host_str()
        .ok_or_else(|| MailError::Url("it names no host".to_owned()))?;
    let refused = |error: SmtpError| MailError::Url(words(&error));
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret()).map_err(refused)?;
    if let Some(path) = &config.root_cert {
        let fault = |reason: String| MailError::Root {
            path: path.display().to_string(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
        let authority = Certificate::from_pem(&pem).map_err(|error| fault(words(&error)))?;
        let tls = TlsParameters::builder(host.to_owned())
            .add_root_certificate(authority)
            .build_rustls()
            .map_err(|error| fault(words(&error)))?;
        builder = builder.tls(tls_mode(&parsed, tls));
    }
    let pool = PoolConfig::new()
        .max_size(CONNECTIONS)
        .idle_timeout(Duration::from_secs(30));
    Ok(builder.timeout(Some(STEP)).pool_config(pool).build())
}

/// The mode that the URL asks for, with TLS parameters of our own.
fn tls_mode(url: &url::Url, tls: TlsParameters) -> lettre::transport::smtp::client::Tls {
    use lettre::transport::smtp::client::Tls;
    let asked = url
        .query_pairs()
        .find(|(key, _)| key == "tls")
        .map(|(_, value)| value.into_owned());
    match (url.scheme(), asked.as_deref()) {
        ("smtps", _) => Tls::Wrapper(tls),
        (_, Some("required")) => Tls::Required(tls),
        (_, Some("opportunistic")) => Tls::Opportunistic(tls),
        _ => Tls::None,
    }
}

fn folder(config: &MailConfig) -> Result<PathBuf, MailError> {
    let path = config.folder.clone();
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&path);
    made.map_err(|error| MailError::Folder {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    Ok(path)
}

async fn send(transport: &AsyncSmtpTransport<Tokio1Executor>, message: Message) -> Verdict {
    match transport.send(message).await {
        Ok(answer) => {
            let said: Vec<&str> = answer.message().collect();
            Verdict::Sent {
                reply: reply(&format!("{} {}", answer.code(), said.join(" "))),
            }
        }
        Err(error) if error.is_permanent() => Verdict::Failed {
            reply: reply(&words(&error)),
        },
        Err(error) => Verdict::Deferred {
            reply: reply(&words(&error)),
        },
    }
}

fn write(folder: &std::path::Path, letter: &Letter, message: &Message) -> Verdict {
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
