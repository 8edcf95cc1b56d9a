//! What the commands print over the corpus, for people and as JSON, in results and in errors.

use super::corpus::corpus;
use super::plant::{self, OWNER};
use super::stream::{fault_of, fault_of_lines};
use crate::support::{
    BASE_URL, PASSWORD,
    program::{Installation, Ran},
    pty::Terminal,
};
use serde_json::Value;
use std::{path::Path, time::Duration};
use unicode_width::UnicodeWidthChar;

/// The commands that list, each with the columns that its table has.
const LISTS: [(&[&str], &[&str]); 5] = [
    (&["member", "list"], &["NAME", "ROLE", "LAST LOGIN"]),
    (
        &["invite", "list"],
        &[
            "EMAIL",
            "PERMISSIONS",
            "STATUS",
            "EXPIRES",
            "INVITED BY",
            "DELIVERY",
        ],
    ),
    (&["account", "list"], &["USERS", "ID"]),
    (&["user", "list"], &["NAME", "LAST LOGIN"]),
    (
        &["audit", "list", "--limit", "10000"],
        &["TIME", "ACTOR", "SOURCE", "EVENT", "ABOUT"],
    ),
];

/// The list of invitations ends at 500.
const LEAST: usize = 400;

fn name_of(account: &str) -> Vec<&str> {
    vec!["--account", account]
}

async fn installation() -> (Installation, String) {
    let installation = plant::installation().await;
    let db = installation.db.client().await;
    let row = db
        .query_one("SELECT name FROM accounts", &[])
        .await
        .unwrap();
    let name: String = row.get(0);
    plant::accounts(&db).await;
    (installation, name)
}

fn run(installation: &Installation, account: &str, args: &[&str]) -> Ran {
    let args: Vec<&str> = args.iter().copied().chain(name_of(account)).collect();
    installation.run(&args)
}

/// Whether a column starts right after two blanks in the column where its title stands.
fn aligned(table: &str, title: &str) {
    let mut lines = table.lines();
    let heading = lines.next().unwrap();
    let (before, _) = heading.split_once(title).unwrap();
    let start = before.chars().count();
    for line in lines {
        let mut column = 0;
        let mut last_two = [' '; 2];
        for c in line.chars() {
            if column >= start {
                break;
            }
            column += c.width().unwrap_or(0);
            last_two = [last_two[1], c];
        }
        // The last columns may be empty, and blanks at the end are cut off.
        if column >= start {
            assert_eq!((column, last_two), (start, [' '; 2]), "{title} in {line:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_tables_are_plain_and_aligned() {
    let (installation, account) = installation().await;
    for (args, columns) in LISTS {
        let ran = run(&installation, &account, args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.lines().count() >= LEAST, "{args:?}");
        assert_eq!(fault_of_lines(&ran.out), None, "{args:?}");
        assert_eq!(fault_of_lines(&ran.err), None, "{args:?}");
        for title in columns {
            aligned(&ran.out, title);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_json_is_plain_where_it_is_read_by_a_person() {
    let (installation, account) = installation().await;
    for (args, _) in LISTS {
        let ran = run(&installation, &account, &[args, &["--json"]].concat());
        assert_eq!(fault_of_lines(&ran.out), None, "{args:?}");
        assert!(ran.json().as_array().unwrap().len() >= LEAST);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_json_loses_nothing_of_what_is_no_text_for_people() {
    let (installation, account) = installation().await;
    let ran = run(
        &installation,
        &account,
        &["audit", "list", "--limit", "10000", "--json"],
    );
    let document = ran.json();
    let after: Vec<&str> = document
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["after"].as_str())
        .collect();
    for text in corpus() {
        assert!(after.contains(&text.as_str()), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_one_member_is_shown_plainly() {
    let (installation, account) = installation().await;
    let db = installation.db.client().await;
    // Somebody whom a command line can name, who holds every string as a key.
    let sql = "UPDATE memberships SET permissions = $1, invited_by = $3
        WHERE user_id = (SELECT id FROM users WHERE email_key = $2)";
    for text in corpus().iter().step_by(20) {
        let touch = "UPDATE memberships SET role = 'custom', permissions = $1, invited_by = $2
            WHERE user_id = (SELECT max(user_id::text)::uuid FROM memberships WHERE role <> 'owner')";
        db.execute(touch, &[&corpus(), text]).await.unwrap();
        db.execute(sql, &[&corpus(), &OWNER, text]).await.unwrap();
        let ran = run(&installation, &account, &["member", "show", OWNER]);
        assert_eq!((fault_of_lines(&ran.out), ran.code), (None, 0));
        let ran = run(
            &installation,
            &account,
            &["member", "show", OWNER, "--json"],
        );
        assert_eq!((fault_of_lines(&ran.out), ran.code), (None, 0));
        let document: Value = ran.json();
        assert!(document["permissions"].as_array().unwrap().len() >= corpus().len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_an_offer_is_shown_plainly() {
    let mut installation = Installation::with_account("Example Ltd", OWNER).await;
    installation.set("ROLLBOOK_WEB__BASE_URL", BASE_URL);
    let sent = installation.run(&[
        "invite",
        "send",
        "a@x.com",
        "--all",
        "--show-link",
        "--json",
    ]);
    let document = sent.json();
    let link = document["link"].as_str().unwrap();
    let db = installation.db.client().await;
    let inviter = "UPDATE invitations SET inviter_name = $1, permissions = ARRAY[$1]";
    for text in corpus().iter().step_by(10) {
        for sql in ["UPDATE accounts SET name = $1", inviter] {
            db.execute(sql, &[text]).await.unwrap();
        }
        for json in [&[][..], &["--json"]] {
            let args = ["invite", "accept", link, "--dry-run"];
            let ran = installation.run(&[&args, json].concat());
            assert_eq!((ran.code, ran.err.as_str()), (0, ""));
            assert_eq!(fault_of_lines(&ran.out), None, "{text:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_errors_name_what_was_typed_plainly() {
    let (installation, account) = installation().await;
    for text in corpus().iter().step_by(9) {
        let text = text.as_str();
        let revoked = ["member", "revoke", OWNER, "--", text];
        for args in [
            &["member", "list", "--account", text][..],
            &["member", "show", "--", text],
            &revoked,
            &["invite", "cancel", "--", text],
            &["invite", "accept", "--", text],
            &["invite", "send", "new@example.com", "--permission", text],
            &["--as", text, "member", "list"],
            &["--config", text, "member", "list"],
            &["member", "list", "--sort", text],
            &["account", "create", "--owner", text, "--", text],
            &[text],
        ] {
            let mut args = args.to_vec();
            if !args.contains(&"--account") && args[0] != text {
                args.splice(0..0, name_of(&account));
            }
            for json in [&[][..], &["--json"]] {
                let ran = installation.run(&[json, &args[..]].concat());
                assert_ne!(ran.code, 0, "{args:?}");
                assert_eq!(fault_of_lines(&ran.out), None, "{args:?}");
                assert_eq!(fault_of_lines(&ran.err), None, "{args:?}");
            }
        }
    }
}

/// On a terminal, where the command line's parser paints its errors.
#[tokio::test(flavor = "multi_thread")]
async fn r09_questions_and_usage_errors_are_plain_on_a_terminal() {
    let (installation, account) = installation().await;
    let text = "\u{1b}]0;owned\u{7}\u{9b}6n\u{202E}x@example.com";
    for args in [
        &["member", "list", "--sort", text][..],
        &[text],
        &["--as", text, "member", "list"],
        &["member", "show", text],
    ] {
        let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
        command.args(name_of(&account)).args(args);
        if !args.contains(&"--as") {
            command.env("ROLLBOOK_PASSWORD", PASSWORD);
        }
        let mut terminal = Terminal::start(&command, (200, 50));
        terminal.settle();
        terminal.keys("x\r");
        terminal.ends_within(Duration::from_secs(20));
        terminal.settle();
        let raw = String::from_utf8(terminal.raw()).unwrap();
        let unpainted = unpainted(&raw);
        assert_eq!(
            fault_of(&unpainted.replace(['\r', '\n'], " ")),
            None,
            "{args:?}"
        );
    }
}

/// The text without SGR sequences, which clap may paint its own words with.
fn unpainted(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        plain.push_str(rest.strip_prefix('m').unwrap_or("\u{1b}"));
    }
    plain
}
