//! What stands around the commands: help, configuration, outages, doctor, man page, completions.

use crate::support::{PASSWORD, program::Installation};
use std::fs;

#[tokio::test]
async fn help_man_and_completions_print() {
    let installation = Installation::new().await;
    assert!(installation.run(&["--help"]).out.contains("Exit codes"));
    assert!(installation.run(&["man"]).out.contains(".TH rollbook"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            installation
                .run(&["completions", shell])
                .out
                .contains("rollbook")
        );
    }
    assert_eq!(installation.run(&["membr", "list"]).code, 2);
    let console = installation.run(&[]);
    assert_eq!(console.code, 2);
    assert!(console.err.contains("needs a terminal"), "{}", console.err);
}

#[tokio::test]
async fn a_wrong_configuration_names_file_line_and_key() {
    let installation = Installation::new().await;
    let file = installation.home.path().join("wrong.toml");
    fs::write(&file, "[web]\n\nlistn = \"127.0.0.1:1\"\n").unwrap();
    let ran = installation.run(&["--config", file.to_str().unwrap(), "member", "list"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("wrong.toml:3") && ran.err.contains("did you mean \"listen\""),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_exits_with_six_and_keeps_its_password() {
    let mut installation = Installation::new().await;
    installation.set(
        "ROLLBOOK_DATABASE__URL",
        "postgres://u:hunter2secret@127.0.0.1:1/x",
    );
    let ran = installation.run(&["member", "list", "--json"]);
    assert_eq!((ran.code, ran.error().as_str()), (6, "unreachable"));
    assert!(
        !ran.err.contains("hunter2secret") && ran.err.contains("127.0.0.1"),
        "{}",
        ran.err
    );
    installation.set("ROLLBOOK_DATABASE__URL", "postgres://u@h:port/x");
    assert_eq!(installation.run(&["member", "list"]).code, 2);
}

#[tokio::test]
async fn serve_refuses_to_guess_what_links_start_with() {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    installation.set("ROLLBOOK_WEB__LISTEN", "0.0.0.0:0");
    let ran = installation.run(&["serve"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("web.base_url"), "{}", ran.err);
}

#[tokio::test]
async fn doctor_finds_a_readable_key_and_a_dead_mail_server() {
    use std::os::unix::fs::PermissionsExt;
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let well = installation.run(&["doctor", "--json"]).json();
    let states: Vec<&str> = well
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["state"].as_str().unwrap())
        .collect();
    assert!(!states.contains(&"fail"), "{well}");
    let key = installation.home.path().join("token.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let readable = installation.run(&["doctor"]);
    assert_eq!(readable.code, 1);
    assert!(readable.out.contains("chmod 600"), "{}", readable.out);
    installation.set("ROLLBOOK_MAIL__SMTP_URL", "smtp://127.0.0.1:1");
    assert_eq!(installation.run(&["doctor"]).code, 6);
}

#[tokio::test]
async fn passwords_come_only_from_where_they_may() {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let nobody = installation.run(&["--as", "owner@example.com", "member", "list"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("ROLLBOOK_PASSWORD"), "{}", nobody.err);
    installation.set("ROLLBOOK_PASSWORD", "not the right one");
    let wrong = installation.run(&["--as", "owner@example.com", "member", "list", "--json"]);
    assert_eq!((wrong.code, wrong.error().as_str()), (3, "not_signed_in"));
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    assert_eq!(
        installation
            .run(&["--as", "owner@example.com", "member", "list"])
            .code,
        0
    );
}

#[tokio::test]
async fn hostile_text_from_the_database_does_not_reach_the_terminal() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let client = installation.db.client().await;
    let hostile = "\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202E}evil";
    client
        .execute("UPDATE users SET name = $1", &[&hostile])
        .await
        .unwrap();
    client
        .execute("UPDATE accounts SET name = $1", &[&hostile])
        .await
        .unwrap();
    for args in [
        &["member", "list"][..],
        &["member", "show", "owner@example.com"],
        &["user", "list"],
        &["account", "list"],
    ] {
        let ran = installation.run(args);
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202E}';
        assert!(
            !ran.out.contains(bad) && !ran.err.contains(bad),
            "{args:?}: {:?}",
            ran.out
        );
    }
}
