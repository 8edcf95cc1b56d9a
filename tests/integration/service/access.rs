//! Giving and taking permissions: what is refused and why, and that a change holds at once.

use crate::support::{TestDb, account_with_owner, custom, email, join, operator, service, sign_in};
use rollbook::{
    domain::{AccountId, Actor, Grant, MemberQuery, Role, Seek, policy::Denied},
    service::{ChangedGrant, Conflict, Service, ServiceError, SetGrant, Write, WriteMode},
};

async fn set(
    service: &Service,
    (actor, account): (&Actor, AccountId),
    address: &str,
    to: Grant,
    version: Option<i64>,
) -> Result<ChangedGrant, ServiceError> {
    let set = SetGrant {
        email: email(address),
        to,
        version,
    };
    service.set_grant(&Write::new(actor, account), &set).await
}

fn denied<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> Denied {
    match outcome {
        Err(ServiceError::Denied(denied)) => denied,
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn r03_ones_own_row_and_an_owners_row_are_refused_with_the_reason() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let manager = custom(&["members.manage", "invoices.pay"]);
    join(&service, account, "meg@example.org", manager).await;
    join(&service, account, "bob@example.org", Grant::full()).await;
    let meg = sign_in(&service, "meg@example.org").await.actor;
    let by = (&meg, account);
    let pay = || custom(&["invoices.pay"]);
    let own = set(&service, by, "meg@example.org", pay(), None).await;
    assert_eq!(denied(own), Denied::Oneself);
    let owner = set(&service, by, "ada@example.org", pay(), None).await;
    assert_eq!(denied(owner), Denied::OwnerHasEverything);
    let more = set(&service, by, "bob@example.org", pay(), None).await;
    assert_eq!(denied(more), Denied::HoldsMore);
    let removal = service
        .remove_member(&Write::new(&meg, account), &email("bob@example.org"), None)
        .await;
    assert_eq!(denied(removal), Denied::HoldsMore);
    let bob = sign_in(&service, "bob@example.org").await.actor;
    let query = MemberQuery::default();
    let looked = service
        .list_members(&bob, account, &query, (&Seek::First, 10))
        .await;
    assert_eq!(denied(looked), Denied::MayNotView);
}

#[tokio::test]
async fn r04_requirements_follow_and_unknown_keys_stay() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    join(
        &service,
        account,
        "bob@example.org",
        custom(&["invoices.pay"]),
    )
    .await;
    db.client()
        .await
        .batch_execute(
            "UPDATE memberships SET permissions = permissions || '{old.key}' WHERE role = 'custom'",
        )
        .await
        .unwrap();
    let by = (&operator(), account);
    let to = custom(&["domains.manage"]);
    let changed = set(&service, by, "bob@example.org", to, None)
        .await
        .unwrap();
    assert_eq!(
        changed.member.grant,
        custom(&["domains.manage", "domains.view", "old.key"])
    );
    let unknown = set(
        &service,
        by,
        "bob@example.org",
        custom(&["domain.view"]),
        None,
    )
    .await;
    let words = unknown.unwrap_err().to_string();
    assert!(words.contains("domains.view"), "{words}");
}

#[tokio::test]
async fn r05_a_change_holds_from_the_very_next_action() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let manager = custom(&["members.manage", "invoices.pay"]);
    join(&service, account, "meg@example.org", manager.clone()).await;
    join(
        &service,
        account,
        "bob@example.org",
        custom(&["invoices.pay"]),
    )
    .await;
    let ada = sign_in(&service, "ada@example.org").await.actor;
    let meg = sign_in(&service, "meg@example.org").await.actor;
    let nothing = || custom(&[]);
    let by_meg = (&meg, account);
    set(&service, by_meg, "bob@example.org", nothing(), None)
        .await
        .unwrap();
    let less = custom(&["members.view"]);
    set(&service, (&ada, account), "meg@example.org", less, None)
        .await
        .unwrap();
    let refused = set(&service, by_meg, "bob@example.org", nothing(), None).await;
    assert_eq!(denied(refused), Denied::NotAManager);
}

#[tokio::test]
async fn r05_an_old_version_is_a_conflict_and_a_dry_run_changes_nothing() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    join(
        &service,
        account,
        "bob@example.org",
        custom(&["invoices.pay"]),
    )
    .await;
    let address = email("bob@example.org");
    let seen = service
        .show_member(&actor, account, &address)
        .await
        .unwrap();
    let version = Some(seen.version);
    let dry = Write {
        mode: WriteMode::DryRun,
        ..Write::new(&actor, account)
    };
    let to_full = SetGrant {
        email: address.clone(),
        to: Grant::full(),
        version,
    };
    let shown = service.set_grant(&dry, &to_full).await.unwrap();
    assert_eq!(shown.member.grant.role, Role::Full);
    let after = service
        .show_member(&actor, account, &address)
        .await
        .unwrap();
    assert_eq!(after, seen);

    let by = (&actor, account);
    set(
        &service,
        by,
        "bob@example.org",
        custom(&["domains.view"]),
        version,
    )
    .await
    .unwrap();
    let late = set(&service, by, "bob@example.org", Grant::full(), version).await;
    assert!(
        matches!(late, Err(ServiceError::Conflict(Conflict::Changed(_)))),
        "{late:?}"
    );
    let late = service
        .remove_member(&Write::new(&actor, account), &address, version)
        .await;
    assert!(
        matches!(late, Err(ServiceError::Conflict(Conflict::Changed(_)))),
        "{late:?}"
    );
}

#[tokio::test]
async fn r14_the_accounts_of_one_person_stay_apart_and_the_last_is_remembered() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (acme, _) = account_with_owner(&service, "Acme", "ada@example.org").await;
    let (zoo, _) = account_with_owner(&service, "Zoo", "ada@example.org").await;
    let (foreign, _) = account_with_owner(&service, "Foreign", "eve@example.org").await;
    join(&service, zoo, "bob@example.org", Grant::full()).await;
    let ada = sign_in(&service, "ada@example.org").await;
    let names: Vec<&str> = ada.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["Acme", "Zoo"]);
    let entered = service.enter_account(&ada.actor, zoo).await.unwrap();
    assert_eq!(
        entered.first.unwrap().rows.len(),
        2,
        "an owner sees who is there"
    );
    let bob = sign_in(&service, "bob@example.org").await;
    let entered = service.enter_account(&bob.actor, zoo).await.unwrap();
    assert_eq!(entered.first, None, "who may not view members sees none");
    let again = sign_in(&service, "ada@example.org").await;
    assert_eq!(again.accounts.first().unwrap().id, zoo);

    let query = MemberQuery::default();
    for (account, members) in [(acme, 1), (zoo, 2)] {
        let page = service
            .list_members(&ada.actor, account, &query, (&Seek::First, 10))
            .await
            .unwrap();
        assert_eq!(page.rows.len(), members);
    }
    let looked = service
        .list_members(&ada.actor, foreign, &query, (&Seek::First, 10))
        .await;
    assert!(
        matches!(looked, Err(ServiceError::NotSignedIn(_))),
        "{looked:?}"
    );
    let found = service.find_account(&ada.actor, "Foreign").await;
    let missing = service.find_account(&ada.actor, "Nowhere").await;
    assert_eq!(
        found.unwrap_err().to_string(),
        missing.unwrap_err().to_string()
    );
    assert!(service.enter_account(&ada.actor, foreign).await.is_err());
}
