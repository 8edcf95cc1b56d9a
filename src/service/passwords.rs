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

    /// Whether a stored hash is weaker than one made now: made anew from the password at the next
    /// login, for it can't be raised without it. Stronger ones stay.
    pub(super) fn needs_upgrade(hash: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(hash) else {
            return false;
        };
        let Ok(params) = Params::try_from(&parsed) else {
            return true;
        };
        let now = Params::default();
        parsed.algorithm != Algorithm::Argon2id.ident()
            || parsed.version != Some(Version::V0x13.into())
            || params.m_cost() < now.m_cost()
            || params.t_cost() < now.t_cost()
            || parsed
                .hash
                .is_none_or(|output| output.len() < Params::DEFAULT_OUTPUT_LEN)
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

#[cfg(test)]
mod tests {
    use super::{Argon2, Hasher, PERMITS, Params, PasswordHash, PasswordHasher};
    use argon2::{Algorithm, Version};
    use secrecy::SecretString;
    use std::sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    fn made_with(algorithm: Algorithm, version: Version, (memory, times): (u32, u32)) -> String {
        let params = Params::new(memory, times, 1, None).unwrap();
        let argon2 = Argon2::new(algorithm, version, params);
        let hash: PasswordHash = argon2.hash_password(b"tangerine gravel orbit").unwrap();
        hash.to_string()
    }

    #[test]
    fn only_weaker_hashes_are_to_be_made_anew() {
        use Algorithm::{Argon2d, Argon2i, Argon2id};
        use Version::{V0x10, V0x13};
        let needs = |algorithm, version, costs| {
            Hasher::needs_upgrade(&made_with(algorithm, version, costs))
        };
        assert!(!needs(Argon2id, V0x13, (19_456, 2)));
        assert!(!needs(Argon2id, V0x13, (32_768, 3)));
        assert!(needs(Argon2id, V0x13, (19_455, 2)));
        assert!(needs(Argon2id, V0x13, (8_192, 2)));
        assert!(needs(Argon2id, V0x13, (19_456, 1)));
        assert!(needs(Argon2id, V0x10, (19_456, 2)));
        assert!(needs(Argon2i, V0x13, (19_456, 2)));
        assert!(needs(Argon2d, V0x13, (19_456, 2)));
        assert!(!Hasher::needs_upgrade("not a hash"));
    }

    #[tokio::test]
    async fn a_weaker_hash_is_still_checked_by_its_own_measure() {
        let hasher = Hasher::new();
        let weak = made_with(Algorithm::Argon2id, Version::V0x13, (8_192, 1));
        let right = SecretString::from("tangerine gravel orbit");
        let wrong = SecretString::from("tangerine gravel orbits");
        assert!(hasher.verify(&right, Some(weak.clone())).await.unwrap());
        assert!(!hasher.verify(&wrong, Some(weak)).await.unwrap());
        assert!(!hasher.verify(&right, None).await.unwrap());
        let made = hasher.hash(&right).await.unwrap();
        assert!(
            made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{made}"
        );
        assert!(!Hasher::needs_upgrade(&made));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hashes_are_made_at_once_and_never_three() {
        let hasher = Arc::new(Hasher::new());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let meeting = Arc::new(Barrier::new(PERMITS));
        let works = (0..20).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let meeting = Arc::clone(&meeting);
            hasher.blocking(move |_| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Ends only when another runs beside it.
                meeting.wait();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        let done = futures_util::future::join_all(works).await;
        assert!(done.into_iter().all(|outcome| outcome.is_ok()));
        assert_eq!(most.load(Ordering::SeqCst), PERMITS);
    }
}
