//! The main road: set up, sign in, invite, register, look, remove, restore.

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, invite, latest, operator, password, register,
    service, sign_in, token_of,
};
use rollbook::{
    domain::{Grant, InvitationStatus, MemberQuery, Role, Seek},
    service::{Conflict, Dead, Look, ServiceError, Write},
};

#[tokio::test]
async fn from_set_up_to_a_member_with_exactly_the_assigned_permissions() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let ada = sign_in(&service, "ada@example.org").await;
    let write = Write::new(&ada.actor, account);
    let sent = invite(
        &service,
        &write,
        "bob@example.org",
        custom(&["products.manage", "invoices.pay"]),
    )
    .await;
    let token = token_of(&service, &Write::new(&ada.actor, account), &sent).await;

    let Look::Open { terms, registered } = service.look_at_invitation(&token).await.unwrap() else {
        panic!("the link is dead");
    };
    assert!(!registered);
    assert_eq!(terms.account_name.as_str(), "Acme");

    register(&service, &token, "Bob").await;
    let query = MemberQuery::default();
    let page = service
        .list_members(&ada.actor, account, &query, (&Seek::First, 50))
        .await
        .unwrap();
    let emails: Vec<&str> = page.rows.iter().map(|m| m.email.as_str()).collect();
    assert_eq!(emails, ["ada@example.org", "bob@example.org"]);
    let bob = page.rows.last().unwrap();
    assert_eq!(
        bob.grant,
        custom(&["invoices.pay", "products.manage", "products.view"])
    );
    let count = service.count_members(&ada.actor, account, &query, 1000);
    assert_eq!(count.await.unwrap(), 2);

    let invitations = service.list_invitations(&ada.actor, account).await.unwrap();
    assert!(
        invitations
            .iter()
            .all(|i| i.status == InvitationStatus::Accepted)
    );
    assert!(matches!(
        service.look_at_invitation(&token).await.unwrap(),
        Look::Dead(Dead::Used)
    ));
}

#[tokio::test]
async fn set_up_again_changes_nothing() {
    let db = TestDb::new().await;
    let service = service(&db);
    assert!(service.needs_setup().await.unwrap());
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    assert!(!service.needs_setup().await.unwrap());
    let again = service
        .set_up(
            &operator(),
            "ACME",
            &email("Ada@example.org"),
            Some(&password()),
        )
        .await
        .unwrap();
    assert!(!again.created);
    assert_eq!(again.account.id, account);
}

#[tokio::test]
async fn r06_removal_ends_the_sessions_of_that_account_and_can_be_taken_back() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (other, _) = account_with_owner(&service, "Other", "eve@example.org").await;
    let ada = sign_in(&service, "ada@example.org").await;
    let manager = custom(&["members.manage", "invoices.pay"]);
    crate::support::join(&service, account, "bob@example.org", manager.clone()).await;
    let write = Write::new(&operator(), other);
    let invited = invite(&service, &write, "bob@example.org", Grant::full()).await;
    let token = token_of(&service, &Write::new(&operator(), other), &invited).await;
    service
        .accept_invitation(&token, &password(), &entry())
        .await
        .unwrap();

    let bob = sign_in(&service, "bob@example.org").await;
    assert_eq!(bob.accounts.len(), 2);
    service.enter_account(&bob.actor, account).await.unwrap();
    let elsewhere = sign_in(&service, "bob@example.org").await;
    service
        .enter_account(&elsewhere.actor, other)
        .await
        .unwrap();
    let sent = invite(
        &service,
        &Write::new(&bob.actor, account),
        "carl@example.org",
        custom(&["invoices.pay"]),
    )
    .await;
    let carls = token_of(&service, &Write::new(&bob.actor, account), &sent).await;

    let write = Write::new(&ada.actor, account);
    let removed = service
        .remove_member(&write, &email("bob@example.org"), None)
        .await
        .unwrap();
    assert_eq!(
        (removed.sessions_ended, removed.invitations_cancelled),
        (1, 1)
    );
    assert!(matches!(
        service.look_at_invitation(&carls).await.unwrap(),
        Look::Dead(Dead::Cancelled)
    ));
    let denied = service.list_invitations(&bob.actor, account).await;
    assert!(
        matches!(denied, Err(ServiceError::NotSignedIn(_))),
        "{denied:?}"
    );
    let stays = service.reachable_accounts(&elsewhere.actor).await.unwrap();
    assert_eq!(stays.iter().map(|a| a.id).collect::<Vec<_>>(), [other]);

    let write = Write::new(&ada.actor, account);
    let back = service
        .restore_member(&write, &latest("bob@example.org"))
        .await
        .unwrap();
    assert_eq!(back.member.grant, service_grant(&manager));
}

/// What the catalogue makes of a manager's grant: `members.view` comes with `members.manage`.
fn service_grant(grant: &Grant) -> Grant {
    let mut grant = grant.clone();
    grant.permissions.insert("members.view");
    grant
}

#[tokio::test]
async fn r06_the_last_owner_stays() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, operator) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let ada = sign_in(&service, "ada@example.org").await;
    for actor in [&operator, &ada.actor] {
        let refused = service
            .remove_member(&Write::new(actor, account), &email("ada@example.org"), None)
            .await;
        assert!(
            matches!(refused, Err(ServiceError::Conflict(Conflict::LastOwner))),
            "{refused:?}"
        );
    }
    let member = service
        .show_member(&operator, account, &email("ada@example.org"))
        .await
        .unwrap();
    assert_eq!(member.grant.role, Role::Owner);
}
