//! `rollbook invite import …`, and the member commands over many members.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

async fn installation() -> Installation {
    let mut installation = Installation::with_account("Example Ltd", "owner@example.com").await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    installation
}

fn file(installation: &Installation, name: &str, text: &str) -> String {
    let path = installation.home.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn numbered(count: usize) -> String {
    let rows: Vec<String> = (0..count).map(|n| format!("p{n}@x.example")).collect();
    rows.join("\n")
}

fn pending(installation: &Installation) -> usize {
    let list = installation.run(&["invite", "list", "--json"]).json();
    list.as_array().unwrap().len()
}

/// The document of a run whatever its exit code.
fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out:?}"))
}

fn words(document: &Value) -> Vec<&str> {
    let rows = document["rows"].as_array().unwrap().iter();
    rows.map(|row| row["verdict"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn b05_a_table_is_rehearsed_and_then_imported() {
    let installation = installation().await;
    let list = file(
        &installation,
        "team.csv",
        "email,role,permissions\nada@x.example,full,\nowner@example.com,,\nbob,,\n\
         cy@x.example,,products.view invoices.pay\nada@X.example,,\n",
    );
    let import = [
        "invite",
        "import",
        &list,
        "--permission",
        "domains.view",
        "--json",
    ];
    let rehearsed = installation.run(&[&import[..], &["--dry-run"]].concat());
    assert_eq!((rehearsed.code, rehearsed.err.as_str()), (2, ""));
    let expected = ["new", "member", "invalid", "new", "duplicate"];
    assert_eq!(words(&document(&rehearsed.out)), expected);
    assert_eq!(pending(&installation), 0);
    let unasked = installation.run(&import);
    assert_eq!((unasked.code, unasked.error().as_str()), (2, "usage"));
    assert_eq!(pending(&installation), 0);

    let ran = installation.run(&[&import[..], &["--yes"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    let told = document(&ran.out);
    assert_eq!(words(&told), expected);
    let fields: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["id", "rows", "summary"]);
    assert_eq!(
        told["summary"],
        serde_json::json!({"rows": 5, "left": 0, "new": 2, "member": 1, "pending": 0,
            "duplicate": 1, "invalid": 1, "over_limit": 0, "not_allowed": 0})
    );
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows[2]["line"], 4);
    assert_eq!(rows[2]["email"], "bob");
    assert!(rows[2]["reason"].as_str().unwrap().contains('@'));
    assert_eq!(rows[1].get("reason"), None);
    let listed = installation.run(&["invite", "list", "--json"]).json();
    let cy = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["email"] == "cy@x.example")
        .unwrap();
    assert_eq!(cy["id"], rows[3]["invitation"]);
    assert_eq!(
        cy["permissions"],
        serde_json::json!(["invoices.pay", "products.view"])
    );
    let verified = installation.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.out);
}

#[tokio::test]
async fn b05_recipients_come_from_standard_input() {
    let installation = installation().await;
    let pasted =
        "Lovelace, Ada <ada@x.example>; \"Bob\" <bob@x.example>\ncy@x.example di@x.example\n";
    let ran = installation.run_with(&["invite", "import", "-", "--all", "--yes"], pasted);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "4 invited\n");
    assert!(ran.err.starts_with("Under the id "), "{}", ran.err);
    let again = installation.run_with(&["invite", "import", "-", "--all", "--yes"], pasted);
    assert_eq!(again.code, 0, "there was nothing to do");
    assert!(again.out.ends_with("4 pending already\n"), "{}", again.out);
    assert!(again.out.starts_with("LINE  EMAIL"), "{}", again.out);
    let none = installation.run_with(&["invite", "import", "-", "--yes"], "el@x.example");
    assert_eq!(none.code, 2);
    assert!(
        none.out.contains("no permissions") || none.out.contains("Names no"),
        "{}",
        none.out
    );
}

#[tokio::test]
async fn b05_the_limits_hold_unless_the_operator_lifts_them() {
    let installation = installation().await;
    let list = file(&installation, "list.txt", &numbered(102));
    let import = ["invite", "import", &list, "--all", "--yes", "--json"];
    let ran = installation.run(&import);
    assert_eq!(ran.code, 3);
    let told = document(&ran.out);
    assert_eq!(told["summary"]["new"], 100);
    assert_eq!(told["summary"]["over_limit"], 2);
    let lifted = installation.run(&[&import[..], &["--no-limit"]].concat());
    assert_eq!(lifted.code, 0, "{}", lifted.err);
    let told = document(&lifted.out);
    assert_eq!(told["summary"]["new"], 2);
    assert_eq!(told["summary"]["pending"], 100);
}

#[tokio::test]
async fn b05_the_same_id_goes_on_and_does_nothing_twice() {
    let installation = installation().await;
    let list = file(
        &installation,
        "list.txt",
        "a@x.example\nb@x.example\nc@x.example\n",
    );
    let id = "0197a0c2-6a0a-7000-8000-000000000000";
    let import = [
        "invite", "import", &list, "--all", "--yes", "--json", "--batch", "2",
    ];
    let import = [&import[..], &["--resume", id]].concat();
    let first = installation.run(&import).json();
    assert_eq!(first["id"], id);
    assert_eq!(words(&first), ["new"; 3]);
    assert_eq!(installation.run(&import).json(), first);
    assert_eq!(pending(&installation), 3);
    fs::write(&list, "a@x.example\nb@x.example\nd@x.example\n").unwrap();
    let changed = installation.run(&import);
    assert_eq!(
        (changed.code, changed.error().as_str()),
        (5, "command_reused")
    );
    assert_eq!(pending(&installation), 3);
}

/// Starts an import in small batches, and sends it a signal when it has begun to write.
async fn signalled(installation: &Installation, args: &[&str], signal: Signal) -> Output {
    let mut child = installation
        .command(Path::new(env!("CARGO_BIN_EXE_rollbook")))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while written(installation).await == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, signal).unwrap();
    child.wait_with_output().unwrap()
}

async fn written(installation: &Installation) -> usize {
    let client = installation.db.client().await;
    let sql = "SELECT count(*) FROM invitations";
    let count: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    usize::try_from(count).unwrap()
}

const MANY: usize = 3000;

#[tokio::test]
async fn b05_a_signal_ends_between_two_batches_and_the_id_goes_on() {
    let installation = installation().await;
    let list = file(&installation, "list.txt", &numbered(MANY));
    let import = ["invite", "import", &list, "--all", "--no-limit", "--yes"];
    let import = [&import[..], &["--batch", "5"]].concat();
    let done = signalled(&installation, &import, Signal::SIGINT).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (code, out, err) = (done.status.code(), text(done.stdout), text(done.stderr));
    assert_eq!(code, Some(130), "{out}{err}");
    let so_far = written(&installation).await;
    assert!(so_far % 5 == 0 && so_far < MANY, "{so_far}");
    assert!(
        out.contains(" invited · ") && out.contains(" left"),
        "{out}"
    );
    let id = err.split("--resume ").nth(1).unwrap();
    let id = id.split(' ').next().unwrap();
    let rest = installation.run(&[&import[..], &["--resume", id, "--json"]].concat());
    assert_eq!(words(&rest.json()), vec!["new"; MANY]);
    assert_eq!(written(&installation).await, MANY);
}

#[tokio::test]
async fn b05_who_was_killed_goes_on_and_does_nothing_twice() {
    let installation = installation().await;
    let list = file(&installation, "list.txt", &numbered(MANY));
    let id = "0197a0c2-6a0a-7000-8000-000000000001";
    let import = ["invite", "import", &list, "--all", "--no-limit", "--yes"];
    let import = [&import[..], &["--batch", "5", "--json", "--resume", id]].concat();
    let killed = signalled(&installation, &import, Signal::SIGKILL).await;
    assert_eq!(
        (killed.status.code(), killed.stdout.as_slice()),
        (None, &[][..])
    );
    assert!(written(&installation).await < MANY);
    assert_eq!(words(&installation.run(&import).json()), vec!["new"; MANY]);
    assert_eq!(written(&installation).await, MANY);
    let mails = "SELECT count(*) FROM outbox";
    let client = installation.db.client().await;
    let mails: i64 = client.query_one(mails, &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(mails).unwrap(), MANY);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[tokio::test]
async fn b05_a_person_sees_the_verdicts_and_is_asked() {
    let installation = installation().await;
    let list = file(
        &installation,
        "list.txt",
        "a@x.example\nowner@example.com\nwrong\n",
    );
    let program = Path::new(env!("CARGO_BIN_EXE_rollbook"));
    for (answer, written, code) in [("n\r", 0, 0), ("y\r", 1, 2)] {
        let mut command = installation.command(program);
        command.args(["invite", "import", &list, "--all"]);
        let mut terminal = Terminal::start(&command, (100, 30));
        terminal.see("Go on? [y/N]");
        let screen = terminal.text();
        for part in [
            "1 to invite · 1 members already · 1 invalid",
            "owner@example.com",
            "wrong",
        ] {
            assert!(screen.contains(part), "{part}: {screen}");
        }
        terminal.keys(answer);
        assert_eq!(
            terminal.ends_within(Duration::from_secs(20)),
            code,
            "{}",
            terminal.text()
        );
        assert_eq!(pending(&installation), written);
    }
}

#[tokio::test]
async fn b05_what_is_no_list_is_said_in_one_sentence() {
    let installation = installation().await;
    let wide: Vec<u8> = "email\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let path = installation.home.path().join("wide.csv");
    fs::File::create(&path).unwrap().write_all(&wide).unwrap();
    let wide = path.display().to_string();
    let slip = file(
        &installation,
        "slip.csv",
        "email,permision\na@x.example,domains.view\n",
    );
    let empty = file(&installation, "empty.csv", "");
    let folder = installation.home.path().display().to_string();
    let cases = [
        (wide.as_str(), "UTF-16"),
        (&slip, "did you mean \"permissions\""),
        (&empty, "names nobody"),
        (&folder, "Can't read"),
        ("/no/such/file", "Can't read"),
    ];
    for (list, words) in cases {
        let ran = installation.run(&["invite", "import", list, "--all", "--yes"]);
        assert_eq!(ran.code, 2, "{list}");
        assert!(
            ran.err.contains(words) && ran.err.lines().count() == 1,
            "{}",
            ran.err
        );
    }
}

fn with_members(installation: &Installation, names: &[&str]) {
    for name in names {
        let address = format!("{name}@x.example");
        let invite = ["invite", "send", &address, "--permission", "domains.view"];
        let sent = installation
            .run(&[&invite[..], &["--show-link", "--json"]].concat())
            .json();
        let link = sent["link"].as_str().unwrap().to_owned();
        let accepted = installation.run(&["invite", "accept", &link, "--name", name]);
        assert_eq!(accepted.code, 0, "{}{}", accepted.out, accepted.err);
    }
}

#[tokio::test]
async fn b05_many_members_are_changed_and_removed() {
    let installation = installation().await;
    with_members(&installation, &["ada", "bob", "cy"]);
    let (ada, bob) = ("ada@x.example", "bob@x.example");
    let many = [
        "member",
        "grant",
        ada,
        bob,
        "no@x.example",
        "owner@example.com",
        "invoices.pay",
    ];
    let unasked = installation.run(&many);
    assert_eq!(unasked.code, 2, "{}", unasked.out);
    let rehearsed = installation.run(&[&many[..], &["--dry-run"]].concat());
    assert_eq!(rehearsed.code, 4);
    assert!(
        rehearsed
            .out
            .ends_with("2 to change · 1 not allowed · 1 no members\n"),
        "{}",
        rehearsed.out
    );
    let ran = installation.run(&[&many[..], &["--yes", "--json"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (4, ""));
    let told = document(&ran.out);
    assert_eq!(
        words(&told),
        ["change", "change", "not_member", "not_allowed"]
    );
    assert_eq!(told["summary"]["change"], 2);
    let shown = installation.run(&["member", "show", ada, "--json"]).json();
    assert_eq!(
        shown["permissions"],
        serde_json::json!(["domains.view", "invoices.pay"])
    );

    for wrong in [
        &["member", "set", ada, bob, "--owner", "--yes"][..],
        &["member", "remove", ada, bob, "--yes", "--if-version", "1"],
        &["member", "remove", ada, "--from", "-", "--yes"],
        &["member", "grant", ada, bob, "--yes"],
    ] {
        assert_eq!(installation.run(wrong).code, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn b05_members_come_from_a_list() {
    let installation = installation().await;
    with_members(&installation, &["ada", "bob", "cy"]);
    let table = "name,email\nAda,ada@x.example\nCy,cy@x.example\n";
    let list = file(&installation, "list.csv", table);
    let revoke = ["member", "revoke", "domains.view", "--from", &list, "--yes"];
    let ran = installation.run(&revoke);
    let told = (ran.code, ran.out.as_str());
    assert_eq!(told, (0, "2 changed\n"), "{}", ran.err);
    let (ada, bob) = ("ada@x.example", "bob@x.example");
    let set = installation.run(&["member", "set", ada, bob, "--all", "--yes"]);
    let told = (set.code, set.out.as_str());
    assert_eq!(told, (0, "2 changed\n"), "{}", set.err);
    let set = ["member", "set", "--all", "--from", "-", "--yes"];
    let set = installation.run_with(&set, "ada@x.example, bob@x.example");
    assert_eq!(set.code, 0, "{}", set.err);
    assert!(set.out.ends_with("2 like that already\n"), "{}", set.out);
    let remove = ["member", "remove", "--from", "-", "--yes"];
    let removed = installation.run_with(&remove, "bob@x.example\ncy@x.example");
    let told = (removed.code, removed.out.as_str());
    assert_eq!(told, (0, "2 removed\n"), "{}", removed.err);
    let left = installation.run(&["member", "list", "--json"]).json();
    assert_eq!(left.as_array().unwrap().len(), 2);
}
