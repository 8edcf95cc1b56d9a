//! Hashing passwords with argon2id, never on an async thread and never more than two at a time.

use super::{Result, ServiceError};
use crate::domain::prepare_password;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many hashes may be made at once: each takes 19 MiB.
const PERMITS: usize = 2;

/// Makes and checks password hashes.
pub(super) struct Hasher {
    permits: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(PERMITS)),
        }
    }

    /// An argon2id PHC string (m=19456, t=2, p=1: OWASP's floor) with a random salt.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<String> {
        let prepared = prepare_password(password);
        self.blocking(move |argon2| {
            let hash: PasswordHash = argon2
                .hash_password(prepared.expose_secret().as_bytes())
                .map_err(Fault)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the hash. Without a hash the same work is done for nothing, so
    /// that an unknown address takes as long as a known one.
    pub(super) async fn verify(
        &self,
        password: &SecretString,
        hash: Option<String>,
    ) -> Result<bool> {
        let prepared = prepare_password(password);
        self.blocking(move |argon2| {
            let known = hash.is_some();
            let text = match hash {
                Some(hash) => hash,
                None => decoy(&argon2)?,
            };
            let parsed = PasswordHash::new(&text)
                .map_err(|_unreadable| Fault(argon2::password_hash::Error::Algorithm))?;
            let fits = argon2
                .verify_password(prepared.expose_secret().as_bytes(), &parsed)
                .is_ok();
            Ok(fits && known)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> std::result::Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| ServiceError::bug(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(Argon2::new(
                Algorithm::Argon2id,
                Version::V0x13,
                Params::default(),
            ))
        });
        done.await
            .map_err(|error| ServiceError::bug(&error))?
            .map_err(|error| ServiceError::bug(&error))
    }
}

/// A hash that no password fits, with the same cost as a real one; made once.
fn decoy(argon2: &Argon2<'_>) -> std::result::Result<String, Fault> {
    static DECOY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    if let Some(made) = DECOY.get() {
        return Ok(made.clone());
    }
    let hash: PasswordHash = argon2.hash_password(b"decoy").map_err(Fault)?;
    Ok(DECOY.get_or_init(|| hash.to_string()).clone())
}

/// argon2 refused to work.
#[derive(Debug, thiserror::Error)]
#[error("argon2: {0}")]
struct Fault(argon2::password_hash::Error);
