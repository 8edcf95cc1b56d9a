//! Puts an installation together: settings, database (the private server where none is named),
//! schema, token key, mail, service.

mod opening;

pub use opening::{Installation, Schema};

use super::args::Global;
use super::failure::{Failure, Outcome};
use super::key_file::KeyFile;
use crate::config::{self, DEFAULT_CATALOGUE, Settings, Sources};
use crate::domain::{Catalogue, DisplaySafe, PasswordPolicy};
use crate::mail::{MailConfig, Mailer};
use crate::service::{MailTruth, Parts, SendingLimits, Service, ServiceSettings};
use crate::store::{Store, sessions::SessionLife};
use crate::telemetry::{self, Sink};
use opening::private_dir;
use secrecy::ExposeSecret;
use std::fs;
use std::path::{Path, PathBuf};
use url::Url;

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
        let private = private_dir(&settings)?;
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

    /// Where the log goes that nobody's screen is in the way of.
    pub fn sink(&self) -> Sink {
        let file = self.settings.log.file.clone();
        file.map_or(Sink::Stderr, Sink::File)
    }

    /// Sends the log to stderr, or to the configured file.
    pub fn log_to_stderr(&self) {
        let sink = self.sink();
        // Routine news have no place between a command's result and its errors.
        let filter = if sink == Sink::Stderr {
            "warn"
        } else {
            &self.settings.log.filter
        };
        telemetry::start(&sink, filter);
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
