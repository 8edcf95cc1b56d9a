//! Who runs a command, in which account, and whether for real.
//!
//! Without `--as` the operator, named by the operating system's user; with it a signed-in user,
//! whose session ends with the command.

use super::args::Global;
use super::failure::{Failure, Outcome};
use super::terminal;
use crate::domain::{AccountId, AccountSummary, Actor, CommandId, LoginMethod};
use crate::service::{Entry, Proof, Service, ServiceError, SignInFault, Write, WriteMode};

/// The person behind a command, and the use cases they may call.
pub struct Caller<'a> {
    pub service: &'a Service,
    pub actor: Actor,
    global: &'a Global,
}

impl<'a> Caller<'a> {
    /// Signs in where `--as` asks for it.
    ///
    /// # Errors
    /// What the sign-in says.
    pub async fn arrive(service: &'a Service, global: &'a Global) -> Outcome<Self> {
        let actor = match &global.act_as {
            None => Actor::operator(terminal::os_user(), terminal::origin()),
            Some(email) => {
                let password = terminal::password(&format!("Password of {email}: "))?;
                match service.sign_in(email, &password, &entry()).await {
                    Err(ServiceError::NotSignedIn(SignInFault::CodeNeeded)) => {
                        let code = terminal::code()?;
                        let proof = Proof {
                            password: &password,
                            code: Some(&code),
                        };
                        service.sign_in(email, proof, &entry()).await?.actor
                    }
                    other => other?.actor,
                }
            }
        };
        Ok(Self {
            service,
            actor,
            global,
        })
    }

    /// Whether the operator runs the command.
    pub fn is_operator(&self) -> bool {
        self.actor.user_id().is_none()
    }

    /// Ends the command's own session.
    ///
    /// # Errors
    /// What the database says.
    pub async fn leave(self) -> Outcome {
        if self.is_operator() {
            return Ok(());
        }
        Ok(self.service.sign_out(&self.actor).await?)
    }

    /// The account to work in: the one named, or the only one in reach.
    ///
    /// # Errors
    /// [`Failure::Usage`] listing the accounts where several are in reach and none is named.
    pub async fn account(&self) -> Outcome<AccountId> {
        if let Some(name) = &self.global.account {
            let found = self.service.find_account(&self.actor, name).await;
            return found
                .map(|account| account.id)
                .map_err(|error| match error {
                    ServiceError::NotFound { .. } => {
                        Failure::NotFound(format!("No account {name:?} is in your reach"))
                    }
                    other => other.into(),
                });
        }
        let accounts = self.service.reachable_accounts(&self.actor).await?;
        match accounts.as_slice() {
            [only] => Ok(only.id),
            [] if self.is_operator() => Err(Failure::NotFound(
                "There is no account yet; make the first with `rollbook setup`".to_owned(),
            )),
            [] => Err(Failure::NotFound("You belong to no account".to_owned())),
            several => Err(Failure::Usage(several_accounts(several))),
        }
    }

    /// A write to the account, or with `--dry-run` a rehearsal of it.
    ///
    /// # Errors
    /// As [`Caller::account`].
    pub async fn write(&self) -> Outcome<Write> {
        Ok(self.write_to(self.account().await?))
    }

    /// A write to an account that is known already.
    pub fn write_to(&self, account: AccountId) -> Write {
        Write {
            actor: self.actor.clone(),
            account,
            command: CommandId::new(),
            mode: if self.global.dry_run {
                WriteMode::DryRun
            } else {
                WriteMode::Apply
            },
        }
    }

    /// Whether nothing is to be kept.
    pub fn rehearses(&self) -> bool {
        self.global.dry_run
    }

    /// "would be " in a rehearsal, so that the words never claim what was not done.
    pub fn would(&self, done: &str, rehearsed: &str) -> String {
        if self.rehearses() { rehearsed } else { done }.to_owned()
    }
}

/// The entrance of a command.
pub fn entry() -> Entry {
    Entry {
        method: LoginMethod::Command,
        origin: terminal::origin(),
    }
}

fn several_accounts(accounts: &[AccountSummary]) -> String {
    let names: Vec<String> = accounts
        .iter()
        .take(20)
        .map(|account| format!("  {}", account.name))
        .collect();
    let more = accounts.len().saturating_sub(20);
    let rest = if more == 0 {
        String::new()
    } else {
        format!("\n  … and {more} more (rollbook account list)")
    };
    format!(
        "You can reach several accounts; say which with --account NAME:\n{}{rest}",
        names.join("\n")
    )
}
