//! The audit log under attack by SQL: what was changed, removed, inserted or cut off is named; and
//! without its event no change happens.

use crate::support::{
    TOKEN_KEY, TestDb, account_with_owner, custom, email, invite, join, operator, service,
};
use rollbook::{
    domain::{AccountId, Grant, TokenKey},
    service::{Service, ServiceError, Write},
};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

/// An account with a dozen events, on a connection that may change them.
async fn logged(db: &TestDb) -> (Service, AccountId, Client) {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    for n in 0..11 {
        let write = Write::new(&operator(), account);
        invite(
            &service,
            &write,
            &format!("g{n}@acme.example"),
            Grant::full(),
        )
        .await;
    }
    let client = db.client().await;
    client
        .batch_execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        .await
        .unwrap();
    assert_eq!(verify(&service, account).await, None);
    (service, account, client)
}

async fn verify(service: &Service, account: AccountId) -> Option<i64> {
    service.verify_events(&operator(), account).await.unwrap()
}

#[tokio::test]
async fn whatever_sql_does_to_the_log_is_named() {
    for (attack, first) in [
        ("UPDATE events SET subject = 'x' WHERE sequence = 3", 3),
        ("UPDATE events SET after = '{}' WHERE sequence = 5", 5),
        ("UPDATE events SET at = at + interval '1 microsecond' WHERE sequence = 1", 1),
        ("UPDATE events SET actor_id = gen_random_uuid() WHERE sequence = 12", 12),
        ("DELETE FROM events WHERE sequence = 4", 4),
        ("DELETE FROM events WHERE sequence = 1", 1),
        ("DELETE FROM events WHERE sequence > 9", 10),
        ("DELETE FROM events", 1),
        (
            "INSERT INTO events (account_id, sequence, at, actor, source, action, subject, before, after, hash)
             SELECT account_id, 13, at, actor, source, action, subject, before, after, hash
             FROM events WHERE sequence = 12",
            13,
        ),
        (
            "UPDATE events SET sequence = sequence + 100 WHERE sequence = 2;
             UPDATE events SET sequence = 2 WHERE sequence = 7;
             UPDATE events SET sequence = 7 WHERE sequence = 102",
            2,
        ),
    ] {
        let db = TestDb::new().await;
        let (service, account, client) = logged(&db).await;
        client.batch_execute(attack).await.unwrap();
        assert_eq!(verify(&service, account).await, Some(first), "{attack}");
    }
}

/// Whoever knows how the chain is made, and writes it anew after a change, still lacks the key.
#[tokio::test]
async fn a_log_that_was_chained_anew_does_not_pass() {
    let db = TestDb::new().await;
    let (service, account, client) = logged(&db).await;
    let forged = TokenKey::new([1; 32]).audit_head(account, 12, &[0; 32]);
    client
        .execute("UPDATE accounts SET audit_head = $1", &[&forged.as_slice()])
        .await
        .unwrap();
    assert_eq!(verify(&service, account).await, Some(12));
    client
        .batch_execute("UPDATE accounts SET audit_head = NULL")
        .await
        .unwrap();
    assert_eq!(verify(&service, account).await, Some(12));
    // With the key it would; so the key is what it hangs on.
    let row = client
        .query_one("SELECT hash FROM events WHERE sequence = 12", &[])
        .await
        .unwrap();
    let right = TokenKey::new(TOKEN_KEY).audit_head(account, 12, row.get(0));
    client
        .execute("UPDATE accounts SET audit_head = $1", &[&right.as_slice()])
        .await
        .unwrap();
    assert_eq!(verify(&service, account).await, None);
    assert_eq!(Sha256::digest(b"").len(), right.len());
}

#[tokio::test]
async fn what_happens_after_a_cut_does_not_make_the_log_whole() {
    let db = TestDb::new().await;
    let (service, account, client) = logged(&db).await;
    let cut = "DELETE FROM events WHERE sequence > 10";
    client.batch_execute(cut).await.unwrap();
    assert_eq!(verify(&service, account).await, Some(11));
    let known = service
        .list_invitations(&operator(), account)
        .await
        .unwrap();
    for round in 0..4 {
        let write = Write::new(&operator(), account);
        service
            .resend_invitation(&write, known[0].id)
            .await
            .unwrap();
        assert!(verify(&service, account).await.is_some(), "after {round}");
    }
}

#[tokio::test]
async fn without_its_event_no_change_happens() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    join(
        &service,
        account,
        "bob@acme.example",
        custom(&["domains.view"]),
    )
    .await;
    let client = db.client().await;
    let state = "SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
        SELECT m::text AS t FROM memberships m UNION ALL SELECT i::text FROM invitations i
        UNION ALL SELECT o::text FROM outbox o UNION ALL SELECT a::text FROM accounts a) x";
    let before: String = client.query_one(state, &[]).await.unwrap().get(0);
    client
        .batch_execute("REVOKE INSERT ON events FROM rollbook_app")
        .await
        .unwrap();
    let write = || Write::new(&operator(), account);
    let removed = service
        .remove_member(&write(), &email("bob@acme.example"), None)
        .await;
    assert!(
        matches!(removed, Err(ServiceError::Bug { .. })),
        "{removed:?}"
    );
    let wanted = rollbook::service::SendInvitation {
        email: email("carl@acme.example"),
        grant: Grant::full(),
        limits: rollbook::service::Limits::Enforced,
    };
    let sent = service.send_invitation(&write(), &wanted).await;
    assert!(matches!(sent, Err(ServiceError::Bug { .. })), "{sent:?}");
    let after: String = client.query_one(state, &[]).await.unwrap().get(0);
    assert_eq!(before, after);
}
