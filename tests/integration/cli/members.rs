//! `rollbook member …`.

use crate::support::{PASSWORD, program::Installation};
use serde_json::{Value, json};

/// An account with its owner and one member, joined through a link.
async fn installation() -> Installation {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    join(
        &installation,
        "ada@example.com",
        &["--permission", "products.manage"],
    );
    installation
}

fn join(installation: &Installation, address: &str, choice: &[&str]) {
    let args = [
        &["invite", "send", address, "--show-link", "--json"],
        choice,
    ]
    .concat();
    let sent = installation.run(&args).json();
    let accept = [
        "invite",
        "accept",
        sent["link"].as_str().unwrap(),
        "--name",
        "Ada Lovelace",
    ];
    let ran = installation.run(&accept);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

fn keys(document: &Value) -> Vec<String> {
    document.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn r02_the_list_is_an_array_of_members_with_exactly_these_fields() {
    let installation = installation().await;
    let list = installation.run(&["member", "list", "--json"]).json();
    let members = list.as_array().unwrap();
    assert_eq!(members.len(), 2);
    let fields = [
        "email",
        "joined_at",
        "last_login",
        "name",
        "permissions",
        "role",
        "version",
    ];
    for member in members {
        assert_eq!(keys(member), fields);
    }
    assert_eq!(members[0]["email"], "ada@example.com");
    assert_eq!(members[0]["name"], "Ada Lovelace");
    assert_eq!(
        members[0]["permissions"],
        json!(["products.manage", "products.view"])
    );
    assert_eq!(members[1]["role"], "owner");
    assert_eq!(members[1]["last_login"], Value::Null);
    assert!(members[1]["joined_at"].as_str().unwrap().ends_with('Z'));
    let found = installation
        .run(&["member", "list", "--search", "ADA", "--json"])
        .json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let plain = installation.run(&["member", "list", "--sort", "role"]);
    assert!(
        plain
            .out
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("owner@example.com"),
        "{}",
        plain.out
    );
}

#[tokio::test]
async fn r05_permissions_are_given_and_taken_and_a_rehearsal_changes_nothing() {
    let installation = installation().await;
    let rehearsed = installation
        .run(&[
            "member",
            "set",
            "ada@example.com",
            "--all",
            "--dry-run",
            "--json",
        ])
        .json();
    assert_eq!(rehearsed["role"], "full");
    let still = installation
        .run(&["member", "show", "ada@example.com", "--json"])
        .json();
    assert_eq!(
        (still["role"].as_str(), still["version"].as_i64()),
        (Some("custom"), Some(1))
    );
    let granted = installation.run(&["member", "grant", "ada@example.com", "invoices.pay"]);
    assert!(
        granted.out.contains("+ invoices.pay"),
        "{}{}",
        granted.out,
        granted.err
    );
    let revoked = installation
        .run(&[
            "member",
            "revoke",
            "ada@example.com",
            "products.view",
            "--json",
        ])
        .json();
    assert_eq!(revoked["permissions"], json!(["invoices.pay"]));
    assert_eq!(revoked["version"], 3);
    let typo = installation.run(&["member", "grant", "ada@example.com", "invoice.pay"]);
    assert_eq!(typo.code, 2);
    assert!(
        typo.err.contains("did you mean \"invoices.pay\""),
        "{}",
        typo.err
    );
}

#[tokio::test]
async fn r06_removing_ends_the_membership_and_restoring_brings_it_back() {
    let installation = installation().await;
    let unasked = installation.run(&["member", "remove", "ada@example.com"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.contains("--yes"));
    let removed = installation
        .run(&["member", "remove", "ada@example.com", "--yes", "--json"])
        .json();
    assert_eq!(removed["email"], "ada@example.com");
    let gone = installation.run(&["member", "show", "ada@example.com", "--json"]);
    assert_eq!((gone.code, gone.error().as_str()), (4, "not_found"));
    let back = installation
        .run(&["member", "restore", "ada@example.com", "--json"])
        .json();
    assert_eq!(
        back["permissions"],
        json!(["products.manage", "products.view"])
    );
    let again = installation.run(&["member", "restore", "ada@example.com", "--json"]);
    assert_eq!(
        (again.code, again.error().as_str()),
        (5, "nothing_to_restore")
    );
}

#[tokio::test]
async fn the_last_owner_stays_and_ownership_is_offered() {
    let installation = installation().await;
    let last = installation.run(&["member", "remove", "owner@example.com", "--yes", "--json"]);
    assert_eq!((last.code, last.error().as_str()), (5, "last_owner"));
    let offered = installation.run(&[
        "--as",
        "owner@example.com",
        "member",
        "set",
        "ada@example.com",
        "--owner",
    ]);
    assert!(
        offered.out.contains("is offered"),
        "{}{}",
        offered.out,
        offered.err
    );
    let accepted = installation.run(&[
        "--as",
        "ada@example.com",
        "member",
        "set",
        "ada@example.com",
        "--owner",
        "--json",
    ]);
    assert_eq!(accepted.json()["role"], "owner");
    let left = installation.run(&[
        "--as",
        "owner@example.com",
        "member",
        "remove",
        "owner@example.com",
        "--yes",
    ]);
    assert_eq!(left.code, 0, "{}", left.err);
}

#[tokio::test]
async fn r03_what_is_not_allowed_says_why_and_exits_with_three() {
    let installation = installation().await;
    for args in [
        &["--as", "ada@example.com", "member", "list", "--json"][..],
        &[
            "--as",
            "ada@example.com",
            "member",
            "set",
            "owner@example.com",
            "--all",
            "--json",
        ],
        &[
            "--as",
            "ada@example.com",
            "member",
            "grant",
            "ada@example.com",
            "invoices.pay",
            "--json",
        ],
        &[
            "--as",
            "ada@example.com",
            "account",
            "create",
            "X",
            "--owner",
            "ada@example.com",
            "--json",
        ],
    ] {
        let ran = installation.run(args);
        assert_eq!(
            (ran.code, ran.error().as_str()),
            (3, "not_allowed"),
            "{args:?}"
        );
    }
    let mine = installation
        .run(&[
            "--as",
            "ada@example.com",
            "member",
            "show",
            "ada@example.com",
            "--json",
        ])
        .json();
    assert_eq!(mine["email"], "ada@example.com");
}

/// Somebody who may manage and holds nothing but this.
fn manager(installation: &Installation, address: &str, key: &str) {
    join(
        installation,
        address,
        &["--permission", key, "--permission", "members.manage"],
    );
}

#[tokio::test]
async fn b02_a_conflict_exits_with_five_and_tells_what_is_there_now() {
    let installation = installation().await;
    let ada = "ada@example.com";
    let set = ["member", "set", ada, "--permission", "invoices.pay"];
    assert_eq!(installation.run(&set).code, 0);
    for args in [
        &["member", "set", ada, "--all", "--if-version", "1"][..],
        &["member", "grant", ada, "emails.view", "--if-version", "1"],
        &["member", "revoke", ada, "invoices.pay", "--if-version", "1"],
        &["member", "remove", ada, "--yes", "--if-version", "1"],
    ] {
        let ran = installation.run(&[args, &["--json"]].concat());
        assert_eq!(
            (ran.code, ran.error().as_str()),
            (5, "conflict"),
            "{args:?}"
        );
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        let current = &error["error"]["current"];
        assert_eq!(current["email"], ada);
        assert_eq!(current["version"], 2);
        assert_eq!(current["permissions"], json!(["invoices.pay"]));
        let plain = installation.run(args);
        assert_eq!(plain.code, 5);
        assert!(plain.err.contains("is now (version 2)"), "{}", plain.err);
        assert!(plain.err.contains("View & Pay Invoices"), "{}", plain.err);
    }
    let now = ["member", "grant", ada, "emails.view", "--if-version", "2"];
    assert_eq!(installation.run(&now).code, 0);
}

#[tokio::test]
async fn b03_restore_takes_a_change_back_and_history_tells_it() {
    let installation = installation().await;
    let ada = "ada@example.com";
    assert_eq!(installation.run(&["member", "set", ada, "--all"]).code, 0);
    let restore = ["member", "restore", ada];
    let rehearsed = installation.run(&[&restore[..], &["--dry-run", "--json"]].concat());
    assert_eq!(rehearsed.json()["role"], "custom");
    let restored = installation
        .run(&[&restore[..], &["--json"]].concat())
        .json();
    assert_eq!(
        restored["permissions"],
        json!(["products.manage", "products.view"])
    );
    assert_eq!(
        (restored["version"].as_i64(), &restored["withheld"]),
        (Some(3), &Value::Null)
    );
    let history = installation
        .run(&["member", "history", ada, "--json"])
        .json();
    let told: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let count = |field: &str| event[field].as_array().unwrap().len();
            (
                event["action"].as_str().unwrap(),
                count("given"),
                count("taken"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("member.permissions_restored", 0, 11),
            ("member.permissions_changed", 11, 0),
            ("invitation.accepted", 2, 0)
        ]
    );
    let plain = installation.run(&["member", "history", ada, "--limit", "1"]);
    assert!(plain.out.contains("change taken back"), "{}", plain.out);
    assert!(plain.out.contains("role full → custom"), "{}", plain.out);
    assert!(plain.err.contains("1 event"), "{}", plain.err);
    let unknown = installation.run(&["member", "history", "no@example.com", "--json"]);
    assert_eq!((unknown.code, unknown.error().as_str()), (4, "not_found"));
}

#[tokio::test]
async fn b03_restore_names_what_may_not_be_given_and_brings_the_rest_back_on_demand() {
    let installation = installation().await;
    let ada = "ada@example.com";
    let set = [
        "member",
        "set",
        ada,
        "--permission",
        "invoices.pay",
        "emails.view",
    ];
    assert_eq!(installation.run(&set).code, 0);
    manager(&installation, "max@example.com", "invoices.pay");
    assert_eq!(
        installation.run(&["member", "remove", ada, "--yes"]).code,
        0
    );
    let restore = ["--as", "max@example.com", "member", "restore", ada];
    let refused = installation.run(&restore);
    assert_eq!(refused.code, 3);
    assert!(
        refused.err.contains("emails.view stays as it is now"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("--partial"), "{}", refused.err);
    let part = [&restore[..], &["--partial", "--json"]].concat();
    let part = installation.run(&part).json();
    assert_eq!(part["permissions"], json!(["invoices.pay"]));
    assert_eq!(part["withheld"], "emails.view");
}
