//! The role that the console, the pages and the worker run as: it owns nothing, may add to the audit
//! log but not change it, and sees what [`super::scope`] shows.

use super::StoreError;
use tokio_postgres::{Client, error::SqlState};

/// What the role may do, by table. Nothing else, and nothing at all to tables that are not named.
const GRANTS: &str = "
    GRANT SELECT, INSERT, UPDATE ON accounts, users, invitations, outbox, sessions, logins TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON memberships, recovery_codes TO {role};
    GRANT SELECT, INSERT, UPDATE ON second_factors TO {role};
    GRANT SELECT, INSERT ON events, commands TO {role};
    GRANT SELECT ON schema_migrations, account_members, account_authority TO {role};
    GRANT EXECUTE ON FUNCTION mails_to(text) TO {role};";

/// Makes the role where the connected one may, and grants it what it needs. Without the right to
/// make roles nothing happens: then whoever runs the server makes it, and `rollbook doctor` says so.
///
/// # Errors
/// What the database says.
pub async fn prepare(client: &Client, role: &str) -> Result<(), StoreError> {
    let quoted = quoted(role);
    tolerated(client, &format!("CREATE ROLE {quoted} NOLOGIN")).await?;
    if !exists(client, role).await? {
        return Ok(());
    }
    if !usable(client, role).await? {
        tolerated(client, &format!("GRANT {quoted} TO SESSION_USER")).await?;
    }
    let schema = client
        .query_one("SELECT current_schema()::text", &[])
        .await?;
    let schema: String = schema.get(0);
    let usage = format!(
        "GRANT USAGE ON SCHEMA {} TO {quoted};",
        self::quoted(&schema)
    );
    let grants = GRANTS.replace("{role}", &quoted);
    tolerated(client, &format!("{usage}{grants}")).await
}

/// Whether the connected role can become this one.
///
/// # Errors
/// What the database says.
pub async fn usable(client: &Client, role: &str) -> Result<bool, StoreError> {
    let becomes = client
        .batch_execute(&format!("SET ROLE {}; RESET ROLE", quoted(role)))
        .await;
    match becomes {
        Ok(()) => Ok(true),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn exists(client: &Client, role: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)";
    Ok(client.query_one(sql, &[&role]).await?.get(0))
}

/// Runs a statement; that it may not, or need not, is no failure. Two programs that start at once
/// may both find the role missing, or meet in the catalogue of grants.
async fn tolerated(client: &Client, sql: &str) -> Result<(), StoreError> {
    for _ in 0..10 {
        match client.batch_execute(sql).await {
            Err(error) if error.code() == Some(&SqlState::INTERNAL_ERROR) => {
                // "tuple concurrently updated": the other one's grant is the same as ours.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) if !is_refusal(&error) => return Err(error.into()),
            _ => return Ok(()),
        }
    }
    Ok(())
}

fn is_refusal(error: &tokio_postgres::Error) -> bool {
    [
        SqlState::DUPLICATE_OBJECT,
        SqlState::UNIQUE_VIOLATION,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_PARAMETER_VALUE,
    ]
    .iter()
    .any(|code| error.code() == Some(code))
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
