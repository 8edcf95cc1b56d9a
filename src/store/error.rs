//! Database errors by what they mean, from their SQLSTATE.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

/// What went wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint is in the way.
    #[error("{constraint} is taken")]
    Taken { constraint: String },
    /// The deferred trigger refused: an account would have no owner.
    #[error("an account always has an owner")]
    LastOwner,
    /// A lock was not to be had, or two transactions crossed; the same again may work.
    #[error("the database is busy with another change")]
    Busy,
    /// No connection, or it broke. The words are the driver's, without the connection string.
    #[error("{0}")]
    Unavailable(String),
    /// Whoever asked no longer waits for it, or it took longer than a statement may; nothing of it has
    /// been written.
    #[error("stopped before it was done")]
    Cancelled,
    /// A stored value has no meaning to this program.
    #[error("{what} in the database can't be read")]
    Unreadable { what: &'static str },
    /// The connected role may not do this.
    #[error(
        "{0}; the schema needs the role that owns the tables: set database.owner_url, or make this role the owner"
    )]
    NotPermitted(String),
    /// The database's schema is newer than this program.
    #[error(
        "The database has schema version {found}, this rollbook knows up to {known}; install a newer rollbook"
    )]
    SchemaNewer { found: i32, known: i32 },
    /// A statement of this program no longer fits the schema.
    #[error("The database was upgraded meanwhile: leave, and start the newest rollbook")]
    SchemaMoved,
    /// The server does not know a statement that was prepared, or knows another of that name.
    #[error(
        "The database stands behind a pooler in transaction mode: set database.pooler = \"transaction\""
    )]
    Pooled,
    /// A released migration was edited after it ran here.
    #[error(
        "The database comes from another make of rollbook: its migration {version} differs from this one's; start the one that made it"
    )]
    SchemaDiffers { version: i32 },
    /// Anything else is a fault of this program.
    #[error("the database refused a statement")]
    Bug(#[source] tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return Self::Unavailable(describe(&error));
        };
        match db.code() {
            code if *code == SqlState::UNIQUE_VIOLATION => Self::Taken {
                constraint: db.constraint().unwrap_or("a value").to_owned(),
            },
            code if code.code() == "RB001" => Self::LastOwner,
            code if *code == SqlState::QUERY_CANCELED => Self::Cancelled,
            code if is_busy(code) => Self::Busy,
            code if has_moved(code, db.message()) => {
                tracing::error!(error = db.message(), "a statement does not fit the schema");
                Self::SchemaMoved
            }
            code if is_pooled(code) => Self::Pooled,
            code if is_outage(code) => Self::Unavailable(db.message().to_owned()),
            _ => Self::Bug(error),
        }
    }
}

impl StoreError {
    /// Where a role may be the wrong one for the schema, the refusal is no fault of the program.
    pub(super) fn or_not_permitted(self) -> Self {
        let refused = match &self {
            Self::Bug(error) => error
                .as_db_error()
                .filter(|db| *db.code() == SqlState::INSUFFICIENT_PRIVILEGE),
            _ => None,
        };
        match refused {
            Some(db) => Self::NotPermitted(db.message().to_owned()),
            None => self,
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match error.as_db_error() {
                Some(db) => Self::Unavailable(refusal(db)),
                None => Self::Unavailable(describe(&error)),
            },
            PoolError::Timeout(_) => {
                Self::Unavailable("no connection became free in time".to_owned())
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The server's words on refusing a connection, which name the role or database, never a secret.
fn refusal(db: &DbError) -> String {
    db.message().to_owned()
}

/// The innermost cause, such as "Connection refused (os error 111)".
fn describe(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

fn is_busy(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(code)
}

/// A name is gone, or a prepared statement's columns are others now.
fn has_moved(code: &SqlState, message: &str) -> bool {
    let gone = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
    ];
    gone.contains(code)
        || (*code == SqlState::FEATURE_NOT_SUPPORTED && message.contains("cached plan"))
}

/// A prepared statement is not where it was left.
fn is_pooled(code: &SqlState) -> bool {
    [
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::DUPLICATE_PSTATEMENT,
    ]
    .contains(code)
}

fn is_outage(code: &SqlState) -> bool {
    // Classes 08 connection, 53 resources, 57 operator intervention, 58 system (PostgreSQL, appendix A).
    ["08", "53", "57", "58", "28", "3D"]
        .iter()
        .any(|class| code.code().starts_with(class))
}
