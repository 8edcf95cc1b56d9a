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

/// From so many code points on, guessing is hopeless whatever the words (length is what counts, NIST SP
/// 800-63B).
const STRONG: usize = 20;

/// How a password stands while it is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// So many characters are missing.
    Missing(usize),
    Refused(PasswordFault),
    Good,
    Strong,
}

impl std::fmt::Display for Strength {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(1) => f.write_str("1 more character to go"),
            Self::Missing(count) => write!(f, "{count} more characters to go"),
            Self::Refused(fault) => fault.fmt(f),
            Self::Good => f.write_str("Good; a longer one is stronger"),
            Self::Strong => f.write_str("Strong"),
        }
    }
}

impl PasswordPolicy {
    /// What to say about a password that is still being typed.
    pub fn strength(&self, password: &SecretString, context: &[&str]) -> Strength {
        let length = prepare(password).expose_secret().chars().count();
        match self.check(password, context) {
            Err(PasswordFault::TooShort { min }) => Strength::Missing(min.saturating_sub(length)),
            Err(fault) => Strength::Refused(fault),
            Ok(()) if length < STRONG.max(self.min_length + 1) => Strength::Good,
            Ok(()) => Strength::Strong,
        }
    }

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

/// Whether nothing but a known word and a short rest is there: the word as it is, the part of an
/// address before the @, and each of them whatever stands between its letters.
fn is_context(lower: &str, context: &[&str]) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect();
    let plain: String = letters(lower);
    let known = context.iter().flat_map(|word| {
        let word = word.nfc().collect::<String>().to_lowercase();
        let local = word.rsplit_once('@').map(|(local, _)| local.to_owned());
        [Some(word), local].into_iter().flatten()
    });
    let little_but = |text: &str, word: &str| {
        let rest: usize = text.split(word).map(|rest| rest.chars().count()).sum();
        word.chars().count() >= 3 && text.contains(word) && rest < 8
    };
    known
        .into_iter()
        .any(|word| little_but(lower, &word) || little_but(&plain, &letters(&word)))
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
    fn the_hint_follows_what_is_typed() {
        let hint = |text: &str| {
            let policy = PasswordPolicy::default();
            let text = SecretString::from(text);
            policy.strength(&text, &["ada@example.com"]).to_string()
        };
        assert_eq!(hint("fourteen chars"), "1 more character to go");
        assert_eq!(hint("tang grav"), "6 more characters to go");
        assert_eq!(hint("fifteen chars !"), "Good; a longer one is stronger");
        assert_eq!(hint("tangerine gravel orbit"), "Strong");
        assert!(hint("ada@example.com1").contains("made of the address"));
        assert!(hint("password").contains("common"));
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
    fn every_common_password_is_refused_in_any_case() {
        let all: Vec<&str> = super::COMMON.iter().copied().collect();
        assert!(all.len() > 10_000);
        assert!(all.iter().any(|common| common.chars().count() >= 15));
        for common in all {
            assert_eq!(check(common), Err(PasswordFault::Common), "{common}");
            let upper = common.to_uppercase();
            if upper.to_lowercase() == common {
                assert_eq!(check(&upper), Err(PasswordFault::Common), "{upper}");
            }
        }
    }

    #[test]
    fn what_others_know_is_refused_however_it_is_written() {
        let check = |text: &str| {
            PasswordPolicy::default().check(
                &SecretString::from(text),
                &["lovelace.mills@example.com", "Mills & Söhne", "Rollbook"],
            )
        };
        for known in [
            "lovelace.mills1!",
            "Lovelace Mills 12",
            "LOVELACEMILLS-2024",
            "lovelace.mills@example.com",
            "Mills & So\u{308}hne 1",
            "millssöhnemillssöhne",
            "Rollbook Rollbook",
            "r-o-l-l-b-o-o-k-1234",
        ] {
            assert_eq!(check(known), Err(PasswordFault::Context), "{known}");
        }
        assert_eq!(check("lovelace.mills with much more to it"), Ok(()));
    }

    #[test]
    fn a_megabyte_is_refused_before_any_work_is_spent_on_it() {
        let large = SecretString::from("x".repeat(1 << 20));
        let policy = PasswordPolicy::default();
        assert_eq!(
            policy.check(&large, &[]),
            Err(PasswordFault::TooLong { max: 128 })
        );
        // What is hashed for a login with it is one byte that no password has.
        assert_eq!(prepare(&large).expose_secret(), "\u{0}");
        assert_eq!(check("\u{0}"), Err(PasswordFault::Control));
        let most = "\u{1f980}".repeat(127) + "\u{1f981}";
        assert_eq!((most.len(), check(&most)), (512, Ok(())));
    }

    #[test]
    fn composed_and_decomposed_are_one_password() {
        let composed = prepare(&SecretString::from("caf\u{e9} au lait\u{a0}x"));
        let decomposed = prepare(&SecretString::from("cafe\u{301} au lait x"));
        assert_eq!(composed.expose_secret(), decomposed.expose_secret());
    }
}
