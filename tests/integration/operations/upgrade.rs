//! From every released schema to the newest: nothing is lost, the program works on it, and a way that
//! is cut short can be gone again.

use super::released::{GUEST, OWNER, Released, migrations, rows};
use crate::support::{
    counted, custom, email, entry, invite, program::Installation, register, service, sign_in,
};
use rollbook::{
    domain::{AccountId, Actor, Cursor, MemberQuery, Seek},
    service::{Service, Write},
    store::migrate,
};
use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};
use tokio_postgres::Client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");

/// Keeps a copy of every table as it was.
async fn keep(client: &Client) {
    let sql = "DO $$ DECLARE t text; BEGIN
        CREATE SCHEMA before;
        FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        LOOP EXECUTE format('CREATE TABLE before.%I AS SELECT * FROM public.%I', t, t); END LOOP;
        END $$";
    client.batch_execute(sql).await.unwrap();
}

/// What is not as it was: tables and columns that are gone, and rows that are gone, new or changed.
async fn lost(client: &Client) -> Vec<String> {
    let columns = "SELECT b.table_name::text AS name, string_agg(quote_ident(a.column_name), ', '
                ORDER BY a.ordinal_position) AS kept,
            array_agg(b.column_name::text) FILTER (WHERE a.column_name IS NULL) AS gone
        FROM information_schema.columns b LEFT JOIN information_schema.columns a
            ON a.table_schema = 'public' AND a.table_name = b.table_name AND a.column_name = b.column_name
        WHERE b.table_schema = 'before' GROUP BY 1 ORDER BY 1";
    let mut lost = Vec::new();
    for row in client.query(columns, &[]).await.unwrap() {
        let name: String = row.get("name");
        for column in row
            .get::<_, Option<Vec<String>>>("gone")
            .unwrap_or_default()
        {
            lost.push(format!("{name}.{column}"));
        }
        let Some(kept) = row.get::<_, Option<String>>("kept") else {
            continue;
        };
        let more = if name == "schema_migrations" {
            "WHERE version IN (SELECT version FROM before.schema_migrations)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT count(*) FROM (
                (SELECT {kept} FROM before.{name} EXCEPT ALL SELECT {kept} FROM public.{name})
                UNION ALL
                (SELECT {kept} FROM public.{name} {more} EXCEPT ALL SELECT {kept} FROM before.{name})) differ"
        );
        let differ: i64 = client.query_one(&sql, &[]).await.unwrap().get(0);
        if differ > 0 {
            lost.push(format!("{differ} rows of {name}"));
        }
    }
    lost
}

/// The columns that migrations take away on purpose, and by which: what was in them is asked for where
/// the program is tried.
const MOVED: [(i32, &str); 1] = [(2, "users.last_account_id")];

fn moved(from: i32) -> Vec<String> {
    moved_by(from, migrate::newest())
}

fn moved_by(from: i32, to: i32) -> Vec<String> {
    let gone = MOVED.iter().filter(|(by, _)| (from + 1..=to).contains(by));
    gone.map(|(_, column)| (*column).to_owned()).collect()
}

fn migrating(installation: &Installation) -> Child {
    let mut command = installation.command(Path::new(PROGRAM));
    command
        .arg("migrate")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The people of an upgraded installation go on with what they were doing.
async fn goes_on(released: &Released) {
    let service = service(&released.installation.db);
    let signed_in = sign_in(&service, OWNER).await;
    let first = &signed_in.accounts;
    assert_eq!(first.len(), 2, "{first:?}");
    if released.version == 1 {
        assert_eq!(first[0].name.as_str(), "Account 2", "the one used last");
    }
    let account = first
        .iter()
        .find(|account| account.name.as_str() == "Account 1");
    let (account, members) = account.map(|a| (a.id, a.members)).unwrap();
    let again = service.resume(&released.session, &entry()).await.unwrap();
    let actor = &again.actor;
    service.enter_account(actor, account).await.unwrap();
    assert_eq!(listed(&service, actor, account).await, members);
    let broken = service.verify_events(actor, account).await.unwrap();
    assert_eq!(
        broken, None,
        "the audit log of version {}",
        released.version
    );
    let invitations = service.list_invitations(actor, account).await.unwrap();
    assert!(invitations.iter().any(|i| i.email.as_str() == GUEST));
    register(&service, &released.link, "Guest").await;
    let write = Write::new(actor, account);
    invite(&service, &write, "new@x.example", custom(&["domains.view"])).await;
    let write = Write::new(actor, account);
    let guest = email(GUEST);
    service.remove_member(&write, &guest, None).await.unwrap();
    assert_eq!(service.verify_events(actor, account).await.unwrap(), None);
}

async fn listed(service: &Service, actor: &Actor, account: AccountId) -> i64 {
    let query = MemberQuery::default();
    let (mut seek, mut count) = (Seek::First, 0);
    loop {
        let page = service
            .list_members(actor, account, &query, (&seek, 1000))
            .await
            .unwrap();
        count += page.rows.len();
        if !page.more_after {
            return i64::try_from(count).unwrap();
        }
        seek = Seek::After(Cursor::of(page.rows.last().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_released_schema_is_brought_to_the_newest_with_its_data() {
    for (version, _) in migrations() {
        let released = Released::of(version).await;
        let client = released.installation.db.client().await;
        keep(&client).await;
        let since = Instant::now();
        let ran = released.installation.run(&["migrate"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        eprintln!(
            "from version {version}: {} members in {:?}",
            rows(),
            since.elapsed()
        );
        assert_eq!(
            lost(&client).await,
            moved(version),
            "from version {version}"
        );
        goes_on(&released).await;
    }
}

/// How often a migration is cut short: `ROLLBOOK_TEST_ROUNDS`, else a few times.
fn rounds() -> u32 {
    let asked = std::env::var("ROLLBOOK_TEST_ROUNDS").ok();
    asked.map_or(20, |rounds| rounds.parse().unwrap())
}

/// How a migration is cut short.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// `kill -9` of the program.
    Killed,
    /// The server ends its session, as when it restarts.
    Terminated,
}

impl Cut {
    async fn off(self, (program, server): (&mut Child, &Client), name: &str) {
        match self {
            Self::Killed => program.kill().unwrap(),
            Self::Terminated => {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = $1 AND pid <> pg_backend_pid()";
                server.execute(sql, &[&name]).await.unwrap();
            }
        }
        program.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_cut_short_can_be_started_again() {
    let first = migrations().first().unwrap().0;
    let released = Released::of(first).await.installation;
    keep(&released.db.client().await).await;
    let installation = || async { Installation::on(released.db.copy().await) };
    let since = Instant::now();
    let whole = installation().await;
    let copied = since.elapsed();
    assert_eq!(whole.run(&["migrate"]).code, 0);
    let takes = since.elapsed().saturating_sub(copied);
    let server = whole.db.client().await;
    let mut versions = std::collections::BTreeMap::new();
    for round in 0..rounds() {
        let installation = installation().await;
        let db = &installation.db;
        let cut = [Cut::Killed, Cut::Terminated][usize::try_from(round % 2).unwrap()];
        let mut program = migrating(&installation);
        tokio::time::sleep(takes * round / rounds()).await;
        cut.off((&mut program, &server), db.name()).await;
        let client = db.client().await;
        let reached = migrate::version(&client).await.unwrap();
        *versions.entry(reached).or_insert(0) += 1;
        assert_eq!(
            lost(&client).await,
            moved_by(first, reached),
            "{cut:?}, round {round}"
        );
        let again = installation.run(&["migrate"]);
        assert_eq!(again.code, 0, "{cut:?}, round {round}: {}", again.err);
        assert_eq!(migrate::version(&client).await.unwrap(), migrate::newest());
        assert_eq!(lost(&client).await, moved(first), "{cut:?}, round {round}");
    }
    eprintln!("cut short at versions {versions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_programs_migrate_at_once() {
    let released = Released::of(migrations().first().unwrap().0)
        .await
        .installation;
    let client = released.db.client().await;
    keep(&client).await;
    let programs: Vec<Child> = (0..5).map(|_| migrating(&released)).collect();
    for mut program in programs {
        assert!(program.wait().unwrap().success());
    }
    assert_eq!(lost(&client).await, moved(1));
    assert_eq!(migrate::version(&client).await.unwrap(), migrate::newest());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_lets_others_through_while_it_waits_for_a_table() {
    let released = Released::of(migrations().first().unwrap().0)
        .await
        .installation;
    let (mut backup, reader) = (released.db.client().await, released.db.client().await);
    let reading = backup.transaction().await.unwrap();
    reading
        .query_one("SELECT count(*) FROM memberships", &[])
        .await
        .unwrap();
    let mut program = migrating(&released);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    counted(&reader, waits).await;
    let since = Instant::now();
    reader
        .query_one("SELECT count(*) FROM memberships", &[])
        .await
        .unwrap();
    // Less than the three seconds after which a console gives up.
    assert!(
        since.elapsed() < Duration::from_millis(2900),
        "{:?}",
        since.elapsed()
    );
    reading.rollback().await.unwrap();
    assert!(program.wait().unwrap().success());
    assert_eq!(migrate::version(&reader).await.unwrap(), migrate::newest());
}
