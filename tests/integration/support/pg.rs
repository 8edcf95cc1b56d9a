//! One throw-away PostgreSQL server for the whole test process, one database for each test.
//!
//! Every test has a runtime of its own, so no connection outlives its test; only the server is
//! shared. It vanishes with the process, even if that is killed.

use rollbook::store::{Store, dsn::ConnectPlan, local::LocalServer, migrate, roles};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::{Client, NoTls};

/// The role that the console, the pages and the worker run as.
pub(crate) const APP_ROLE: &str = "rollbook_app";

static SERVER: OnceCell<LocalServer> = OnceCell::const_new();
/// PostgreSQL copies a template only while nobody else does anything with it.
static TEMPLATE: Mutex<()> = Mutex::const_new(());

/// A migrated database of one test.
pub(crate) struct TestDb {
    name: String,
    dsn: String,
}

impl TestDb {
    /// A fresh copy of the migrated template.
    pub(crate) async fn new() -> Self {
        let server = SERVER.get_or_init(start).await;
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let admin = connect(&server.dsn("postgres")).await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE template_rollbook STRATEGY wal_log");
        let turn = TEMPLATE.lock().await;
        admin.batch_execute(&sql).await.unwrap();
        drop(turn);
        Self {
            dsn: server.dsn(&name),
            name,
        }
    }

    /// An empty database, for the tests of the migrations.
    pub(crate) async fn unmigrated() -> Self {
        let server = SERVER.get_or_init(start).await;
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        server.ensure_database(&name).await.unwrap();
        Self {
            dsn: server.dsn(&name),
            name,
        }
    }

    /// The server's name for it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A copy of this database, to which nobody is connected.
    pub(crate) async fn copy(&self) -> Self {
        let (admin, name) = self.admin().await;
        let copy = format!("t{}", uuid::Uuid::new_v4().simple());
        left_by_all(&admin, name).await;
        let sql = format!("CREATE DATABASE {copy} TEMPLATE {name} STRATEGY file_copy");
        admin.batch_execute(&sql).await.unwrap();
        Self {
            dsn: SERVER.get_or_init(start).await.dsn(&copy),
            name: copy,
        }
    }

    /// The connection string, as `ROLLBOOK_DATABASE__URL` takes it.
    pub(crate) fn dsn(&self) -> String {
        self.dsn.clone()
    }

    /// The same for another role.
    pub(crate) fn dsn_as(&self, role: &str) -> String {
        self.dsn.replace("user=rollbook", &format!("user={role}"))
    }

    /// A store with the pool of the program, which is the application's role.
    pub(crate) fn store(&self) -> Store {
        let plan = ConnectPlan::parse(&self.dsn()).unwrap();
        plan.store(8, Some(APP_ROLE)).unwrap()
    }

    /// Throws everybody out and lets nobody in, as when the server is down.
    pub(crate) async fn shut(&self) {
        let (admin, name) = self.admin().await;
        let sql = format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        admin.batch_execute(&sql).await.unwrap();
    }

    /// Lets people in again.
    pub(crate) async fn open(&self) {
        let (admin, name) = self.admin().await;
        let sql = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        admin.batch_execute(&sql).await.unwrap();
    }

    async fn admin(&self) -> (Client, &str) {
        (
            connect(&SERVER.get_or_init(start).await.dsn("postgres")).await,
            &self.name,
        )
    }

    /// A plain connection, for looking behind the service.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.dsn).await
    }
}

async fn start() -> LocalServer {
    let server = LocalServer::throw_away().await.unwrap();
    server.ensure_database("template_rollbook").await.unwrap();
    let mut client = connect(&server.dsn("template_rollbook")).await;
    migrate::run(&mut client).await.unwrap();
    roles::prepare(&client, APP_ROLE).await.unwrap();
    drop(client);
    // The template must have nobody connected; the backend ends a moment after its client.
    let admin = connect(&server.dsn("postgres")).await;
    left_by_all(&admin, "template_rollbook").await;
    server
}

/// Waits until nobody is connected to a database.
async fn left_by_all(admin: &Client, name: &str) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
    while admin
        .query_one(sql, &[&name])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Connects; the connection's task lives in the test's own runtime and ends with the client.
async fn connect(dsn: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    client
}

/// Comes when a statement that counts has something to count.
pub(crate) async fn counted(client: &Client, sql: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    while client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(Instant::now() < until, "nothing to count: {sql}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
