//! The member list beside the bare query, on the same connection in the same run: `cargo bench`.
//!
//! A throw-away server gets one account with `ROLLBOOK_BENCH_MEMBERS` members (1,000,000 unless set).
//! Each line is one kind of page: the list function's and the bare prepared query's p50 and p99 in
//! microseconds, and their ratio. Only ratios say something about another machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use rollbook::{
    domain::{AccountId, Cursor, Direction, MemberQuery, Role, Seek, Sort},
    store::{Scope, dsn::ConnectPlan, local::LocalServer, members, migrate, roles},
};
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;
const PAGE: i64 = 50;

/// The columns of a page, as the list function reads them.
const BARE: &str =
    "SELECT m.user_id, m.email, m.name, m.role, m.permissions, m.last_login, m.joined_at,
    m.invited_by, m.ownership_offered_by IS NOT NULL AS ownership_offered, m.version
    FROM memberships m WHERE m.account_id = $1";

#[tokio::main]
async fn main() {
    let count: i64 = std::env::var("ROLLBOOK_BENCH_MEMBERS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let server = LocalServer::throw_away().await.unwrap();
    server.ensure_database("bench").await.unwrap();
    let way = ConnectPlan::parse(&server.dsn("bench")).unwrap();
    let mut owner = way.connect().await.unwrap().unwrap();
    let db = owner.client_mut().unwrap();
    migrate::run(db).await.unwrap();
    roles::prepare(db, "rollbook_app").await.unwrap();
    let store = way.store(1, Some("rollbook_app")).unwrap();
    let mut connection = store.connect().await.unwrap();
    let account = AccountId::new();
    println!("filling {count} members …");
    fill(db, account, count).await;
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "page of 50", "list p50", "p99", "bare p50", "p99", "ratio"
    );
    for (name, query, seek, bare) in pages(count) {
        let statement = db
            .prepare(&format!("{BARE} {bare} LIMIT {PAGE}"))
            .await
            .unwrap();
        let (mut listed, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let tx = connection.begin(&Scope::account(account)).await.unwrap();
            let page = members::list(&tx, account, &query, &seek, PAGE)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            listed.push(start.elapsed());
            assert!(!page.rows.is_empty());
            let start = Instant::now();
            assert!(
                !db.query(&statement, &[&account.0])
                    .await
                    .unwrap()
                    .is_empty()
            );
            plain.push(start.elapsed());
        }
        let (list, bare) = (quantiles(listed), quantiles(plain));
        let ratio = list.0 / bare.0;
        println!(
            "{name:<34} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {ratio:>6.2}×",
            list.0, list.1, bare.0, bare.1
        );
    }
    drop((connection, owner));
    server.stop().await;
}

async fn fill(db: &deadpool_postgres::Object, account: AccountId, count: i64) {
    db.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
        .await
        .unwrap();
    db.execute(
        "INSERT INTO accounts (id, name) VALUES ($1, 'Bench')",
        &[&account.0],
    )
    .await
    .unwrap();
    db.execute(
        "INSERT INTO users (id, email, email_key, name, password_hash, last_login)
         SELECT gen_random_uuid(), a, a, 'Person ' || n, 'x',
             CASE WHEN n % 12 <> 0 THEN now() - make_interval(secs => (n * 7919) % 31536000) END
         FROM generate_series(1, $1::bigint) n,
             LATERAL (SELECT 'user' || lpad(n::text, 9, '0') || '@example.com' AS a) x",
        &[&count],
    )
    .await
    .unwrap();
    db.execute(
        "INSERT INTO memberships (account_id, user_id, role, permissions)
         SELECT $1, id, CASE WHEN n % 1000 = 1 THEN 'owner' WHEN n % 10 = 0 THEN 'full' ELSE 'custom' END,
             ARRAY['products.view', 'invoices.pay']
         FROM (SELECT id, row_number() OVER (ORDER BY email_key) AS n FROM users) u",
        &[&account.0],
    )
    .await
    .unwrap();
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
}

/// Each kind of page: its name, what the list function is asked, and the bare query's tail.
fn pages(count: i64) -> Vec<(&'static str, MemberQuery, Seek, String)> {
    let middle = format!("user{:09}@example.com", count / 2);
    let cursor = Cursor {
        email_key: middle.clone(),
        last_login: None,
        role: Role::Custom,
    };
    let by = |sort, direction| MemberQuery {
        sort,
        direction,
        search: String::new(),
    };
    let (up, down) = (Direction::Ascending, Direction::Descending);
    let needle = format!("{:09}", count / 3);
    vec![
        ("first by e-mail", by(Sort::Email, up), Seek::First, "ORDER BY m.email_key".to_owned()),
        ("middle by e-mail, forwards", by(Sort::Email, up), Seek::After(cursor.clone()),
            format!("AND m.email_key > '{middle}' ORDER BY m.email_key")),
        ("middle by e-mail, backwards", by(Sort::Email, up), Seek::Before(cursor.clone()),
            format!("AND m.email_key < '{middle}' ORDER BY m.email_key DESC")),
        ("last by e-mail", by(Sort::Email, up), Seek::Last, "ORDER BY m.email_key DESC".to_owned()),
        ("first by last login, newest", by(Sort::LastLogin, down), Seek::First,
            "ORDER BY coalesce(m.last_login, '-infinity'::timestamptz) DESC, m.email_key DESC".to_owned()),
        ("among the never, newest first", by(Sort::LastLogin, down), Seek::After(cursor.clone()),
            format!("AND (coalesce(m.last_login, '-infinity'::timestamptz), m.email_key) < ('-infinity', '{middle}')
                ORDER BY coalesce(m.last_login, '-infinity'::timestamptz) DESC, m.email_key DESC")),
        ("first by last login, oldest", by(Sort::LastLogin, up), Seek::First,
            "ORDER BY coalesce(m.last_login, 'infinity'::timestamptz), m.email_key".to_owned()),
        ("middle by role", by(Sort::Role, up), Seek::After(cursor),
            format!("AND (m.role_rank, m.email_key) > (2, '{middle}') ORDER BY m.role_rank, m.email_key")),
        ("search, a common needle", MemberQuery { search: "example".to_owned(), ..by(Sort::Email, up) }, Seek::First,
            "AND m.search LIKE '%example%' ORDER BY m.email_key".to_owned()),
        ("search, one match", MemberQuery { search: needle.clone(), ..by(Sort::Email, up) }, Seek::First,
            format!("AND m.search LIKE '%{needle}%' ORDER BY m.email_key")),
    ]
}

/// The median and the 99th percentile in microseconds.
fn quantiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |share: usize| {
        times
            .get(times.len() * share / 100)
            .map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    (at(50), at(99))
}
