//! The installation's keys: the current one makes what is new, the retired ones still recognise what
//! was made under them.

use super::{AccountId, FactorSecret, InvitationId, InvitationToken, TokenDigest, UserId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;
use std::fmt;

/// A 256-bit key, from which links, second factors and what vouches for audit logs are derived.
pub struct TokenKey(SecretBox<[u8; 32]>);

/// Which key made something; says nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 8]);

impl TokenKey {
    /// Takes the key's bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Reads 43 characters of base64url; none when it can't be a key.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        bytes.try_into().ok().map(Self::new)
    }

    /// The text form, for the file that keeps it.
    pub fn text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret()).into()
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        let mut id = [0_u8; 8];
        id.copy_from_slice(&self.derive(&[b"key id"])[..8]);
        KeyId(id)
    }

    /// The token of one generation of an invitation.
    pub fn token(&self, invitation: InvitationId, generation: i32) -> InvitationToken {
        InvitationToken::from_bytes(
            self.derive(&[invitation.0.as_bytes(), &generation.to_be_bytes()]),
        )
    }

    /// The secret of one generation of a user's second factor.
    pub fn factor_secret(&self, user: UserId, generation: i32) -> FactorSecret {
        // The word keeps these apart from invitations' tokens, whose input is shorter.
        let bytes = self.derive(&[
            b"second factor",
            user.0.as_bytes(),
            &generation.to_be_bytes(),
        ]);
        let mut secret = [0_u8; 20];
        secret.copy_from_slice(&bytes[..20]);
        FactorSecret::new(secret)
    }

    /// What vouches for the end of an account's audit log: its last sequence and hash.
    pub fn audit_head(&self, account: AccountId, sequence: i64, hash: &[u8]) -> [u8; 32] {
        self.derive(&[
            b"audit head",
            account.0.as_bytes(),
            &sequence.to_be_bytes(),
            hash,
        ])
    }

    fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        // RFC 2104 pads a key shorter than the block with zeros; doing it here leaves nothing to fail.
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(self.0.expose_secret());
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.id())
    }
}

impl KeyId {
    /// Reads a stored name; none when it can't be one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 8 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The keys of an installation, the current one first.
#[derive(Debug)]
pub struct TokenKeys {
    current: TokenKey,
    retired: Vec<TokenKey>,
}

impl TokenKeys {
    /// The key that makes what is new, and those that only recognise.
    pub fn new(current: TokenKey, retired: Vec<TokenKey>) -> Self {
        Self { current, retired }
    }

    /// Reads one key a line, the current one first.
    ///
    /// # Errors
    /// The number of the line that is no key; 1 when there is none at all.
    pub fn parse(text: &SecretString) -> Result<Self, usize> {
        let mut keys = Vec::new();
        for (index, line) in text.expose_secret().lines().enumerate() {
            if !line.trim().is_empty() {
                keys.push(TokenKey::parse(line).ok_or(index + 1)?);
            }
        }
        if keys.is_empty() {
            return Err(1);
        }
        let current = keys.remove(0);
        Ok(Self::new(current, keys))
    }

    /// The key that makes what is new.
    pub fn current(&self) -> &TokenKey {
        &self.current
    }

    /// Those that only recognise what was made under them.
    pub fn retired(&self) -> &[TokenKey] {
        &self.retired
    }

    /// All, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &TokenKey> {
        std::iter::once(&self.current).chain(&self.retired)
    }

    /// The key under which an invitation's token was made, by the token's stored digest.
    pub fn of_token(
        &self,
        (invitation, generation): (InvitationId, i32),
        digest: &TokenDigest,
    ) -> Option<&TokenKey> {
        self.all()
            .find(|key| key.token(invitation, generation).digest() == *digest)
    }

    /// The key under which the end of an audit log is vouched for.
    pub fn of_audit_head(
        &self,
        (account, sequence): (AccountId, i64),
        hash: &[u8],
        head: &[u8],
    ) -> Option<&TokenKey> {
        self.all()
            .find(|key| key.audit_head(account, sequence, hash) == *head)
    }
}

impl From<TokenKey> for TokenKeys {
    fn from(key: TokenKey) -> Self {
        Self::new(key, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{InvitationId, TokenKey, TokenKeys};
    use secrecy::ExposeSecret;

    #[test]
    fn same_generation_same_token_and_nothing_else() {
        let key = TokenKey::new([7; 32]);
        let id = InvitationId::new();
        let token = key.token(id, 1);
        assert_eq!(token.expose(), key.token(id, 1).expose());
        assert_ne!(token.expose(), key.token(id, 2).expose());
        assert_ne!(token.expose(), key.token(InvitationId::new(), 1).expose());
        assert_ne!(token.expose(), TokenKey::new([8; 32]).token(id, 1).expose());
        assert_eq!(token.expose().len(), 43);
    }

    #[test]
    fn a_file_of_keys_is_read_and_a_wrong_line_is_named() {
        let (new, old) = (TokenKey::new([1; 32]), TokenKey::new([2; 32]));
        let line = |key: &TokenKey| key.text().expose_secret().to_owned();
        let keys = |text: String| TokenKeys::parse(&text.into());
        let both = keys(format!("{}\n\n {}\n", line(&new), line(&old))).unwrap();
        let ids: Vec<_> = both.all().map(TokenKey::id).collect();
        assert_eq!(ids, [new.id(), old.id()]);
        assert_eq!(both.current().id(), new.id());
        assert_eq!(keys(format!("{}\nnokey\n", line(&new))).unwrap_err(), 2);
        assert_eq!(keys(String::new()).unwrap_err(), 1);
        let id = InvitationId::new();
        let digest = old.token(id, 3).digest();
        assert_eq!(
            both.of_token((id, 3), &digest).map(TokenKey::id),
            Some(old.id())
        );
        assert!(both.of_token((id, 4), &digest).is_none());
        assert!(!format!("{both:?}").contains(&line(&old)));
    }
}
