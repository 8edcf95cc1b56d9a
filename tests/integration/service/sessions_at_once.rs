//! A session that ends while its writer is writing: the end waits, or the write does not happen.

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, join, operator, password, service, sign_in,
};
use rollbook::{
    domain::Grant,
    service::{Limits, SendInvitation, Service, SetGrant, SignedIn, Write},
};
use secrecy::SecretString;
use std::time::Duration;
use tokio_postgres::Client;

/// How many statements of this test's database wait for a lock.
async fn waiting(client: &Client) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Looks until it is so, or 2 seconds have passed.
async fn settles(mut so: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..200 {
        if so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// Somebody who may invite and owns nothing, signed in.
async fn manager(service: &Service) -> SignedIn {
    let (account, _) = account_with_owner(service, "Acme", "ada@example.org").await;
    let grant = custom(&["members.manage", "invoices.pay"]);
    join(service, account, "meg@example.org", grant).await;
    sign_in(service, "meg@example.org").await
}

/// Stops a write of `writer` after its authority was read, ends the session meanwhile, and tells
/// whether the write was kept although the end had been answered before.
async fn kept_after(
    (db, service, writer): (&TestDb, &Service, &SignedIn),
    end: impl Future<Output = ()> + Send + 'static,
) -> bool {
    let (mut blocker, watcher) = (db.client().await, db.client().await);
    let account = writer.accounts.first().unwrap().id;
    let blocking = blocker.transaction().await.unwrap();
    let lock = "LOCK TABLE outbox IN EXCLUSIVE MODE";
    blocking.batch_execute(lock).await.unwrap();
    let (service, write) = (service.clone(), Write::new(&writer.actor, account));
    let runtime = tokio::runtime::Handle::current();
    let writing = runtime.spawn(async move {
        let send = SendInvitation {
            email: email("new@example.org"),
            grant: custom(&["invoices.pay"]),
            limits: Limits::Enforced,
        };
        service.send_invitation(&write, &send).await.is_ok()
    });
    assert!(settles(async || waiting(&watcher).await == 1).await);
    let ending = runtime.spawn(end);
    assert!(settles(async || ending.is_finished() || waiting(&watcher).await == 2).await);
    let ended_first = ending.is_finished();
    blocking.commit().await.unwrap();
    ending.await.unwrap();
    writing.await.unwrap() && ended_first
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_no_write_is_kept_after_its_session_was_ended() {
    let db = TestDb::new().await;
    let service = service(&db);
    let writer = manager(&service).await;
    let (ending, actor) = (service.clone(), writer.actor.clone());
    let sign_out = async move { ending.sign_out(&actor).await.unwrap() };
    assert!(!kept_after((&db, &service, &writer), sign_out).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_no_write_is_kept_after_the_password_was_changed_elsewhere() {
    let db = TestDb::new().await;
    let service = service(&db);
    let writer = manager(&service).await;
    let elsewhere = service
        .sign_in("meg@example.org", &password(), &entry())
        .await
        .unwrap();
    let ending = service.clone();
    let change = async move {
        let (old, new) = (password(), SecretString::from("a whole new set of words"));
        let changed = ending.change_password(&elsewhere.actor, &old, &new).await;
        changed.unwrap();
    };
    assert!(!kept_after((&db, &service, &writer), change).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_an_owner_signs_in_while_somebody_writes_to_the_account() {
    let db = TestDb::new().await;
    let (service, mut blocker) = (service(&db), db.client().await);
    account_with_owner(&service, "Acme", "ada@example.org").await;
    let blocking = blocker.transaction().await.unwrap();
    let lock = "SELECT 1 FROM accounts FOR UPDATE";
    blocking.batch_execute(lock).await.unwrap();
    let signed_in = service
        .sign_in("ada@example.org", &password(), &entry())
        .await;
    assert!(signed_in.is_ok(), "{:?}", signed_in.err());
    drop(blocking);
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_login_and_a_change_of_the_same_owner_never_wait_for_each_other() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    join(&service, account, "bob@example.org", Grant::full()).await;
    tokio::join!(
        async {
            for _ in 0..30 {
                sign_in(&service, "bob@example.org").await;
            }
        },
        async {
            for round in 0..150 {
                let set = SetGrant {
                    email: email("bob@example.org"),
                    to: if round % 2 == 0 {
                        Grant::owner()
                    } else {
                        Grant::full()
                    },
                    version: None,
                };
                let write = Write::new(&operator(), account);
                service.set_grant(&write, &set).await.unwrap();
            }
        }
    );
}
