//! Lists for an import, made of the corpus: what is told of a row is plain, and no row stops another.

use super::corpus::with_nul;
use super::plant::OWNER;
use super::stream::fault_of_lines;
use crate::support::program::{Installation, Ran};
use serde_json::Value;

/// Three rows for each text: it is the address, the role, and a permission.
fn table() -> (String, usize) {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["email", "role", "permissions"])
        .unwrap();
    let texts = with_nul();
    for (at, text) in texts.iter().enumerate() {
        let (role, key) = (format!("r{at}@x.example"), format!("k{at}@x.example"));
        writer.write_record([text.as_str(), "full", ""]).unwrap();
        writer.write_record([role.as_str(), text, ""]).unwrap();
        writer.write_record([key.as_str(), "", text]).unwrap();
    }
    let bytes = writer.into_inner().unwrap();
    (String::from_utf8(bytes).unwrap(), 3 * texts.len())
}

async fn rehearsed(list: &str, json: &[&str]) -> Ran {
    let installation = Installation::with_account("Example Ltd", OWNER).await;
    let path = installation.home.path().join("list");
    std::fs::write(&path, list).unwrap();
    let path = path.display().to_string();
    let import = [
        "invite",
        "import",
        &path,
        "--permission",
        "domains.view",
        "--dry-run",
    ];
    installation.run(&[&import[..], json].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_rows_of_a_hostile_table_are_told_plainly() {
    let (table, rows) = table();
    for json in [&[][..], &["--json"]] {
        let ran = rehearsed(&table, json).await;
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert_eq!(fault_of_lines(&ran.out), None);
        assert_eq!(fault_of_lines(&ran.err), None);
        if json.is_empty() {
            continue;
        }
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["rows"].as_array().unwrap().len(), rows);
        let told = told["rows"].as_array().unwrap().iter();
        let mut good = told.filter(|row| row["verdict"] == "new");
        // An empty or blank cell names nothing.
        assert!(good.all(|row| row["email"].as_str().unwrap().ends_with("@x.example")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_hostile_paste_is_told_plainly() {
    let mut text = with_nul().join("\n");
    text.insert_str(0, "first@x.example\n");
    text.push_str("\nlast@x.example");
    for json in [&[][..], &["--json"]] {
        let ran = rehearsed(&text, json).await;
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert_eq!(fault_of_lines(&ran.out), None);
        assert_eq!(fault_of_lines(&ran.err), None);
        for address in ["first@x.example", "last@x.example"] {
            assert!(json.is_empty() || ran.out.contains(address), "{address}");
        }
    }
}
