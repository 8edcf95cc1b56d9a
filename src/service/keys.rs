//! The installation's keys: where they come from, and what still hangs on the retired ones.

use super::{
    Conflict, Operation, Result, Service,
    entrance::{done, operator_only},
};
use crate::{
    domain::{AccountId, Actor, DisplaySafe, KeyId, TokenKey, TokenKeys},
    store::{
        Scope, accounts,
        chain::{self, Vouched},
        factors, invitations,
    },
};
use std::sync::Arc;

/// Gives the keys as they are now: a program that runs for weeks follows a rotation.
#[derive(Clone)]
pub struct KeySource(Arc<dyn Fn() -> Arc<TokenKeys> + Send + Sync>);

impl KeySource {
    /// Asks this function each time.
    pub fn new(ask: impl Fn() -> Arc<TokenKeys> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// The keys as they are now.
    pub fn keys(&self) -> Arc<TokenKeys> {
        (self.0)()
    }
}

impl From<TokenKeys> for KeySource {
    fn from(keys: TokenKeys) -> Self {
        let keys = Arc::new(keys);
        Self::new(move || Arc::clone(&keys))
    }
}

impl From<TokenKey> for KeySource {
    fn from(key: TokenKey) -> Self {
        TokenKeys::from(key).into()
    }
}

/// What hangs on one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// Links that can be used now.
    pub links: usize,
    /// The addresses whose second factor is derived from it.
    pub factors: Vec<DisplaySafe>,
    /// Audit logs whose end it vouches for.
    pub logs: usize,
}

/// What hangs on each key of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKeyUse {
    /// The current key first.
    pub keys: Vec<(KeyId, KeyUse)>,
    /// What no key of the file has made; for a second factor: that is not known to be of one, until its
    /// next code.
    pub unknown: KeyUse,
}

impl TokenKeyUse {
    /// What hangs on this key, or on none.
    fn of(&mut self, key: Option<KeyId>) -> &mut KeyUse {
        let found = self.keys.iter_mut().find(|(id, _)| Some(*id) == key);
        found.map_or(&mut self.unknown, |(_, on)| on)
    }

    /// What stands against dropping the retired keys, in words; none when nothing does. Audit logs do
    /// not: the current key vouches for them when the others go.
    pub fn held_by(&self) -> Option<String> {
        let retired = self.keys.iter().skip(1).map(|(_, on)| on);
        let links: usize = retired.clone().map(|on| on.links).sum();
        let factors: usize = retired.map(|on| on.factors.len()).sum();
        let words = [
            (links, "pending links"),
            (factors, "second factors"),
            (self.unknown.factors.len(), "second factors of unknown key"),
        ];
        let held: Vec<String> = words
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what}: {count}"))
            .collect();
        (!held.is_empty()).then(|| held.join(", "))
    }
}

impl Service {
    /// What hangs on each key. Operator only.
    ///
    /// # Errors
    /// [`super::ServiceError::Denied`], [`super::ServiceError::Unavailable`].
    pub async fn token_key_use(&self, actor: &Actor) -> Result<TokenKeyUse> {
        let keys = self.keys();
        let mut connection = self.connect().await?;
        let show = Operation::ShowTokenKeys;
        let tx = self.as_operator(show, actor, &mut connection).await?;
        let mut found = TokenKeyUse {
            keys: keys
                .all()
                .map(|key| (key.id(), KeyUse::default()))
                .collect(),
            unknown: KeyUse::default(),
        };
        for (id, generation, digest) in invitations::live_links(&tx).await? {
            let key = digest.and_then(|digest| keys.of_token((id, generation), &digest));
            found.of(key.map(TokenKey::id)).links += 1;
        }
        for (address, key) in factors::all(&tx).await? {
            found.of(key).factors.push(address);
        }
        for account in accounts::ids(&tx).await? {
            Scope::account(account).set(&tx).await?;
            match chain::vouched(&tx, (account, &keys)).await? {
                Vouched::By(key) => found.of(Some(key)).logs += 1,
                Vouched::NotYet | Vouched::Nobody => found.unknown.logs += 1,
                Vouched::Empty => {}
            }
        }
        done(tx, found).await
    }

    /// Has the current key vouch for every audit log that a retired one vouches for, and for those that
    /// are older than the vouching and whole. Operator only.
    ///
    /// # Errors
    /// As [`Service::token_key_use`].
    pub async fn renew_audit_heads(&self, actor: &Actor) -> Result<()> {
        let mut connection = self.connect().await?;
        let renew = Operation::RenewAuditHeads;
        let tx = self.as_operator(renew, actor, &mut connection).await?;
        let accounts = accounts::ids(&tx).await?;
        done(tx, ()).await?;
        drop(connection);
        for account in accounts {
            self.renew_audit_head(account).await?;
        }
        Ok(())
    }

    async fn renew_audit_head(&self, account: AccountId) -> Result<()> {
        let keys = self.keys();
        let mut connection = self.connect().await?;
        let tx = connection.begin(&Scope::account(account)).await?;
        if accounts::lock(&tx, account).await?.is_none() {
            return done(tx, ()).await;
        }
        let stale = match chain::vouched(&tx, (account, &keys)).await? {
            Vouched::By(key) => key != keys.current().id(),
            Vouched::NotYet => chain::is_linked(&tx, account).await?,
            Vouched::Empty | Vouched::Nobody => false,
        };
        if stale {
            chain::vouch(&tx, (account, keys.current())).await?;
        }
        done(tx, ()).await
    }

    /// Makes the retired keys superfluous, or says what still hangs on them; a dry run only says. Operator
    /// only.
    ///
    /// # Errors
    /// [`Conflict::KeysInUse`]; as [`Service::token_key_use`].
    pub async fn free_retired_keys(&self, actor: &Actor, dry_run: bool) -> Result<()> {
        operator_only(Operation::DropTokenKeys, actor)?;
        if let Some(held) = self.token_key_use(actor).await?.held_by() {
            return Err(
                Conflict::KeysInUse(format!("A retired key is still needed ({held})")).into(),
            );
        }
        if dry_run {
            return Ok(());
        }
        self.renew_audit_heads(actor).await
    }
}
