//! `rollbook invite …`.

use crate::support::{PASSWORD, program::Installation, smtp::TestSmtp};
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};

async fn installation() -> Installation {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    installation
}

#[tokio::test]
async fn r07_an_invitation_has_exactly_these_fields_and_its_link_only_when_asked() {
    let installation = installation().await;
    let sent = installation
        .run(&["invite", "send", "New@Example.com", "--all", "--json"])
        .json();
    let fields: Vec<&String> = sent.as_object().unwrap().keys().collect();
    let expected = [
        "created_at",
        "delivery",
        "email",
        "expires_at",
        "id",
        "invited_by",
        "permissions",
        "role",
        "status",
    ];
    assert_eq!(fields, expected);
    assert_eq!(
        sent["delivery"],
        json!({"state": "queued", "attempts": 0, "last_reply": null})
    );
    assert_eq!(sent["permissions"].as_array().unwrap().len(), 13);
    let twice = installation.run(&["invite", "send", "new@example.com", "--all", "--json"]);
    assert_eq!((twice.code, twice.error().as_str()), (5, "already_pending"));
    let member = installation.run(&["invite", "send", "owner@example.com", "--all", "--json"]);
    assert_eq!(
        (member.code, member.error().as_str()),
        (5, "already_member")
    );
    let wrong = installation.run(&["invite", "send", "new@example", "--all", "--json"]);
    assert_eq!((wrong.code, wrong.error().as_str()), (2, "invalid_email"));
    let nothing = installation.run(&["invite", "send", "x@example.com"]);
    assert_eq!(nothing.code, 2);
    let rehearsed = installation.run(&[
        "invite",
        "send",
        "y@example.com",
        "--all",
        "--dry-run",
        "--show-link",
    ]);
    assert_eq!(rehearsed.code, 0, "{}", rehearsed.err);
    let list = installation.run(&["invite", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains("link"));
}

#[tokio::test]
async fn r09_pending_invitations_are_listed_resent_edited_and_cancelled() {
    let installation = installation().await;
    let first = installation
        .run(&[
            "invite",
            "send",
            "new@example.com",
            "--permission",
            "domains.view",
            "--show-link",
            "--json",
        ])
        .json();
    let id = first["id"].as_str().unwrap();
    let edited = installation
        .run(&[
            "invite",
            "set",
            id,
            "--permission",
            "domains.manage",
            "--json",
        ])
        .json();
    assert_eq!(
        edited["permissions"],
        json!(["domains.manage", "domains.view"])
    );
    let resent = installation
        .run(&["invite", "resend", id, "--show-link", "--json"])
        .json();
    assert_ne!(first["link"], resent["link"]);
    let old = installation.run(&[
        "invite",
        "accept",
        first["link"].as_str().unwrap(),
        "--json",
    ]);
    assert_eq!((old.code, old.error().as_str()), (4, "unknown_link"));
    let listed = installation.run(&["invite", "list"]);
    assert!(
        listed.out.contains("new@example.com") && listed.out.contains("Custom · 2 of 13"),
        "{}",
        listed.out
    );
    assert_eq!(installation.run(&["invite", "cancel", id]).code, 2);
    assert_eq!(installation.run(&["invite", "cancel", id, "--yes"]).code, 0);
    let dead = installation.run(&[
        "invite",
        "accept",
        resent["link"].as_str().unwrap(),
        "--json",
    ]);
    assert_eq!((dead.code, dead.error().as_str()), (5, "cancelled"));
    let again = installation.run(&["invite", "cancel", id, "--yes", "--json"]);
    assert_eq!((again.code, again.error().as_str()), (5, "not_pending"));
}

#[tokio::test]
async fn r13_acceptance_works_without_a_browser() {
    let installation = installation().await;
    let sent = installation
        .run(&[
            "invite",
            "send",
            "new@example.com",
            "--permission",
            "products.sso",
            "--show-link",
            "--json",
        ])
        .json();
    let link = sent["link"].as_str().unwrap();
    let looked = installation.run(&["invite", "accept", link, "--dry-run"]);
    assert!(
        looked.out.contains("Perform Single Sign-On"),
        "{}{}",
        looked.out,
        looked.err
    );
    let nameless = installation.run(&["invite", "accept", link]);
    assert_eq!(nameless.code, 2);
    assert!(nameless.err.contains("--name"));
    let joined = installation
        .run(&["invite", "accept", link, "--name", "New Person", "--json"])
        .json();
    assert_eq!(
        (joined["status"].as_str(), joined["registered"].as_bool()),
        (Some("accepted"), Some(true))
    );
    let used = installation.run(&["invite", "accept", link, "--json"]);
    assert_eq!((used.code, used.error().as_str()), (5, "already_accepted"));
    let member = installation
        .run(&[
            "--as",
            "new@example.com",
            "member",
            "show",
            "new@example.com",
            "--json",
        ])
        .json();
    assert_eq!(
        member["permissions"],
        json!(["products.sso", "products.view"])
    );
}

#[tokio::test]
async fn r13_a_known_user_accepts_with_their_own_password_and_address() {
    let mut installation = installation().await;
    let first = [
        "invite",
        "send",
        "new@example.com",
        "--all",
        "--show-link",
        "--json",
    ];
    let sent = installation.run(&first).json();
    let accept = [
        "invite",
        "accept",
        sent["link"].as_str().unwrap(),
        "--name",
        "New",
    ];
    assert_eq!(installation.run(&accept).code, 0);
    let args = [
        "account",
        "create",
        "Second Ltd",
        "--owner",
        "second@example.com",
    ];
    assert_eq!(installation.run(&args).code, 0);
    let invite = [
        "--account",
        "Second Ltd",
        "invite",
        "send",
        "new@example.com",
        "--all",
        "--show-link",
        "--json",
    ];
    let second = installation.run(&invite).json();
    let link = second["link"].as_str().unwrap();
    let other = installation.run(&["--as", "owner@example.com", "invite", "accept", link]);
    assert_eq!(other.code, 4);
    assert!(
        other.err.contains("meant for another address"),
        "{}",
        other.err
    );
    installation.set("ROLLBOOK_PASSWORD", "the wrong password!");
    assert_eq!(installation.run(&["invite", "accept", link]).code, 3);
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    assert_eq!(installation.run(&["invite", "accept", link]).code, 0);
}

#[tokio::test]
async fn r14_several_accounts_have_to_be_told_apart() {
    let mut installation = installation().await;
    assert_eq!(
        installation
            .run(&[
                "account",
                "create",
                "Second Ltd",
                "--owner",
                "owner@example.com"
            ])
            .code,
        0
    );
    let unnamed = installation.run(&["member", "list", "--json"]);
    assert_eq!(unnamed.code, 2);
    assert!(
        unnamed.err.contains("Example Ltd") && unnamed.err.contains("Second Ltd"),
        "{}",
        unnamed.err
    );
    let second = installation
        .run(&["--account", "second ltd", "member", "list", "--json"])
        .json();
    assert_eq!(second.as_array().unwrap().len(), 1);
    let unknown = installation.run(&["--account", "Third", "member", "list"]);
    assert_eq!(unknown.code, 4);
    installation.set("ROLLBOOK_ACCOUNT", "Example Ltd");
    assert_eq!(installation.run(&["member", "list"]).code, 0);
}

#[tokio::test]
async fn r08_serve_delivers_the_mail_and_the_list_says_so() {
    let mut installation = installation().await;
    let smtp = TestSmtp::start().await;
    installation.set("ROLLBOOK_MAIL__SMTP_URL", &smtp.url());
    installation.set(
        "ROLLBOOK_MAIL__ROOT_CERT",
        smtp.root_cert().to_str().unwrap(),
    );
    installation.set("ROLLBOOK_WEB__LISTEN", "127.0.0.1:0");
    let sent = installation
        .run(&["invite", "send", "new@example.com", "--all", "--json"])
        .json();
    assert_eq!(sent["delivery"]["state"], "queued");
    let mut serve = installation
        .command(std::path::Path::new(env!("CARGO_BIN_EXE_rollbook")))
        .arg("serve")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let delivery = |installation: &Installation| -> Value {
        installation.run(&["invite", "list", "--json"]).json()[0]["delivery"].clone()
    };
    let mut state = Value::Null;
    for _ in 0..100 {
        state = delivery(&installation);
        if state["state"] == "sent" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(state["state"], "sent", "{state}");
    assert!(
        state["last_reply"]
            .as_str()
            .unwrap()
            .contains("queued as TEST")
    );
    assert_eq!(smtp.received().len(), 1);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(serve.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(serve.wait().unwrap().success());
}
