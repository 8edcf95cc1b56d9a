//! Two people at once: what one does appears at the other's console, in place.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";

async fn acme() -> Installation {
    let mut installation = Installation::with_account("Acme", ADA).await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let invite = ["invite", "send", BOB, "--all", "--show-link", "--json"];
    let sent = installation.run(&invite).json();
    let link = format!("{}\n", sent["link"].as_str().unwrap());
    installation.run_with(&["invite", "accept", "-", "--name", "Bob"], &link);
    installation
}

fn console(installation: &Installation, size: (u16, u16)) -> Terminal {
    let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
    command.args(["--as", ADA]);
    let terminal = Terminal::start(&command, size);
    terminal.see("2 users");
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_what_others_do_appears_while_one_types() {
    let installation = acme().await;
    let mut terminal = console(&installation, (100, 30));
    terminal.keys("i");
    terminal.keys("half-typed@exa");
    terminal.see("half-typed@exa");
    terminal.settle();
    let set = ["member", "set", BOB, "--permission", "domains.view"];
    let ran = installation.run(&set);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let since = Instant::now();
    terminal.see("Custom · 1 of 13");
    assert!(
        since.elapsed() < Duration::from_secs(1),
        "{:?}",
        since.elapsed()
    );
    assert!(
        terminal.text().contains(&format!(" •{BOB}")),
        "{}",
        terminal.text()
    );
    assert!(terminal.text().contains("half-typed@exa"));
    // The mark goes by itself.
    terminal.see_gone(&format!(" •{BOB}"));
    terminal.keys("mple.org");
    terminal.see("half-typed@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_an_open_dialog_stays_while_the_lists_below_it_change() {
    let installation = acme().await;
    let mut terminal = console(&installation, (120, 50));
    terminal.keys("jm");
    terminal.see(&format!("Permissions of {BOB}"));
    installation.run(&["invite", "send", "carl@acme.example", "--all"]);
    terminal.see("Pending invitations · 1");
    assert!(terminal.text().contains(&format!("Permissions of {BOB}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_what_one_may_do_follows_at_once() {
    let mut installation = acme().await;
    let set = ["member", "set", BOB, "--permission", "members.manage"];
    assert_eq!(installation.run(&set).code, 0);
    installation.set("ROLLBOOK_ACCOUNT", "Acme");
    let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
    command.args(["--as", BOB]);
    let mut terminal = Terminal::start(&command, (100, 30));
    terminal.see("2 users");
    let invite = [
        "invite",
        "send",
        "carl@acme.example",
        "--permission",
        "domains.view",
    ];
    installation.run(&invite);
    terminal.see("Pending invitations · 1");
    let less = ["domains.view", "members.view"];
    let set = [
        "member",
        "set",
        BOB,
        "--permission",
        less[0],
        "--permission",
        less[1],
    ];
    assert_eq!(installation.run(&set).code, 0);
    terminal.see("1 of 13 + users");
    // The console knows at once what is not allowed any more.
    terminal.keys("\tc");
    terminal.see("Manage Users");
}
