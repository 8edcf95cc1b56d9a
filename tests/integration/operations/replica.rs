//! The member list from a real streaming standby: as fresh as is promised, and never in the way.

use crate::support::{
    APP_ROLE, account_with_owner, custom, email, join, operator, program::Installation,
    server::Server, service_on, sign_in,
};
use nix::sys::signal::Signal;
use rollbook::{
    domain::{AccountId, Actor, Grant, MemberQuery, Seek},
    service::{Feed, News, Service, ServiceError, SetGrant, Write},
    store::{Store, dsn::ConnectPlan, migrate, roles},
};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::block_in_place};
use tokio_postgres::{Client, NoTls};

const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";
const CARL: &str = "carl@acme.example";
/// Long enough that a slow machine asks several times within.
const STALENESS: Duration = Duration::from_secs(3);

/// A primary with its standby, an account on it, and two programs: one that reads lists from the standby,
/// and one that knows nothing of it.
struct House {
    primary: Server,
    standby: Server,
    /// Looks behind the standby.
    behind: Client,
    service: Service,
    other: Service,
    account: AccountId,
}

async fn connected(dsn: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    tokio::runtime::Handle::current().spawn(connection);
    client
}

fn store(server: &Server) -> Store {
    let plan = ConnectPlan::parse(&server.dsn("postgres")).unwrap();
    plan.store(4, Some(APP_ROLE)).unwrap()
}

impl House {
    async fn new() -> Self {
        let primary = block_in_place(Server::new);
        let mut owner = connected(&primary.dsn("postgres")).await;
        migrate::run(&mut owner).await.unwrap();
        roles::prepare(&owner, APP_ROLE).await.unwrap();
        let standby = block_in_place(|| primary.standby());
        let other = service_on(store(&primary));
        let (account, _) = account_with_owner(&other, "Acme", ADA).await;
        join(&other, account, BOB, custom(&["domains.view"])).await;
        let service = service_on(store(&primary)).with_replica(store(&standby), STALENESS);
        Self {
            behind: connected(&standby.dsn("postgres")).await,
            primary,
            standby,
            service,
            other,
            account,
        }
    }

    /// The members' addresses with the sizes of their grants, as the program with the standby lists them.
    async fn list(&self, actor: &Actor) -> Result<Vec<(String, usize)>, ServiceError> {
        let query = MemberQuery::default();
        let first = (&Seek::First, 50);
        let page = self
            .service
            .list_members(actor, self.account, &query, first)
            .await?;
        let row = |member: &rollbook::domain::Member| {
            let keys = member.grant.permissions.iter().count();
            (member.email.to_string(), keys)
        };
        Ok(page.rows.iter().map(row).collect())
    }

    async fn has(&self, address: &str) -> bool {
        let list = self.list(&operator()).await.unwrap();
        list.iter().any(|(email, _)| email == address)
    }

    /// Lists until the page comes from the standby: one that was of no use is left alone for a while.
    async fn served_by_the_standby(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let before = self.asked().await;
            self.list(&operator()).await.unwrap();
            if self.asked().await > before {
                return;
            }
            assert!(Instant::now() < until, "never served by the standby");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// When the standby was asked for a page last.
    async fn asked(&self) -> Option<std::time::SystemTime> {
        let sql = "SELECT max(query_start) FROM pg_stat_activity
            WHERE application_name = 'rollbook' AND query LIKE '%account_members%'";
        self.behind.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn replay(&self, word: &str) {
        let sql = format!("SELECT pg_wal_replay_{word}()");
        self.behind.batch_execute(&sql).await.unwrap();
        // A pause is asked for, and comes at the next record.
        let paused = "SELECT pg_get_wal_replay_pause_state() = 'pause requested'";
        while self
            .behind
            .query_one(paused, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn write(&self) -> Write {
        Write::new(&operator(), self.account)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_as_old_as_is_promised_and_no_older() {
    let house = House::new().await;
    house.served_by_the_standby().await;
    house.replay("pause").await;
    // What another program writes may be missing for a while: it is the standby that answers.
    let known = Instant::now();
    house.list(&operator()).await.unwrap();
    let removed = house
        .other
        .remove_member(&house.write(), &email(BOB), None)
        .await;
    removed.unwrap();
    assert!(house.has(BOB).await, "{:?}", known.elapsed());
    let written = Instant::now();
    while house.has(BOB).await {
        assert!(
            written.elapsed() < STALENESS + Duration::from_secs(1),
            "a page is too old"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The count is of the same age.
    let query = MemberQuery::default();
    let counted = house
        .service
        .count_members(&operator(), house.account, &query, 100)
        .await;
    assert_eq!(counted.unwrap(), 1);
    house.replay("resume").await;
    house.served_by_the_standby().await;
    assert!(!house.has(BOB).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_wrote_or_was_told_is_in_the_next_page() {
    let house = House::new().await;
    house.served_by_the_standby().await;
    house.replay("pause").await;
    let set = SetGrant {
        email: email(BOB),
        to: custom(&["domains.view", "emails.view"]),
        version: None,
    };
    let set = house.service.set_grant(&house.write(), &set).await;
    set.unwrap();
    let list = house.list(&operator()).await.unwrap();
    assert!(list.contains(&(BOB.to_owned(), 2)), "{list:?}");
    house.replay("resume").await;
    house.served_by_the_standby().await;

    // Told by the database.
    let ada = sign_in(&house.other, ADA).await;
    let (sender, mut news) = mpsc::channel(64);
    let told = async {
        while news.recv().await != Some(News::Feed(Feed::Told)) {}
        assert!(matches!(news.recv().await, Some(News::Changed(_))));
        house.served_by_the_standby().await;
        house.replay("pause").await;
        join(&house.other, house.account, CARL, Grant::full()).await;
        loop {
            let Some(News::Changed(topics)) = news.recv().await else {
                panic!("the watch has ended");
            };
            let seen = house.has(CARL).await;
            if topics.members && seen {
                break;
            }
            assert!(!topics.members, "told, and not in the page");
        }
        drop(news);
    };
    let watching = house.service.watch(&ada.actor, house.account, sender);
    let (watched, ()) = tokio::join!(watching, told);
    watched.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_sees_nothing_however_old_the_standby_is() {
    let house = House::new().await;
    let set = SetGrant {
        email: email(BOB),
        to: custom(&["members.view"]),
        version: None,
    };
    let set = house.other.set_grant(&house.write(), &set).await;
    set.unwrap();
    let bob = sign_in(&house.other, BOB).await.actor;
    house.served_by_the_standby().await;
    house.replay("pause").await;
    assert_eq!(house.list(&bob).await.unwrap().len(), 2);
    let removed = house
        .other
        .remove_member(&house.write(), &email(BOB), None)
        .await;
    removed.unwrap();
    let listed = house.list(&bob).await;
    assert!(
        matches!(listed, Err(ServiceError::NotSignedIn(_))),
        "{listed:?}"
    );
    // The standby would still have shown it.
    assert!(house.has(BOB).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_gone_is_in_nobodys_way() {
    let house = House::new().await;
    house.served_by_the_standby().await;
    let primary = house.primary.dsn("postgres");
    let mut installation = Installation::new().await;
    installation.set("ROLLBOOK_DATABASE__URL", &primary);
    let replica = house.standby.dsn("postgres");
    installation.set("ROLLBOOK_DATABASE__REPLICA_URL", &replica);
    let about = || {
        let checks = installation.run(&["doctor", "--json"]);
        let checks: Value = serde_json::from_str(&checks.out).unwrap();
        let mut checks = checks.as_array().unwrap().iter();
        checks
            .find(|check| check["check"] == "replica")
            .unwrap()
            .clone()
    };
    assert_eq!(about()["state"], "ok", "{}", about());
    house.replay("pause").await;
    let filler = "CREATE TABLE filler AS SELECT generate_series(1, 1000)";
    let owner = connected(&primary).await;
    owner.batch_execute(filler).await.unwrap();
    let behind = about();
    assert!(
        behind["found"].as_str().unwrap().contains("bytes behind"),
        "{behind}"
    );
    house.replay("resume").await;
    house.served_by_the_standby().await;
    frozen(&house).await;

    // Made a primary of its own it is no standby any more.
    block_in_place(|| house.standby.promote());
    assert_eq!(
        about()["found"],
        "is no standby: lists are read on the primary"
    );
    let removed = house
        .other
        .remove_member(&house.write(), &email(BOB), None)
        .await;
    removed.unwrap();
    assert!(!house.has(BOB).await);

    // And gone.
    block_in_place(|| house.standby.kill());
    for _ in 0..10 {
        assert!(house.has(ADA).await);
    }
    let gone = about();
    assert_eq!(gone["state"], "warn", "{gone}");
    assert_eq!(
        installation
            .run(&["member", "list", "--account", "Acme"])
            .code,
        0
    );
}

/// One page takes as long as the standby is given, the others no time.
async fn frozen(house: &House) {
    house.standby.tell(Signal::SIGSTOP);
    let mut waits = Vec::new();
    for _ in 0..10 {
        let since = Instant::now();
        assert!(house.has(BOB).await);
        waits.push(since.elapsed());
    }
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(3)));
    let whole: Duration = waits.iter().sum();
    assert!(whole < Duration::from_secs(4), "{waits:?}");
    house.standby.tell(Signal::SIGCONT);
    house.served_by_the_standby().await;
}
