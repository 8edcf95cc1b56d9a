//! Many open consoles see what one person changes.

use crate::{
    count,
    support::{
        PASSWORD, TestDb, account_with_owner, custom, email, join, operator, pty::Terminal, service,
    },
};
use rollbook::{
    domain::Grant,
    service::{SetGrant, Write},
};
use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

const OWNER: &str = "ada@acme.example";

fn console(db: &TestDb, home: &Path) -> Terminal {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollbook"));
    command
        .args(["--as", OWNER])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env("ROLLBOOK_PASSWORD", PASSWORD)
        .env("ROLLBOOK_DATABASE__POOL_SIZE", "2")
        .env("ROLLBOOK_DATABASE__URL", db.dsn())
        .env("ROLLBOOK_SECRETS__TOKEN_KEY_FILE", home.join("token.key"));
    let terminal = Terminal::start(&command, (80, 24));
    terminal.see("2 users");
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_changes_reach_every_open_console_within_a_second() {
    let (consoles, changes) = (count(8, 50), count(15, 1000));
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", OWNER).await;
    join(
        &service,
        account,
        "bob@acme.example",
        custom(&["domains.view"]),
    )
    .await;
    let home = tempfile::tempdir().unwrap();
    let open: Vec<Terminal> = (0..consoles).map(|_| console(&db, home.path())).collect();
    open.iter().for_each(Terminal::settle);
    let catalogue = service.catalogue();
    let keys: Vec<&str> = catalogue
        .permissions()
        .iter()
        .map(|p| p.key.as_str())
        .collect();
    let mut times = Vec::new();
    for change in 0..changes {
        // Another number each time, none of which needs another key.
        let mut grant = Grant::custom(keys[..=change % 5].iter().copied().collect());
        grant = grant.normalised(catalogue);
        let badge = grant.badge(catalogue);
        let set = SetGrant {
            email: email("bob@acme.example"),
            to: grant,
            version: None,
        };
        service
            .set_grant(&Write::new(&operator(), account), &set)
            .await
            .unwrap();
        let since = Instant::now();
        let mut waiting: Vec<&Terminal> = open.iter().collect();
        while !waiting.is_empty() {
            waiting.retain(|terminal| {
                let shown = terminal.text().contains(&badge);
                if shown {
                    times.push(since.elapsed());
                }
                !shown
            });
            assert!(
                since.elapsed() < Duration::from_secs(20),
                "{badge} never came"
            );
            thread::sleep(Duration::from_millis(2));
        }
    }
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    eprintln!(
        "faults: {changes} changes, {consoles} consoles: shown p50 {:?}, p99 {p99:?}",
        times[times.len() / 2]
    );
    assert!(p99 < Duration::from_secs(1), "{p99:?}");
}
