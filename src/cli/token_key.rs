//! `rollbook token-key …`: a new key for the installation, and an end for the old ones.

use super::args::{Global, TokenKeyCommand};
use super::failure::{Failure, Outcome};
use super::key_file::KeyFile;
use super::output::{Output, Table};
use super::terminal;
use crate::domain::{Actor, DisplaySafe, policy::Denied};
use crate::service::{KeyUse, Service, ServiceError};
use serde_json::{Value, json};

/// The most addresses that a line names.
const NAMED: usize = 5;

/// `rollbook token-key …`, for the operator.
///
/// # Errors
/// What the file, the use case or the output says.
pub async fn run(
    service: &Service,
    file: &KeyFile,
    (global, command): (&Global, &TokenKeyCommand),
    output: &mut Output<'_>,
) -> Outcome {
    if global.act_as.is_some() {
        return Err(Failure::Service(ServiceError::from(Denied::NotOperator)));
    }
    let operator = Actor::operator(terminal::os_user(), terminal::origin());
    match command {
        TokenKeyCommand::Rotate if global.dry_run => {
            output.document(&json!({"rotated": false}))?;
            output.line("A fresh key would be put before the others")
        }
        TokenKeyCommand::Rotate => {
            let id = file.rotate()?;
            output.document(&json!({"current": id.to_string(), "rotated": true}))?;
            output.line(&format!(
                "{id} is the current key; those before it still hold. Copy {} to the other hosts, and keep a \
                 copy apart from the database's backups",
                file.path().display()
            ))
        }
        TokenKeyCommand::Status => status(service, &operator, output).await,
        TokenKeyCommand::DropRetired => {
            let current = file.read()?.current().id();
            service.free_retired_keys(&operator, global.dry_run).await?;
            let gone = if global.dry_run {
                0
            } else {
                file.drop_retired(current)?
            };
            output.document(&json!({"current": current.to_string(), "dropped": gone}))?;
            output.line(&if global.dry_run {
                "Nothing hangs on the retired keys; they would be dropped".to_owned()
            } else {
                format!("Retired keys dropped: {gone}; {current} is left")
            })
        }
    }
}

async fn status(service: &Service, operator: &Actor, output: &mut Output<'_>) -> Outcome {
    let found = service.token_key_use(operator).await?;
    let document = |on: &KeyUse| {
        let factors: Vec<&str> = on.factors.iter().map(DisplaySafe::as_str).collect();
        json!({"pending_links": on.links, "second_factors": factors, "audit_logs": on.logs})
    };
    let keys: Vec<Value> = found
        .keys
        .iter()
        .enumerate()
        .map(|(place, (id, on))| {
            let mut key = document(on);
            key["id"] = id.to_string().into();
            key["current"] = (place == 0).into();
            key
        })
        .collect();
    let held = found.held_by();
    output.document(&json!({
        "keys": keys,
        "unknown": document(&found.unknown),
        "can_drop_retired": held.is_none(),
    }))?;
    let mut table = Table::new(&["KEY", "", "PENDING LINKS", "AUDIT LOGS", "SECOND FACTORS"]);
    let mut row = |name: String, state: &str, on: &KeyUse| {
        table.row([
            name.into(),
            state.into(),
            on.links.to_string().into(),
            on.logs.to_string().into(),
            people(on).into(),
        ]);
    };
    for (place, (id, on)) in found.keys.iter().enumerate() {
        row(id.to_string(), ["current", "retired"][place.min(1)], on);
    }
    if found.unknown != KeyUse::default() {
        row("unknown".to_owned(), "", &found.unknown);
    }
    output.table(&table)?;
    match held {
        _ if found.keys.len() == 1 => Ok(()),
        None => output.line("Nothing hangs on a retired key: rollbook token-key drop-retired"),
        Some(held) => output.line(&format!(
            "A retired key is still needed ({held}). Links end by themselves or are resent; a second factor \
             is taken off and enrolled again by its user"
        )),
    }
}

/// `2: ada@example.com, bob@example.com`
fn people(on: &KeyUse) -> String {
    let named: Vec<&str> = on
        .factors
        .iter()
        .take(NAMED)
        .map(DisplaySafe::as_str)
        .collect();
    let more = if on.factors.len() > NAMED {
        ", …"
    } else {
        ""
    };
    match named.as_slice() {
        [] => "0".to_owned(),
        named => format!("{}: {}{more}", on.factors.len(), named.join(", ")),
    }
}
