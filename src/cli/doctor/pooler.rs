//! What `rollbook doctor` finds between the program and the database.

use super::super::wiring::Configured;
use super::{Check, State};
use crate::config::Pooler;
use crate::store::{
    Naming, StoreError,
    dsn::{ConnectPlan, DsnError},
    health::{self, Login},
};
use secrecy::ExposeSecret;

const ABOUT: &str = "pooler";

/// What was seen of the way to the database.
struct Seen {
    /// Each transaction gets another connection of the server.
    pooled: bool,
    /// Who connects; none before there is a schema.
    login: Option<Login>,
}

/// Whether the setting fits what is there; nothing where that can't be told.
pub(super) async fn check(configured: &Configured) -> Option<Check> {
    let url = configured.settings.database.url.as_ref()?;
    let plan = ConnectPlan::parse(url.expose_secret()).ok()?;
    let seen = look(plan, &configured.settings.database.app_role).await;
    let Seen { pooled, login } = seen.ok()?.ok()?;
    let words = |found: &str| found.to_owned();
    let (state, found, mend) = match (configured.settings.database.pooler, pooled) {
        (Pooler::None, false) => return None,
        (Pooler::None, true) => (
            State::Fail,
            words("database.url leads through a pooler in transaction mode"),
            words("Set database.pooler = \"transaction\""),
        ),
        (Pooler::Transaction, _) => match login {
            Some(login) if !login.limited => (
                State::Warn,
                words("transaction mode; a list that takes long is not cut off"),
                format!(
                    "ALTER ROLE \"{}\" SET statement_timeout = '5s'; then RECONNECT in the pooler",
                    login.name
                ),
            ),
            _ if pooled => (State::Ok, words("transaction mode"), String::new()),
            _ => (
                State::Ok,
                words("transaction mode is set, and no pooler was seen"),
                String::new(),
            ),
        },
    };
    Some(Check::new(ABOUT, state, found, &mend))
}

/// Looks without leaving anything on a connection.
async fn look(plan: ConnectPlan, role: &str) -> Result<Result<Seen, StoreError>, DsnError> {
    let store = plan.with_naming(Naming::Unnamed).store(2, None)?;
    let seen = async {
        let (one, other) = (store.connect().await?, store.connect().await?);
        Ok(Seen {
            pooled: health::is_pooled(&one, &other).await?,
            login: health::login(&one, role).await.ok(),
        })
    };
    Ok(seen.await)
}
