//! A program and a schema that do not go together: said in so many words, at every entry.

use crate::support::{PASSWORD, operator, program::Installation, pty::Terminal, service};
use rollbook::{
    domain::{MemberQuery, Seek},
    service::ServiceError,
    store::migrate,
};
use std::{path::Path, process::Command, time::Duration};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const OWNER: &str = "owner@example.com";

/// What a newer program's migration leaves behind, and a role that may make nothing.
const NEWER: &str = "INSERT INTO schema_migrations (version, checksum) VALUES (99, '\\x00')";

async fn installation() -> Installation {
    let mut installation = Installation::with_account("Example Ltd", OWNER).await;
    let role = format!("l{}", uuid::Uuid::new_v4().simple());
    let client = installation.db.client().await;
    let sql = format!("CREATE ROLE {role} LOGIN IN ROLE rollbook_app");
    client.batch_execute(&sql).await.unwrap();
    let dsn = installation.db.dsn_as(&role);
    installation.set("ROLLBOOK_DATABASE__URL", &dsn);
    installation.set("ROLLBOOK_WEB__LISTEN", "127.0.0.1:0");
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    installation
}

fn console(installation: &Installation) -> Terminal {
    let mut command: Command = installation.command(Path::new(PROGRAM));
    command.args(["--as", OWNER]);
    Terminal::start(&command, (100, 30))
}

/// The words of every way in.
fn every_entry_says(installation: &Installation, words: &[&str]) {
    for args in [
        &["member", "list"][..],
        &["migrate"],
        &["serve"],
        &["setup", "--account", "A", "--owner", "a@x.com"],
    ] {
        let ran = installation.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        for word in words {
            assert!(
                ran.err.contains(word),
                "{args:?} without {word:?}: {}",
                ran.err
            );
        }
        assert!(!ran.err.contains("does not answer"), "{}", ran.err);
    }
    assert_eq!(
        installation.run(&["member", "list", "--json"]).error(),
        "schema"
    );
    let doctor = installation.run(&["doctor"]);
    assert!(
        words.iter().all(|word| doctor.out.contains(word)),
        "{}",
        doctor.out
    );
    let mut terminal = console(installation);
    for word in words.iter().flat_map(|words| words.split(' ')) {
        terminal.see(word);
    }
    terminal.keys("\x03");
    terminal.ends_within(Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_refuses_a_newer_schema_at_every_entry() {
    let installation = installation().await;
    let client = installation.db.client().await;
    client.batch_execute(NEWER).await.unwrap();
    let known = format!("knows up to {}", migrate::newest());
    let words = [
        "schema version 99",
        known.as_str(),
        "install a newer rollbook",
    ];
    every_entry_says(&installation, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_make_is_refused_at_every_entry() {
    let installation = installation().await;
    let client = installation.db.client().await;
    let other = "UPDATE schema_migrations SET checksum = '\\x00' WHERE version = 1";
    client.batch_execute(other).await.unwrap();
    let words = ["migration 1", "differs"];
    every_entry_says(&installation, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_console_goes_on_while_a_newer_schema_only_adds() {
    let installation = installation().await;
    let mut terminal = console(&installation);
    terminal.see("1 user");
    let client = installation.db.client().await;
    let adds =
        "ALTER TABLE memberships ADD COLUMN tint text; ALTER TABLE users ADD COLUMN tint text;
        ALTER TABLE invitations ADD COLUMN tint text; ALTER TABLE accounts ADD COLUMN tint text;
        ALTER TABLE sessions ADD COLUMN tint text; ALTER TABLE outbox ADD COLUMN tint text";
    client
        .batch_execute(&format!("{adds}; {NEWER}"))
        .await
        .unwrap();
    terminal.keys("i");
    terminal.see("▸ E-mail");
    terminal.keys("new@example.com\t ");
    terminal.see("[▸Send Invite ]");
    terminal.keys("\r");
    terminal.see("Review the invitation");
    terminal.keys("\r");
    terminal.see_gone("Review the invitation");
    terminal.see("queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_console_is_told_when_a_newer_schema_takes_away() {
    let installation = installation().await;
    let mut terminal = console(&installation);
    terminal.see("1 user");
    let client = installation.db.client().await;
    let takes =
        "DROP VIEW account_members; ALTER TABLE invitations RENAME COLUMN inviter_name TO inviter";
    client
        .batch_execute(&format!("{takes}; {NEWER}"))
        .await
        .unwrap();
    terminal.keys("R");
    terminal.see("the newest rollbook");
    assert!(
        !terminal.text().contains("unexpected"),
        "{}",
        terminal.text()
    );
    terminal.keys("q");
    terminal.ends_within(Duration::from_secs(5));
    assert!(terminal.is_given_back());
    let service = service(&installation.db);
    let (account, actor) = (
        service.list_accounts(&operator()).await.unwrap()[0].id,
        operator(),
    );
    let query = MemberQuery::default();
    let listed = service
        .list_members(&actor, account, &query, (&Seek::First, 10))
        .await;
    assert!(matches!(listed, Err(ServiceError::Schema(_))), "{listed:?}");
}
