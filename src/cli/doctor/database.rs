//! What `rollbook doctor` finds in the database.

use super::super::failure::Exit;
use super::super::terminal;
use super::super::wiring::{Configured, Installation, Schema};
use super::{Check, State, replica};
use crate::domain::Actor;
use crate::store::{
    Scope, Store, StoreError,
    health::{self, Health},
};

/// Whether the database can be reached; adds what is found in it.
pub(super) async fn check(configured: &Configured, checks: &mut Vec<Check>) -> bool {
    let which = if configured.is_private() {
        "private PostgreSQL"
    } else {
        "configured database"
    };
    match configured.open(Schema::Expect).await {
        Err(failure) => {
            let reached = !matches!(failure.exit(), Exit::Unreachable);
            let mend = "Start the server, or correct database.url";
            checks.push(Check::new(
                "database",
                State::Fail,
                failure.to_string(),
                mend,
            ));
            reached
        }
        Ok(installation) => {
            checks.push(Check::new(
                "database",
                State::Ok,
                format!("{which} answers"),
                "",
            ));
            checks.extend(inside(configured, &installation).await);
            checks.extend(replica::check(configured, &installation.store).await);
            installation.close().await;
            true
        }
    }
}

async fn inside(configured: &Configured, installation: &Installation) -> Vec<Check> {
    let Ok(found) = looked_at(&installation.store).await else {
        return Vec::new();
    };
    let server = format!("PostgreSQL {}, schema {}", found.server, found.schema);
    let mut checks = vec![Check::new("schema", State::Ok, server, "")];
    checks.push(role(configured, &found));
    checks.extend(retired_keys(installation).await);
    if found.setup_needed {
        checks.push(Check::new(
            "accounts",
            State::Warn,
            "there is no account yet",
            "Run rollbook, or rollbook setup",
        ));
    }
    checks
}

/// Whether a retired key can go; nothing where there is none.
async fn retired_keys(installation: &Installation) -> Option<Check> {
    let operator = Actor::operator(terminal::os_user(), terminal::origin());
    let found = installation.service.token_key_use(&operator).await.ok()?;
    let about = "retired keys";
    if found.keys.len() < 2 {
        return None;
    }
    let held = found.held_by();
    let mend = held
        .is_none()
        .then_some("Run rollbook token-key drop-retired");
    let words = held.map_or_else(
        || "nothing hangs on them".to_owned(),
        |held| format!("still needed ({held})"),
    );
    Some(Check::new(
        about,
        State::Ok,
        words,
        mend.unwrap_or_default(),
    ))
}

async fn looked_at(store: &Store) -> Result<Health, StoreError> {
    let mut connection = store.connect().await?;
    let tx = connection.begin(&Scope::installation()).await?;
    health::look(&tx).await
}

/// Whether the second wall between accounts stands.
fn role(configured: &Configured, found: &Health) -> Check {
    let about = "database role";
    let app_role = &configured.settings.database.app_role;
    match &found.bypassed_by {
        None => Check::new(
            about,
            State::Ok,
            format!("{} sees one account at a time", found.role),
            "",
        ),
        // The private server's owner can't be reached by anybody else.
        Some(_) if configured.is_private() && found.role == *app_role => Check::new(
            about,
            State::Ok,
            format!("{} sees one account at a time", found.role),
            "",
        ),
        Some(strong) if *strong == found.role => Check::new(
            about,
            State::Warn,
            format!("{strong} sees past row-level security"),
            &format!(
                "As a superuser: CREATE ROLE \"{app_role}\" NOLOGIN; GRANT \"{app_role}\" TO \"{}\"; \
                 then run rollbook migrate",
                found.login
            ),
        ),
        Some(strong) => Check::new(
            about,
            State::Warn,
            format!(
                "{} sees one account at a time, but {strong}, who connects, sees past row-level security",
                found.role
            ),
            &format!(
                "Connect as a role of its own: CREATE ROLE rollbook_login LOGIN IN ROLE \"{app_role}\"; \
                 keep this one as database.owner_url"
            ),
        ),
    }
}
