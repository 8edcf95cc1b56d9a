//! An invitation as a letter: text and HTML, the same `Message-ID` and link however often it is sent.
//!
//! Names are cleaned before they reach lettre, which panics on a line end in a display name (0.11.23).

use crate::domain::{DisplaySafe, Email, InvitationId};
use askama::Template;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{Body, Mailbox, MultiPart, header::ContentTransferEncoding},
};
use secrecy::{ExposeSecret, SecretString};

/// The most characters of a subject.
const SUBJECT: usize = 150;
/// The most octets of a line that every server carries (RFC 5322, 2.1.1).
const LINE: usize = 998;

/// Everything that the mail of an invitation says.
#[derive(Debug)]
pub struct Letter {
    pub invitation: InvitationId,
    pub generation: i32,
    pub to: Email,
    pub account: DisplaySafe,
    pub inviter: DisplaySafe,
    pub permissions: Vec<DisplaySafe>,
    pub link: SecretString,
    pub expires_at: Timestamp,
}

/// Why no mail can be made of a letter.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    #[error("the address {0} can't be written into a mail")]
    Address(String),
    #[error("the mail can't be composed: {0}")]
    Compose(String),
}

#[derive(Template)]
#[template(path = "mail/invitation.txt", escape = "none")]
struct Text<'a>(Words<'a>);

#[derive(Template)]
#[template(path = "mail/invitation.html")]
struct Html<'a>(Words<'a>);

struct Words<'a> {
    account: &'a DisplaySafe,
    inviter: &'a DisplaySafe,
    permissions: &'a [DisplaySafe],
    link: &'a str,
    address: String,
    expires: String,
}

impl<'a> std::ops::Deref for Text<'a> {
    type Target = Words<'a>;
    fn deref(&self) -> &Words<'a> {
        &self.0
    }
}

impl<'a> std::ops::Deref for Html<'a> {
    type Target = Words<'a>;
    fn deref(&self) -> &Words<'a> {
        &self.0
    }
}

impl Letter {
    /// The mail, from this sender.
    ///
    /// # Errors
    /// [`LetterError`]; then it can never be sent.
    pub(super) fn message(
        &self,
        from: &Mailbox,
        reply_to: Option<&Mailbox>,
        subject: &str,
    ) -> Result<Message, LetterError> {
        let compose = |error: &dyn std::fmt::Display| LetterError::Compose(error.to_string());
        let unusable = || LetterError::Address(self.masked());
        // What the database holds may have been cleaned on the way, and be somebody else's now.
        let to = Email::parse(self.to.as_str()).map_err(|_refused| unusable())?;
        let to: Address = to.as_str().parse().map_err(|_refused| unusable())?;
        let id = format!(
            "<{}.{}@{}>",
            self.invitation,
            self.generation,
            from.email.domain()
        );
        // Else lettre reads it out of the headers that are made here.
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()])
            .map_err(|error| compose(&error))?;
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(header(&subject.replace("{account}", self.account.as_str())))
            .message_id(Some(id));
        if let Some(reply_to) = reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let text = Text(self.words())
            .render()
            .map_err(|error| compose(&error))?;
        let html = Html(self.words())
            .render()
            .map_err(|error| compose(&error))?;
        builder
            .multipart(MultiPart::alternative_plain_html(body(text), body(html)))
            .map_err(|error| compose(&error))
    }

    fn words(&self) -> Words<'_> {
        Words {
            account: &self.account,
            inviter: &self.inviter,
            permissions: &self.permissions,
            link: self.link.expose_secret(),
            address: self.to.to_string(),
            expires: self.expires_at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        }
    }

    /// The address for the log: `a…@example.com`.
    pub(super) fn masked(&self) -> String {
        let first = self.to.as_str().chars().next().unwrap_or('?');
        format!("{first}…@{}", self.to.domain())
    }
}

/// Text for a header: one line, capped, and nothing that reads as an encoded word (RFC 2047).
fn header(text: &str) -> String {
    let clean = DisplaySafe::new(text).as_str().replace("=?", "= ?");
    clean.chars().take(SUBJECT).collect()
}

/// As it is where every server carries that: a link that is not broken over lines can be copied out of
/// the mail's source. Else as lettre encodes it.
fn body(text: String) -> Body {
    let carried = |octet: &u8| octet.is_ascii() && *octet != b'\0' && *octet != b'\r';
    let mut lines = text.as_bytes().split(|octet| *octet == b'\n');
    if !lines.all(|line| line.len() <= LINE && line.iter().all(carried)) {
        return Body::new(text);
    }
    let ready = text.replace('\n', "\r\n").into_bytes();
    Body::dangerous_pre_encoded(ready, ContentTransferEncoding::SevenBit)
}

#[cfg(test)]
mod tests {
    use super::Letter;
    use crate::domain::{Email, InvitationId};
    use jiff::Timestamp;

    fn letter(name: &str) -> Letter {
        Letter {
            invitation: InvitationId::new(),
            generation: 2,
            to: Email::parse("ada@example.com").unwrap(),
            account: name.into(),
            inviter: name.into(),
            permissions: vec![name.into()],
            link: "https://r.example/invite/TOKEN".to_owned().into(),
            expires_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn mail(letter: &Letter) -> String {
        let from = "Rollbook <rollbook@r.example>".parse().unwrap();
        let message = letter
            .message(&from, None, "You are invited to {account}")
            .unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn hostile_names_add_no_header_and_panic_nothing() {
        for name in [
            "a\r\nBcc: x@evil.example",
            "\0",
            "\u{1b}[31m",
            "=?utf-8?q?x?=",
            "\u{202E}x",
            "<b>",
            "\"",
            "\\",
            ",;<>@",
        ] {
            let text = mail(&letter(name));
            let head = text.split("\r\n\r\n").next().unwrap();
            assert!(!head.to_lowercase().contains("\r\nbcc"), "{head}");
            assert_eq!(head.matches("\r\nTo: ").count(), 1, "{head}");
            assert!(!head.contains("=?utf-8?q?x?="), "{head}");
        }
    }

    #[test]
    fn the_link_stands_whole_in_the_source() {
        let mut letter = letter("Mill & Sons");
        let link = format!("https://{}.example/invite/TOKEN", "r".repeat(200));
        letter.link = link.clone().into();
        let text = mail(&letter);
        assert_eq!(text.matches(&link).count(), 3, "{text}");
        assert_eq!(text.matches("Content-Transfer-Encoding: 7bit").count(), 2);
        assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
    }

    #[test]
    fn what_not_every_server_carries_is_encoded() {
        for name in ["Mühle".to_owned(), "long ".repeat(300)] {
            let mut letter = letter("Mill");
            letter.permissions = vec![name.as_str().into()];
            let text = mail(&letter);
            assert!(!text.contains(&name), "{text}");
            assert!(text.is_ascii());
            assert!(text.split("\r\n").all(|line| line.len() <= 998));
            assert_eq!(text.matches(": quoted-printable").count(), 2, "{text}");
        }
    }

    #[test]
    fn the_same_generation_is_the_same_mail() {
        let letter = letter("Mill");
        let id = format!("Message-ID: <{}.2@r.example>", letter.invitation);
        assert!(mail(&letter).contains(&id));
        assert!(mail(&letter).contains("\r\nhttps://r.example/invite/TOKEN\r\n"));
        assert!(!format!("{letter:?}").contains("TOKEN"));
    }
}
