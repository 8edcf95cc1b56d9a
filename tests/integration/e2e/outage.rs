//! The database freezes, dies, breaks off in the middle: the console goes on, says so, and comes back.

use crate::support::{home::Home, no_key_waited, program::Installation, pty::Terminal};
use nix::sys::signal::Signal;
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";

/// A console on its own server, with Ada signed in and Bob beside her.
fn private() -> (Home, Terminal) {
    let home = Home::new();
    home.run(&["setup", "--account", "Acme", "--owner", ADA]);
    let sent = home.run(&["invite", "send", BOB, "--all", "--show-link", "--json"]);
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let link = sent["link"].as_str().unwrap();
    home.run(&["invite", "accept", link, "--name", "Bob"]);
    let terminal = Terminal::start(&home.command(&["--as", ADA]), (100, 30));
    terminal.see("2 users");
    terminal.settle();
    (home, terminal)
}

/// Moves the cursor and waits for the frame.
fn key_to_frame(terminal: &mut Terminal, key: &str) -> Duration {
    let before = terminal.raw().len();
    let pressed = Instant::now();
    terminal.keys(key);
    while terminal.raw().len() == before {
        assert!(pressed.elapsed() < Duration::from_secs(5), "no frame");
        thread::sleep(Duration::from_millis(1));
    }
    pressed.elapsed()
}

#[test]
fn a_frozen_server_is_told_and_stops_no_key() {
    let (home, mut terminal) = private();
    home.tell_server(Signal::SIGSTOP);
    let frozen = Instant::now();
    // Something is asked: the list in another order.
    terminal.keys("s");
    let mut frames = Vec::new();
    while frozen.elapsed() < Duration::from_secs(5) {
        frames.push(key_to_frame(&mut terminal, "\t"));
        terminal.settle();
    }
    let shown = terminal.text();
    assert!(shown.contains("has not answered"), "{shown}");
    no_key_waited(frames);
    home.tell_server(Signal::SIGCONT);
    let back = Instant::now();
    terminal.see_gone("has not answered");
    terminal.see("2 users");
    assert!(
        back.elapsed() < Duration::from_secs(5),
        "{:?}",
        back.elapsed()
    );
}

#[test]
fn a_private_server_that_was_killed_is_started_again() {
    let (home, mut terminal) = private();
    home.tell_server(Signal::SIGKILL);
    terminal.keys("s");
    let killed = Instant::now();
    terminal.see("does not answer");
    assert!(killed.elapsed() < Duration::from_secs(5));
    terminal.see_gone("does not answer");
    terminal.see("2 users");
    assert!(
        killed.elapsed() < Duration::from_secs(15),
        "{:?}",
        killed.elapsed()
    );
    terminal.keys("q");
    terminal.ends_within(Duration::from_secs(10));
}

/// An account with a second member, in a database of the test.
async fn shared() -> (Installation, Terminal) {
    let mut installation = Installation::with_account("Acme", ADA).await;
    installation.set("ROLLBOOK_PASSWORD", crate::support::PASSWORD);
    let sent = installation.run(&["invite", "send", BOB, "--all", "--show-link", "--json"]);
    let link = format!("{}\n", sent.json()["link"].as_str().unwrap());
    installation.run_with(&["invite", "accept", "-", "--name", "Bob"], &link);
    let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
    command.args(["--as", ADA]);
    let terminal = Terminal::start(&command, (100, 30));
    terminal.see("2 users");
    (installation, terminal)
}

/// Asks for Bob's removal while another session holds the account.
async fn removal_waits(
    installation: &Installation,
    terminal: &mut Terminal,
) -> tokio_postgres::Client {
    let blocker = installation.db.client().await;
    let hold = "BEGIN; SELECT 1 FROM accounts FOR UPDATE";
    blocker.batch_execute(hold).await.unwrap();
    terminal.keys("jd");
    terminal.see("Remove");
    terminal.settle();
    terminal.keys(&["\t", ENTER].concat());
    terminal.see("Writing");
    blocker
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_ends_a_write_that_waits_and_nothing_has_changed() {
    let (installation, mut terminal) = shared().await;
    let blocker = removal_waits(&installation, &mut terminal).await;
    let since = Instant::now();
    terminal.keys(ESC);
    terminal.see("nothing was changed");
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "{:?}",
        since.elapsed()
    );
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let row = blocker.query_one(waiting, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    blocker.batch_execute("ROLLBACK").await.unwrap();
    terminal.keys(ESC);
    terminal.see("2 users");
    assert_eq!(installation.run(&["member", "show", BOB]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let (installation, mut terminal) = shared().await;
    let blocker = removal_waits(&installation, &mut terminal).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let row = blocker.query_one(cut, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    blocker.batch_execute("ROLLBACK").await.unwrap();
    terminal.see("1 user");
    let removed = "SELECT count(*) FROM events WHERE action = 'member.removed'";
    let row = blocker.query_one(removed, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}
