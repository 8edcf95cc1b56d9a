//! Set-up, accounts, users, the audit log.

use crate::support::{PASSWORD, program::Installation};

#[tokio::test]
async fn setup_is_idempotent_and_says_what_it_found() {
    let installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    let again = installation
        .run(&[
            "setup",
            "--account",
            "Example Ltd",
            "--owner",
            "OWNER@example.com",
            "--json",
        ])
        .json();
    assert_eq!(again["created"], false);
    let other = installation.run(&[
        "setup",
        "--account",
        "Example Ltd",
        "--owner",
        "x@example.com",
        "--json",
    ]);
    assert_eq!((other.code, other.error().as_str()), (5, "account_exists"));
    let short = installation.run_with(
        &[
            "setup",
            "--account",
            "Two",
            "--owner",
            "x@example.com",
            "--password-stdin",
            "--json",
        ],
        "short\n",
    );
    assert_eq!(
        (short.code, short.error().as_str()),
        (2, "invalid_password")
    );
    assert_eq!(
        installation
            .run(&["account", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        installation.run(&["user", "list", "--json"]).json()[0]["email"],
        "owner@example.com"
    );
}

#[tokio::test]
async fn the_audit_log_names_the_operator_and_holds() {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    assert_eq!(
        installation
            .run(&["invite", "send", "a@example.com", "--all"])
            .code,
        0
    );
    assert_eq!(
        installation
            .run(&[
                "--as",
                "owner@example.com",
                "invite",
                "send",
                "b@example.com",
                "--all"
            ])
            .code,
        0
    );
    let events = installation.run(&["audit", "list", "--json"]).json();
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["actor"], "owner@example.com");
    assert!(
        events[1]["actor"]
            .as_str()
            .unwrap()
            .starts_with("operator ")
    );
    assert!(
        events
            .iter()
            .all(|event| !event.to_string().contains("/invite/"))
    );
    assert_eq!(
        installation.run(&["audit", "verify", "--json"]).json()["holds"],
        true
    );
    let client = installation.db.client().await;
    client.batch_execute("ALTER TABLE events DISABLE TRIGGER USER; UPDATE events SET subject = 'x' WHERE sequence = 2").await.unwrap();
    let broken = installation.run(&["audit", "verify"]);
    assert_eq!(broken.code, 1);
    assert!(broken.out.contains("event 2"), "{}", broken.out);
}
