//! What `rollbook doctor` wants to know of a database.

use super::{Db, StoreError};
use jiff::Timestamp;

/// The state of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The server's version.
    pub server: String,
    /// The schema's version.
    pub schema: i32,
    /// The role that this program has become.
    pub role: String,
    /// The role that it connected as, which it can become again.
    pub login: String,
    /// Which of the two, if any, sees past row-level security: a superuser, one with BYPASSRLS, or
    /// the owner of the tables, whom the owner's policies let see everything.
    pub bypassed_by: Option<String>,
    /// Whether no account exists yet.
    pub setup_needed: bool,
}

/// Which of the two roles sees past row-level security.
const BYPASSED_BY: &str = "(SELECT r.rolname::text FROM pg_roles r
    JOIN pg_class c ON c.oid = 'memberships'::regclass
    WHERE r.rolname IN (current_user, session_user)
      AND (r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'USAGE'))
    ORDER BY r.rolname <> current_user LIMIT 1)";

/// Who connects, where a connection can become nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub name: String,
    /// Whether it has what the application's role may do.
    pub inherits: bool,
    /// As [`Health::bypassed_by`].
    pub bypassed_by: Option<String>,
    /// Whether a statement outside a transaction is cut off some day.
    pub limited: bool,
}

/// Looks at the role that connects, for the application's role.
///
/// # Errors
/// What the database says.
pub async fn login(db: &impl Db, role: &str) -> Result<Login, StoreError> {
    let sql = format!(
        "SELECT session_user::text AS name, {BYPASSED_BY} AS bypassed_by,
            EXISTS (SELECT 1 FROM pg_roles r
                WHERE r.rolname = $1 AND pg_has_role(r.oid, 'USAGE')) AS inherits,
            current_setting('statement_timeout') <> '0' AS limited"
    );
    let row = db.query_one(&sql, &[&role]).await?;
    Ok(Login {
        name: row.get("name"),
        inherits: row.get("inherits"),
        bypassed_by: row.get("bypassed_by"),
        limited: row.get("limited"),
    })
}

/// Whether two open connections have been seen on the same connection of the server: something between
/// gives each transaction another one.
///
/// # Errors
/// What the database says.
pub async fn is_pooled(one: &impl Db, other: &impl Db) -> Result<bool, StoreError> {
    let (mut before, mut found) = (None, false);
    for _ in 0..3 {
        let first = backend(one).await?;
        let second = backend(other).await?;
        found |= first == second || before.is_some_and(|before| before != first);
        before = Some(first);
    }
    Ok(found)
}

async fn backend(db: &impl Db) -> Result<i32, StoreError> {
    let rows = db.query_anew("SELECT pg_backend_pid()", &[]).await?;
    let row = rows.first();
    row.map_or(Err(StoreError::Unreadable { what: "no row" }), |row| {
        Ok(row.get(0))
    })
}

/// The database's time.
///
/// # Errors
/// What the database says.
pub async fn now(db: &impl Db) -> Result<Timestamp, StoreError> {
    let sql = "SELECT clock_timestamp()";
    Ok(db.query_one(sql, &[]).await?.get(0))
}

/// Looks at a migrated database, in the scope of the installation.
///
/// # Errors
/// What the database says.
pub async fn look(db: &impl Db) -> Result<Health, StoreError> {
    let sql = format!(
        "SELECT current_setting('server_version') AS server, current_user::text AS role,
            session_user::text AS login, {BYPASSED_BY} AS bypassed_by,
            (SELECT max(version) FROM schema_migrations) AS schema,
            NOT EXISTS (SELECT 1 FROM accounts) AS setup_needed"
    );
    let row = db.query_one(&sql, &[]).await?;
    Ok(Health {
        server: row.get("server"),
        schema: row.get("schema"),
        role: row.get("role"),
        login: row.get("login"),
        bypassed_by: row.get("bypassed_by"),
        setup_needed: row.get("setup_needed"),
    })
}
