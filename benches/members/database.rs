//! The databases that are measured, one for each number of members, kept from run to run; and the
//! service on one of them with somebody signed in.

use crate::fill;
use rollbook::{
    config,
    domain::{AccountId, Actor, Email, LoginMethod, Origin, TokenKey},
    service::{Entry, Parts, Service, ServiceSettings},
    store::{Connection, Store, dsn::ConnectPlan, local::LocalServer, migrate, roles},
};
use std::path::{Path, PathBuf};

const APP_ROLE: &str = "rollbook_app";
/// Connections of the service.
const POOL: usize = 2;
const OWNER: &str = "owner@bench.example";
const PASSWORD: &str = "tangerine gravel orbit";
/// The account that is measured, and one of a thousand members beside it.
const LARGE: &str = "Bench";
const SMALL: &str = "Small";
/// What the server of the bench's own directory is started with.
const SETTINGS: [(&str, &str); 6] = [
    ("shared_buffers", "1GB"),
    ("maintenance_work_mem", "1GB"),
    ("max_wal_size", "8GB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("random_page_cost", "1.1"),
];
/// What is printed of a server.
const TELLING: &str = "SELECT name, current_setting(name) FROM pg_settings WHERE name IN
    ('server_version', 'shared_buffers', 'effective_cache_size', 'work_mem', 'random_page_cost',
     'fsync', 'synchronous_commit', 'jit') ORDER BY name";

/// A server with the databases of the bench.
pub(crate) struct Server {
    /// None where somebody else runs it.
    own: Option<LocalServer>,
    url: String,
}

impl Server {
    /// That of `ROLLBOOK_BENCH_URL` (`host=… user=…`, a superuser, without a database), or a private one
    /// in `ROLLBOOK_BENCH_DIR`, by default below `target`.
    pub(crate) async fn start() -> Self {
        if let Ok(url) = std::env::var("ROLLBOOK_BENCH_URL") {
            return Self { own: None, url };
        }
        let dir = std::env::var_os("ROLLBOOK_BENCH_DIR").map_or_else(
            || Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-postgres"),
            PathBuf::from,
        );
        let mut server = LocalServer::start(&dir).await.unwrap();
        if set_up(&server.dsn("postgres")).await {
            server.stop().await;
            server = LocalServer::start(&dir).await.unwrap();
        }
        Self {
            own: Some(server),
            url: String::new(),
        }
    }

    fn dsn(&self, database: &str) -> String {
        match &self.own {
            Some(server) => server.dsn(database),
            None => format!("{} dbname={database}", self.url),
        }
    }

    /// Prints what the figures depend on.
    pub(crate) async fn describe(&self) {
        let mut connection = open(&self.dsn("postgres")).await;
        let rows = connection.client_mut().unwrap().query(TELLING, &[]).await;
        let told: Vec<String> = rows
            .unwrap()
            .iter()
            .map(|row| format!("{} {}", row.get::<_, &str>(0), row.get::<_, &str>(1)))
            .collect();
        println!("PostgreSQL: {}", told.join(", "));
    }

    /// The database with this many members in the large account, filled unless it is there.
    pub(crate) async fn database(&self, members: u64) -> Database {
        let name = format!("members_{members}");
        let dsn = self.dsn(&name);
        if !self.exists(&name).await || Self::holds(&dsn).await != Some(members) {
            self.make_anew(&name).await;
        }
        let way = ConnectPlan::parse(&dsn).unwrap();
        let mut owner = way.connect().await.unwrap().unwrap();
        let db = owner.client_mut().unwrap();
        db.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
            .await
            .unwrap();
        migrate::run(db).await.unwrap();
        roles::prepare(db, APP_ROLE).await.unwrap();
        let store = way.store(POOL, Some(APP_ROLE)).unwrap();
        let service = service(store.clone());
        let operator = Actor::operator("bench", Origin::new("bench"));
        let owner_address = Email::parse(OWNER).unwrap();
        let mut accounts = Vec::new();
        for name in [LARGE, SMALL] {
            let made = service
                .set_up(&operator, name, &owner_address, Some(&PASSWORD.into()))
                .await;
            accounts.push(made.unwrap().account.id);
        }
        let [large, small] = accounts.try_into().unwrap();
        fill::unless_filled(db, (large, small), members).await;
        let entry = Entry {
            method: LoginMethod::Console,
            origin: Origin::new("bench"),
        };
        let signed_in = service.sign_in(OWNER, &PASSWORD.into(), &entry).await;
        Database {
            members,
            service,
            actor: signed_in.unwrap().actor,
            large,
            small,
            store,
            way,
        }
    }

    async fn exists(&self, name: &str) -> bool {
        let mut connection = open(&self.dsn("postgres")).await;
        let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
        let found = connection
            .client_mut()
            .unwrap()
            .query_opt(sql, &[&name])
            .await;
        found.unwrap().is_some()
    }

    /// How many members the large account has there.
    async fn holds(dsn: &str) -> Option<u64> {
        let mut connection = open(dsn).await;
        let sql = "SELECT member_count FROM accounts WHERE name = $1";
        let row = connection
            .client_mut()
            .unwrap()
            .query_opt(sql, &[&LARGE])
            .await
            .ok()??;
        u64::try_from(row.get::<_, i64>(0)).ok()
    }

    /// A database that a broken run left half-filled goes.
    async fn make_anew(&self, name: &str) {
        let mut connection = open(&self.dsn("postgres")).await;
        let db = connection.client_mut().unwrap();
        db.batch_execute("SET statement_timeout = 0").await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            db.batch_execute(&sql).await.unwrap();
        }
    }

    pub(crate) async fn stop(self) {
        if let Some(server) = self.own {
            server.stop().await;
        }
    }
}

/// One database, and somebody who is signed in to it.
pub(crate) struct Database {
    pub(crate) members: u64,
    pub(crate) service: Service,
    /// An owner of both accounts.
    pub(crate) actor: Actor,
    pub(crate) large: AccountId,
    pub(crate) small: AccountId,
    store: Store,
    way: ConnectPlan,
}

impl Database {
    /// Has the service's server processes see all memory that the server's processes share, as those do that have
    /// run for a while: what is seen first costs a fault for every 4 KiB.
    pub(crate) async fn touch(&self) {
        let sql = format!(
            "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL rollbook.account_id = '{}';
             SELECT count(search) FROM
                 (SELECT search FROM account_members ORDER BY email_key LIMIT 300000) m; COMMIT",
            self.large.0
        );
        for connection in &mut self.pool().await {
            let db = connection.client_mut().unwrap();
            db.batch_execute(&sql).await.unwrap();
        }
    }

    /// All connections that the service has.
    pub(crate) async fn pool(&self) -> Vec<Connection> {
        let mut all = Vec::new();
        for _ in 0..POOL {
            all.push(self.store.connect().await.unwrap());
        }
        all
    }

    /// A connection of the same kind as the service's, as the owner of the tables.
    pub(crate) async fn plain(&self) -> Connection {
        self.way.connect().await.unwrap().unwrap()
    }
}

async fn open(dsn: &str) -> Connection {
    let plan = ConnectPlan::parse(dsn).unwrap();
    plan.connect().await.unwrap().unwrap()
}

/// Writes the settings of a private server down; tells whether it has to start again.
async fn set_up(dsn: &str) -> bool {
    let mut connection = open(dsn).await;
    let db = connection.client_mut().unwrap();
    for (name, value) in SETTINGS {
        let sql = format!("ALTER SYSTEM SET {name} = '{value}'");
        db.batch_execute(&sql).await.unwrap();
    }
    db.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let sql = "SELECT current_setting('shared_buffers') <> '1GB'";
    db.query_one(sql, &[]).await.unwrap().get(0)
}

fn service(store: Store) -> Service {
    let text = include_str!("../../config/permissions.toml");
    Service::new(Parts {
        store,
        catalogue: config::catalogue(Path::new("permissions.toml"), text).unwrap(),
        token_keys: TokenKey::new([7; 32]).into(),
        settings: ServiceSettings::default(),
    })
}
