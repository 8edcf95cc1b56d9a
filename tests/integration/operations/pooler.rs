//! Everything works behind a pooler in transaction mode: the real pgbouncer, with two connections to
//! the server, which knows nothing of prepared statements.

use crate::support::{
    PASSWORD, TestDb, account_with_owner, counted, custom, email, invite, join, latest, operator,
    password, pooler::Pooler, program::Installation, pty::Terminal, register, service_on, sign_in,
    token_of,
};
use rollbook::{
    domain::{AccountId, Cursor, Direction, Grant, MemberQuery, Seek, Sort},
    mail::{MailConfig, Mailer},
    service::{Feed, News, Service, ServiceError, SetGrant, Write},
    store::{Naming, dsn::ConnectPlan},
};
use serde_json::Value;
use std::{path::Path, time::Duration};
use tokio::time::timeout;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";

/// Makes the login of the README; roles are the whole server's.
async fn login(db: &TestDb) -> String {
    let name = format!("login_{}", uuid::Uuid::new_v4().simple());
    let sql = format!(
        "CREATE ROLE {name} LOGIN IN ROLE rollbook_app; ALTER ROLE {name} SET statement_timeout = '5s'"
    );
    db.client().await.batch_execute(&sql).await.unwrap();
    name
}

/// A service of a program's own behind the pooler.
fn program(pooler: &Pooler, login: &str) -> Service {
    let plan = ConnectPlan::parse(&pooler.dsn_as(login)).unwrap();
    let plan = plan.with_naming(Naming::Unnamed);
    service_on(plan.store(4, None).unwrap())
}

fn write(account: AccountId) -> Write {
    Write::new(&operator(), account)
}

/// An installation with Ada and Bob, whose programs come through the pooler.
async fn acme() -> Option<(Installation, Pooler, String)> {
    let db = TestDb::new().await;
    let login = login(&db).await;
    let pooler = Pooler::start(&db, &[&login, "rollbook"])?;
    let mut installation = Installation::on(db);
    let direct = installation.db.dsn();
    installation.set("ROLLBOOK_DATABASE__URL", &pooler.dsn_as(&login));
    installation.set("ROLLBOOK_DATABASE__OWNER_URL", &direct);
    installation.set("ROLLBOOK_DATABASE__POOLER", "transaction");
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let setup = [
        "setup",
        "--account",
        "Acme",
        "--owner",
        ADA,
        "--password-stdin",
    ];
    let ran = installation.run_with(&setup, &format!("{PASSWORD}\n"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let invite = ["invite", "send", BOB, "--all", "--show-link", "--json"];
    let sent = installation.run(&invite).json();
    let link = format!("{}\n", sent["link"].as_str().unwrap());
    let ran = installation.run_with(&["invite", "accept", "-", "--name", "Bob"], &link);
    assert_eq!(ran.code, 0, "{}", ran.err);
    Some((installation, pooler, login))
}

fn console(installation: &Installation) -> Terminal {
    let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
    command.args(["--as", ADA]);
    let terminal = Terminal::start(&command, (100, 30));
    terminal.see("2 users");
    terminal.settle();
    terminal
}

fn check(installation: &Installation, about: &str) -> Value {
    let checks = installation.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&checks.out).unwrap();
    let mut checks = checks.as_array().unwrap().iter();
    let found = checks.find(|check| check["check"] == about);
    found
        .unwrap_or_else(|| panic!("nothing about {about}"))
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_behind_a_pooler() {
    let Some((installation, _pooler, _)) = acme().await else {
        return;
    };
    for args in [
        &["migrate"][..],
        &["member", "list"],
        &["member", "list", "--search", "bob", "--sort", "last-login"],
        &["member", "set", BOB, "--permission", "domains.view"],
        &["member", "grant", BOB, "emails.view"],
        &["member", "remove", BOB, "--yes"],
        &["member", "restore", BOB],
        &["member", "show", BOB, "--as", ADA],
        &["account", "list"],
        &["user", "list"],
        &["invite", "send", "carl@acme.example", "--all"],
        &["invite", "list"],
        &["session", "list", "--as", ADA],
        &["audit", "list"],
        &["audit", "verify"],
    ] {
        let ran = installation.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
    }
    let bob = installation
        .run(&["member", "show", BOB, "--json"])
        .json()
        .clone();
    assert_eq!(
        bob["permissions"].as_array().unwrap().len(),
        2,
        "{bob} is what was there before the removal"
    );
    let pooler = check(&installation, "pooler");
    assert_eq!(
        (pooler["state"].as_str(), pooler["found"].as_str()),
        (Some("ok"), Some("transaction mode")),
        "{pooler}"
    );
    assert_eq!(check(&installation, "database role")["state"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_behind_a_pooler_do_not_meet_each_others_statements() {
    let db = TestDb::new().await;
    let login = login(&db).await;
    let Some(pooler) = Pooler::start(&db, &[&login]) else {
        return;
    };
    let (one, other) = (program(&pooler, &login), program(&pooler, &login));
    let (account, _) = account_with_owner(&one, "Acme", ADA).await;
    let (foreign, _) = account_with_owner(&other, "Other", "olga@other.example").await;
    for number in 0..8 {
        let address = format!("p{number}@acme.example");
        join(&one, account, &address, custom(&["domains.view"])).await;
    }
    let mails = tempfile::tempdir().unwrap();
    let mailer = mailer(mails.path());
    let stop = CancellationToken::new();
    let busy = async {
        // Everything at once, on two connections of the server.
        let rounds = (0..8).map(async |number| {
            let (home, size) = [(account, 9), (foreign, 1)][number % 2];
            for service in [&one, &other] {
                walk(service, home, size).await;
            }
            change(&one, account, &format!("p{number}@acme.example")).await;
        });
        futures_util::future::join_all(rounds).await;
        stop.cancel();
    };
    tokio::join!(one.run_outbox(&mailer, stop.clone()), busy);
    while other.deliver_next(&mailer).await.unwrap().is_some() {}
    assert_eq!(std::fs::read_dir(mails.path()).unwrap().count(), 8);
    for (service, account) in [(&one, account), (&other, foreign)] {
        let broken = service.verify_events(&operator(), account).await;
        assert_eq!(broken.unwrap(), None);
    }
}

fn mailer(folder: &Path) -> Mailer {
    Mailer::new(&MailConfig {
        smtp_url: None,
        from: "Rollbook <rollbook@acme.example>".to_owned(),
        reply_to: None,
        subject: "You are invited to {account}".to_owned(),
        root_cert: None,
        folder: folder.to_owned(),
        connections: 4,
        rate: 0.0,
    })
    .unwrap()
}

/// Every page of an account, in every order, as somebody who signs in for it.
async fn walk(service: &Service, account: AccountId, size: usize) {
    for sort in [Sort::Email, Sort::LastLogin] {
        for search in ["", "example"] {
            let query = MemberQuery {
                sort,
                direction: Direction::Descending,
                search: search.to_owned(),
            };
            let (mut place, mut seen) = (Seek::First, 0);
            loop {
                let page = service
                    .list_members(&operator(), account, &query, (&place, 4))
                    .await
                    .unwrap();
                seen += page.rows.len();
                if !page.more_after {
                    break;
                }
                place = Seek::After(Cursor::of(page.rows.last().unwrap()));
            }
            assert_eq!(seen, size, "{query:?}");
            let counted = service
                .count_members(&operator(), account, &query, 100)
                .await
                .unwrap();
            assert_eq!(counted, i64::try_from(size).unwrap());
        }
    }
}

/// Permission change, removal, restoration, invitation.
async fn change(service: &Service, account: AccountId, address: &str) {
    let set = SetGrant {
        email: email(address),
        to: Grant::full(),
        version: None,
    };
    service.set_grant(&write(account), &set).await.unwrap();
    let guest = format!("guest-{address}");
    let invited = invite(service, &write(account), &guest, Grant::full()).await;
    token_of(service, &write(account), &invited).await;
    let found = service
        .show_member(&operator(), account, &email(address))
        .await
        .unwrap();
    assert_eq!(found.grant, Grant::full());
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_and_acceptance_work_behind_a_pooler() {
    let db = TestDb::new().await;
    let login = login(&db).await;
    let Some(pooler) = Pooler::start(&db, &[&login]) else {
        return;
    };
    let service = program(&pooler, &login);
    let (account, _) = account_with_owner(&service, "Acme", ADA).await;
    let sent = invite(&service, &write(account), BOB, Grant::full()).await;
    let token = token_of(&service, &write(account), &sent).await;
    register(&service, &token, "Bob").await;
    let bob = sign_in(&service, BOB).await;
    let entry = crate::support::entry();
    let other = "something else entirely".into();
    let wrong = service.sign_in(BOB, &other, &entry).await;
    assert!(matches!(wrong, Err(ServiceError::NotSignedIn(_))));
    service.still_in(&bob.actor, account).await.unwrap();
    service.rename_myself(&bob.actor, "Robert").await.unwrap();
    service
        .remove_member(&write(account), &email(BOB), None)
        .await
        .unwrap();
    let query = MemberQuery::default();
    let listed = service
        .list_members(&bob.actor, account, &query, (&Seek::First, 5))
        .await;
    assert!(matches!(listed, Err(ServiceError::NotSignedIn(_))));
    let back = latest(BOB);
    service
        .restore_member(&write(account), &back)
        .await
        .unwrap();
    service.sign_in(BOB, &password(), &entry).await.unwrap();
    // It does not try to listen: it says at once that it has to ask.
    let (sender, mut news) = tokio::sync::mpsc::channel(4);
    let ada = sign_in(&service, ADA).await;
    let first = async {
        let first = news.recv().await;
        drop(news);
        first
    };
    let (watched, first) = tokio::join!(
        timeout(
            Duration::from_secs(5),
            service.watch(&ada.actor, account, sender)
        ),
        first
    );
    assert_eq!(first, Some(News::Feed(Feed::Asking)));
    watched.unwrap().unwrap();
    // Nothing was left on the pooler's connections.
    let listening = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND query ILIKE 'LISTEN%'";
    let row = db.client().await.query_one(listening, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_statement_ends_on_the_server_behind_a_pooler() {
    let db = TestDb::new().await;
    let login = login(&db).await;
    let Some(pooler) = Pooler::start(&db, &[&login]) else {
        return;
    };
    let service = program(&pooler, &login);
    let (account, _) = account_with_owner(&service, "Acme", ADA).await;
    let (client, blocker) = (db.client().await, db.client().await);
    let hold = "BEGIN; SELECT * FROM accounts FOR UPDATE";
    blocker.batch_execute(hold).await.unwrap();
    let stoppable = service.stoppable();
    let set = SetGrant {
        email: email(ADA),
        to: Grant::owner(),
        version: None,
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let count = async || {
        let row = client.query_one(waiting, &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    let request = write(account);
    let stopping = async {
        counted(&client, waiting).await;
        stoppable.stop().await;
    };
    let (written, ()) = tokio::join!(stoppable.set_grant(&request, &set), stopping);
    assert!(matches!(written, Err(ServiceError::Stopped)), "{written:?}");
    assert_eq!(count().await, 0);
    // A statement that waits is also cut off by the limits of its transaction.
    let late = service.set_grant(&write(account), &set).await;
    assert!(
        matches!(late, Err(ServiceError::Unavailable(_))),
        "{late:?}"
    );
    blocker.batch_execute("ROLLBACK").await.unwrap();
    for _ in 0..20 {
        service
            .list_invitations(&operator(), account)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_behind_a_pooler_asks_and_says_so() {
    let Some((installation, _pooler, _)) = acme().await else {
        return;
    };
    let mut terminal = console(&installation);
    terminal.see("no notifications: looks every 3 s");
    let set = ["member", "set", BOB, "--permission", "domains.view"];
    assert_eq!(installation.run(&set).code, 0);
    terminal.see("Custom · 1 of 13");
    // Esc ends a write that waits.
    let blocker = installation.db.client().await;
    let hold = "BEGIN; SELECT 1 FROM accounts FOR UPDATE";
    blocker.batch_execute(hold).await.unwrap();
    terminal.keys("jd");
    terminal.see("Remove access?");
    terminal.settle();
    terminal.keys(&["\t", ENTER].concat());
    terminal.see("Writing");
    terminal.keys(ESC);
    terminal.see("nothing was changed");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    terminal.settle();
    terminal.keys(ESC);
    terminal.see_gone("nothing was changed");
    terminal.settle();
    terminal.keys("jd");
    terminal.see("Remove access?");
    terminal.settle();
    terminal.keys(&["\t", ENTER].concat());
    terminal.see("1 user");
    terminal.keys("u");
    terminal.see("Take it back?");
    terminal.settle();
    terminal.keys(ENTER);
    terminal.see("2 users");
    terminal.keys("q");
    terminal.ends_within(Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_a_pooler_is_refused_in_one_sentence() {
    let Some((mut installation, pooler, login)) = acme().await else {
        return;
    };
    // Without the setting: doctor sees it, and a statement that is not there says it.
    installation.set("ROLLBOOK_DATABASE__POOLER", "none");
    let found = check(&installation, "pooler");
    assert_eq!(found["state"], "fail", "{found}");
    let mend = found["mend"].as_str().unwrap();
    assert!(mend.contains("database.pooler = \"transaction\""), "{mend}");
    let plan = ConnectPlan::parse(&pooler.dsn_as(&login)).unwrap();
    let service = service_on(plan.store(1, None).unwrap());
    let accounts = service.list_accounts(&operator()).await.unwrap();
    assert_eq!(accounts.len(), 1);
    // Somebody else takes the connection of the server that knows the statement.
    let (other, connection) = tokio_postgres::connect(&pooler.dsn_as(&login), NoTls)
        .await
        .unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    other.batch_execute("BEGIN").await.unwrap();
    let told = service.list_accounts(&operator()).await.unwrap_err();
    drop(other);
    assert!(
        told.to_string()
            .contains("database.pooler = \"transaction\""),
        "{told}"
    );
    // Nobody who sees past the wall, since nobody can become somebody else.
    installation.set("ROLLBOOK_DATABASE__POOLER", "transaction");
    installation.set("ROLLBOOK_DATABASE__URL", &pooler.dsn_as("rollbook"));
    let strong = installation.run(&["member", "list"]);
    assert_eq!(strong.code, 2, "{}", strong.err);
    assert!(strong.err.contains("row-level security"), "{}", strong.err);
    assert!(strong.err.contains("rollbook_login"), "{}", strong.err);
    // The schema is changed at the server itself.
    installation.set("ROLLBOOK_DATABASE__URL", &pooler.dsn_as(&login));
    installation.set("ROLLBOOK_DATABASE__OWNER_URL", "");
    let migrate = installation.run(&["migrate"]);
    assert_eq!(migrate.code, 2, "{}", migrate.err);
    assert!(migrate.err.contains("owner_url"), "{}", migrate.err);
    // A word that means nothing is named with those that do.
    installation.set("ROLLBOOK_DATABASE__POOLER", "statement");
    let unknown = installation.run(&["member", "list"]);
    assert_eq!(unknown.code, 2);
    for word in ["database.pooler", "none", "transaction"] {
        assert!(unknown.err.contains(word), "{}", unknown.err);
    }
}
