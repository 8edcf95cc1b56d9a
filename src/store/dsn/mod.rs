//! Connection strings: what libpq takes and the driver does not, and the pool they make.
//!
//! The driver's parser knows neither `verify-ca` and `verify-full` nor `sslrootcert`; those are
//! taken out here and mean what they mean to libpq (PostgreSQL manual, 34.1.2 and 34.19).

mod libpq;

use super::{
    Connection, Naming, Store, StoreError,
    pool::{CONNECT, Way},
    tls::{self, TlsFault, TlsMode},
};
use libpq::Parts;
use std::{fmt, path::PathBuf, str::FromStr, time::Duration};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long data may stay unacknowledged before a connection counts as dead.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// A parsed connection string. Prints without the password.
#[derive(Clone)]
pub struct ConnectPlan {
    config: Config,
    mode: TlsMode,
    root: Option<PathBuf>,
    naming: Naming,
}

/// Why a connection string can't be used; never repeats its password.
#[derive(Debug, thiserror::Error)]
pub enum DsnError {
    #[error("the database URL can't be read: {0}")]
    Syntax(String),
    #[error("sslmode={0:?} is unknown; use disable, prefer, require, verify-ca or verify-full")]
    SslMode(String),
    #[error(transparent)]
    Tls(#[from] TlsFault),
    #[error("the connection pool can't be made: {0}")]
    Pool(String),
}

impl ConnectPlan {
    /// Reads a `postgres://` URL or a `key=value` string. `PGPASSWORD` fills a missing password.
    ///
    /// # Errors
    /// [`DsnError::Syntax`], [`DsnError::SslMode`].
    pub fn parse(text: &str) -> Result<Self, DsnError> {
        let parts = Parts::of(text.trim());
        let mode = parts
            .mode
            .as_deref()
            .map_or(Ok(TlsMode::Prefer), TlsMode::from_str)?;
        let mut config =
            Config::from_str(&parts.rest).map_err(|error| DsnError::Syntax(innermost(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path("/var/run/postgresql");
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        with_timeouts(&mut config);
        let local = config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, Host::Unix(_)))
            && config.get_hostaddrs().is_empty();
        // A socket carries no TLS, whatever sslmode says (libpq ignores it too).
        let mode = if local {
            TlsMode::Disable
        } else {
            mode.with_root(parts.root.is_some())
        };
        config.ssl_mode(match mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        Ok(Self {
            config,
            mode,
            root: parts.root,
            naming: Naming::Prepared,
        })
    }

    /// The same way with or without names for statements.
    #[must_use]
    pub fn with_naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    /// Whether the server remembers statements that come this way.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// A pool of at most `size` connections that never waits without end. Each becomes `role`, but behind
    /// a pooler nothing is set on a connection: it is whoever the pooler connects as.
    ///
    /// # Errors
    /// [`DsnError::Tls`] when the root certificates can't be read.
    pub fn store(&self, size: usize, role: Option<&str>) -> Result<Store, DsnError> {
        let way = Way {
            config: self.config.clone(),
            tls: self.tls()?,
            role: role.map(str::to_owned),
            naming: self.naming,
        };
        let pool = way
            .pool(size)
            .map_err(|error| DsnError::Pool(error.to_string()))?;
        Ok(Store::new(pool, way))
    }

    /// None where the connection carries no TLS.
    fn tls(&self) -> Result<Option<MakeRustlsConnect>, TlsFault> {
        match self.mode {
            TlsMode::Disable => Ok(None),
            mode => tls::connector(mode, self.root.as_deref()).map(Some),
        }
    }

    /// One connection for the schema's owner, or for a look at the server: it becomes nobody else.
    ///
    /// # Errors
    /// [`DsnError`] when it can't be tried; the inner error when it was.
    pub async fn connect(&self) -> Result<Result<Connection, StoreError>, DsnError> {
        Ok(self.store(1, None)?.connect().await)
    }

    /// Where the database is, for people: hosts and name, no user, no password.
    pub fn place(&self) -> String {
        let host = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let name = self
            .config
            .get_dbname()
            .or(self.config.get_user())
            .unwrap_or("postgres");
        format!("{name} at {}", hosts.join(", "))
    }
}

impl fmt::Debug for ConnectPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectPlan({})", self.place())
    }
}

fn with_timeouts(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if config.get_application_name().is_none() {
        config.application_name("rollbook");
    }
    config
        .keepalives_idle(UNACKNOWLEDGED)
        .keepalives_interval(Duration::from_secs(2));
    config.keepalives_retries(2);
}

fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

#[cfg(test)]
mod tests {
    use super::{ConnectPlan, DsnError, TlsMode};

    #[test]
    fn libpq_modes_are_understood() {
        let mode = |text: &str| ConnectPlan::parse(text).unwrap().mode;
        assert_eq!(mode("postgres://u@db.example/x"), TlsMode::Prefer);
        assert_eq!(
            mode("postgres://u@db.example/x?sslmode=disable"),
            TlsMode::Disable
        );
        assert_eq!(
            mode("postgres://u@db.example/x?sslmode=verify-full"),
            TlsMode::VerifyFull
        );
        assert_eq!(
            mode("host=db.example user=u sslmode=verify-ca"),
            TlsMode::VerifyCa
        );
        assert_eq!(
            mode("host=db.example user=u sslmode=require sslrootcert='/a b'"),
            TlsMode::VerifyCa
        );
        assert_eq!(
            mode("host=/tmp user=u sslmode=verify-full"),
            TlsMode::Disable
        );
        assert!(matches!(
            ConnectPlan::parse("host=a user=u sslmode=maybe"),
            Err(DsnError::SslMode(_))
        ));
    }

    #[test]
    fn several_hosts_and_attributes_stay() {
        let plan = ConnectPlan::parse(
            "postgresql://u:p%40w@a.example:5433,b.example/x?target_session_attrs=read-write&sslmode=prefer",
        )
        .unwrap();
        assert_eq!(plan.place(), "x at a.example, b.example");
        assert_eq!(plan.config.get_password(), Some(b"p@w".as_slice()));
        assert_eq!(plan.config.get_ports(), [5433, 5432]);
    }

    #[test]
    fn quoted_values_survive() {
        let plan =
            ConnectPlan::parse(r"host = 'db.example' user=u password='it\'s \\ here' dbname=x")
                .unwrap();
        assert_eq!(plan.config.get_password(), Some(br"it's \ here".as_slice()));
    }

    #[test]
    fn errors_and_debug_keep_the_password() {
        let plan = ConnectPlan::parse("postgres://u:hunter2secret@db.example/x").unwrap();
        assert!(!format!("{plan:?}").contains("hunter2secret"));
        for text in [
            "postgres://u:hunter2secret@h:notaport/x",
            "hunter2secret",
            "host=h password=hunter2secret nonsense",
        ] {
            let error = ConnectPlan::parse(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2secret"), "{error}");
        }
    }
}
