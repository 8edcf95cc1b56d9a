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
    let sql = "SELECT current_setting('server_version') AS server, current_user::text AS role,
            session_user::text AS login,
            (SELECT r.rolname::text FROM pg_roles r
                JOIN pg_class c ON c.oid = 'memberships'::regclass
                WHERE r.rolname IN (current_user, session_user)
                  AND (r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'USAGE'))
                ORDER BY r.rolname <> current_user LIMIT 1) AS bypassed_by,
            (SELECT max(version) FROM schema_migrations) AS schema,
            NOT EXISTS (SELECT 1 FROM accounts) AS setup_needed";
    let row = db.query_one(sql, &[]).await?;
    Ok(Health {
        server: row.get("server"),
        schema: row.get("schema"),
        role: row.get("role"),
        login: row.get("login"),
        bypassed_by: row.get("bypassed_by"),
        setup_needed: row.get("setup_needed"),
    })
}
