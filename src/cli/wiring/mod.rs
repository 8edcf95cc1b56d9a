//! Puts an installation together: settings, database (the private server where none is named),
//! schema, token key, mail, service.

use super::args::Global;
use super::database::{app_store, at_newest, place, plain, usage};
use super::failure::{Failure, Outcome};
use super::key_file::KeyFile;
use super::terminal;
use crate::config::{self, DEFAULT_CATALOGUE, Pooler, Settings, Sources};
use crate::domain::{Actor, Catalogue, DisplaySafe, PasswordPolicy};
use crate::mail::{MailConfig, Mailer};
use crate::service::{MailTruth, Parts, SendingLimits, Service, ServiceSettings};
use crate::store::{
    Naming, Store,
    dsn::ConnectPlan,
    local::{self, LocalServer},
    sessions::SessionLife,
};
use crate::telemetry::{self, Sink};
use secrecy::ExposeSecret;
use std::fs;
use std::path::{Path, PathBuf};
use url::Url;

/// The database of the private server.
const DATABASE: &str = "rollbook";

/// Settings and catalogue, checked; nothing is reached yet.
#[derive(Clone)]
pub struct Configured {
    pub settings: Settings,
    pub catalogue: Catalogue,
    /// Where the private server, the token key and the mails of this machine lie.
    pub data: PathBuf,
    /// What links start with; the pages' own address where none is configured.
    pub base_url: Option<Url>,
}

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
    /// Reads the settings of this machine and the catalogue that they name.
    ///
    /// # Errors
    /// [`Failure::Usage`] with file, line and key.
    pub fn load(global: &Global) -> Outcome<Self> {
        let settings = Settings::load(&Sources::of_this_machine(global.config.clone()))
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let catalogue = match &settings.permissions.file {
            None => config::catalogue(Path::new("config/permissions.toml"), DEFAULT_CATALOGUE),
            Some(file) => config::catalogue(file, &read(file, "permissions.file")?),
        };
        let catalogue = catalogue.map_err(|error| Failure::Usage(error.to_string()))?;
        let private = match &settings.database.private_dir {
            Some(dir) => dir.clone(),
            None => {
                local::default_dir().map_err(|error| Failure::Unreachable(error.to_string()))?
            }
        };
        let data = private.parent().unwrap_or(&private).to_owned();
        let base_url = settings
            .web
            .base_url
            .clone()
            .or_else(|| own_address(&settings));
        Ok(Self {
            settings,
            catalogue,
            data,
            base_url,
        })
    }

    /// Whether the database is the private one.
    pub fn is_private(&self) -> bool {
        self.settings.database.url.is_none()
    }

    /// Sends the log to stderr, or to the configured file.
    pub fn log_to_stderr(&self) {
        let sink = self
            .settings
            .log
            .file
            .clone()
            .map_or(Sink::Stderr, Sink::File);
        // Routine news have no place between a command's result and its errors.
        let filter = if sink == Sink::Stderr {
            "warn"
        } else {
            &self.settings.log.filter
        };
        telemetry::start(&sink, filter);
    }

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
        let refused = |error: local::LocalError| Failure::Unreachable(error.to_string());
        let dir = match &self.settings.database.private_dir {
            Some(dir) => dir.clone(),
            None => local::default_dir().map_err(refused)?,
        };
        let server = LocalServer::start(&dir).await.map_err(refused)?;
        server.ensure_database(DATABASE).await.map_err(refused)?;
        Ok(server)
    }

    /// The service on a store.
    ///
    /// # Errors
    /// [`Failure::Machine`] when the token key can't be read or made.
    pub fn service(&self, store: Store) -> Outcome<Service> {
        let settings = &self.settings;
        Ok(Service::new(Parts {
            store,
            catalogue: self.catalogue.clone(),
            token_keys: self.key_file().source()?,
            settings: ServiceSettings {
                invitation_life: settings.invitations.valid_for,
                limits: SendingLimits {
                    per_inviter: settings.invitations.per_inviter,
                    per_account: settings.invitations.per_account,
                    per_address: settings.invitations.per_address,
                    pending: settings.invitations.pending,
                },
                passwords: self.passwords(),
                sessions: SessionLife {
                    idle: settings.sessions.idle,
                    absolute: settings.sessions.absolute,
                },
                undo_for: settings.members.undo_for,
                base_url: self.base_url.clone(),
                mail: self.mail_truth(),
            },
        }))
    }

    /// The password rules.
    pub fn passwords(&self) -> PasswordPolicy {
        PasswordPolicy {
            min_length: self.settings.passwords.min_length,
            max_length: self.settings.passwords.max_length,
        }
    }

    /// The mailer.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming the setting.
    pub fn mailer(&self) -> Outcome<Mailer> {
        let mail = &self.settings.mail;
        Mailer::new(&MailConfig {
            smtp_url: mail.smtp_url.clone(),
            from: mail.from.clone(),
            reply_to: mail.reply_to.clone(),
            subject: mail.subject.clone(),
            root_cert: mail.root_cert.clone(),
            folder: self.mail_folder(),
            connections: mail.connections,
            rate: mail.rate,
        })
        .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// Whether the mail settings can be used, as far as a console has to know. Who sends no mail does not
    /// read the system's certificates for it.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming the setting.
    pub fn check_mail(&self) -> Outcome {
        if self.is_private() {
            return self.mailer().map(drop);
        }
        let url = self.settings.mail.smtp_url.as_ref();
        match url.map(|url| Url::parse(url.expose_secret())) {
            Some(Err(error)) => Err(Failure::Usage(format!("mail.smtp_url: {error}"))),
            _ => Ok(()),
        }
    }

    fn mail_folder(&self) -> PathBuf {
        self.settings
            .mail
            .folder
            .clone()
            .unwrap_or_else(|| self.data.join("mail"))
    }

    fn mail_truth(&self) -> MailTruth {
        let url = self.settings.mail.smtp_url.as_ref();
        match url.and_then(|url| Url::parse(url.expose_secret()).ok()) {
            Some(url) => MailTruth::Smtp {
                host: DisplaySafe::new(url.host_str().unwrap_or("?")),
            },
            None => MailTruth::Files {
                folder: self.mail_folder().display().to_string().into(),
            },
        }
    }

    /// Where the keys lie.
    pub fn key_file(&self) -> KeyFile {
        let configured = self.settings.secrets.token_key_file.clone();
        KeyFile::at(configured.unwrap_or_else(|| self.data.join("token.key")))
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

/// The pages' own address, where that is on loopback and so is what its readers can reach.
fn own_address(settings: &Settings) -> Option<Url> {
    let listen = settings.web.listen;
    let local = listen
        .ip()
        .is_loopback()
        .then(|| format!("http://{listen}"))?;
    Url::parse(&local).ok()
}

fn read(file: &Path, setting: &str) -> Outcome<String> {
    fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("{setting}: {}: {error}", file.display())))
}
