//! The password rules: length and a list of common ones, no composition rules (NIST SP 800-63B).
//!
//! Passwords are RFC 8265 `OpaqueString`s as far as it matters for comparing: NFC, every Unicode
//! space as U+0020, no control characters. Length counts code points.

use secrecy::{ExposeSecret, SecretString};
use std::{collections::HashSet, sync::LazyLock};
use unicode_normalization::UnicodeNormalization;

/// Lower-case, one a line; see `assets/passwords/README.md` for the source.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("../../assets/passwords/common.txt")
        .lines()
        .collect()
});

/// The most bytes that are ever looked at: four for each of 128 code points.
const MAX_BYTES: usize = 512;

/// How long a password must and may be, in code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    pub min_length: usize,
    pub max_length: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 15,
            max_length: 128,
        }
    }
}

/// Why a password is refused, in words for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("Use at least {min} characters; a few words in a row are easy to remember")]
    TooShort { min: usize },
    #[error("Use at most {max} characters")]
    TooLong { max: usize },
    #[error("Control characters such as tabs and line ends can't be typed back; leave them out")]
    Control,
    #[error("This is on the list of common passwords; choose something only you would think of")]
    Common,
    #[error("This is made of the address or a name that others know; choose something else")]
    Context,
}

impl PasswordPolicy {
    /// Checks a new password. `context` are words that others know: the address, the account's
    /// and the product's name.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, password: &SecretString, context: &[&str]) -> Result<(), PasswordFault> {
        if password.expose_secret().len() > MAX_BYTES {
            return Err(PasswordFault::TooLong {
                max: self.max_length,
            });
        }
        let prepared = prepare(password);
        let text = prepared.expose_secret();
        if text.chars().any(char::is_control) {
            return Err(PasswordFault::Control);
        }
        let length = text.chars().count();
        if length > self.max_length {
            return Err(PasswordFault::TooLong {
                max: self.max_length,
            });
        }
        let lower = text.to_lowercase();
        if COMMON.contains(lower.as_str()) {
            return Err(PasswordFault::Common);
        }
        if length < self.min_length {
            return Err(PasswordFault::TooShort {
                min: self.min_length,
            });
        }
        if is_context(&lower, context) || is_repetition(&lower) {
            return Err(PasswordFault::Context);
        }
        Ok(())
    }
}

/// The form that is hashed: NFC, with every Unicode space as U+0020 (RFC 8265, 4.2.2).
/// Text over the byte cap is cut before any work is spent on it; such a password never matches.
pub fn prepare(password: &SecretString) -> SecretString {
    let raw = password.expose_secret();
    if raw.len() > MAX_BYTES {
        return SecretString::from("\u{0}");
    }
    let space = |c: char| {
        if c.is_whitespace() && !c.is_control() {
            ' '
        } else {
            c
        }
    };
    raw.nfc().map(space).collect::<String>().into()
}

/// Whether nothing but a known word and a short rest is there.
fn is_context(lower: &str, context: &[&str]) -> bool {
    context
        .iter()
        .map(|word| word.to_lowercase())
        .filter(|word| word.len() >= 4)
        .any(|word| {
            let rest: String = lower.split(word.as_str()).collect();
            lower.contains(&word) && rest.chars().count() < 8
        })
}

/// Whether the whole is a common password said several times over, or one character.
fn is_repetition(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    (1..=chars.len() / 2)
        .filter(|size| chars.len().is_multiple_of(*size))
        .any(|size| {
            let unit: String = chars.iter().take(size).collect();
            let repeats = chars
                .chunks(size)
                .all(|chunk| chunk.iter().copied().eq(unit.chars()));
            repeats && (size <= 2 || COMMON.contains(unit.as_str()))
        })
}

#[cfg(test)]
mod tests {
    use super::{PasswordFault, PasswordPolicy, prepare};
    use secrecy::{ExposeSecret, SecretString};

    fn check(text: &str) -> Result<(), PasswordFault> {
        PasswordPolicy::default().check(
            &SecretString::from(text),
            &["ada@example.com", "Rollbook", "Example Ltd"],
        )
    }

    #[test]
    fn length_counts_code_points() {
        assert_eq!(check("short"), Err(PasswordFault::TooShort { min: 15 }));
        assert_eq!(
            check("fourteen chars"),
            Err(PasswordFault::TooShort { min: 15 })
        );
        assert_eq!(check("fifteen chars !"), Ok(()));
        assert_eq!(check("ünïcödé pässwörd"), Ok(()));
        let text: String = "correct horse ".repeat(10);
        assert_eq!(check(&text.chars().take(128).collect::<String>()), Ok(()));
        assert_eq!(
            check(&text.chars().take(129).collect::<String>()),
            Err(PasswordFault::TooLong { max: 128 })
        );
        assert_eq!(
            check(&"x".repeat(100_000)),
            Err(PasswordFault::TooLong { max: 128 })
        );
    }

    #[test]
    fn known_words_are_refused() {
        assert_eq!(check("password"), Err(PasswordFault::Common));
        assert_eq!(check("passwordpassword"), Err(PasswordFault::Context));
        assert_eq!(check("aaaaaaaaaaaaaaaaaa"), Err(PasswordFault::Context));
        assert_eq!(check("ada@example.com1"), Err(PasswordFault::Context));
        assert_eq!(check("rollbookrollbook"), Err(PasswordFault::Context));
        assert_eq!(check("plain\ttabbed words"), Err(PasswordFault::Control));
    }

    #[test]
    fn composed_and_decomposed_are_one_password() {
        let composed = prepare(&SecretString::from("caf\u{e9} au lait\u{a0}x"));
        let decomposed = prepare(&SecretString::from("cafe\u{301} au lait x"));
        assert_eq!(composed.expose_secret(), decomposed.expose_secret());
    }
}
