//! A link that is followed while the invitation changes, an actor whose authority goes while they
//! write, and limits under a flood: each outcome is counted.

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, invite, join, operator, password, register,
    service, service_with, settings, sign_in, token_of,
};
use futures_util::future::join_all;
use rollbook::{
    domain::{Actor, Grant, InvitationToken, UserId},
    service::{
        Conflict, Dead, InvitationSent, Limits, Registration, SendInvitation, SendingLimits,
        Service, ServiceError, ServiceSettings, SetGrant, Write,
    },
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio_postgres::Client;

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

fn bob() -> Registration {
    Registration {
        name: "Bob".to_owned(),
        password: password(),
    }
}

fn to(address: &str) -> SendInvitation {
    SendInvitation {
        email: email(address),
        grant: Grant::full(),
        limits: Limits::Lifted,
    }
}

async fn accept(service: &Service, token: &InvitationToken) -> Result<(), ServiceError> {
    let accepted = service.register_and_accept(token, &bob(), &entry()).await;
    accepted.map(drop)
}

/// Hashing the password takes some time: the other one acts after more of it in each round.
async fn later(round: u64) {
    tokio::time::sleep(Duration::from_millis(round * 5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_acceptance_against_a_resend_opens_one_link_only() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (mut joined, mut renewed) = (0, 0);
    for round in 0..16 {
        let write = || Write::new(&actor, account);
        let sent = invite(
            &service,
            &write(),
            &format!("guest{round}@example.org"),
            Grant::full(),
        )
        .await;
        let old = token_of(&service, &write(), &sent).await;
        let once_more = write();
        let (accepted, renewal) = tokio::join!(accept(&service, &old), async {
            later(round).await;
            service
                .resend_invitation(&once_more, sent.invitation.id)
                .await
        });
        match (accepted, renewal) {
            (Ok(()), Err(ServiceError::Conflict(Conflict::NotPending))) => joined += 1,
            (Err(ServiceError::Dead(Dead::Unknown)), Ok(again)) => {
                let again: InvitationSent = again;
                let dead = accept(&service, &old).await.unwrap_err();
                assert!(
                    matches!(dead, ServiceError::Dead(Dead::Unknown)),
                    "{dead:?}"
                );
                let new = token_of(&service, &write(), &again).await;
                assert_ne!(new.expose(), old.expose());
                register(&service, &new, "Bob").await;
                renewed += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(joined + renewed, 16);
    let members = "SELECT count(*) - 1 FROM memberships";
    assert_eq!(count(&client, members).await, 16);
    let twice = "SELECT count(*) FROM (SELECT 1 FROM events WHERE action = 'invitation.accepted'
        GROUP BY subject HAVING count(*) > 1) AS twice";
    assert_eq!(count(&client, twice).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_acceptance_against_expiry_and_a_new_invitation_has_one_winner() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let first = Write::new(&actor, account);
    let sent = invite(&service, &first, "first@example.org", Grant::full()).await;
    let first = token_of(&service, &Write::new(&actor, account), &sent).await;
    let began = Instant::now();
    accept(&service, &first).await.unwrap();
    let took = began.elapsed().as_secs_f64();
    let (mut joined, mut invited_again) = (0, 0);
    for round in 0..20 {
        let address = format!("guest{round}@example.org");
        let write = || Write::new(&actor, account);
        let sent = invite(&service, &write(), &address, Grant::full()).await;
        let token = token_of(&service, &write(), &sent).await;
        // The end falls around the moment at which the hash is ready.
        client
            .execute(
                "UPDATE invitations SET expires_at = now() + make_interval(secs => $2) WHERE id = $1",
                &[&sent.invitation.id.0, &(took * f64::from(round) / 6.0)],
            )
            .await
            .unwrap();
        let (again, second) = (write(), to(&address));
        let (accepted, new) = tokio::join!(accept(&service, &token), async {
            loop {
                let new = service.send_invitation(&again, &second).await;
                let pending = ServiceError::Conflict(Conflict::AlreadyPending).to_string();
                if new.as_ref().err().map(ToString::to_string) != Some(pending) {
                    return new;
                }
            }
        });
        match (accepted, new) {
            (Ok(()), Err(ServiceError::Conflict(Conflict::AlreadyMember))) => joined += 1,
            (Err(ServiceError::Dead(Dead::Expired)), Ok(_)) => invited_again += 1,
            other => panic!("{other:?}"),
        }
        let late = "SELECT count(*) FROM invitations
            WHERE status = 'accepted' AND decided_at >= expires_at";
        assert_eq!(count(&client, late).await, 0);
    }
    assert!(joined > 0 && invited_again > 0, "{joined} {invited_again}");
    let both = "SELECT count(*) FROM memberships m JOIN invitations i USING (account_id, email_key)
        WHERE i.status = 'pending'";
    assert_eq!(count(&client, both).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_a_link_ends_exactly_at_its_end() {
    let db = TestDb::new().await;
    let (service, mut client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let write = Write::new(&actor, account);
    let sent = invite(&service, &write, "bob@example.org", Grant::full()).await;
    // One transaction, one now(): the very instant of the end and one microsecond before it.
    let tx = client.transaction().await.unwrap();
    for (before, open) in [("0", 0_i64), ("1 microsecond", 1)] {
        let sql = format!("UPDATE invitations SET expires_at = now() + interval '{before}'");
        tx.batch_execute(&sql).await.unwrap();
        let sql = "SELECT count(*) FROM invitations WHERE id = $1 AND expires_at > now()";
        let found = tx.query_one(sql, &[&sent.invitation.id.0]).await.unwrap();
        assert_eq!(found.get::<_, i64>(0), open);
    }
    drop(tx);
    client
        .batch_execute("UPDATE invitations SET expires_at = now()")
        .await
        .unwrap();
    let token = token_of(&service, &Write::new(&actor, account), &sent).await;
    let late = accept(&service, &token).await.unwrap_err();
    assert!(
        matches!(late, ServiceError::Dead(Dead::Expired)),
        "{late:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r07_acceptance_against_a_second_invitation_leaves_no_second_one() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    for round in 0..12 {
        let address = format!("guest{round}@example.org");
        let write = || Write::new(&actor, account);
        let sent = invite(&service, &write(), &address, Grant::full()).await;
        let token = token_of(&service, &write(), &sent).await;
        let (again, second) = (write(), to(&address));
        let (accepted, new) = tokio::join!(accept(&service, &token), async {
            later(round).await;
            service.send_invitation(&again, &second).await
        });
        assert!(accepted.is_ok(), "{accepted:?}");
        let refused = matches!(
            new,
            Err(ServiceError::Conflict(
                Conflict::AlreadyPending | Conflict::AlreadyMember
            ))
        );
        assert!(refused, "{new:?}");
    }
    let pending = "SELECT count(*) FROM invitations WHERE status = 'pending'";
    assert_eq!(count(&client, pending).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_one_address_registered_by_two_accounts_at_once_is_one_user() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (acme, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (zoo, _) = account_with_owner(&service, "Zoo", "ada@example.org").await;
    for round in 0..12 {
        let address = format!("guest{round}@example.org");
        let mut tokens = Vec::new();
        for account in [acme, zoo] {
            let write = || Write::new(&actor, account);
            let sent = invite(&service, &write(), &address, Grant::full()).await;
            tokens.push(token_of(&service, &write(), &sent).await);
        }
        let outcomes = join_all(tokens.iter().map(|token| accept(&service, token))).await;
        let lost: Vec<_> = outcomes.iter().filter_map(|o| o.as_ref().err()).collect();
        assert!(
            matches!(
                lost[..],
                [ServiceError::Conflict(Conflict::AlreadyRegistered)]
            ),
            "{outcomes:?}"
        );
        // Whoever lost has a user now, and the other invitation is still theirs to accept.
        let at = outcomes.iter().position(Result::is_err).unwrap();
        service
            .accept_invitation(&tokens[at], &password(), &entry())
            .await
            .unwrap();
    }
    assert_eq!(count(&client, "SELECT count(*) FROM users").await, 13);
    let members = "SELECT count(*) FROM memberships";
    assert_eq!(count(&client, members).await, 26);
    let lonely = "SELECT count(*) FROM users u WHERE NOT EXISTS (
        SELECT 1 FROM memberships m WHERE m.user_id = u.id)";
    assert_eq!(count(&client, lonely).await, 0);
}

/// No limits, so that nothing but authority stands in the way.
fn unlimited() -> ServiceSettings {
    ServiceSettings {
        limits: SendingLimits {
            per_inviter: 100_000,
            per_account: 100_000,
            per_address: 100_000,
            pending: 100_000,
        },
        ..settings()
    }
}

/// How many of a person's events come after the one that took their authority.
async fn written_after(client: &Client, user: UserId) -> i64 {
    let sql =
        "SELECT count(*) FROM events WHERE actor_id = $1 AND action <> 'refused' AND sequence > (
        SELECT max(sequence) FROM events WHERE subject_id = $1
        AND action IN ('member.removed', 'member.permissions_changed'))";
    client.query_one(sql, &[&user.0]).await.unwrap().get(0)
}

/// Takes a person's authority: the membership, or only the permission to invite.
async fn revoke(service: &Service, write: &Write, address: &str, removed: bool) {
    let address = email(address);
    if removed {
        let gone = service.remove_member(write, &address, None).await;
        return gone.map(drop).unwrap();
    }
    let set = SetGrant {
        email: address,
        to: custom(&["invoices.pay"]),
        version: None,
    };
    service.set_grant(write, &set).await.map(drop).unwrap();
}

/// Meg writes on many connections while her authority goes; gives how many writes came through.
async fn revoked_in_flight(removed: bool) -> (i64, i64) {
    let db = TestDb::new().await;
    let (service, client) = (service_with(&db, unlimited()), db.client().await);
    let other = service_with(&db, unlimited());
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let manager = custom(&["members.manage", "invoices.pay"]);
    let (mut written, mut refused) = (0, 0);
    for round in 0..6 {
        let address = format!("meg{round}@example.org");
        join(&service, account, &address, manager.clone()).await;
        let meg = sign_in(&service, &address).await;
        let through = AtomicUsize::new(0);
        let writes = (0..24).map(|n| {
            let (service, through) = ([&service, &other][n % 2], &through);
            let write = Write::new(&meg.actor, account);
            let send = SendInvitation {
                grant: custom(&["invoices.pay"]),
                limits: Limits::Enforced,
                ..to(&format!("g{round}x{n}@example.org"))
            };
            async move {
                service.send_invitation(&write, &send).await?;
                through.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ServiceError>(())
            }
        });
        let taken = async {
            // In the middle of them, however fast the machine is.
            let began = Instant::now();
            while through.load(Ordering::SeqCst) <= round {
                assert!(
                    began.elapsed() < Duration::from_secs(20),
                    "nothing is written"
                );
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let write = Write::new(&operator(), account);
            revoke(&service, &write, &address, removed).await;
        };
        let (outcomes, ()) = tokio::join!(join_all(writes), taken);
        written += i64::try_from(outcomes.iter().filter(|o| o.is_ok()).count()).unwrap();
        refused += i64::try_from(outcomes.iter().filter(|o| o.is_err()).count()).unwrap();
        let late = written_after(&client, meg.user.id).await;
        assert_eq!(late, 0, "written after the authority was gone");
    }
    let sent = "SELECT count(*) FROM invitations WHERE inviter_id IS NOT NULL";
    assert_eq!(count(&client, sent).await, written);
    (written, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_nothing_is_written_after_the_writer_s_removal() {
    let (written, refused) = revoked_in_flight(true).await;
    assert!(written > 0 && refused > 0, "{written} {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_nothing_is_written_after_the_writer_s_permission_was_taken() {
    let (written, refused) = revoked_in_flight(false).await;
    assert!(written > 0 && refused > 0, "{written} {refused}");
}

/// So many invitations at once, from two programs; how many were stored, and the words of the rest.
async fn flood(db: &TestDb, actor: &Actor, write: &Write) -> (usize, Vec<String>) {
    let programs = [service(db), service(db)];
    let sends = (0..60).map(|n| {
        let (service, write) = (&programs[n % 2], Write::new(actor, write.account));
        let send = SendInvitation {
            limits: Limits::Enforced,
            ..to(&format!("guest{n}@example.org"))
        };
        // On a busy machine not all get a connection in time; the same id again does nothing twice.
        async move {
            loop {
                match service.send_invitation(&write, &send).await {
                    Err(ServiceError::Unavailable(_)) => {}
                    outcome => return outcome,
                }
            }
        }
    });
    let outcomes = join_all(sends).await;
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.into_iter().filter_map(Result::err);
    let words = refused.map(|error| match error {
        ServiceError::Limited(words) => words,
        other => panic!("{other:?}"),
    });
    (stored, words.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn r07_of_sixty_invitations_at_once_thirty_are_sent() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let ada = sign_in(&service, "ada@example.org").await.actor;
    let write = Write::new(&ada, account);
    let (stored, refused) = flood(&db, &ada, &write).await;
    assert_eq!((stored, refused.len()), (30, 30));
    assert!(refused.iter().all(|words| words.contains("10 minutes")));
    for table in ["invitations", "outbox"] {
        let rows = count(&client, &format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 30);
    }
    client
        .batch_execute("UPDATE outbox SET created_at = created_at - interval '10 minutes'")
        .await
        .unwrap();
    let (write, next) = (Write::new(&ada, account), to("next@example.org"));
    assert!(service.send_invitation(&write, &next).await.is_ok());
}
