//! A real installation dumped and restored elsewhere: everything works, the walls stand, and the dump
//! opens nothing.

use super::released::keep_key;
use crate::support::{
    APP_ROLE, PASSWORD, TOKEN_KEY, TestDb, account_with_owner, custom, entry, invite, join,
    operator, program::Installation, service, sign_in, token_of,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rollbook::{
    domain::{InvitationToken, Secret256},
    service::Write,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

const OWNER: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";

/// A dumping program, and the one that reads it.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// `pg_dump --format=custom | pg_restore`
    Archive,
    /// `pg_dump | psql`
    Plain,
}

/// Runs a program that reads this and is to succeed.
fn fed(program: &mut Command, input: &[u8]) {
    program
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut running = program.spawn().unwrap();
    running.stdin.take().unwrap().write_all(input).unwrap();
    let done = running.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{program:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Copies a database as an operator would; returns the dump.
fn copied(way: Way, from: &TestDb, to: &TestDb) -> Vec<u8> {
    let (dump, restore): (&[&str], &[&str]) = match way {
        Way::Archive => (
            &["--format=custom", "--compress=0"],
            &["pg_restore", "--exit-on-error", "-d"],
        ),
        Way::Plain => (
            &["--format=plain"],
            &["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d"],
        ),
    };
    let dumped = Command::new("pg_dump")
        .args(dump)
        .arg(from.dsn())
        .output()
        .unwrap();
    assert!(
        dumped.status.success(),
        "{}",
        String::from_utf8_lossy(&dumped.stderr)
    );
    let mut restoring = Command::new(restore[0]);
    fed(restoring.args(&restore[1..]).arg(to.dsn()), &dumped.stdout);
    dumped.stdout
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// What must not stand in a dump: the text, its bytes, and both as hexadecimal.
fn assert_absent(dump: &[u8], what: &str, secret: &str) {
    let mut forms = vec![
        secret.as_bytes().to_vec(),
        hex(secret.as_bytes()).into_bytes(),
    ];
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
        forms.extend([hex(&bytes).into_bytes(), bytes]);
    }
    for form in forms.iter().filter(|form| form.len() >= 12) {
        assert!(
            !dump.windows(form.len()).any(|window| window == form),
            "{what} is in the dump"
        );
    }
}

async fn walled(db: &TestDb) {
    let client = db.client().await;
    let sql = "SELECT count(*) FILTER (WHERE relrowsecurity AND relforcerowsecurity), count(*) FROM pg_class
        WHERE relkind = 'r' AND relname IN ('accounts', 'memberships', 'invitations', 'outbox', 'sessions',
            'events', 'commands', 'second_factors', 'recovery_codes')";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (9, 9));
    client
        .batch_execute(&format!("SET ROLE {APP_ROLE}"))
        .await
        .unwrap();
    for table in [
        "accounts",
        "memberships",
        "invitations",
        "sessions",
        "events",
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(
            client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0),
            0,
            "{table}"
        );
    }
    let refused = client
        .batch_execute("DELETE FROM events")
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}

/// What people have in hand: the secrets that must not be in a dump, and must work on its copy.
struct Hands {
    link: InvitationToken,
    session: Secret256,
    factor: SecretString,
}

/// An installation with everything in it.
async fn full_house(db: &TestDb) -> Hands {
    let house = service(db);
    let (account, _) = account_with_owner(&house, "Acme", OWNER).await;
    let grant = || custom(&["domains.view"]);
    join(&house, account, BOB, grant()).await;
    let write = || Write::new(&operator(), account);
    let sent = invite(&house, &write(), "guest@x.example", grant()).await;
    let bob = sign_in(&house, BOB).await.actor;
    Hands {
        link: token_of(&house, &write(), &sent).await,
        session: sign_in(&house, OWNER).await.secret,
        factor: house.begin_second_factor(&bob).await.unwrap().secret,
    }
}

fn opens_nothing(dump: &[u8], hands: &Hands) {
    for (what, secret) in [
        ("the link", hands.link.expose()),
        ("the session", hands.session.expose()),
        ("the password", PASSWORD),
        ("the token key", &URL_SAFE_NO_PAD.encode(TOKEN_KEY)),
        ("the second factor", hands.factor.expose_secret()),
    ] {
        assert_absent(dump, what, secret);
    }
    // That the search finds what is there.
    let there = |text: &str| {
        dump.windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(there(OWNER));
}

/// The operator's work goes on, and so does what people have in hand.
async fn goes_on(mut restored: Installation, hands: &Hands) {
    let members = restored.run(&["member", "list", "--json"]).json();
    assert_eq!(members.as_array().unwrap().len(), 2, "{members}");
    let verified = restored.run(&["audit", "verify"]);
    assert_eq!(
        verified.out.trim(),
        "The audit log holds",
        "{}",
        verified.err
    );
    let sent = restored.run(&["invite", "send", "new@x.example", "--all"]);
    assert_eq!(sent.code, 0, "{}", sent.err);
    restored.set("ROLLBOOK_PASSWORD", PASSWORD);
    let accept = ["invite", "accept", "-", "--name", "Guest"];
    let accepted = restored.run_with(&accept, &format!("{}\n", hands.link.expose()));
    assert_eq!(accepted.code, 0, "the old link: {}", accepted.err);
    let house = service(&restored.db);
    house.resume(&hands.session, &entry()).await.unwrap();
    assert_eq!(restored.run(&["audit", "verify"]).code, 0);
}

async fn comes_back(way: Way) {
    let db = TestDb::new().await;
    let hands = full_house(&db).await;
    let restored = Installation::on(TestDb::unmigrated().await);
    let dump = copied(way, &db, &restored.db);
    opens_nothing(&dump, &hands);
    keep_key(&restored);
    assert_eq!(restored.run(&["migrate"]).code, 0);
    walled(&restored.db).await;
    goes_on(restored, &hands).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_comes_back_whole() {
    comes_back(Way::Archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_dump_comes_back_whole() {
    comes_back(Way::Plain).await;
}

/// As the schema's owner, who is no superuser: row-level security is forced on them too, and their own
/// policies show everything.
#[tokio::test(flavor = "multi_thread")]
async fn the_owner_dumps_everything_and_nobody_else_does() {
    let mut installation = Installation::unmigrated().await;
    let copy = TestDb::unmigrated().await;
    let owner = format!("o{}", uuid::Uuid::new_v4().simple());
    let roles = format!(
        "CREATE ROLE {owner} LOGIN; GRANT {APP_ROLE} TO {owner};
        ALTER DATABASE {} OWNER TO {owner}; ALTER DATABASE {} OWNER TO {owner}",
        installation.db.name(),
        copy.name()
    );
    let client = installation.db.client().await;
    client.batch_execute(&roles).await.unwrap();
    installation.set("ROLLBOOK_DATABASE__URL", &installation.db.dsn_as(&owner));
    let setup = [
        "setup",
        "--account",
        "Acme",
        "--owner",
        OWNER,
        "--password-stdin",
    ];
    let ran = installation.run_with(&setup, &format!("{PASSWORD}\n"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let dump = |args: &[&str]| {
        let mut dump = Command::new("pg_dump");
        dump.args(args)
            .arg(installation.db.dsn_as(&owner))
            .output()
            .unwrap()
    };
    assert!(!dump(&[]).status.success(), "then the option is not needed");
    let whole = dump(&["--enable-row-security", "--format=custom"]);
    assert!(whole.status.success(), "{whole:?}");
    let restore = ["--exit-on-error", "--no-owner", "-d", &copy.dsn_as(&owner)];
    fed(Command::new("pg_restore").args(restore), &whole.stdout);
    let client = copy.client().await;
    for table in ["accounts", "memberships", "events", "users"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(
            client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0),
            1,
            "{table}"
        );
    }
}

/// On another server nobody has made the role yet: what the dump grants to it is missing until the
/// migration makes it.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_server_without_the_role_the_migration_makes_it() {
    let db = TestDb::new().await;
    account_with_owner(&service(&db), "Acme", OWNER).await;
    let dump = Command::new("pg_dump")
        .args(["--no-privileges"])
        .arg(db.dsn())
        .output()
        .unwrap();
    let other = rollbook::store::local::LocalServer::throw_away()
        .await
        .unwrap();
    other.ensure_database("moved").await.unwrap();
    let dsn = other.dsn("moved");
    let quiet = ["-q", "-v", "ON_ERROR_STOP=1", "-d", &dsn];
    fed(Command::new("psql").args(quiet), &dump.stdout);
    let mut installation = Installation::on(db);
    keep_key(&installation);
    installation.set("ROLLBOOK_DATABASE__URL", &dsn);
    assert_eq!(installation.run(&["migrate"]).code, 0);
    assert_eq!(
        installation
            .run(&["member", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let doctor = installation.run(&["doctor", "--json"]);
    assert!(
        doctor
            .out
            .contains("rollbook_app sees one account at a time"),
        "{}",
        doctor.out
    );
    other.stop().await;
}
