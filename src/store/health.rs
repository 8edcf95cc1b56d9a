//! What `rollbook doctor` wants to know of a database.

use super::StoreError;
use deadpool_postgres::GenericClient;

/// The state of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The server's version.
    pub server: String,
    /// The schema's version.
    pub schema: i32,
    /// The role of this program.
    pub role: String,
    /// Whether that role sees past row-level security.
    pub bypasses: bool,
    /// Whether no account exists yet.
    pub setup_needed: bool,
}

/// Looks at a migrated database.
///
/// # Errors
/// What the database says.
pub async fn look(db: &impl GenericClient) -> Result<Health, StoreError> {
    let sql = "SELECT current_setting('server_version') AS server, current_user::text AS role,
            (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses,
            (SELECT max(version) FROM schema_migrations) AS schema,
            NOT EXISTS (SELECT 1 FROM accounts) AS setup_needed";
    let row = db.query_one(sql, &[]).await?;
    Ok(Health {
        server: row.get("server"),
        schema: row.get("schema"),
        role: row.get("role"),
        bypasses: row.get("bypasses"),
        setup_needed: row.get("setup_needed"),
    })
}
