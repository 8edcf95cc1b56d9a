//! Who sits at the console: it closes on who may no longer be there, asks for the second factor, and
//! for a fresh proof before what can't be taken back.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use totp_rs::{Builder, Secret, Totp};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";

/// Ada's account, with Bob as a manager in it.
async fn installation() -> Installation {
    let mut installation = Installation::with_account("Acme", ADA).await;
    let key = "members.manage";
    let invite = [
        "invite",
        "send",
        BOB,
        "--permission",
        key,
        "--show-link",
        "--json",
    ];
    let sent = installation.run(&invite).json();
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let link = format!("{}\n", sent["link"].as_str().unwrap());
    let joined = installation.run_with(&["invite", "accept", "-", "--name", "Bob"], &link);
    assert_eq!(joined.code, 0, "{}", joined.err);
    installation
}

fn console(installation: &Installation, who: &str) -> Terminal {
    let mut command = installation.command(Path::new(PROGRAM));
    command.args(["--as", who]);
    Terminal::start(&command, (100, 30))
}

/// The line of the profile menu, so many above its last.
fn from_profile(terminal: &mut Terminal, above_last: usize) {
    terminal.keys("p");
    terminal.see("Sign out");
    for _ in 0..=above_last {
        terminal.keys("k");
    }
    terminal.keys(ENTER);
}

fn now() -> u64 {
    u64::try_from(rollbook::clock::Clock::System.now().as_second()).unwrap()
}

/// The authenticator of who types what the screen says.
fn authenticator(screen: &str) -> Totp {
    let secret: String = screen
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| {
            word.len() == 4
                && word
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
        .collect();
    assert_eq!(secret.len(), 32, "{screen}");
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_whose_member_was_removed_is_gone_in_two_seconds() {
    let installation = installation().await;
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let terminal = console(&installation, BOB);
        terminal.see(ADA);
        let removed = installation.run(&["member", "remove", BOB, "--yes"]);
        assert_eq!(removed.code, 0, "{}", removed.err);
        let since = Instant::now();
        terminal.see("Password");
        quickest = quickest.min(since.elapsed());
        assert!(
            !terminal.text().contains("Last login"),
            "{}",
            terminal.text()
        );
        let back = installation.run(&["member", "restore", BOB]);
        assert_eq!(back.code, 0, "{}", back.err);
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_writes_nothing_from_the_open_dialog() {
    let installation = installation().await;
    let mut terminal = console(&installation, BOB);
    terminal.see(ADA);
    // The address is typed; only the last Enter is missing.
    terminal.keys("i");
    terminal.keys("guest@acme.example\t\x20\t\t");
    installation.run(&["member", "remove", BOB, "--yes"]);
    terminal.keys(ENTER);
    terminal.see("Password");
    let invited = installation.run(&["invite", "list", "--json"]).json();
    assert!(
        !invited.to_string().contains("guest@acme.example"),
        "{invited}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ended_elsewhere_shows_the_sign_in() {
    let installation = installation().await;
    let mut here = console(&installation, ADA);
    here.see(BOB);
    let elsewhere = console(&installation, ADA);
    elsewhere.see(BOB);
    from_profile(&mut here, 2);
    here.see("this one");
    // The last line ends them all.
    here.keys("k");
    here.keys(ENTER);
    here.see("Password");
    elsewhere.see("Your session has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_at_the_console_and_asked_for() {
    let installation = installation().await;
    let mut terminal = console(&installation, ADA);
    terminal.see(BOB);
    from_profile(&mut terminal, 1);
    terminal.see("Set one up");
    terminal.keys(ENTER);
    terminal.see("Scan the code");
    // The lines below it may come a moment later.
    terminal.settle();
    let authenticator = authenticator(&terminal.text());
    terminal.keys("000000");
    terminal.keys(ENTER);
    terminal.see("not right");
    terminal.keys(&"\x7f".repeat(6));
    terminal.keys(&authenticator.generate(now()).to_string());
    terminal.keys(ENTER);
    terminal.see("recovery codes");
    terminal.keys(ENTER);
    terminal.see_gone("recovery codes");
    from_profile(&mut terminal, 0);
    terminal.see("Password");
    terminal.keys(PASSWORD);
    terminal.keys(ENTER);
    terminal.see("Type the code");
    terminal.keys(&authenticator.generate(now() + 30).to_string());
    terminal.keys(ENTER);
    terminal.see(BOB);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_asks_for_a_second_factor_leads_to_it() {
    let installation = installation().await;
    let rule = installation.run(&["account", "second-factor", "--required"]);
    assert_eq!(rule.code, 0, "{}", rule.err);
    let mut terminal = console(&installation, BOB);
    terminal.see("Set one up");
    terminal.keys(ENTER);
    terminal.see("Scan the code");
    // The lines below it may come a moment later.
    terminal.settle();
    let authenticator = authenticator(&terminal.text());
    terminal.keys(&authenticator.generate(now()).to_string());
    terminal.keys(ENTER);
    terminal.see("recovery codes");
    terminal.keys(ENTER);
    terminal.see(ADA);
}

#[tokio::test(flavor = "multi_thread")]
async fn offering_ownership_late_asks_who_sits_there() {
    let installation = installation().await;
    let mut terminal = console(&installation, ADA);
    terminal.see(BOB);
    let late = "UPDATE sessions SET proved_at = proved_at - interval '20 minutes'";
    installation
        .db
        .client()
        .await
        .batch_execute(late)
        .await
        .unwrap();
    terminal.keys("jo");
    terminal.see("Offer ownership?");
    terminal.keys("\t");
    terminal.keys(ENTER);
    terminal.see("Prove that it is you");
    terminal.keys("not the password");
    terminal.keys(ENTER);
    terminal.see("do not match");
    terminal.keys(&"\x7f".repeat(16));
    terminal.keys(PASSWORD);
    terminal.keys(ENTER);
    terminal.see_gone("Prove that it is you");
    let events = installation.run(&["audit", "list"]);
    assert!(events.out.contains("ownership_offered"), "{}", events.out);
    terminal.keys(ESC);
}
