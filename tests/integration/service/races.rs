//! What two people do at once, on many connections: each outcome is counted.

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, invite, join, operator, password, service,
    sign_in, token_of,
};
use futures_util::future::join_all;
use rollbook::{
    domain::{AccountId, Grant, InvitationToken},
    service::{
        Conflict, Dead, Limits, Registration, SendInvitation, Service, ServiceError, SetGrant,
        SignInFault, Write,
    },
};
use std::time::Duration;
use tokio_postgres::Client;

const ROUNDS: usize = 25;

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// An account that ada and bob own.
async fn two_owners(service: &Service, client: &Client, name: &str) -> AccountId {
    let (account, _) = account_with_owner(service, name, "ada@example.org").await;
    client
        .execute(
            "INSERT INTO memberships (account_id, user_id, role)
             SELECT $1, id, 'owner' FROM users WHERE email_key = 'bob@example.org'",
            &[&account.0],
        )
        .await
        .unwrap();
    account
}

async fn owners(client: &Client, account: AccountId) -> i64 {
    let sql = "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'owner'";
    client.query_one(sql, &[&account.0]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_two_owners_who_remove_each_other_leave_one() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    account_with_owner(&service, "Ada's", "ada@example.org").await;
    let ada = sign_in(&service, "ada@example.org").await;
    let bob = sign_in(&service, "bob@example.org").await;
    for round in 0..ROUNDS {
        let account = two_owners(&service, &client, &format!("Acme {round}")).await;
        let by_ada = Write::new(&ada.actor, account);
        let by_bob = Write::new(&bob.actor, account);
        let (ada_address, bob_address) = (email("ada@example.org"), email("bob@example.org"));
        let (first, second) = tokio::join!(
            service.remove_member(&by_ada, &bob_address, None),
            service.remove_member(&by_bob, &ada_address, None),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let gone = SignInFault::NoMember;
        let lost = first.err().or(second.err()).unwrap();
        assert!(
            matches!(&lost, ServiceError::NotSignedIn(fault) if *fault == gone),
            "{lost:?}"
        );
        assert_eq!(owners(&client, account).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_a_removal_against_a_step_down_leaves_one_owner() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    account_with_owner(&service, "Ada's", "ada@example.org").await;
    let bob = sign_in(&service, "bob@example.org").await;
    for round in 0..ROUNDS {
        let account = two_owners(&service, &client, &format!("Acme {round}")).await;
        let (removal, own) = (
            Write::new(&operator(), account),
            Write::new(&bob.actor, account),
        );
        let step_down = SetGrant {
            email: email("bob@example.org"),
            to: Grant::full(),
            version: None,
        };
        let ada = email("ada@example.org");
        let (removed, stepped) = tokio::join!(
            service.remove_member(&removal, &ada, None),
            service.set_grant(&own, &step_down),
        );
        assert!(
            removed.is_ok() != stepped.is_ok(),
            "{removed:?} {stepped:?}"
        );
        let lost = removed.err().or(stepped.err()).unwrap();
        assert!(
            matches!(lost, ServiceError::Conflict(Conflict::LastOwner)),
            "{lost:?}"
        );
        assert_eq!(owners(&client, account).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_many_clicks_on_one_link_make_one_user_and_one_member() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let write = Write::new(&operator(), account);
    let sent = invite(&service, &write, "bob@example.org", Grant::full()).await;
    let token = token_of(&service, &Write::new(&operator(), account), &sent).await;
    let registration = bob();
    let entry = entry();
    let clicks = (0..6).map(|_| service.register_and_accept(&token, &registration, &entry));
    let outcomes = join_all(clicks).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((accepted.len(), refused.len()), (1, 5));
    for refusal in refused {
        let error = refusal.unwrap_err();
        assert!(matches!(error, ServiceError::Dead(Dead::Used)), "{error:?}");
    }
    assert_eq!(count(&client, "SELECT count(*) FROM users").await, 2);
    assert_eq!(count(&client, "SELECT count(*) FROM memberships").await, 2);
    let events = "SELECT count(*) FROM events WHERE action = 'invitation.accepted'";
    assert_eq!(count(&client, events).await, 1);
    let counter = "SELECT member_count FROM accounts";
    assert_eq!(count(&client, counter).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_two_clicks_of_a_user_make_one_member() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let write = Write::new(&operator(), account);
    let sent = invite(
        &service,
        &write,
        "bob@example.org",
        custom(&["domains.view"]),
    )
    .await;
    let token = token_of(&service, &Write::new(&operator(), account), &sent).await;
    let (entry, password) = (entry(), password());
    let clicks = (0..4).map(|_| service.accept_invitation(&token, &password, &entry));
    let outcomes = join_all(clicks).await;
    assert_eq!(
        outcomes.iter().filter(|o| o.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    let members = "SELECT count(*) FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE a.name = 'Acme'";
    assert_eq!(count(&client, members).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_acceptance_against_cancelling_has_one_winner() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let mut joined = 0;
    for round in 0..12 {
        let address = format!("guest{round}@example.org");
        let write = Write::new(&operator(), account);
        let sent = invite(&service, &write, &address, Grant::full()).await;
        let token = token_of(&service, &Write::new(&operator(), account), &sent).await;
        let cancel = Write::new(&operator(), account);
        let (accepted, cancelled) = tokio::join!(accept(&service, &token), async {
            // Hashing the password takes some time: meet its end from both sides.
            tokio::time::sleep(Duration::from_millis(round * 6)).await;
            service.cancel_invitation(&cancel, sent.invitation.id).await
        });
        match (accepted, cancelled) {
            (Ok(()), Err(ServiceError::Conflict(Conflict::NotPending))) => joined += 1,
            (Err(ServiceError::Dead(Dead::Cancelled)), Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        count(&client, "SELECT count(*) - 1 FROM memberships").await,
        joined
    );
    let pending = "SELECT count(*) FROM invitations WHERE status = 'pending'";
    assert_eq!(count(&client, pending).await, 0);
}

async fn accept(service: &Service, token: &InvitationToken) -> Result<(), ServiceError> {
    let accepted = service.register_and_accept(token, &bob(), &entry()).await;
    accepted.map(|_| ())
}

fn bob() -> Registration {
    Registration {
        name: "Bob".to_owned(),
        password: password(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_one_command_id_at_once_and_again_is_one_invitation() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let write = Write::new(&operator(), account);
    let send = SendInvitation {
        email: email("bob@example.org"),
        grant: Grant::full(),
        limits: Limits::Enforced,
    };
    let outcomes = join_all((0..8).map(|_| service.send_invitation(&write, &send))).await;
    let mut ids: Vec<_> = outcomes
        .into_iter()
        .map(|sent| sent.unwrap().invitation.id)
        .collect();
    assert_eq!(ids.len(), 8);
    ids.dedup();
    assert_eq!(ids.len(), 1);
    for table in ["invitations", "outbox"] {
        assert_eq!(
            count(&client, &format!("SELECT count(*) FROM {table}")).await,
            1
        );
    }
    let other = SendInvitation {
        email: email("carl@example.org"),
        ..send
    };
    let reused = service.send_invitation(&write, &other).await;
    assert!(
        matches!(reused, Err(ServiceError::Conflict(Conflict::CommandReused))),
        "{reused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r07_one_address_at_once_has_one_pending_invitation() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let send = SendInvitation {
        email: email("bob@example.org"),
        grant: Grant::full(),
        limits: Limits::Enforced,
    };
    let writes: Vec<Write> = (0..8).map(|_| Write::new(&actor, account)).collect();
    let outcomes = join_all(writes.iter().map(|w| service.send_invitation(w, &send))).await;
    let (stored, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((stored.len(), refused.len()), (1, 7));
    for refusal in refused {
        let error = refusal.unwrap_err();
        assert!(
            matches!(error, ServiceError::Conflict(Conflict::AlreadyPending)),
            "{error:?}"
        );
    }
    assert_eq!(count(&client, "SELECT count(*) FROM outbox").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_leaving_answers_the_same_when_asked_again() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    join(&service, account, "bob@example.org", Grant::full()).await;
    let bob = sign_in(&service, "bob@example.org").await;
    let leave = Write::new(&bob.actor, account);
    let address = email("bob@example.org");
    let first = service.remove_member(&leave, &address, None).await.unwrap();
    let again = service.remove_member(&leave, &address, None).await.unwrap();
    assert_eq!(first.member, again.member);
    // The id is worth nothing to anybody else.
    let ada = sign_in(&service, "ada@example.org").await;
    let stolen = Write {
        actor: ada.actor,
        ..leave
    };
    let refused = service.remove_member(&stolen, &address, None).await;
    assert!(
        matches!(
            refused,
            Err(ServiceError::Conflict(Conflict::CommandReused))
        ),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_holds_together_after_parallel_writes() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let work = (0..24).map(|n| {
        let (service, write) = (service.clone(), Write::new(&actor, account));
        async move {
            invite(
                &service,
                &write,
                &format!("g{n}@example.org"),
                Grant::full(),
            )
            .await;
        }
    });
    join_all(work).await;
    assert_eq!(service.verify_events(&actor, account).await.unwrap(), None);
    client
        .batch_execute(
            "ALTER TABLE events DISABLE TRIGGER events_append_only;
             UPDATE events SET subject = 'mallory@example.org' WHERE sequence = 7",
        )
        .await
        .unwrap();
    let broken = service.verify_events(&actor, account).await.unwrap();
    assert_eq!(broken, Some(7));
}
