//! Two owners who go at once, by every way there is: the account never has no owner, not even for
//! the moment between two commits.

use crate::support::{TestDb, account_with_owner, email, operator, service, sign_in};
use rollbook::{
    domain::{AccountId, Grant},
    service::{Conflict, ServiceError, SetGrant, SignInFault, Write},
};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 25;
/// Off, so that the service's own lock is all that stands there.
const WITHOUT_TRIGGER: &str = "ALTER TABLE memberships DISABLE TRIGGER memberships_owner";
const OWNERLESS: &str = "SELECT count(*) FROM accounts a WHERE NOT EXISTS (
    SELECT 1 FROM memberships m WHERE m.account_id = a.id AND m.role = 'owner')";

/// An account that these people own; those without a platform user get one.
async fn account_of(client: &mut Client, people: &[&str]) -> AccountId {
    let account = uuid::Uuid::now_v7();
    let tx = client.transaction().await.unwrap();
    let sql = "INSERT INTO accounts (id, name) VALUES ($1, 'Acme ' || gen_random_uuid())";
    tx.execute(sql, &[&account]).await.unwrap();
    for person in people {
        tx.execute(
            "INSERT INTO users (id, email, email_key, name, password_hash)
             VALUES (gen_random_uuid(), $1, $1, 'Somebody', '-') ON CONFLICT DO NOTHING",
            &[person],
        )
        .await
        .unwrap();
        tx.execute(
            "INSERT INTO memberships (account_id, user_id, role)
             SELECT $1, id, 'owner' FROM users WHERE email_key = $2",
            &[&account, person],
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    AccountId(account)
}

async fn owners(client: &Client, account: AccountId) -> i64 {
    let sql = "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'owner'";
    client.query_one(sql, &[&account.0]).await.unwrap().get(0)
}

/// Looks for an account without an owner, over and over; gives how often it looked.
async fn watch(db: &TestDb) -> (CancellationToken, JoinHandle<u32>) {
    let (client, stop) = (db.client().await, CancellationToken::new());
    let stopped = stop.clone();
    let watcher = tokio::runtime::Handle::current().spawn(async move {
        let mut looks = 0;
        while !stopped.is_cancelled() {
            let ownerless: i64 = client.query_one(OWNERLESS, &[]).await.unwrap().get(0);
            assert_eq!(ownerless, 0, "an account without an owner was seen");
            looks += 1;
        }
        looks
    });
    (stop, watcher)
}

fn step_down(person: &str) -> SetGrant {
    SetGrant {
        email: email(person),
        to: Grant::full(),
        version: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_of_two_owners_who_leave_and_step_down_at_once_one_stays() {
    for trigger in ["", WITHOUT_TRIGGER] {
        let db = TestDb::new().await;
        let (service, mut client) = (service(&db), db.client().await);
        account_with_owner(&service, "Bob's", "bob@example.org").await;
        account_with_owner(&service, "Ada's", "ada@example.org").await;
        let ada = sign_in(&service, "ada@example.org").await;
        let bob = sign_in(&service, "bob@example.org").await;
        client.batch_execute(trigger).await.unwrap();
        let (stop, watcher) = watch(&db).await;
        for round in 0..ROUNDS {
            let account = account_of(&mut client, &["ada@example.org", "bob@example.org"]).await;
            let by_ada = Write::new(&ada.actor, account);
            let by_bob = Write::new(&bob.actor, account);
            let ada_address = email("ada@example.org");
            let leave = service.remove_member(&by_ada, &ada_address, None);
            let (left, other) = if round % 2 == 0 {
                let set = step_down("bob@example.org");
                let (left, stepped) = tokio::join!(leave, service.set_grant(&by_bob, &set));
                (left.map(drop), stepped.map(drop))
            } else {
                let bob_address = email("bob@example.org");
                let leave_too = service.remove_member(&by_bob, &bob_address, None);
                let (left, left_too) = tokio::join!(leave, leave_too);
                (left.map(drop), left_too.map(drop))
            };
            assert!(left.is_ok() != other.is_ok(), "{left:?} {other:?}");
            let lost = left.err().or(other.err()).unwrap();
            assert!(
                matches!(lost, ServiceError::Conflict(Conflict::LastOwner)),
                "{lost:?}"
            );
            assert_eq!(owners(&client, account).await, 1);
        }
        stop.cancel();
        assert!(watcher.await.unwrap() > 0);
    }
}

/// The database's owner deletes a user while the service takes the other owner away.
async fn deletion_against(isolation: &str, steps_down: bool) {
    let db = TestDb::new().await;
    let (service, mut client, deleting) = (service(&db), db.client().await, db.client().await);
    let (stop, watcher) = watch(&db).await;
    let (mut deleted, mut removed) = (0, 0);
    for round in 0..ROUNDS {
        let (one, other) = (
            format!("one{round}@example.org"),
            format!("other{round}@example.org"),
        );
        let account = account_of(&mut client, &[&one, &other]).await;
        let write = Write::new(&operator(), account);
        let delete = async {
            let begin = format!("BEGIN ISOLATION LEVEL {isolation}; SELECT count(*) FROM users");
            deleting.batch_execute(&begin).await.unwrap();
            tokio::time::sleep(Duration::from_millis(round as u64 % 5 * 2)).await;
            let gone = deleting
                .execute("DELETE FROM users WHERE email_key = $1", &[&one])
                .await;
            let end = if gone.is_ok() { "COMMIT" } else { "ROLLBACK" };
            let ended = deleting.batch_execute(end).await;
            gone.is_ok() && ended.is_ok()
        };
        let remove = async {
            if steps_down {
                let set = step_down(&other);
                service.set_grant(&write, &set).await.map(drop)
            } else {
                let address = email(&other);
                service
                    .remove_member(&write, &address, None)
                    .await
                    .map(drop)
            }
        };
        let (was_deleted, was_removed) = tokio::join!(delete, remove);
        assert!(
            !(was_deleted && was_removed.is_ok()),
            "{isolation}: both went in round {round}"
        );
        assert_ne!(owners(&client, account).await, 0);
        deleted += usize::from(was_deleted);
        removed += usize::from(was_removed.is_ok());
    }
    stop.cancel();
    assert!(watcher.await.unwrap() > 0);
    assert!(deleted + removed > ROUNDS / 2, "{deleted} {removed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_a_deleted_user_and_a_removed_owner_leave_an_owner() {
    deletion_against("READ COMMITTED", false).await;
    deletion_against("REPEATABLE READ", false).await;
    deletion_against("SERIALIZABLE", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_a_deleted_user_and_an_owner_who_steps_down_leave_an_owner() {
    deletion_against("READ COMMITTED", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_an_old_snapshot_does_not_take_the_last_owner_away() {
    for isolation in ["REPEATABLE READ", "SERIALIZABLE"] {
        deletion_against(isolation, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_a_removal_against_a_removal_of_the_remover_knows_its_loser() {
    let db = TestDb::new().await;
    let (service, mut client) = (service(&db), db.client().await);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    let bob = sign_in(&service, "bob@example.org").await;
    for _ in 0..ROUNDS {
        let account = account_of(&mut client, &["bob@example.org", "ada@example.org"]).await;
        let (by_bob, by_operator) = (
            Write::new(&bob.actor, account),
            Write::new(&operator(), account),
        );
        let (ada, own) = (email("ada@example.org"), email("bob@example.org"));
        let (first, second) = tokio::join!(
            service.remove_member(&by_bob, &ada, None),
            service.remove_member(&by_operator, &own, None),
        );
        match (first, second) {
            (Ok(_), Err(ServiceError::Conflict(Conflict::LastOwner)))
            | (Err(ServiceError::NotSignedIn(SignInFault::NoMember)), Ok(_)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(owners(&client, account).await, 1);
    }
}
