//! The operator's use cases: set-up, accounts, users.

use super::{
    Conflict, Invalid, Operation, Result, Service, ServiceError, SetUp,
    entrance::{at_the_door, done, operator_only},
    profile::checked_name,
};
use crate::{
    domain::{
        Account, AccountId, Actor, Email, EventDraft, Grant, Role, TokenKeys, User, UserId, Who,
    },
    store::{Scope, Tx, accounts, events, members, users},
};
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
        let mut connection = self.connect().await?;
        let all = Scope::installation();
        let tx = at_the_door(Operation::NeedsSetup, &all, &mut connection).await?;
        let any = accounts::any(&tx).await?;
        done(tx, !any).await
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
        let name = checked_name(name)?;
        if let Some(found) = self.existing(actor, name, owner).await? {
            return Ok(found);
        }
        let hash = self.first_password(name, owner, password).await?;
        let mut connection = self.connect().await?;
        let set_up = Operation::SetUp;
        let tx = self.as_operator(set_up, actor, &mut connection).await?;
        let (account, owner) = create(&tx, (actor, &*self.keys()), name, (owner, hash)).await?;
        let created = SetUp {
            account,
            owner,
            created: true,
        };
        done(tx, created).await
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
        operator_only(Operation::CreateAccount, actor)?;
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
        let mut connection = self.connect().await?;
        let list = Operation::ListAccounts;
        let tx = self.as_operator(list, actor, &mut connection).await?;
        let listed = accounts::list(&tx, LISTED).await?;
        done(tx, listed).await
    }

    /// An account that the actor can reach, by name or id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], in the same words for one that the actor can't reach.
    pub async fn find_account(&self, actor: &Actor, name_or_id: &str) -> Result<Account> {
        let mut connection = self.connect().await?;
        let tx = if matches!(actor.who, Who::Operator { .. }) {
            let list = Operation::ListAccounts;
            self.as_operator(list, actor, &mut connection).await?
        } else {
            // A user's own transaction shows the accounts that they are a member of, and no other.
            let find = Operation::FindAccount;
            self.own(find, actor, &mut connection).await?.0
        };
        let found = match name_or_id.parse::<AccountId>() {
            Ok(id) => accounts::by_id(&tx, id).await?,
            Err(_) => accounts::by_name(&tx, name_or_id.trim()).await?,
        };
        let missing = ServiceError::NotFound { what: "Account" };
        done(tx, found.ok_or(missing)?).await
    }

    /// All users by address, at most `limit`. Operator only.
    ///
    /// # Errors
    /// [`ServiceError::Denied`].
    pub async fn list_users(&self, actor: &Actor, limit: i64) -> Result<Vec<User>> {
        let mut connection = self.connect().await?;
        let list = Operation::ListUsers;
        let tx = self.as_operator(list, actor, &mut connection).await?;
        let listed = users::list(&tx, limit).await?;
        done(tx, listed).await
    }

    /// The account of this name when this person owns it already.
    async fn existing(&self, actor: &Actor, name: &str, owner: &Email) -> Result<Option<SetUp>> {
        let mut connection = self.connect().await?;
        let set_up = Operation::SetUp;
        let db = &self.as_operator(set_up, actor, &mut connection).await?;
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

    async fn is_registered(&self, owner: &Email) -> Result<bool> {
        let mut connection = self.connect().await?;
        let tx = connection.begin(&Scope::default()).await?;
        Ok(users::credentials(&tx, owner).await?.is_some())
    }

    /// The hash for a new owner; none when the address has a platform user.
    async fn first_password(
        &self,
        account_name: &str,
        owner: &Email,
        password: Option<&SecretString>,
    ) -> Result<Option<String>> {
        if self.is_registered(owner).await? {
            return Ok(None);
        }
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
    tx: &Tx<'_>,
    (actor, keys): (&Actor, &TokenKeys),
    name: &str,
    (owner, hash): (&Email, Option<String>),
) -> Result<(Account, User)> {
    let id = AccountId::new();
    Scope::account(id).set(tx).await?;
    let account = accounts::insert(tx, id, name).await?;
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
    events::append(tx, (account.id, keys), actor, None, &draft).await?;
    Ok((account, user))
}
