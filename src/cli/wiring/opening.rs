//! Reaches the database of an installation, brings its schema up to date, and leaves it again.

use super::Configured;
use crate::cli::database::{app_store, at_newest, place, plain, usage};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::terminal;
use crate::config::{Pooler, Settings};
use crate::domain::Actor;
use crate::service::Service;
use crate::store::{
    Naming, Store,
    dsn::ConnectPlan,
    local::{self, LocalServer},
};
use secrecy::ExposeSecret;
use std::path::PathBuf;

/// The database of the private server.
const DATABASE: &str = "rollbook";

/// What to do about a schema that is not the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to date.
    Migrate,
    /// Say that it has to be; the private server's own is brought up to date all the same.
    Expect,
}

/// An open installation. [`Installation::close`] leaves the private server.
pub struct Installation {
    pub service: Service,
    pub store: Store,
    /// How many migrations ran.
    pub migrated: usize,
    server: Option<LocalServer>,
}

impl Configured {
    /// Reaches the database and makes the service.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] for the database, [`Failure::Usage`] for a wrong URL.
    pub async fn open(&self, schema: Schema) -> Outcome<Installation> {
        let (server, dsn, schema) = if let Some(url) = &self.settings.database.url {
            (None, url.expose_secret().to_owned(), schema)
        } else {
            let server = self.private_server().await?;
            let dsn = server.dsn(DATABASE);
            (Some(server), dsn, Schema::Migrate)
        };
        match self.connected(&dsn, schema).await {
            Ok((service, store, migrated)) => Ok(Installation {
                service,
                store,
                migrated,
                server,
            }),
            Err(failure) => {
                if let Some(server) = server {
                    server.stop().await;
                }
                Err(failure)
            }
        }
    }

    async fn connected(&self, dsn: &str, schema: Schema) -> Outcome<(Service, Store, usize)> {
        let database = &self.settings.database;
        let plan = ConnectPlan::parse(dsn)
            .map_err(|error| usage(&error))?
            .with_naming(self.naming());
        let (role, owner) = (&database.app_role, self.owner(schema)?);
        let mut migrated = 0;
        if let Some(owner) = &owner {
            let moved = async { at_newest(&mut plain(owner).await?, schema, role).await };
            migrated = moved.await.map_err(|failure| place(owner, failure))?;
        }
        let reached = async {
            // One connection for all that has to be known before the first of the pool.
            let mut connection = plain(&plan).await?;
            if owner.is_none() {
                migrated = at_newest(&mut connection, schema, role).await?;
            }
            app_store(&plan, &mut connection, &self.settings).await
        };
        let store = reached.await.map_err(|failure| place(&plan, failure))?;
        let mut service = self.service(store.clone())?;
        if let Some(replica) = self.replica()? {
            service = service.with_replica(replica, database.replica_staleness);
        }
        if migrated > 0 {
            // Audit logs from before their ends were vouched for.
            let operator = Actor::operator(terminal::os_user(), terminal::origin());
            service.renew_audit_heads(&operator).await?;
        }
        Ok((service, store, migrated))
    }

    /// The way of whoever brings the schema up to date, where that is another one than everybody's and there
    /// may be something for it to do.
    fn owner(&self, schema: Schema) -> Outcome<Option<ConnectPlan>> {
        if self.is_private() || schema == Schema::Expect {
            return Ok(None);
        }
        match (&self.settings.database.owner_url, self.naming()) {
            (Some(url), _) => {
                let plan = ConnectPlan::parse(url.expose_secret());
                plan.map(Some).map_err(|error| usage(&error))
            }
            (None, Naming::Prepared) => Ok(None),
            (None, Naming::Unnamed) => Err(Failure::Usage(
                "The schema is not changed through a pooler: set database.owner_url to the role that owns \
                 the tables, at the server itself"
                    .to_owned(),
            )),
        }
    }

    /// Whether a statement finds what was prepared before it. The private server has no pooler.
    pub fn naming(&self) -> Naming {
        match self.settings.database.pooler {
            Pooler::Transaction if !self.is_private() => Naming::Unnamed,
            Pooler::Transaction | Pooler::None => Naming::Prepared,
        }
    }

    /// The standby that lists are read from, if there is one; it is not reached yet.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a wrong URL.
    pub fn replica(&self) -> Outcome<Option<Store>> {
        let database = &self.settings.database;
        let Some(url) = database.replica_url.as_ref().filter(|_| !self.is_private()) else {
            return Ok(None);
        };
        let plan = ConnectPlan::parse(url.expose_secret()).map_err(|error| usage(&error))?;
        // Where the primary's connections can't become that role, these can't either.
        let role = (self.naming() == Naming::Prepared).then_some(database.app_role.as_str());
        let store = plan
            .with_naming(self.naming())
            .store(database.pool_size, role);
        Ok(Some(store.map_err(|error| usage(&error))?))
    }

    async fn private_server(&self) -> Outcome<LocalServer> {
        let dir = private_dir(&self.settings)?;
        let server = LocalServer::start(&dir).await?;
        server.ensure_database(DATABASE).await?;
        Ok(server)
    }
}

impl Installation {
    /// Leaves the private server; the last to leave stops it.
    pub async fn close(self) {
        drop((self.service, self.store));
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// Where the private server lies.
pub(super) fn private_dir(settings: &Settings) -> Outcome<PathBuf> {
    match &settings.database.private_dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(local::default_dir()?),
    }
}
