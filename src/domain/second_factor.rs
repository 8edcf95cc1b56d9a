//! The second factor: time-based one-time codes (RFC 6238: SHA-1, six digits, 30 seconds, one step of
//! drift) and one-time recovery codes.

use super::{Email, TokenDigest};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use totp_rs::{Builder, Totp};

/// How many recovery codes an enrolment gives.
pub const RECOVERY_CODES: usize = 10;
/// RFC 4648's base32, whose letters are hard to mistake: no 0, 1, 8 or 9.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Steps that a clock may be off.
const DRIFT: u16 = 1;

/// The secret behind somebody's codes: 160 bits, the length that RFC 4226 recommends.
pub struct FactorSecret(SecretBox<[u8; 20]>);

impl FactorSecret {
    /// Takes the secret's bytes.
    pub(super) fn new(bytes: [u8; 20]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The step of a code that is right at `now` (seconds since the Unix epoch); none for a wrong
    /// one. The caller sees to it that no step counts twice.
    pub fn step_of(&self, code: &str, now: i64) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let now = u64::try_from(now).ok()?;
        i64::try_from(self.totp("")?.check(&digits, now)?).ok()
    }

    /// What a QR code tells an authenticator: `otpauth://totp/…`.
    pub fn uri(&self, email: &Email) -> Option<SecretString> {
        let url = self.totp(email.as_str())?.to_url().ok()?;
        Some(url.into())
    }

    /// The secret as base32, in groups of four, for typing into an authenticator.
    pub fn text(&self) -> SecretString {
        grouped(&base32(self.0.expose_secret())).into()
    }

    fn totp(&self, account: &str) -> Option<Totp> {
        Builder::new()
            .with_secret(self.0.expose_secret().to_vec())
            .with_skew(DRIFT)
            .with_account_name(account)
            .with_issuer(Some("Rollbook"))
            .build()
            .ok()
    }
}

/// A code that stands in for a lost device, once: 120 bits, above the 112 from which NIST SP 800-63B
/// lets a plain hash be stored.
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// From 15 random bytes.
    pub fn from_bytes(bytes: [u8; 15]) -> Self {
        Self(grouped(&base32(&bytes)).into())
    }

    /// Reads what somebody typed, in any case and grouping; none when it can't be one.
    pub fn parse(typed: &str) -> Option<Self> {
        let plain: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let fits = plain.len() == 24 && plain.bytes().all(|b| BASE32.contains(&b));
        fits.then(|| Self(grouped(&plain).into()))
    }

    /// What the database holds.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret().as_bytes())
    }

    /// The code, to be shown once.
    pub fn text(&self) -> &SecretString {
        &self.0
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut word = [0_u8; 8];
        word[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(word);
        for place in (0..8).rev() {
            let five = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
            text.push(char::from(BASE32[five]));
        }
    }
    text
}

fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::{FactorSecret, RecoveryCode};
    use crate::domain::Email;
    use secrecy::ExposeSecret;

    /// RFC 6238, appendix B: the SHA-1 vectors, whose last six digits a six-digit code has.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = FactorSecret::new(*b"12345678901234567890");
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(secret.step_of(code, now), Some(now / 30), "{now}");
        }
        assert_eq!(
            secret.step_of("287 082", 59),
            Some(1),
            "as authenticators show it"
        );
    }

    #[test]
    fn one_step_of_drift_and_no_more() {
        let secret = FactorSecret::new(*b"12345678901234567890");
        for (now, right) in [
            (0, true),
            (29, true),
            (30, true),
            (89, true),
            (90, false),
            (149, false),
        ] {
            assert_eq!(secret.step_of("287082", now).is_some(), right, "{now}");
        }
        for wrong in ["", "28708", "2870820", "abcdef", "２８７０８２"] {
            assert_eq!(secret.step_of(wrong, 59), None, "{wrong}");
        }
    }

    #[test]
    fn an_authenticator_can_read_the_uri() {
        let secret = FactorSecret::new(*b"12345678901234567890");
        let email = Email::parse("ada@lovelace.example").unwrap();
        let uri = secret.uri(&email).unwrap();
        let uri = uri.expose_secret();
        assert!(uri.starts_with("otpauth://totp/Rollbook:ada"), "{uri}");
        assert!(
            uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{uri}"
        );
        assert_eq!(
            secret.text().expose_secret(),
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ"
        );
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let code = RecoveryCode::from_bytes([7; 15]);
        let text = code.text().expose_secret().to_owned();
        assert_eq!(text.len(), 29);
        let typed = text.to_lowercase().replace('-', " ");
        assert!(RecoveryCode::parse(&typed).unwrap().digest() == code.digest());
        assert!(RecoveryCode::parse("AAAA").is_none());
        assert!(RecoveryCode::parse(&text.replace('A', "0")).is_none());
    }
}
