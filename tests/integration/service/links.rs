//! Links: looking changes nothing, accepting does exactly what was offered, dead ones say why.

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, invite, join, operator, password, register,
    service, sign_in, token_of,
};
use rollbook::{
    domain::{AccountId, Grant, InvitationToken, TokenKey},
    service::{
        Conflict, Dead, Invalid, InvitationSent, Look, Registration, Service, ServiceError,
        SignInFault, Write,
    },
};
use tokio_postgres::Client;

async fn offered(
    service: &Service,
    account: AccountId,
    address: &str,
) -> (InvitationSent, InvitationToken) {
    let write = Write::new(&operator(), account);
    let sent = invite(service, &write, address, custom(&["domains.view"])).await;
    let token = token_of(service, &Write::new(&operator(), account), &sent).await;
    (sent, token)
}

/// Every row of every table, as one digest.
async fn everything(client: &Client) -> String {
    let tables = client
        .query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
        );
        let digest: String = client.query_one(&sql, &[]).await.unwrap().get(0);
        all.push(format!("{table}={digest}"));
    }
    all.join(" ")
}

async fn look(service: &Service, token: &InvitationToken) -> Option<Dead> {
    match service.look_at_invitation(token).await.unwrap() {
        Look::Open { .. } => None,
        Look::Dead(dead) => Some(dead),
    }
}

#[tokio::test]
async fn r10_a_user_logs_in_and_is_a_member() {
    let db = TestDb::new().await;
    let service = service(&db);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (_, token) = offered(&service, account, "Bob@Example.org").await;
    let Look::Open { registered, .. } = service.look_at_invitation(&token).await.unwrap() else {
        panic!("dead");
    };
    assert!(registered);
    let wrong = service
        .accept_invitation(&token, &"not the password".into(), &entry())
        .await;
    assert!(
        matches!(wrong, Err(ServiceError::NotSignedIn(SignInFault::Wrong))),
        "{wrong:?}"
    );
    assert_eq!(look(&service, &token).await, None);
    let accepted = service
        .accept_invitation(&token, &password(), &entry())
        .await
        .unwrap();
    assert_eq!(accepted.account, account);
    let member = service
        .show_member(&actor, account, &email("bob@example.org"))
        .await
        .unwrap();
    assert_eq!(member.grant, custom(&["domains.view"]));
    assert!(member.last_login.is_some());
}

#[tokio::test]
async fn r11_a_refused_registration_leaves_no_trace_and_no_second_mail() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (_, token) = offered(&service, account, "bob@example.org").await;
    let client = db.client().await;
    let before = everything(&client).await;
    for (name, password) in [
        ("Bob", "short"),
        ("Bob", "bob@example.org bob@example.org"),
        ("", crate::support::PASSWORD),
    ] {
        let registration = Registration {
            name: name.to_owned(),
            password: password.into(),
        };
        let refused = service
            .register_and_accept(&token, &registration, &entry())
            .await;
        assert!(
            matches!(
                refused,
                Err(ServiceError::Invalid(Invalid::Password(_) | Invalid::Name))
            ),
            "{name:?} {password:?}: {refused:?}"
        );
    }
    assert_eq!(everything(&client).await, before);
    register(&service, &token, "Bob").await;
    let mails = client.query_one("SELECT count(*) FROM outbox", &[]).await;
    assert_eq!(mails.unwrap().get::<_, i64>(0), 1);
    let bob = sign_in(&service, "bob@example.org").await;
    assert_eq!(bob.user.name.as_str(), "Bob");
}

#[tokio::test]
async fn r12_looking_changes_nothing() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (_, token) = offered(&service, account, "bob@example.org").await;
    let client = db.client().await;
    let before = everything(&client).await;
    for _ in 0..3 {
        assert_eq!(look(&service, &token).await, None);
    }
    assert_eq!(everything(&client).await, before);
}

#[tokio::test]
async fn r12_every_dead_link_says_why() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let write = || Write::new(&actor, account);

    let (sent, resent) = offered(&service, account, "a@example.org").await;
    let renewed = service
        .resend_invitation(&write(), sent.invitation.id)
        .await
        .unwrap();
    assert_eq!(look(&service, &resent).await, Some(Dead::Unknown));
    let renewed = token_of(&service, &write(), &renewed).await;
    assert_eq!(look(&service, &renewed).await, None);

    let (sent, cancelled) = offered(&service, account, "b@example.org").await;
    service
        .cancel_invitation(&write(), sent.invitation.id)
        .await
        .unwrap();
    assert_eq!(look(&service, &cancelled).await, Some(Dead::Cancelled));

    let (_, declined) = offered(&service, account, "c@example.org").await;
    service
        .decline_invitation(&declined, &entry())
        .await
        .unwrap();
    assert_eq!(look(&service, &declined).await, Some(Dead::Declined));

    let (sent, expired) = offered(&service, account, "d@example.org").await;
    db.client()
        .await
        .execute(
            "UPDATE invitations SET expires_at = now() WHERE id = $1",
            &[&sent.invitation.id.0],
        )
        .await
        .unwrap();
    assert_eq!(look(&service, &expired).await, Some(Dead::Expired));

    let forged = TokenKey::new([8; 32]).token(sent.invitation.id, 1);
    assert_eq!(look(&service, &forged).await, Some(Dead::Unknown));
    for token in [&resent, &cancelled, &declined, &expired, &forged] {
        let registration = Registration {
            name: "Bob".to_owned(),
            password: password(),
        };
        let refused = service
            .register_and_accept(token, &registration, &entry())
            .await;
        assert!(matches!(refused, Err(ServiceError::Dead(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn r12_an_inviter_without_authority_kills_the_link() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let manager = custom(&["members.manage", "domains.view"]);
    join(&service, account, "meg@example.org", manager).await;
    let meg = sign_in(&service, "meg@example.org").await.actor;
    let write = Write::new(&meg, account);
    let sent = invite(
        &service,
        &write,
        "bob@example.org",
        custom(&["domains.view"]),
    )
    .await;
    let token = token_of(&service, &Write::new(&meg, account), &sent).await;
    let less = rollbook::service::SetGrant {
        email: email("meg@example.org"),
        to: custom(&["members.manage"]),
        version: None,
    };
    service
        .set_grant(&Write::new(&actor, account), &less)
        .await
        .unwrap();
    assert_eq!(
        look(&service, &token).await,
        Some(Dead::InviterLostAuthority)
    );
}

#[tokio::test]
async fn r11_a_registered_address_can_not_register_again() {
    let db = TestDb::new().await;
    let service = service(&db);
    account_with_owner(&service, "Bob's", "bob@example.org").await;
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (_, token) = offered(&service, account, "bob@example.org").await;
    let registration = Registration {
        name: "Mallory".to_owned(),
        password: "another long password".into(),
    };
    let refused = service
        .register_and_accept(&token, &registration, &entry())
        .await;
    assert!(
        matches!(
            refused,
            Err(ServiceError::Conflict(Conflict::AlreadyRegistered))
        ),
        "{refused:?}"
    );
    sign_in(&service, "bob@example.org").await;
}

#[tokio::test]
async fn r07_a_member_and_an_owner_can_not_be_invited() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let send = |address: &str, grant| rollbook::service::SendInvitation {
        email: email(address),
        grant,
        limits: rollbook::service::Limits::Enforced,
    };
    let write = || Write::new(&actor, account);
    let member = service
        .send_invitation(&write(), &send("ADA@example.org", Grant::full()))
        .await;
    assert!(
        matches!(member, Err(ServiceError::Conflict(Conflict::AlreadyMember))),
        "{member:?}"
    );
    let owner = service
        .send_invitation(&write(), &send("bob@example.org", Grant::owner()))
        .await;
    assert!(matches!(owner, Err(ServiceError::Denied(_))), "{owner:?}");
    let nothing = service
        .send_invitation(&write(), &send("bob@example.org", custom(&[])))
        .await;
    assert!(
        matches!(nothing, Err(ServiceError::Invalid(Invalid::NothingChosen))),
        "{nothing:?}"
    );
}
