//! The operator's use cases: set-up, accounts, users.

use super::{Conflict, Invalid, Result, Service, ServiceError, SetUp, profile::checked_name};
use crate::{
    domain::{
        Account, AccountId, Actor, Email, EventDraft, Grant, Role, User, UserId, Who,
        policy::Denied,
    },
    store::{StoreError, accounts, events, members, users},
};
use deadpool_postgres::Transaction;
use secrecy::SecretString;
use serde_json::{Value, json};

/// The most accounts in the operator's list.
const LISTED: i64 = 10_000;

impl Service {
    /// Whether no account exists yet.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn needs_setup(&self) -> Result<bool> {
        let connection = self.0.store.connect().await?;
        Ok(!accounts::any(connection.client()).await?)
    }

    /// An account with its owner; the same names again change nothing. Operator only.
    ///
    /// # Errors
    /// [`Conflict::AccountExists`] when the account has another owner; else as
    /// [`Service::create_account`].
    pub async fn set_up(
        &self,
        actor: &Actor,
        name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<SetUp> {
        operator_only(actor)?;
        let name = checked_name(name)?;
        if let Some(found) = self.existing(name, owner).await? {
            return Ok(found);
        }
        let hash = self.first_password(name, owner, password).await?;
        let mut connection = self.0.store.connect().await?;
        let tx = connection.begin().await?;
        let (account, owner) = create(&tx, actor, name, (owner, hash)).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(SetUp {
            account,
            owner,
            created: true,
        })
    }

    /// Another account with an existing or new user as owner. Operator only.
    ///
    /// # Errors
    /// [`Conflict::AccountExists`], [`Invalid::PasswordNeeded`] when the owner has no platform user
    /// and no password came along, [`Invalid::Password`], [`Invalid::Name`].
    pub async fn create_account(
        &self,
        actor: &Actor,
        name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<Account> {
        let set_up = self.set_up(actor, name, owner, password).await?;
        if set_up.created {
            Ok(set_up.account)
        } else {
            Err(Conflict::AccountExists.into())
        }
    }

    /// All accounts by name. Operator only.
    ///
    /// # Errors
    /// [`ServiceError::Denied`].
    pub async fn list_accounts(&self, actor: &Actor) -> Result<Vec<Account>> {
        operator_only(actor)?;
        let connection = self.0.store.connect().await?;
        Ok(accounts::list(connection.client(), LISTED).await?)
    }

    /// An account that the actor can reach, by name or id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], in the same words for one that the actor can't reach.
    pub async fn find_account(&self, actor: &Actor, name_or_id: &str) -> Result<Account> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        let found = match name_or_id.parse::<AccountId>() {
            Ok(id) => accounts::by_id(db, id).await?,
            Err(_) => accounts::by_name(db, name_or_id.trim()).await?,
        };
        let missing = ServiceError::NotFound { what: "Account" };
        let account = found.ok_or(missing)?;
        if matches!(actor.who, Who::Operator { .. }) {
            return Ok(account);
        }
        let user = self.live_user(db, actor).await?;
        let member = members::by_user(db, account.id, user).await?;
        member
            .map(|_| account)
            .ok_or(ServiceError::NotFound { what: "Account" })
    }

    /// All users by address, at most `limit`. Operator only.
    ///
    /// # Errors
    /// [`ServiceError::Denied`].
    pub async fn list_users(&self, actor: &Actor, limit: i64) -> Result<Vec<User>> {
        operator_only(actor)?;
        let connection = self.0.store.connect().await?;
        Ok(users::list(connection.client(), limit).await?)
    }

    /// The account of this name when this person owns it already.
    async fn existing(&self, name: &str, owner: &Email) -> Result<Option<SetUp>> {
        let connection = self.0.store.connect().await?;
        let db = connection.client();
        let Some(account) = accounts::by_name(db, name).await? else {
            return Ok(None);
        };
        let member = members::by_email(db, account.id, owner).await?;
        let Some(member) = member.filter(|member| member.grant.role == Role::Owner) else {
            return Err(Conflict::AccountExists.into());
        };
        let owner = users::by_id(db, member.user).await?;
        Ok(owner.map(|owner| SetUp {
            account,
            owner,
            created: false,
        }))
    }

    /// The hash for a new owner; none when the address has a platform user.
    async fn first_password(
        &self,
        account_name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<Option<String>> {
        let connection = self.0.store.connect().await?;
        if users::credentials(connection.client(), owner)
            .await?
            .is_some()
        {
            return Ok(None);
        }
        drop(connection);
        let password = password.ok_or_else(|| Invalid::PasswordNeeded(owner.to_string()))?;
        let context = [owner.as_str(), account_name, "Rollbook"];
        self.0
            .settings
            .passwords
            .check(password, &context)
            .map_err(Invalid::from)?;
        self.0.hasher.hash(password).await.map(Some)
    }
}

async fn create(
    tx: &Transaction<'_>,
    actor: &Actor,
    name: &str,
    (owner, hash): (&Email, Option<String>),
) -> Result<(Account, User)> {
    let account = accounts::insert(tx, AccountId::new(), name).await?;
    let user = if let Some(hash) = hash {
        let (local, _) = owner
            .as_str()
            .split_once('@')
            .unwrap_or((owner.as_str(), ""));
        users::insert(tx, UserId::new(), owner, local, &hash).await?
    } else {
        let known = users::credentials(tx, owner).await?;
        known
            .ok_or_else(|| Invalid::PasswordNeeded(owner.to_string()))?
            .user
    };
    let owner = members::insert(tx, account.id, user.id, &Grant::owner(), None).await?;
    let draft = EventDraft {
        action: "account.created",
        subject: name.to_owned(),
        subject_id: Some(account.id.0),
        before: Value::Null,
        after: json!({"name": name, "owner": owner.email}),
    };
    events::append(tx, account.id, actor, None, &draft).await?;
    Ok((account, user))
}

fn operator_only(actor: &Actor) -> Result<()> {
    match actor.who {
        Who::Operator { .. } => Ok(()),
        _ => Err(ServiceError::Denied(Denied::NotOperator)),
    }
}
