//! A list of thousands in a pseudo-terminal: going to an address, a key held down over a slow database,
//! and what becomes of a query when one types on.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const PAGE_DOWN: &str = "\x1b[6~";
const OWNER: &str = "owner@example.com";
const MEMBERS: usize = 3_001;

/// An account with three thousand members, and a console on it.
async fn console() -> (Installation, Terminal) {
    let installation = Installation::with_account("Example Ltd", OWNER).await;
    let client = installation.db.client().await;
    let fill = "INSERT INTO users (id, email, email_key, name, password_hash)
             SELECT gen_random_uuid(), a, a, 'Person ' || n, 'x' FROM generate_series(1, 3000) n,
                 LATERAL (SELECT 'p' || lpad(n::text, 4, '0') || '@example.com' AS a) x;
         INSERT INTO memberships (account_id, user_id, role)
             SELECT a.id, u.id, 'full' FROM accounts a, users u WHERE u.email_key LIKE 'p%';
         ANALYZE";
    client.batch_execute(fill).await.unwrap();
    let mut command = installation.command(Path::new(PROGRAM));
    command
        .args(["--as", OWNER])
        .env("ROLLBOOK_PASSWORD", PASSWORD);
    let terminal = Terminal::start(&command, (80, 24));
    terminal.see("3,001 users");
    terminal.see("1 of 3,001");
    terminal.settle();
    (installation, terminal)
}

/// Every page of members takes so long from now on.
async fn slow_down(installation: &Installation, seconds: f64) {
    let client = installation.db.client().await;
    let view = format!(
        "CREATE OR REPLACE VIEW account_members AS SELECT * FROM memberships
         WHERE account_id = (SELECT scope_account())
             AND (SELECT pg_sleep({seconds})::text) IS NOT NULL"
    );
    client.batch_execute(&view).await.unwrap();
}

/// The number before `of 3,001` in the lower border.
fn place(terminal: &Terminal) -> Option<usize> {
    let text = terminal.text();
    let (before, _) = text.split_once(" of 3,001")?;
    before.rsplit(' ').next()?.replace(',', "").parse().ok()
}

/// The rows of the member table that are blank.
fn gaps(terminal: &Terminal) -> usize {
    let text = terminal.text();
    let table = text
        .lines()
        .skip_while(|line| !line.contains("E-mail address"));
    let rows = table.skip(1).take_while(|line| line.starts_with('│'));
    rows.filter(|row| !row.contains('@')).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_gone_to_by_its_first_letters() {
    let (_installation, mut terminal) = console().await;
    terminal.keys("fp25");
    terminal.see("▸ p2500@example.com");
    terminal.see("2,501 of 3,001");
    terminal.keys("\r\x1b[A");
    terminal.see("▸ p2499@example.com");
    terminal.keys("fp1");
    terminal.see("▸ p1000@example.com");
    terminal.keys("\x1b");
    terminal.see("▸ p2499@example.com");
    terminal.keys("\x1b[F");
    terminal.see("3,001 of 3,001");
    terminal.keys("q");
    assert_eq!(terminal.ends_within(Duration::from_secs(5)), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_page_key_over_a_slow_database_shows_no_gap_and_loses_no_key() {
    let (installation, mut terminal) = console().await;
    terminal.keys(PAGE_DOWN);
    terminal.settle();
    let height = place(&terminal).unwrap() - 1;
    slow_down(&installation, 0.1).await;
    let presses = 120;
    for _ in 1..presses {
        terminal.keys(PAGE_DOWN);
        thread::sleep(Duration::from_millis(33));
        assert_eq!(gaps(&terminal), 0, "{}", terminal.text());
    }
    let end = 1 + presses * height;
    assert!(end < MEMBERS, "{height} rows");
    let deadline = Instant::now() + Duration::from_secs(20);
    while place(&terminal) != Some(end) {
        assert!(Instant::now() < deadline, "not {end}: {}", terminal.text());
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(gaps(&terminal), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_on_ends_the_query_before_on_the_server() {
    let (installation, mut terminal) = console().await;
    slow_down(&installation, 4.0).await;
    let client = installation.db.client().await;
    let running = async || -> i64 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%account_members%'";
        client.query_one(sql, &[]).await.unwrap().get(0)
    };
    terminal.keys("/");
    let mut most = 0;
    for key in ["p", "e", "r", "s", "o", "n"] {
        terminal.keys(key);
        thread::sleep(Duration::from_millis(150));
        most = most.max(running().await);
    }
    terminal.see("/ person");
    // The last page and its count.
    let deadline = Instant::now() + Duration::from_secs(3);
    while running().await != 2 {
        assert!(Instant::now() < deadline, "{} run", running().await);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(most <= 4, "{most} at once");
    slow_down(&installation, 0.0).await;
    terminal.see("more than 1,000 users found");
}
