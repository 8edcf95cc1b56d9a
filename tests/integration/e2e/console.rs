//! The console in a pseudo-terminal, from the first run to the last key.

use crate::support::{PASSWORD, home::Home, program::Installation, pty::Terminal};
use nix::sys::signal::Signal;
use std::{path::Path, time::Duration};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const TAB: &str = "\t";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

/// First run, invitation, acceptance by another program, permissions, removal: at one size.
fn main_job(size: (u16, u16)) {
    let home = Home::new();
    let mut terminal = Terminal::start(&home.command(&[]), size);
    terminal.see("create the first account");
    terminal.keys(
        &[
            "Lovelace Mills",
            TAB,
            "ada@example.com",
            TAB,
            PASSWORD,
            TAB,
            PASSWORD,
            ENTER,
        ]
        .concat(),
    );
    terminal.see("1 user");
    terminal.see("Lovelace Mills");
    terminal.keys("i");
    terminal.see("▸ E-mail");
    terminal.keys(&["new@example.com", TAB].concat());
    terminal.keys(" ");
    terminal.see("[▸Send Invite ]");
    terminal.keys(ENTER);
    terminal.see("Review the invitation");
    terminal.keys(ENTER);
    terminal.see_gone("Review the invitation");
    terminal.see("in a file");
    home.run(&["invite", "accept", &home.link(), "--name", "New Person"]);
    terminal.see("2 users");
    terminal.keys(&[ESC, ""].concat());
    terminal.see("▸ 2 users");
    terminal.keys("jm");
    terminal.see("Permissions of new@example.com");
    terminal.keys("j jj ");
    terminal.keys(ENTER);
    terminal.see("Review the change");
    terminal.keys(ENTER);
    terminal.see("Custom · 1 of 13");
    terminal.keys("d");
    terminal.see("Remove access?");
    terminal.see("new@example.com");
    terminal.keys(&[TAB, ENTER].concat());
    terminal.see("1 user");
    terminal.keys("q");
    assert_eq!(terminal.ends_within(Duration::from_secs(10)), 0);
    assert!(terminal.is_given_back());
    let events = home.run(&["audit", "list", "--json"]);
    for action in [
        "account.created",
        "invitation.sent",
        "invitation.accepted",
        "member.permissions_changed",
        "member.removed",
    ] {
        assert!(events.contains(action), "no {action} in {events}");
    }
    // The last to leave has stopped the private server.
    assert!(!home.0.path().join("postgres/data/postmaster.pid").exists());
}

#[test]
fn r01_the_main_job_at_80_by_24() {
    main_job((80, 24));
}

#[test]
fn r01_the_main_job_at_120_by_40() {
    main_job((120, 40));
}

/// A console on a test's database, signed in.
fn signed_in(installation: &Installation) -> Terminal {
    let mut command = installation.command(Path::new(PROGRAM));
    command
        .args(["--as", "owner@example.com"])
        .env("ROLLBOOK_PASSWORD", PASSWORD);
    let terminal = Terminal::start(&command, (100, 30));
    terminal.see("1 user");
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn r01_the_profile_menu_opens_with_one_key() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let mut terminal = signed_in(&installation);
    terminal.keys("p");
    for entry in [
        "User Management",
        "Switch account",
        "My details",
        "Change password",
        "Login log",
        "Sign out",
    ] {
        terminal.see(entry);
    }
    terminal.keys("jjjj\r");
    terminal.see("✓ signed in");
    terminal.keys("\x1b");
    terminal.see_gone("✓ signed in");
    terminal.keys("?");
    terminal.see("Remove access of the selected user");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_said_keeps_what_was_typed_and_passes() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let mut terminal = signed_in(&installation);
    terminal.keys("i");
    terminal.see("▸ E-mail");
    terminal.keys("typed@example.com\t ");
    installation.db.shut().await;
    terminal.keys("\r");
    terminal.see("Review the invitation");
    terminal.keys("\r");
    terminal.see("The database does not answer");
    installation.db.open().await;
    terminal.keys("\r");
    terminal.see_gone("Review the invitation");
    terminal.see("typed@example.com");
    terminal.see("queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_gives_the_terminal_back() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    for way in ["\x03", "q"] {
        let mut terminal = signed_in(&installation);
        terminal.keys(way);
        terminal.ends_within(Duration::from_secs(5));
        assert!(terminal.is_given_back(), "{way:?}");
    }
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let mut terminal = signed_in(&installation);
        terminal.signal(signal);
        terminal.ends_within(Duration::from_secs(5));
        assert!(terminal.is_given_back(), "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_whose_terminal_is_gone_ends_within_two_seconds() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let mut terminal = signed_in(&installation);
    terminal.close();
    terminal.ends_within(Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_from_tiny_to_huge_are_survived() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let mut terminal = signed_in(&installation);
    for (size, shown) in [
        ((40, 12), "owner@example.com"),
        ((39, 11), "small"),
        ((300, 100), "owner@example.com"),
        ((80, 24), "owner@example.com"),
        ((30, 8), "small"),
        ((40, 12), "owner@example.com"),
    ] {
        terminal.resize(size);
        terminal.keys("jk");
        terminal.see(shown);
    }
    for _ in 0..20 {
        terminal.tell_size((1, 1));
        terminal.keys("j");
        terminal.resize((80, 24));
        terminal.keys("k");
    }
    terminal.see("owner@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_the_console_says_so_and_stays() {
    let mut installation = Installation::new().await;
    installation.set(
        "ROLLBOOK_DATABASE__URL",
        "postgres://u:hunter2secret@127.0.0.1:1/x",
    );
    let mut terminal = Terminal::start(&installation.command(Path::new(PROGRAM)), (80, 24));
    terminal.see("does not answer");
    assert!(!terminal.text().contains("hunter2secret"));
    terminal.keys("\x03");
    terminal.ends_within(Duration::from_secs(5));
    assert!(terminal.is_given_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_the_account_is_asked_for_once_and_remembered() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let second = [
        "account",
        "create",
        "Second Ltd",
        "--owner",
        "owner@example.com",
    ];
    assert_eq!(installation.run(&second).code, 0);
    let mut command = installation.command(Path::new(PROGRAM));
    command
        .args(["--as", "owner@example.com"])
        .env("ROLLBOOK_PASSWORD", PASSWORD);
    let mut first = Terminal::start(&command, (80, 24));
    first.see("which one?");
    first.keys("j\r");
    first.see("1 user");
    first.see("Second Ltd");
    first.keys("q");
    first.ends_within(Duration::from_secs(5));
    let mut again = Terminal::start(&command, (80, 24));
    again.see("1 user");
    again.see("Second Ltd");
    again.keys("p");
    again.see("Switch account");
    again.keys("j\r");
    again.see("Example Ltd");
    again.keys("j\r");
    again.see_gone("Second Ltd");
    again.see("1 user");
}
