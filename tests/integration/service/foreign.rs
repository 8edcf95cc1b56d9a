//! What belongs to another account answers like what does not exist, to the byte.

use crate::support::{
    TestDb, account_with_owner, email, invite, join, latest, operator, service, sign_in,
};
use rollbook::{
    domain::{AccountId, Actor, Email, Grant, InvitationId, MemberQuery, PermissionSet, Seek},
    service::{AdjustGrant, Limits, SendInvitation, Service, ServiceError, SetGrant, Write},
};

fn told<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> String {
    let error = outcome.unwrap_err();
    format!("{error}\n{error:?}")
}

/// What every use case about a member says.
async fn about_member(
    service: &Service,
    actor: &Actor,
    account: AccountId,
    who: &Email,
) -> Vec<String> {
    let write = || Write::new(actor, account);
    let set = |to| SetGrant {
        email: who.clone(),
        to,
        version: None,
    };
    let adjust = AdjustGrant {
        email: who.clone(),
        give: ["domains.view"].into_iter().collect(),
        take: PermissionSet::new(),
        version: None,
    };
    vec![
        told(service.show_member(actor, account, who).await),
        told(service.removal_preview(actor, account, who).await),
        told(service.set_grant(&write(), &set(Grant::full())).await),
        told(service.set_grant(&write(), &set(Grant::owner())).await),
        told(service.offer_ownership(&write(), who).await),
        told(service.remove_member(&write(), who, None).await),
        told(service.remove_member(&write(), who, Some(1)).await),
        told(service.adjust_grant(&write(), &adjust).await),
        told(
            service
                .restore_member(&write(), &latest(who.as_str()))
                .await,
        ),
        told(service.member_history(actor, account, who, (None, 5)).await),
    ]
}

/// What every use case about an invitation says.
async fn about_invitation(
    service: &Service,
    actor: &Actor,
    account: AccountId,
    id: InvitationId,
) -> Vec<String> {
    let write = || Write::new(actor, account);
    let full = Grant::full();
    vec![
        told(service.resend_invitation(&write(), id).await),
        told(service.cancel_invitation(&write(), id).await),
        told(service.edit_invitation(&write(), id, &full, None).await),
        told(service.edit_invitation(&write(), id, &full, Some(1)).await),
        told(service.reveal_link(&write(), id).await.map(drop)),
    ]
}

/// What everything that names an account says.
async fn about_account(service: &Service, actor: &Actor, account: AccountId) -> Vec<String> {
    let write = || Write::new(actor, account);
    let (who, query) = (email("ada@example.org"), MemberQuery::default());
    let page = (&Seek::First, 5);
    let send = SendInvitation {
        email: email("new@example.org"),
        grant: Grant::full(),
        limits: Limits::Enforced,
    };
    let mut said = vec![
        told(service.list_members(actor, account, &query, page).await),
        told(service.count_members(actor, account, &query, 5).await),
        told(service.list_invitations(actor, account).await),
        told(service.send_invitation(&write(), &send).await),
        told(service.accept_ownership(&write()).await),
        told(service.enter_account(actor, account).await),
        told(service.verify_events(actor, account).await),
    ];
    said.extend(about_member(service, actor, account, &who).await);
    said.extend(about_invitation(service, actor, account, InvitationId::new()).await);
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_foreign_ids_answer_like_ids_that_do_not_exist() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (zoo, _) = account_with_owner(&service, "Zoo", "eve@example.org").await;
    join(&service, zoo, "zed@example.org", Grant::full()).await;
    join(&service, acme, "low@example.org", Grant::full()).await;
    let theirs = Write::new(&operator(), zoo);
    let sent = invite(&service, &theirs, "guest@example.org", Grant::full()).await;
    let removal = Write::new(&operator(), zoo);
    let gone = email("zed@example.org");
    // A removal of theirs is nothing to restore of ours.
    service.remove_member(&removal, &gone, None).await.unwrap();
    for address in ["ada@example.org", "low@example.org"] {
        let actor = sign_in(&service, address).await.actor;
        let nobody = email("nobody@example.org");
        let missing = about_member(&service, &actor, acme, &nobody).await;
        for foreign in ["eve@example.org", "zed@example.org", "guest@example.org"] {
            let foreign = about_member(&service, &actor, acme, &email(foreign)).await;
            assert_eq!(foreign, missing, "{address}");
        }
        let missing = about_invitation(&service, &actor, acme, InvitationId::new()).await;
        let foreign = about_invitation(&service, &actor, acme, sent.invitation.id).await;
        assert_eq!(foreign, missing, "{address}");
        let missing = about_account(&service, &actor, AccountId::new()).await;
        let foreign = about_account(&service, &actor, zoo).await;
        assert_eq!(foreign, missing, "{address}");
    }
}

#[tokio::test]
async fn who_may_change_nobody_does_not_learn_who_is_a_member() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    join(&service, acme, "low@example.org", Grant::full()).await;
    join(&service, acme, "bob@example.org", Grant::full()).await;
    let low = sign_in(&service, "low@example.org").await.actor;
    let nobody = about_member(&service, &low, acme, &email("nobody@example.org")).await;
    for member in ["bob@example.org", "ada@example.org"] {
        let member = about_member(&service, &low, acme, &email(member)).await;
        assert_eq!(member, nobody);
    }
}
