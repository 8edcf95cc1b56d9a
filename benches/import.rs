//! An import of invitations beside a bare `COPY` + `INSERT … SELECT` of the same rows, on the same server in
//! the same run: `cargo bench --bench import`.
//!
//! Each round imports `ROLLBOOK_BENCH_INVITATIONS` addresses (100,000 unless set) through the service, as
//! the operator without limits, into a fresh database: verdicts, invitations, outbox, events with their hash
//! chain, the record of commands. Then exactly the rows that came of it go into another fresh database: one
//! `COPY` into a temporary table for each of `invitations`, `outbox` and `events`, then one
//! `INSERT … SELECT` each, in one transaction as the owner of the tables, with the same indexes,
//! constraints and triggers. `ROLLBOOK_BENCH_BATCH` is the rows of a transaction; `ROLLBOOK_BENCH_URL`
//! names a server where databases may be made (the throw-away one does without fsync).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use futures_util::{SinkExt, StreamExt, pin_mut};
use rollbook::{
    config,
    domain::{AccountId, Actor, Email, Grant, Origin, Roster, TokenKey, Verdict, roster::Wanted},
    service::{BATCH, Course, Import, Limits, Parts, Service, ServiceSettings, Write},
    store::{Connection, dsn::ConnectPlan, local::LocalServer, migrate, roles},
};
use std::{
    fmt::Write as _,
    num::NonZeroUsize,
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::{bytes::Bytes, sync::CancellationToken};

const ROUNDS: usize = 3;
const TABLES: [&str; 3] = ["invitations", "outbox", "events"];

#[tokio::main]
async fn main() {
    let count = variable("ROLLBOOK_BENCH_INVITATIONS", 100_000);
    let batch = NonZeroUsize::new(variable("ROLLBOOK_BENCH_BATCH", BATCH.get())).unwrap();
    let server = Server::start().await;
    let text = list(count);
    let start = Instant::now();
    let wanted = Wanted::Invitations(Some(grant()));
    let roster = Roster::parse(text.as_bytes(), &wanted).unwrap();
    println!(
        "{count} addresses, {} KiB; read in {:?}",
        text.len() / 1024,
        start.elapsed()
    );
    println!(
        "{:<8} {:>12} {:>12} {:>12} {:>8}",
        "round", "preview", "import", "bare", "ratio"
    );
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let ours = server.database(&format!("ours_{round}")).await;
        let (looked, imported) = import(&ours, &roster, batch).await;
        let rows = rows_of(&ours).await;
        let bare = server.database(&format!("bare_{round}")).await;
        accounts(&ours, &bare).await;
        let plain = copy(&bare, rows).await;
        let ratio = imported.as_secs_f64() / plain.as_secs_f64();
        println!("{round:<8} {looked:>12.2?} {imported:>12.2?} {plain:>12.2?} {ratio:>7.2}×");
        ratios.push(ratio);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    println!(
        "median of {ROUNDS}: {:.2}×",
        ratios.get(ROUNDS / 2).unwrap()
    );
    server.stop().await;
}

fn variable(name: &str, otherwise: usize) -> usize {
    let set = std::env::var(name).ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

fn grant() -> Grant {
    let keys = ["products.view", "invoices.pay", "tickets.open"];
    Grant::custom(keys.into_iter().collect())
}

/// Addresses in no order, as they come from elsewhere.
fn list(count: usize) -> String {
    let mut text = String::from("email\n");
    for n in 0..count {
        let mixed = n.wrapping_mul(2_654_435_761) % (1 << 32);
        writeln!(text, "{mixed:08x}.{n}@example.com").unwrap();
    }
    text
}

/// A server of this run's own, or one that was named.
enum Server {
    ThrowAway(LocalServer),
    Named(String),
}

impl Server {
    async fn start() -> Self {
        match std::env::var("ROLLBOOK_BENCH_URL") {
            Ok(url) => Self::Named(url),
            Err(_) => Self::ThrowAway(LocalServer::throw_away().await.unwrap()),
        }
    }

    /// A fresh database with the schema.
    async fn database(&self, name: &str) -> ConnectPlan {
        let name = format!("rollbook_bench_{name}");
        let way = match self {
            Self::ThrowAway(server) => {
                server.ensure_database(&name).await.unwrap();
                ConnectPlan::parse(&server.dsn(&name)).unwrap()
            }
            Self::Named(url) => {
                let mut admin = open(&ConnectPlan::parse(url).unwrap()).await;
                let admin = admin.client_mut().unwrap();
                let drop = format!("DROP DATABASE IF EXISTS {name}");
                admin.batch_execute(&drop).await.unwrap();
                admin
                    .batch_execute(&format!("CREATE DATABASE {name}"))
                    .await
                    .unwrap();
                ConnectPlan::parse(&format!("{url} dbname={name}")).unwrap()
            }
        };
        let mut owner = open(&way).await;
        let db = owner.client_mut().unwrap();
        migrate::run(db).await.unwrap();
        roles::prepare(db, "rollbook_app").await.unwrap();
        way
    }

    async fn stop(self) {
        if let Self::ThrowAway(server) = self {
            server.stop().await;
        }
    }
}

/// A connection as the owner of the tables, which waits as long as it takes.
async fn open(way: &ConnectPlan) -> Connection {
    let mut connection = way.connect().await.unwrap().unwrap();
    let unbounded = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    let db = connection.client_mut().unwrap();
    db.batch_execute(unbounded).await.unwrap();
    connection
}

/// How long a preview of all rows and then their import take.
async fn import(way: &ConnectPlan, roster: &Roster, batch: NonZeroUsize) -> (Duration, Duration) {
    let service = service(way);
    let operator = Actor::operator("bench", Origin::new("bench"));
    let account = account(&service, &operator).await;
    settle(way).await;
    let import = Import {
        roster,
        limits: Limits::Lifted,
    };
    let start = Instant::now();
    let preview = service.preview_import(&operator, account, &import).await;
    assert_eq!(preview.unwrap().len(), roster.rows().len());
    let looked = start.elapsed();
    let course = Course {
        batch,
        progress: &mut |_| {},
        stop: &CancellationToken::new(),
    };
    let write = Write::new(&operator, account);
    let start = Instant::now();
    let done = service.import_invitations(&write, &import, course).await;
    let imported = start.elapsed();
    assert!(done.broken_off.is_none(), "{:?}", done.broken_off);
    let new = |verdict: &Verdict| matches!(verdict, Verdict::New(Some(_)));
    assert!(done.verdicts.iter().all(new));
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );
    (looked, imported)
}

fn service(way: &ConnectPlan) -> Service {
    let text = include_str!("../config/permissions.toml");
    Service::new(Parts {
        store: way.store(2, Some("rollbook_app")).unwrap(),
        catalogue: config::catalogue(Path::new("permissions.toml"), text).unwrap(),
        token_keys: TokenKey::new([7; 32]).into(),
        settings: ServiceSettings::default(),
    })
}

async fn account(service: &Service, operator: &Actor) -> AccountId {
    let owner = Email::parse("owner@example.com").unwrap();
    let password = "tangerine gravel orbit".into();
    let made = service
        .set_up(operator, "Bench", &owner, Some(&password))
        .await;
    made.unwrap().account.id
}

/// Nothing of before is still being written.
async fn settle(way: &ConnectPlan) {
    let mut connection = open(way).await;
    let db = connection.client_mut().unwrap();
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
    db.batch_execute("CHECKPOINT").await.unwrap();
}

/// The columns of a table that are not computed.
async fn columns(db: &deadpool_postgres::Object, table: &str) -> String {
    let sql = "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
          AND attgenerated = '' AND attidentity = ''";
    db.query_one(sql, &[&table]).await.unwrap().get(0)
}

/// What the import wrote, as `COPY` gives it.
async fn rows_of(way: &ConnectPlan) -> Vec<Vec<Bytes>> {
    let mut connection = open(way).await;
    let db = connection.client_mut().unwrap();
    let mut tables = Vec::new();
    for table in TABLES {
        let columns = columns(db, table).await;
        let condition = if table == "events" {
            "WHERE action = 'invitation.sent'"
        } else {
            ""
        };
        let sql = format!("COPY (SELECT {columns} FROM {table} {condition}) TO STDOUT");
        let rows = db.copy_out(&sql).await.unwrap();
        pin_mut!(rows);
        let mut bytes = Vec::new();
        while let Some(part) = rows.next().await {
            bytes.push(part.unwrap());
        }
        tables.push(bytes);
    }
    tables
}

/// The same account, so that the rows find what they refer to.
async fn accounts(from: &ConnectPlan, to: &ConnectPlan) {
    let (mut from, mut to) = (open(from).await, open(to).await);
    let sql = "SELECT id, name FROM accounts";
    let row = from
        .client_mut()
        .unwrap()
        .query_one(sql, &[])
        .await
        .unwrap();
    let (id, name): (uuid::Uuid, String) = (row.get(0), row.get(1));
    let sql = "INSERT INTO accounts (id, name) VALUES ($1, $2)";
    to.client_mut()
        .unwrap()
        .execute(sql, &[&id, &name])
        .await
        .unwrap();
}

/// How long the bare way takes with these rows.
async fn copy(way: &ConnectPlan, tables: Vec<Vec<Bytes>>) -> Duration {
    settle(way).await;
    let mut connection = open(way).await;
    let db = connection.client_mut().unwrap();
    let start = Instant::now();
    db.batch_execute("BEGIN").await.unwrap();
    for (table, rows) in TABLES.into_iter().zip(tables) {
        let columns = columns(db, table).await;
        let staged = format!("CREATE TEMP TABLE staged AS SELECT {columns} FROM {table} LIMIT 0");
        db.batch_execute(&staged).await.unwrap();
        let sink = db.copy_in("COPY staged FROM STDIN").await.unwrap();
        pin_mut!(sink);
        for part in rows {
            sink.feed(part).await.unwrap();
        }
        sink.finish().await.unwrap();
        let insert = format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM staged; DROP TABLE staged"
        );
        db.batch_execute(&insert).await.unwrap();
    }
    db.batch_execute("COMMIT").await.unwrap();
    start.elapsed()
}
