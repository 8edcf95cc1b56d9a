//! Secrets that travel: invitation tokens and session secrets, and their digests.
//!
//! An invitation token is HMAC-SHA-256 (RFC 2104) over the invitation's id and generation under a
//! key that the database never sees, so a retried mail carries the same link and a stolen dump
//! opens nothing. Only SHA-256 digests are stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;

/// What the database holds of a secret: its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads a stored digest; none when it can't be one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// The secret part of an invitation link: 43 characters of base64url.
#[derive(Clone)]
pub struct InvitationToken(SecretString);

impl InvitationToken {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Reads the token out of a path segment; none when it can't be one (wrong length or alphabet).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned().into()))
    }

    /// Reads a whole link, or a bare token, as pasted into a terminal.
    pub fn from_link(link: &str) -> Option<Self> {
        let link = link.trim().trim_end_matches('/');
        let last = link.rsplit('/').next()?;
        Self::parse(last.split(['?', '#']).next()?)
    }

    /// What the database holds.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret().as_bytes())
    }

    /// The token itself; for the mail, the one audited reveal, and the page's own form only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(..)")
    }
}

/// A random 256-bit secret, such as a session's.
#[derive(Clone)]
pub struct Secret256(SecretString);

impl Secret256 {
    /// Wraps 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Reads the text form; none when it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        (bytes.len() == 32).then(|| Self(text.trim().to_owned().into()))
    }

    /// What the database holds.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret().as_bytes())
    }

    /// The text form, for the one file or cookie that keeps it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret256(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::InvitationToken;
    use crate::domain::{InvitationId, TokenKey};

    #[test]
    fn links_and_tokens_are_read_and_nothing_prints() {
        let token = TokenKey::new([7; 32]).token(InvitationId::new(), 1);
        let link = format!("https://x.example/invite/{}", token.expose());
        assert_eq!(
            InvitationToken::from_link(&link).unwrap().expose(),
            token.expose()
        );
        assert_eq!(
            InvitationToken::from_link(token.expose()).unwrap().expose(),
            token.expose()
        );
        assert!(InvitationToken::from_link(link.strip_suffix(|_: char| true).unwrap()).is_none());
        assert!(InvitationToken::from_link("").is_none());
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
