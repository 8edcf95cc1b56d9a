//! The commands of whoever runs the installation: set-up, accounts, users, the audit log.

use super::args::{AccountCommand, AuditCommand, Global, SetupArgs, UserCommand};
use super::caller::Caller;
use super::documents::{AccountDocument, EventDocument, UserDocument};
use super::export;
use super::failure::{Exit, Failure, Outcome};
use super::output::{Format, Output, Table};
use super::wiring::Installation;
use super::{terminal, words};
use crate::domain::Actor;
use crate::service::{Invalid, Service, ServiceError, until_known};
use crate::store::migrate;
use serde_json::json;

/// Says what the migrations did.
///
/// # Errors
/// What the output says.
pub fn migrated(installation: &Installation, output: &mut Output<'_>) -> Outcome {
    let version = migrate::newest();
    output.document(&json!({"version": version, "ran": installation.migrated}))?;
    output.line(&match installation.migrated {
        0 => format!("The schema is at version {version} already"),
        ran => format!("The schema is at version {version} now; migrations run: {ran}"),
    })
}

/// The first account and its owner; the same again changes nothing.
///
/// # Errors
/// What the use case says.
pub async fn setup(
    service: &Service,
    (global, args): (&Global, &SetupArgs),
    output: &mut Output<'_>,
) -> Outcome {
    let Some(name) = &global.account else {
        return Err(Failure::Usage(
            "Say which account: --account NAME".to_owned(),
        ));
    };
    let actor = Actor::operator(terminal::os_user(), terminal::origin());
    let owner = words::parse_email(&args.owner)?;
    let password = if args.password_stdin {
        Some(terminal::password_from_stdin()?)
    } else {
        None
    };
    let mut done = service
        .set_up(&actor, name, &owner, password.as_ref())
        .await;
    if let Err(ServiceError::Invalid(Invalid::PasswordNeeded(_))) = done {
        let password = terminal::new_password()?;
        done = service.set_up(&actor, name, &owner, Some(&password)).await;
    }
    let done = done?;
    output.document(&json!({
        "account": AccountDocument::from(&done.account),
        "owner": UserDocument::from(&done.owner),
        "created": done.created,
    }))?;
    let (account, owner) = (&done.account.name, &done.owner.email);
    output.line(&if done.created {
        format!("Account {account} is made, {owner} owns it; open the console with: rollbook")
    } else {
        format!("Account {account} is there already, and {owner} owns it")
    })
}

/// `rollbook account …`
///
/// # Errors
/// What the use case says.
pub async fn accounts(
    caller: &Caller<'_>,
    command: &AccountCommand,
    output: &mut Output<'_>,
) -> Outcome {
    match command {
        AccountCommand::List => list_accounts(caller, output).await,
        AccountCommand::SecondFactor(asked) => {
            let required = asked.required;
            let write = caller.write().await?;
            until_known(|| caller.service.require_second_factor(&write, required)).await?;
            output.document(&json!({"second_factor_required": required}))?;
            output.line(if required {
                "The account lets nobody in without a second factor"
            } else {
                "The account leaves the second factor to each"
            })
        }
        AccountCommand::Create {
            name,
            owner,
            password_stdin,
        } => {
            let owner = words::parse_email(owner)?;
            let (service, actor) = (caller.service, &caller.actor);
            let typed = if *password_stdin {
                Some(terminal::password_from_stdin()?)
            } else {
                None
            };
            let mut made = service
                .create_account(actor, name, &owner, typed.as_ref())
                .await;
            if let Err(ServiceError::Invalid(Invalid::PasswordNeeded(_))) = made {
                let password = terminal::new_password()?;
                made = service
                    .create_account(actor, name, &owner, Some(&password))
                    .await;
            }
            let account = made?;
            output.document(&AccountDocument::from(&account))?;
            output.line(&format!(
                "Account {} is made, {owner} owns it",
                account.name
            ))
        }
    }
}

async fn list_accounts(caller: &Caller<'_>, output: &mut Output<'_>) -> Outcome {
    let accounts = caller.service.reachable_accounts(&caller.actor).await?;
    if output.format() == Format::Json {
        let documents: Vec<_> = accounts.iter().map(AccountDocument::from).collect();
        return output.document(&documents);
    }
    let mut table = Table::new(&["ACCOUNT", "USERS", "ID"]);
    for account in &accounts {
        let users = account.members.to_string();
        table.row([
            account.name.clone(),
            users.into(),
            account.id.to_string().into(),
        ]);
    }
    output.table(&table)
}

/// `rollbook user …`
///
/// # Errors
/// What the use case says.
pub async fn users(caller: &Caller<'_>, command: &UserCommand, output: &mut Output<'_>) -> Outcome {
    let UserCommand::List { limit } = command;
    let users = caller
        .service
        .list_users(&caller.actor, i64::from(*limit))
        .await?;
    if output.format() == Format::Json {
        return output.document(&users.iter().map(UserDocument::from).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["EMAIL", "NAME", "LAST LOGIN"]);
    for user in &users {
        let login = words::moment(user.last_login);
        table.row([user.email.as_str().into(), user.name.clone(), login.into()]);
    }
    output.table(&table)
}

/// `rollbook audit …`
///
/// # Errors
/// [`Failure::Told`] when the chain does not hold; what the use case says.
pub async fn audit(
    caller: &Caller<'_>,
    command: &AuditCommand,
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let (service, actor) = (caller.service, &caller.actor);
    match command {
        AuditCommand::List { limit } => {
            let events = service
                .list_events(actor, account, None, i64::from(*limit))
                .await?;
            if output.format() == Format::Json {
                return output
                    .document(&events.iter().map(EventDocument::from).collect::<Vec<_>>());
            }
            let mut table = Table::new(&["#", "TIME", "ACTOR", "SOURCE", "EVENT", "ABOUT"]);
            for event in events {
                table.row([
                    event.sequence.to_string().into(),
                    words::moment(Some(event.at)).into(),
                    event.actor,
                    event.source,
                    event.action,
                    event.subject,
                ]);
            }
            output.table(&table)
        }
        AuditCommand::Export { format } => export::events(caller, account, *format, output).await,
        AuditCommand::Verify => {
            let broken = service.verify_events(actor, account).await?;
            output.document(&json!({"holds": broken.is_none(), "first_broken": broken}))?;
            let Some(sequence) = broken else {
                return output.line("The audit log holds");
            };
            output.line(&format!(
                "The audit log was changed: event {sequence} does not fit its chain"
            ))?;
            Err(Failure::Told(Exit::Unexpected))
        }
    }
}
