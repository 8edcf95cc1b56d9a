//! Two consoles and a command at one member: both changes are kept, and one is taken back without the
//! other.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use serde_json::{Value, json};
use std::path::Path;

const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";

async fn acme() -> Installation {
    let mut installation = Installation::with_account("Acme", ADA).await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let invite = ["invite", "send", BOB, "--permission", "invoices.pay"];
    let invite = [&invite[..], &["--show-link", "--json"]].concat();
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

fn bobs(installation: &Installation) -> Value {
    let shown = installation.run(&["member", "show", BOB, "--json"]);
    shown.json()["permissions"].clone()
}

/// Opens bob's permissions, ticks the box `down` rows below the first, and goes to the review.
fn tick(terminal: &mut Terminal, down: usize) {
    terminal.keys("jm");
    terminal.see(&format!("Permissions of {BOB}"));
    terminal.keys(&"j".repeat(down));
    terminal.keys(" \r");
    terminal.see("Review the change");
}

fn two_at_once(size: (u16, u16), installation: &Installation) {
    let mut first = console(installation, size);
    let mut second = console(installation, size);
    // Both made from the same version: one the profile, the other the contacts.
    tick(&mut first, 2);
    tick(&mut second, 3);
    first.keys("\r");
    first.see_gone("Review the change");
    second.keys("\r");
    second.see("Changed by somebody else meanwhile");
    second.see("▸ Keep both");
    second.keys("\r");
    second.see("Review the change");
    // Once more somebody is faster: a command this time.
    let grant = installation.run(&["member", "grant", BOB, "emails.view"]);
    assert_eq!(grant.code, 0, "{}", grant.err);
    second.keys("\r");
    second.see("▸ Keep both");
    second.keys("\r");
    second.see("+ View & Manage Contacts");
    second.keys("\r");
    second.see_gone("Review the change");
    second.see("Custom · 4 of 13");
    let both = [
        "account.update",
        "contacts.manage",
        "emails.view",
        "invoices.pay",
    ];
    assert_eq!(bobs(installation), json!(both));
    // Ada takes back what she did last, at either console, and then the one before: nothing of the
    // operator's.
    first.see("Custom · 4 of 13");
    first.keys("u");
    first.see("Take it back?");
    first.see("− View & Manage Contacts");
    first.keys("\r");
    first.see("Custom · 3 of 13");
    first.keys("u");
    first.see("Changed by somebody else meanwhile");
    first.keys("\r");
    first.see("− Modify Master Account Profile");
    first.keys("\r");
    first.see("Custom · 2 of 13");
    assert_eq!(bobs(installation), json!(["emails.view", "invoices.pay"]));
    // The history tells it all, and brings the beginning back.
    first.keys("h");
    first.see(&format!("History of {BOB}"));
    first.see("change taken back");
    first.see("joined");
    first.keys("G\r");
    first.see("Bring this state back?");
    first.keys("\r");
    first.see("Custom · 1 of 13");
    assert_eq!(bobs(installation), json!(["invoices.pay"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_two_consoles_and_a_command_lose_nothing_at_80_by_24() {
    let installation = acme().await;
    two_at_once((80, 24), &installation);
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_two_consoles_and_a_command_lose_nothing_at_200_by_50() {
    let installation = acme().await;
    two_at_once((200, 50), &installation);
}
