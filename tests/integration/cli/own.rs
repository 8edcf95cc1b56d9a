//! One's own sessions and second factor by command; what an account asks for; links that stay out of
//! the process list.

use crate::support::{PASSWORD, program::Installation};
use totp_rs::Totp;

const ADA: &str = "ada@acme.example";

async fn installation() -> Installation {
    let mut installation = Installation::with_account("Acme", ADA).await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    installation
}

fn code(authenticator: &Totp, steps: u64) -> String {
    let now = u64::try_from(rollbook::clock::Clock::System.now().as_second()).unwrap();
    authenticator.generate(now + 30 * steps).to_string()
}

#[tokio::test]
async fn a_second_factor_is_set_up_used_and_taken_off_by_command() {
    let mut installation = installation().await;
    let run = |installation: &Installation, args: &[&str]| {
        installation.run(&[&["--as", ADA, "--json"], args].concat())
    };
    let shown = run(&installation, &["second-factor", "show"]).json();
    assert_eq!(shown["enrolled"], false);
    let told = run(&installation, &["second-factor", "enrol"]).json();
    let authenticator = Totp::from_url(told["uri"].as_str().unwrap()).unwrap();
    installation.set("ROLLBOOK_CODE", &code(&authenticator, 0));
    let on = run(&installation, &["second-factor", "confirm"]).json();
    let codes = on["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    // The same code again gets nobody in.
    let spent = run(&installation, &["member", "list"]);
    assert_eq!((spent.code, spent.error()), (3, "not_signed_in".to_owned()));
    installation.set("ROLLBOOK_CODE", &code(&authenticator, 1));
    let listed = run(&installation, &["member", "list"]).json();
    assert_eq!(listed[0]["email"], ADA);
    // The operator makes it a rule; it holds for the next command.
    let rule = installation.run(&["account", "second-factor", "--required"]);
    assert_eq!(rule.code, 0, "{}", rule.err);
    installation.set("ROLLBOOK_CODE", codes[0].as_str().unwrap());
    let listed = run(&installation, &["member", "list"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
}

#[tokio::test]
async fn without_a_code_a_command_says_where_to_put_it() {
    let mut installation = installation().await;
    let told = installation.run(&["--as", ADA, "--json", "second-factor", "enrol"]);
    let authenticator = Totp::from_url(told.json()["uri"].as_str().unwrap()).unwrap();
    installation.set("ROLLBOOK_CODE", &code(&authenticator, 0));
    installation.run(&["--as", ADA, "second-factor", "confirm"]);
    installation
        .variables
        .retain(|(name, _)| name != "ROLLBOOK_CODE");
    let refused = installation.run(&["--as", ADA, "member", "list"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("ROLLBOOK_CODE"), "{}", refused.err);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_command() {
    let installation = installation().await;
    let mine = ["--as", ADA, "--json", "session"];
    let listed = installation.run(&[&mine[..], &["list"]].concat()).json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 1, "a command's session ends with it");
    assert_eq!(listed[0]["current"], true);
    let gone = listed[0]["id"].as_str().unwrap();
    let ended = installation.run(&[&mine[..], &["end", gone]].concat());
    assert_eq!((ended.code, ended.error()), (4, "not_found".to_owned()));
    let all = installation.run(&[&mine[..], &["end-all"]].concat()).json();
    assert_eq!(all["ended"], 1);
    let operator = installation.run(&["session", "list"]);
    assert_eq!(operator.code, 2);
    assert!(operator.err.contains("--as"), "{}", operator.err);
}

#[tokio::test]
async fn a_link_is_taken_from_standard_input() {
    let installation = installation().await;
    let args = [
        "invite",
        "send",
        "bob@acme.example",
        "--all",
        "--show-link",
        "--json",
    ];
    let sent = installation.run(&args).json();
    let link = sent["link"].as_str().unwrap();
    let accept = ["invite", "accept", "-", "--name", "Bob"];
    let accepted = installation.run_with(&accept, &format!("{link}\n"));
    assert_eq!(accepted.code, 0, "{}{}", accepted.out, accepted.err);
    let empty = installation.run_with(&accept, "");
    assert_eq!(empty.code, 2, "{}", empty.err);
}
