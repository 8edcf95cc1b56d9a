//! One connection's dialogue with the mail server (RFC 5321), lettre speaking: what is said for a mail, in
//! as few round trips as the server allows, and whether the connection is good for another.

use super::{reply, words};
use lettre::{
    Message,
    transport::smtp::{
        Error as SmtpError,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Noop, Rcpt, Rset},
        extension::{Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use std::time::Duration;
use tokio::time::timeout;

/// How long the server may take for one step.
pub(super) const STEP: Duration = Duration::from_secs(30);
/// How long the server may take to say that it has a mail: many look into it first, and one that is given up
/// here may come twice (RFC 5321, 4.5.3.2.6).
const TAKING: Duration = Duration::from_mins(2);
/// How long a farewell may take that nobody waits for.
const FAREWELL: Duration = Duration::from_secs(1);
/// The server ends the conversation, whatever was asked (RFC 5321, 3.8).
const CLOSING: u16 = 421;

/// Why a mail was not taken, in the server's own words where it said something.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) words: String,
    pub(super) kind: Kind,
}

/// What follows from trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The server will never take this mail.
    Never,
    /// Not now.
    Later,
    /// The connection is of no use any more; not now.
    Gone,
}

impl Trouble {
    pub(super) fn broken(error: &dyn std::fmt::Display) -> Self {
        Self {
            words: reply(&format!("Connection error: {error}")),
            kind: Kind::Gone,
        }
    }

    pub(super) fn silent() -> Self {
        Self::broken(&"the mail server does not answer in time")
    }

    /// A refusal that meets every mail alike, such as that of a password, is mended by the operator and
    /// must not cost the mails.
    pub(super) fn at_the_door(self) -> Self {
        Self {
            kind: Kind::Gone,
            ..self
        }
    }
}

impl From<SmtpError> for Trouble {
    fn from(error: SmtpError) -> Self {
        let code = error.status().map(u16::from);
        let kind = match code {
            None | Some(CLOSING) => Kind::Gone,
            Some(_) if error.is_permanent() => Kind::Never,
            Some(_) => Kind::Later,
        };
        Self {
            words: reply(&words(&error)),
            kind,
        }
    }
}

/// One step, not longer than [`STEP`].
pub(super) async fn in_time<T>(
    step: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Trouble> {
    within(STEP, step).await
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Trouble> {
    match timeout(limit, step).await {
        Ok(answer) => answer.map_err(Trouble::from),
        Err(_elapsed) => Err(Trouble::silent()),
    }
}

/// A connection, greeted and signed in.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    /// The server takes several commands at once (RFC 2920).
    pipelining: bool,
    usable: bool,
    /// Something of the last mail's content has left.
    begun: bool,
}

impl Conversation {
    pub(super) fn new(connection: AsyncSmtpConnection, pipelining: bool) -> Self {
        Self {
            connection,
            pipelining,
            usable: true,
            begun: false,
        }
    }

    /// Whether another mail can go this way.
    pub(super) fn usable(&self) -> bool {
        self.usable
    }

    /// Whether the server may have something of the last mail.
    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// Hands a mail over; the server's answer.
    ///
    /// # Errors
    /// [`Trouble`]; then the server has not taken the mail, or has not said so.
    pub(super) async fn deliver(&mut self, message: &Message) -> Result<String, Trouble> {
        self.begun = false;
        let content = message.formatted();
        if let Err(trouble) = self.open(message, content.is_ascii()).await {
            if self.usable {
                // Else the next mail would find this one's sender in its way.
                let cleared = in_time(self.connection.command(Rset)).await;
                self.usable = cleared.is_ok();
            }
            return Err(trouble);
        }
        self.begun = true;
        let taken = within(TAKING, self.connection.message(&content)).await;
        let answer = self.noting(taken)?;
        let said: Vec<&str> = answer.message().collect();
        Ok(reply(&format!("{} {}", answer.code(), said.join(" "))))
    }

    /// Says who sends to whom, until the server waits for the content.
    async fn open(&mut self, message: &Message, ascii: bool) -> Result<(), Trouble> {
        let envelope = message.envelope();
        let from = Mail::new(envelope.from().cloned(), self.parameters(message, ascii)?);
        let to = envelope.to().iter();
        let to: Vec<Rcpt> = to.map(|to| Rcpt::new(to.clone(), Vec::new())).collect();
        if self.pipelining {
            return self.open_at_once(&from, &to).await;
        }
        let answer = in_time(self.connection.command(from)).await;
        self.noting(answer)?;
        for recipient in to {
            let answer = in_time(self.connection.command(recipient)).await;
            self.noting(answer)?;
        }
        let answer = in_time(self.connection.command(Data)).await;
        self.noting(answer).map(|_waits| ())
    }

    /// All commands in one piece, then all answers; the first refusal counts.
    async fn open_at_once(&mut self, from: &Mail, to: &[Rcpt]) -> Result<(), Trouble> {
        let to: String = to.iter().map(ToString::to_string).collect();
        let recipients = to.matches("\r\n").count();
        let answer = in_time(self.connection.command(format!("{from}{to}{Data}"))).await;
        let mut first = self.noting(answer).map(|_welcome| ());
        for _ in 0..recipients {
            if self.usable {
                let answer = in_time(self.connection.read_response()).await;
                first = first.and(self.noting(answer).map(|_welcome| ()));
            }
        }
        if !self.usable {
            return first;
        }
        let answer = in_time(self.connection.read_response()).await;
        let waits = self.noting(answer).map(|_waits| ());
        if first.is_err() && waits.is_ok() {
            // It waits for a content that must not come; ending the line is the one answer that sends none.
            self.usable = false;
        }
        first.and(waits)
    }

    /// What has to be announced with MAIL, as lettre does it.
    fn parameters(&self, message: &Message, ascii: bool) -> Result<Vec<MailParameter>, Trouble> {
        let server = self.connection.server_info();
        let envelope = message.envelope();
        let mut addresses = envelope.from().into_iter().chain(envelope.to());
        let needed = [
            (
                addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()),
                Extension::SmtpUtfEight,
                MailParameter::SmtpUtfEight,
            ),
            (
                !ascii,
                Extension::EightBitMime,
                MailParameter::Body(MailBodyParameter::EightBitMime),
            ),
        ];
        let mut parameters = Vec::new();
        for (needed, extension, parameter) in needed {
            if needed && !server.supports_feature(extension) {
                let words = format!("the mail needs {extension}, which the mail server lacks");
                return Err(Trouble {
                    words,
                    kind: Kind::Later,
                });
            }
            if needed {
                parameters.push(parameter);
            }
        }
        Ok(parameters)
    }

    /// Whether the server still listens.
    pub(super) async fn noop(&mut self) -> Result<(), Trouble> {
        let answer = in_time(self.connection.command(Noop)).await;
        self.noting(answer).map(|_ok| ())
    }

    /// Says goodbye.
    pub(super) async fn end(mut self) {
        timeout(FAREWELL, self.connection.quit()).await.ok();
    }

    fn noting(&mut self, answer: Result<Response, Trouble>) -> Result<Response, Trouble> {
        if matches!(&answer, Err(trouble) if trouble.kind == Kind::Gone) {
            self.usable = false;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, STEP, in_time};
    use std::future::pending;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_given_up() {
        let began = Instant::now();
        let trouble = in_time::<()>(pending()).await.unwrap_err();
        assert_eq!((began.elapsed(), trouble.kind), (STEP, Kind::Gone));
        assert!(
            trouble.words.contains("does not answer"),
            "{}",
            trouble.words
        );
    }
}
