//! The way to the database: as the owner of the tables for the schema, as the application's role for
//! everything else.

use super::failure::{Failure, Outcome};
use super::wiring::Schema;
use crate::config::Settings;
use crate::service::ServiceError;
use crate::store::{
    Connection, Naming, Store, StoreError,
    dsn::ConnectPlan,
    health::{self, Login},
    migrate, roles,
};

/// Brings the schema up to date or says that it has to be; makes the application's role.
pub(super) async fn at_newest(
    connection: &mut Connection,
    schema: Schema,
    role: &str,
) -> Outcome<usize> {
    let client = connection.client_mut().map_err(known)?;
    let found = migrate::version(client).await.map_err(known)?;
    if schema == Schema::Expect && found < migrate::newest() {
        return Err(Failure::Usage(format!(
            "The database's schema is at version {found}, this rollbook needs {}: run `rollbook migrate`{}",
            migrate::newest(),
            if found == 0 {
                " or `rollbook setup`"
            } else {
                ""
            },
        )));
    }
    let ran = migrate::run(client).await.map_err(known)?;
    if schema == Schema::Migrate {
        roles::prepare(client, role).await.map_err(known)?;
    }
    Ok(ran)
}

/// The pool that everything but the migrations uses. Where the application's role can't be had it
/// stays who it is, and `rollbook doctor` says so; behind a pooler it has to be somebody who may be it.
///
/// # Errors
/// What the database says.
pub async fn app_store(
    plan: &ConnectPlan,
    connection: &mut Connection,
    settings: &Settings,
) -> Outcome<Store> {
    let (role, size) = (&settings.database.app_role, settings.database.pool_size);
    let role = match plan.naming() {
        Naming::Unnamed => {
            let found = health::login(connection, role).await.map_err(known)?;
            may_stay(&found, role)?;
            None
        }
        Naming::Prepared => {
            let usable = roles::usable(connection.client_mut().map_err(known)?, role).await;
            let role = usable.map_err(known)?.then_some(role.as_str());
            if role.is_none() {
                tracing::warn!("the application's role can't be had; see `rollbook doctor`");
            }
            role
        }
    };
    plan.store(size, role).map_err(|error| usage(&error))
}

/// Whether a connection that can become nobody else has what it needs, and not more.
fn may_stay(login: &Login, role: &str) -> Outcome {
    let name = &login.name;
    let why = match &login.bypassed_by {
        Some(strong) if strong == name => "sees past row-level security".to_owned(),
        Some(strong) => format!("acts as {strong}, who sees past row-level security"),
        None if login.inherits => return Ok(()),
        None => format!("is not in {role}"),
    };
    Err(Failure::Usage(format!(
        "With database.pooler = \"transaction\" a connection stays who it is, and {name} {why}: \
         CREATE ROLE rollbook_login LOGIN IN ROLE \"{role}\", name that one in database.url, and keep \
         {name} for database.owner_url"
    )))
}

/// A connection that becomes nobody else.
///
/// # Errors
/// What the database says.
pub async fn plain(plan: &ConnectPlan) -> Outcome<Connection> {
    let connection = plan.connect().await.map_err(|error| usage(&error))?;
    connection.map_err(known)
}

fn known(error: StoreError) -> Failure {
    Failure::from(ServiceError::from(error))
}

pub(super) fn usage(error: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// Adds where the database is to an outage.
pub(super) fn place(plan: &ConnectPlan, failure: Failure) -> Failure {
    match failure {
        Failure::Service(ServiceError::Unavailable(words)) => Failure::Unreachable(format!(
            "The database {} does not answer: {words}",
            plan.place()
        )),
        other => other,
    }
}
