//! E-mail addresses: the policy that every entry point shares.
//!
//! RFC 5321 limits (local part 64, address 254 octets), ASCII local part without quoting, a domain
//! with a dot and no literals. One identity per canonical form: lower-case local part at the
//! A-label of the domain (IDNA, RFC 5891).

use super::DisplaySafe;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The most octets an address may have (RFC 5321 4.5.3.1.3, path of 256 less the brackets).
const MAX_ADDRESS: usize = 254;
/// The most octets of a local part (RFC 5321 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// An address that passed the policy. Compares by its canonical form.
#[derive(Debug, Clone)]
pub struct Email {
    typed: DisplaySafe,
    /// None where it is what was typed, as nearly always.
    key: Option<String>,
}

/// Why a text is no address Rollbook takes; the words are for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("Type an e-mail address")]
    Empty,
    #[error("An address is at most 254 characters long")]
    TooLong,
    #[error("The address needs exactly one @, as in name@example.com")]
    NoAt,
    #[error("The part before the @ is empty or longer than 64 characters")]
    LocalLength,
    #[error(
        "The part before the @ may hold letters, digits and . _ - + ' and the like, without spaces"
    )]
    LocalCharacter,
    #[error("The part before the @ has a dot at its start or end, or two in a row")]
    LocalDots,
    #[error("The part after the @ is no domain name, as in example.com")]
    Domain,
}

impl Email {
    /// Reads an address as a person types it; white space around it is dropped.
    ///
    /// # Errors
    /// [`EmailError`] says what is wrong, in words for the screen.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > MAX_ADDRESS {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.contains('@') {
            return Err(EmailError::NoAt);
        }
        check_local(local)?;
        let domain = ascii_domain(domain)?;
        let typed = format!("{local}@{domain}");
        if typed.len() > MAX_ADDRESS {
            return Err(EmailError::TooLong);
        }
        let key = typed.to_ascii_lowercase();
        Ok(Self::new(DisplaySafe::new(&typed), &key))
    }

    fn new(typed: DisplaySafe, key: &str) -> Self {
        let key = (key != typed.as_str()).then(|| key.to_owned());
        Self { typed, key }
    }

    /// The canonical form: what makes two spellings one identity.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(self.as_str())
    }

    /// The address as typed, with the domain's A-label: what mail is sent to.
    pub fn as_str(&self) -> &str {
        self.typed.as_str()
    }

    /// The domain part.
    pub fn domain(&self) -> &str {
        self.as_str()
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }

    /// An address and its key as a row has them. The key stays as it is, whatever is in it: it finds
    /// the row again, and marks the end of a page. Only what is shown is cleaned.
    pub fn of_row(typed: &str, key: &str) -> Self {
        Self::new(DisplaySafe::new(typed), key)
    }

    /// Rebuilds an address from text without its key, which may not have passed the policy.
    pub fn from_stored(typed: &str) -> Self {
        // Nearly all: nothing that the policy would change.
        if typed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Self::new(DisplaySafe::new(typed), &typed.to_ascii_lowercase());
        }
        Self::parse(typed).unwrap_or_else(|_| {
            let typed = DisplaySafe::new(typed);
            let key = typed.as_str().to_lowercase();
            Self::new(typed, &key)
        })
    }
}

fn check_local(local: &str) -> Result<(), EmailError> {
    if local.is_empty() || local.len() > MAX_LOCAL {
        return Err(EmailError::LocalLength);
    }
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if !local.chars().all(atom) {
        return Err(EmailError::LocalCharacter);
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(EmailError::LocalDots);
    }
    Ok(())
}

fn ascii_domain(domain: &str) -> Result<String, EmailError> {
    // Some keyboards and file names spell an umlaut as two characters.
    let domain: String = domain.nfc().collect();
    if domain
        .chars()
        .any(|c| !c.is_alphanumeric() && c != '-' && c != '.')
    {
        return Err(EmailError::Domain);
    }
    let ascii = idna::domain_to_ascii_strict(&domain).map_err(|_refused| EmailError::Domain)?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let label_ok = |label: &&str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let top_is_numeric = labels
        .last()
        .is_some_and(|l| l.chars().all(|c| c.is_ascii_digit()));
    if labels.len() < 2 || !labels.iter().all(label_ok) || top_is_numeric {
        return Err(EmailError::Domain);
    }
    Ok(ascii)
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Email {}

impl std::hash::Hash for Email {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::from_stored(&text))
    }
}

impl std::str::FromStr for Email {
    type Err = EmailError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, EmailError};

    #[test]
    fn accepts_what_people_have() {
        for text in [
            "a@example.com",
            "a+tag@x.com",
            "o'brien@x.com",
            "-oQ/tmp@x.com",
            " A@X.COM ",
        ] {
            Email::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }

    #[test]
    fn refuses_what_the_policy_refuses() {
        let long = format!("{}@x.com", "a".repeat(65));
        let longer = format!("a@{}.com", "b.".repeat(150));
        for text in [
            "",
            "a",
            "a@b",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "\"a b\"@x.com",
            "a..b@x.com",
            ".a@x.com",
            "a.@x.com",
            "a@-x.com",
            "a@x.com.",
            "a\r\n@x.com",
            "a@x\0.com",
            "a@x.com\u{202E}",
            "a\u{200B}@x.com",
            "а@x.com",
            "ü@x.com",
            "a@b@x.com",
            "a@1.2.3.4",
            &long,
            &longer,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?} came through");
        }
    }

    #[test]
    fn spellings_are_one_identity() {
        assert_eq!(Email::parse("A@X.COM"), Email::parse("a@x.com"));
        let idn = Email::parse("a@bücher.de").unwrap();
        assert_eq!(idn.as_str(), "a@xn--bcher-kva.de");
        assert_eq!(idn, Email::parse("a@xn--bcher-kva.de").unwrap());
        assert_ne!(Email::parse("a+b@x.com"), Email::parse("a@x.com"));
    }

    #[test]
    fn a_row_s_key_is_not_cleaned_away() {
        let email = Email::of_row("A\u{200B}@x.com", "a\u{200B}@x.com");
        assert_eq!(email.as_str(), "A\u{FFFD}@x.com");
        assert_eq!(email.key(), "a\u{200B}@x.com");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(Email::parse("ada"), Err(EmailError::NoAt));
        assert_eq!(Email::parse("  "), Err(EmailError::Empty));
        assert_eq!(Email::parse(&"x".repeat(10_000)), Err(EmailError::TooLong));
    }
}
