//! Settings from files and the environment, weakest first: embedded defaults,
//! `/etc/rollbook/rollbook.toml`, `$XDG_CONFIG_HOME/rollbook/rollbook.toml`, `--config`,
//! `ROLLBOOK_SECTION__KEY`. Each file is checked on its own, so that a fault names its place.

mod catalogue;
mod fault;
mod layers;
mod span;

pub use catalogue::{DEFAULT_CATALOGUE, catalogue};
pub use fault::{ConfigError, Fault};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// The commented defaults, as embedded.
pub const DEFAULTS: &str = include_str!("../../config/rollbook.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub database: Database,
    pub mail: Mail,
    pub web: Web,
    pub invitations: Invitations,
    pub passwords: Passwords,
    pub sessions: Sessions,
    pub members: Members,
    pub permissions: Permissions,
    pub ui: Ui,
    pub secrets: Secrets,
    pub log: Log,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    #[serde(deserialize_with = "secret")]
    pub url: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    pub owner_url: Option<SecretString>,
    pub app_role: String,
    #[serde(deserialize_with = "path")]
    pub private_dir: Option<PathBuf>,
    pub pool_size: usize,
    pub pooler: Pooler,
    #[serde(deserialize_with = "secret")]
    pub replica_url: Option<SecretString>,
    #[serde(deserialize_with = "span::deserialize")]
    pub replica_staleness: Duration,
}

/// What stands between the program and the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler that keeps a connection for each session.
    None,
    /// One that gives each transaction another connection.
    Transaction,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    #[serde(deserialize_with = "secret")]
    pub smtp_url: Option<SecretString>,
    pub from: String,
    #[serde(deserialize_with = "text")]
    pub reply_to: Option<String>,
    pub subject: String,
    #[serde(deserialize_with = "path")]
    pub root_cert: Option<PathBuf>,
    #[serde(deserialize_with = "path")]
    pub folder: Option<PathBuf>,
    #[serde(deserialize_with = "connections")]
    pub connections: usize,
    #[serde(deserialize_with = "rate")]
    pub rate: f64,
}

/// `[web]`
#[derive(Debug, Clone, Deserialize)]
pub struct Web {
    #[serde(deserialize_with = "base_url")]
    pub base_url: Option<url::Url>,
    pub listen: std::net::SocketAddr,
    pub open_console: String,
}

/// `[invitations]`
#[derive(Debug, Clone, Deserialize)]
pub struct Invitations {
    #[serde(deserialize_with = "span::deserialize")]
    pub valid_for: Duration,
    pub per_inviter: i64,
    pub per_account: i64,
    pub per_address: i64,
    pub pending: i64,
}

/// `[passwords]`
#[derive(Debug, Clone, Deserialize)]
pub struct Passwords {
    pub min_length: usize,
    pub max_length: usize,
}

/// `[sessions]`
#[derive(Debug, Clone, Deserialize)]
pub struct Sessions {
    #[serde(deserialize_with = "span::deserialize")]
    pub idle: Duration,
    #[serde(deserialize_with = "span::deserialize")]
    pub absolute: Duration,
}

/// `[members]`
#[derive(Debug, Clone, Deserialize)]
pub struct Members {
    #[serde(deserialize_with = "span::deserialize")]
    pub undo_for: Duration,
}

/// `[permissions]`
#[derive(Debug, Clone, Deserialize)]
pub struct Permissions {
    #[serde(deserialize_with = "path")]
    pub file: Option<PathBuf>,
}

/// `[ui]`
#[derive(Debug, Clone, Deserialize)]
pub struct Ui {
    pub theme: Theme,
    #[serde(deserialize_with = "path")]
    pub keymap: Option<PathBuf>,
    pub connection_speed: ConnectionSpeed,
}

/// What the line to the terminal carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionSpeed {
    /// Slow where the terminal is a serial line of less than 38,400 bits a second, else fast.
    Auto,
    Fast,
    Slow,
}

/// Which of the embedded themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    Dark,
    Light,
    Mono,
}

/// `[secrets]`
#[derive(Debug, Clone, Deserialize)]
pub struct Secrets {
    #[serde(deserialize_with = "path")]
    pub token_key_file: Option<PathBuf>,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    #[serde(deserialize_with = "path")]
    pub file: Option<PathBuf>,
    pub filter: String,
}

/// Where settings come from; read once by the caller.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files, weakest first; a missing one is skipped unless it is [`Sources::required`].
    pub files: Vec<PathBuf>,
    /// The file of `--config`, which must exist.
    pub required: Option<PathBuf>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
}

impl Sources {
    /// The usual places, with this process's environment.
    pub fn of_this_machine(config: Option<PathBuf>) -> Self {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = environment
            .get("HOME")
            .map(|home| PathBuf::from(home).join(".config"));
        let user = environment
            .get("XDG_CONFIG_HOME")
            .filter(|dir| !dir.is_empty());
        let user = user.map(PathBuf::from).or(home);
        let system = Some(PathBuf::from("/etc"));
        let file = |dir: PathBuf| dir.join("rollbook/rollbook.toml");
        Self {
            files: [system, user].into_iter().flatten().map(file).collect(),
            required: config,
            environment,
        }
    }
}

impl Settings {
    /// Merges and checks all sources.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault of the first source that has any.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        layers::load(sources)
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.trim().is_empty()))
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    text(deserializer).map(|text| text.map(PathBuf::from))
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    text(deserializer).map(|text| text.map(SecretString::from))
}

fn connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if (1..=100).contains(&number) {
        Ok(number)
    } else {
        Err(serde::de::Error::custom("expected 1 to 100"))
    }
}

/// A number, or the text of one, as the environment has it.
fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Rate {
        Number(f64),
        Text(String),
    }
    let rate = match Rate::deserialize(deserializer)? {
        Rate::Number(rate) => Some(rate),
        Rate::Text(text) => text.trim().parse().ok(),
    };
    rate.filter(|rate| rate.is_finite() && *rate >= 0.0)
        .ok_or_else(|| serde::de::Error::custom("expected a number of mails a second, or 0"))
}

fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<url::Url>, D::Error> {
    let Some(text) = text(deserializer)? else {
        return Ok(None);
    };
    let url = url::Url::parse(&text).map_err(serde::de::Error::custom)?;
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
        return Err(serde::de::Error::custom(
            "expected an address such as https://rollbook.example.com",
        ));
    }
    Ok(Some(url))
}
