//! What others change is told to whoever watches, once, and to nobody else.

use crate::support::{
    TestDb, account_with_owner, counted, custom, email, invite, join, operator, service, sign_in,
};
use rollbook::{
    domain::{AccountId, Actor, Grant},
    service::{Feed, News, Service, ServiceError, SetGrant, SignInFault, Topics, Write},
};
use std::time::{Duration, Instant};
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::JoinHandle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);

struct Watching {
    news: Receiver<News>,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl Watching {
    /// Watches, and has heard that everything may have changed.
    async fn begin(service: &Service, actor: &Actor, account: AccountId) -> Self {
        let (sender, news) = channel(64);
        let (service, actor) = (service.clone(), actor.clone());
        let watch = async move { service.watch(&actor, account, sender).await };
        let task = tokio::runtime::Handle::current().spawn(watch);
        let mut watching = Self { news, task };
        assert_eq!(watching.next().await, News::Feed(Feed::Told));
        let all = Topics {
            members: true,
            invitations: true,
            presence: true,
        };
        assert_eq!(watching.next().await, News::Changed(all));
        watching
    }

    async fn next(&mut self) -> News {
        timeout(SOON, self.news.recv()).await.unwrap().unwrap()
    }

    /// What changes until nothing more comes for a while, all together.
    async fn gather(&mut self) -> (Topics, usize) {
        let (mut all, mut count) = (Topics::default(), 0);
        while let Ok(Some(news)) = timeout(Duration::from_millis(300), self.news.recv()).await {
            let News::Changed(topics) = news else {
                panic!("{news:?}");
            };
            all.members |= topics.members;
            all.invitations |= topics.invitations;
            all.presence |= topics.presence;
            count += 1;
        }
        (all, count)
    }
}

fn write(account: AccountId) -> Write {
    Write::new(&operator(), account)
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_each_change_is_told_to_its_own_account() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let (other, _) = account_with_owner(&service, "Other", "olga@other.example").await;
    join(&service, acme, "bob@acme.example", Grant::full()).await;
    let ada = sign_in(&service, "ada@acme.example").await;
    let olga = sign_in(&service, "olga@other.example").await;
    let mut ours = Watching::begin(&service, &ada.actor, acme).await;
    let mut theirs = Watching::begin(&service, &olga.actor, other).await;

    let began = Instant::now();
    invite(&service, &write(acme), "carl@acme.example", Grant::full()).await;
    let first = ours.next().await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let News::Changed(first) = first else {
        panic!("{first:?}");
    };
    assert!(first.invitations && !first.presence, "{first:?}");
    ours.gather().await;

    // Somebody else's grant is no news of one's own presence; one's own is.
    let set = SetGrant {
        email: email("bob@acme.example"),
        to: custom(&["domains.view"]),
        version: None,
    };
    service.set_grant(&write(acme), &set).await.unwrap();
    let (bobs, _) = ours.gather().await;
    assert!(bobs.members && !bobs.presence, "{bobs:?}");
    service.rename_myself(&ada.actor, "Ada L").await.unwrap();
    let (mine, _) = ours.gather().await;
    assert!(mine.members && mine.presence, "{mine:?}");
    assert_eq!(theirs.gather().await, (Topics::default(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_a_burst_is_told_in_few_words() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    join(&service, acme, "bob@acme.example", Grant::full()).await;
    let ada = sign_in(&service, "ada@acme.example").await;
    let mut watching = Watching::begin(&service, &ada.actor, acme).await;
    let client = db.client().await;
    let began = Instant::now();
    for _ in 0..1000 {
        let change = "UPDATE memberships SET version = version + 1";
        client.batch_execute(change).await.unwrap();
    }
    let took = began.elapsed();
    let (topics, words) = watching.gather().await;
    assert!(topics.members);
    // One word in 20 ms at most, however many changes there are.
    let most = took.as_millis() / 20 + 20;
    assert!((words as u128) < most, "{words} words in {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_what_was_missed_while_the_connection_was_broken_is_caught_up() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let ada = sign_in(&service, "ada@acme.example").await;
    let mut watching = Watching::begin(&service, &ada.actor, acme).await;
    db.shut().await;
    assert_eq!(watching.next().await, News::Feed(Feed::Asking));
    db.open().await;
    let mut told = false;
    loop {
        match watching.next().await {
            News::Feed(feed) => told = feed == Feed::Told,
            News::Changed(topics) => {
                assert!(told && topics.members && topics.invitations && topics.presence);
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_the_end_of_a_session_and_of_a_membership_is_told() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let ada = sign_in(&service, "ada@acme.example").await;
    let elsewhere = sign_in(&service, "ada@acme.example").await;
    let mut watching = Watching::begin(&service, &ada.actor, acme).await;
    service.sign_out_everywhere(&elsewhere.actor).await.unwrap();
    let (topics, _) = watching.gather().await;
    assert!(topics.presence, "{topics:?}");
    // Who has no session any more gets no new connection either.
    db.shut().await;
    db.open().await;
    let ended = timeout(SOON, async {
        while watching.news.recv().await.is_some() {}
        watching.task.await.unwrap()
    });
    let ended = ended.await.unwrap();
    assert!(
        matches!(ended, Err(ServiceError::NotSignedIn(SignInFault::Ended))),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_stopped_ends_on_the_server_and_spoils_no_connection() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, actor) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let client = db.client().await;
    let blocker = db.client().await;
    blocker
        .batch_execute("BEGIN; SELECT * FROM accounts FOR UPDATE")
        .await
        .unwrap();
    let stoppable = service.stoppable();
    let set = SetGrant {
        email: email("ada@acme.example"),
        to: Grant::owner(),
        version: None,
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let request = write(acme);
    let held_up = stoppable.set_grant(&request, &set);
    let stopping = async {
        counted(&client, waiting).await;
        let since = Instant::now();
        stoppable.stop().await;
        while count(waiting).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        since.elapsed()
    };
    let (written, took) = tokio::join!(held_up, stopping);
    assert!(matches!(written, Err(ServiceError::Stopped)), "{written:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Nothing begins under a handle that was stopped, and everything else goes on.
    let late = stoppable.still_in(&actor, acme).await;
    assert!(matches!(late, Err(ServiceError::Stopped)), "{late:?}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    for _ in 0..20 {
        service.list_invitations(&actor, acme).await.unwrap();
    }
    let idle = "SELECT count(*) FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
    assert_eq!(count(idle).await, 0);
}
