//! What an export says is what a reader of it reads, and no spreadsheet runs it.

use super::corpus::corpus;
use super::plant::{self, NAME, OWNER};
use super::stream::fault_of_lines;
use crate::support::{PASSWORD, program::Installation};
use csv::{ReaderBuilder, StringRecord};
use rollbook::domain::DisplaySafe;
use serde_json::Value;

const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn export(installation: &Installation, args: &[&str]) -> String {
    let ran = installation.run(&[&["--account", NAME], args].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
}

/// The rows as another program reads them, with what an export says about its own guard.
fn read(text: &str) -> Vec<Vec<String>> {
    assert_eq!(fault_of_lines(&text.replace("\r\n", "\n")), None);
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let rows: Vec<StringRecord> = reader.records().map(Result::unwrap).collect();
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(FORMULA), "{cell:?} is a formula");
    }
    let bare = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    rows.iter()
        .map(|row| row.iter().map(bare).collect())
        .collect()
}

fn clean(text: &str) -> String {
    DisplaySafe::new(text).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_the_audit_log_reads_back_equal() {
    let installation = plant::installation().await;
    let text = export(&installation, &["audit", "export"]);
    assert!(text.starts_with("sequence,at,actor,source,action,subject,before,after,command\r\n"));
    let rows = read(&text);
    let own = rows.len() - corpus().len();
    for (at, (row, text)) in rows.iter().skip(own).zip(corpus()).enumerate() {
        assert_eq!(
            row[0],
            (own + at + 1).to_string(),
            "oldest first, none left out"
        );
        for cell in &row[2..6] {
            assert_eq!(*cell, clean(&text));
        }
        let before: Value = serde_json::from_str(&row[6]).unwrap();
        let after: Value = serde_json::from_str(&row[7]).unwrap();
        assert_eq!(
            (&before[&text], &after),
            (&Value::from(text.clone()), &Value::from(text))
        );
    }
    let json = export(&installation, &["audit", "export", "--format", "json"]);
    assert_eq!(json, export(&installation, &["audit", "export", "--json"]));
    assert_eq!(fault_of_lines(&json), None);
    let events: Value = serde_json::from_str(&json).unwrap();
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), rows.len());
    for (event, row) in events.iter().zip(&rows) {
        assert_eq!(event["subject"].as_str().unwrap(), row[5]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_members_read_back_equal() {
    let installation = plant::installation().await;
    let rows = read(&export(&installation, &["member", "list", "--csv"]));
    assert_eq!(rows.len(), corpus().len() + 1);
    let mut names: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    let mut expected: Vec<String> = corpus().iter().map(|text| clean(text)).collect();
    expected.push(clean(NAME));
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_an_export_is_for_those_who_may_look() {
    let mut installation = plant::installation().await;
    let db = installation.db.client().await;
    // The owner's password for somebody without a permission.
    let sql = "UPDATE users SET email = 'low@example.com', email_key = 'low@example.com',
        password_hash = (SELECT password_hash FROM users WHERE email_key = $1)
        WHERE id = (SELECT user_id FROM memberships WHERE role = 'custom' LIMIT 1)";
    db.execute(sql, &[&OWNER]).await.unwrap();
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let args = [
        "--as",
        "low@example.com",
        "--account",
        NAME,
        "audit",
        "export",
        "--json",
    ];
    let ran = installation.run(&args);
    assert_eq!((ran.code, ran.error().as_str()), (3, "not_allowed"));
}
