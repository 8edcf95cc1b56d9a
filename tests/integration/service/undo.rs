//! Taking back removals and changes of permissions, and the history that they come from.

use crate::support::{
    TestDb, account_with_owner, custom, email, join, latest, operator, service, service_with,
    settings, sign_in,
};
use rollbook::{
    domain::{
        AccountId, Actor, CommandId, Current, Grant, Moment, PermissionSet, Restoration, Role,
        policy::Denied,
    },
    service::{
        AdjustGrant, ChangedGrant, Conflict, Extent, Restore, Restored, Service, ServiceError,
        ServiceSettings, SetGrant, Wanted, Write, WriteMode,
    },
};
use std::time::Duration;

const BOB: &str = "bob@acme.example";

/// An account of ada's with bob in it, who may do this.
async fn with_bob(db: &TestDb, grant: Grant) -> (Service, AccountId) {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    join(&service, account, BOB, grant).await;
    (service, account)
}

/// Max, who may manage and holds these keys.
async fn manager(service: &Service, account: AccountId, keys: &[&str]) -> Actor {
    let keys: Vec<&str> = keys.iter().copied().chain(["members.manage"]).collect();
    join(service, account, "max@acme.example", custom(&keys)).await;
    sign_in(service, "max@acme.example").await.actor
}

async fn set(
    service: &Service,
    (actor, account): (&Actor, AccountId),
    to: Grant,
) -> Result<ChangedGrant, ServiceError> {
    let set = SetGrant {
        email: email(BOB),
        to,
        version: None,
    };
    service.set_grant(&Write::new(actor, account), &set).await
}

async fn restore(
    service: &Service,
    (actor, account): (&Actor, AccountId),
    extent: Extent,
) -> Result<Restored, ServiceError> {
    let restore = Restore {
        email: email(BOB),
        what: Wanted::Latest(extent),
    };
    let write = Write::new(actor, account);
    service.restore_member(&write, &restore).await
}

/// What a console sends after the review of `found`.
fn reviewed(found: &Restoration, to: &Grant) -> Restore {
    Restore {
        email: found.email.clone(),
        what: Wanted::Reviewed {
            event: found.event,
            moment: found.moment,
            to: to.clone(),
            version: found.now.as_ref().map(|now| now.version),
        },
    }
}

async fn remove(service: &Service, (actor, account): (&Actor, AccountId)) {
    let write = Write::new(actor, account);
    service
        .remove_member(&write, &email(BOB), None)
        .await
        .unwrap();
}

async fn bobs(service: &Service, account: AccountId) -> Grant {
    let shown = service.show_member(&operator(), account, &email(BOB)).await;
    shown.unwrap().grant
}

#[tokio::test]
async fn b03_a_change_and_then_the_one_before_it_are_taken_back() {
    let db = TestDb::new().await;
    let (first, second) = (custom(&["invoices.pay"]), custom(&["domains.view"]));
    let (service, account) = with_bob(&db, first.clone()).await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    let by = (&ada, account);
    set(&service, by, second.clone()).await.unwrap();
    set(&service, by, Grant::full()).await.unwrap();
    for back in [&second, &first] {
        let found = service.find_undo(&ada, account).await.unwrap();
        assert!(!found.is_stale());
        assert_eq!(found.back, *back);
        let write = Write::new(&ada, account);
        let restored = service
            .restore_member(&write, &reviewed(&found, &found.back))
            .await
            .unwrap();
        assert_eq!((&restored.member.grant, restored.removed), (back, false));
        // The same command again does nothing more.
        let again = service
            .restore_member(&write, &reviewed(&found, &found.back))
            .await
            .unwrap();
        assert_eq!(again.member.version, restored.member.version);
    }
    let nothing = service.find_undo(&ada, account).await;
    assert!(
        matches!(
            nothing,
            Err(ServiceError::Conflict(Conflict::NothingToRestore))
        ),
        "{nothing:?}"
    );
    let verified = service.verify_events(&operator(), account).await;
    assert_eq!(verified.unwrap(), None);
}

#[tokio::test]
async fn b03_a_removal_comes_back_with_the_exact_old_set() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, custom(&["invoices.pay"])).await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    // A key that the catalogue has forgotten is part of the old set.
    let sql = "UPDATE memberships SET permissions = '{invoices.pay,old.key}' WHERE role = 'custom'";
    db.client().await.execute(sql, &[]).await.unwrap();
    remove(&service, (&ada, account)).await;
    let found = service.find_undo(&ada, account).await.unwrap();
    assert_eq!(found.moment, Moment::Before);
    assert!(found.now.is_none() && found.back.permissions.contains("old.key"));
    let write = Write::new(&ada, account);
    let restored = service
        .restore_member(&write, &reviewed(&found, &found.back))
        .await
        .unwrap();
    assert!(restored.removed);
    assert_eq!(
        bobs(&service, account).await,
        custom(&["invoices.pay", "old.key"])
    );
    // A forged key is none that the state knows.
    remove(&service, (&ada, account)).await;
    let found = service.find_undo(&ada, account).await.unwrap();
    let forged = custom(&["invoices.pay", "other.key"]);
    let refused = service
        .restore_member(&Write::new(&ada, account), &reviewed(&found, &forged))
        .await;
    assert!(
        matches!(refused, Err(ServiceError::Invalid(_))),
        "{refused:?}"
    );
    restore(&service, (&ada, account), Extent::Whole)
        .await
        .unwrap();
    let late = service
        .restore_member(&Write::new(&ada, account), &reviewed(&found, &found.back))
        .await;
    assert!(
        matches!(late, Err(ServiceError::Conflict(Conflict::AlreadyMember))),
        "{late:?}"
    );
}

#[tokio::test]
async fn b03_parts_that_may_not_be_given_are_named_and_the_rest_comes_back_on_demand() {
    let db = TestDb::new().await;
    let old = custom(&["invoices.pay", "domains.view", "members.view"]);
    let (service, account) = with_bob(&db, old).await;
    let max = manager(&service, account, &["invoices.pay"]).await;
    let by = (&max, account);
    remove(&service, (&operator(), account)).await;
    let refused = restore(&service, by, Extent::Whole).await;
    let Err(ServiceError::Denied(Denied::NotAllRestored { parts })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(parts, "domains.view, members.view");
    let part = restore(&service, by, Extent::Possible).await.unwrap();
    assert_eq!(part.withheld, parts);
    assert_eq!(part.member.grant, custom(&["invoices.pay"]));
    // More than one may give is refused however it is asked for.
    remove(&service, (&operator(), account)).await;
    let page = (None, 1);
    let told = service
        .member_history(&max, account, &email(BOB), page)
        .await;
    let event = told.unwrap().events[0].clone();
    let forged = Restore {
        email: email(BOB),
        what: Wanted::Reviewed {
            event: event.sequence,
            moment: Moment::Before,
            to: Grant::full(),
            version: None,
        },
    };
    let write = Write::new(&max, account);
    let refused = service.restore_member(&write, &forged).await;
    assert!(
        matches!(refused, Err(ServiceError::Denied(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn b03_a_change_that_somebody_changed_since_is_not_overwritten() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, custom(&["invoices.pay"])).await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    set(
        &service,
        (&ada, account),
        custom(&["invoices.pay", "domains.view"]),
    )
    .await
    .unwrap();
    set(
        &service,
        (&operator(), account),
        custom(&["invoices.pay", "domains.view", "tickets.open"]),
    )
    .await
    .unwrap();
    let found = service.find_undo(&ada, account).await.unwrap();
    assert!(found.is_stale());
    assert_eq!(found.was, Some(custom(&["invoices.pay", "domains.view"])));
    assert_eq!(found.back, custom(&["invoices.pay"]));
    // Reviewed from what is there now, it is written; from an old version never.
    let merged = custom(&["invoices.pay", "tickets.open"]);
    let mut stale = found.clone();
    stale.now.as_mut().unwrap().version -= 1;
    let refused = service
        .restore_member(&Write::new(&ada, account), &reviewed(&stale, &merged))
        .await;
    let Err(ServiceError::Conflict(Conflict::Changed(Current::Member(now)))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(now.grant.permissions.len(), 3);
    let restored = service
        .restore_member(&Write::new(&ada, account), &reviewed(&found, &merged))
        .await
        .unwrap();
    assert_eq!(restored.member.grant, merged);
    // What the operator did last is still theirs to take back, but no longer what is there.
    let refused = restore(&service, (&operator(), account), Extent::Whole).await;
    assert!(
        matches!(refused, Err(ServiceError::Conflict(Conflict::Changed(_)))),
        "{refused:?}"
    );
    assert_eq!(bobs(&service, account).await, merged);
}

#[tokio::test]
async fn b03_the_time_for_undoing_ends() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, Grant::full()).await;
    let short = service_with(
        &db,
        ServiceSettings {
            undo_for: Duration::from_mins(1),
            ..settings()
        },
    );
    let by = operator();
    set(&service, (&by, account), custom(&["invoices.pay"]))
        .await
        .unwrap();
    remove(&service, (&by, account)).await;
    assert!(short.find_undo(&by, account).await.is_ok());
    let client = db.client().await;
    let sql = "ALTER TABLE events DISABLE TRIGGER events_append_only;
        UPDATE events SET at = at - interval '61 seconds'";
    client.batch_execute(sql).await.unwrap();
    let late = restore(&short, (&by, account), Extent::Whole).await;
    let gone =
        |error: &ServiceError| matches!(error, ServiceError::Conflict(Conflict::NothingToRestore));
    assert!(late.as_ref().is_err_and(gone), "{late:?}");
    assert!(short.find_undo(&by, account).await.is_err_and(|e| gone(&e)));
    let restored = restore(&service, (&by, account), Extent::Whole).await;
    assert!(restored.unwrap().removed);
}

#[tokio::test]
async fn b03_u_offers_ones_own_change_and_passes_over_what_no_longer_holds() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, custom(&["invoices.pay"])).await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    let max = manager(&service, account, &["invoices.pay"]).await;
    join(&service, account, "carl@acme.example", Grant::full()).await;
    set(&service, (&ada, account), custom(&["domains.view"]))
        .await
        .unwrap();
    let carl = email("carl@acme.example");
    let removal = Write::new(&ada, account);
    service.remove_member(&removal, &carl, None).await.unwrap();
    // Somebody else brought carl back: nothing is left of that to take back.
    service
        .restore_member(&Write::new(&operator(), account), &latest(carl.as_str()))
        .await
        .unwrap();
    let found = service.find_undo(&ada, account).await.unwrap();
    assert_eq!(
        (found.email.as_str(), &found.back),
        (BOB, &custom(&["invoices.pay"]))
    );
    let none = service.find_undo(&max, account).await;
    assert!(none.is_err(), "{none:?}");
}

#[tokio::test]
async fn b03_an_owner_comes_back_only_with_a_fresh_proof_and_by_an_owner() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, Grant::full()).await;
    let max = manager(&service, account, &[]).await;
    set(&service, (&operator(), account), Grant::owner())
        .await
        .unwrap();
    remove(&service, (&operator(), account)).await;
    let refused = restore(&service, (&max, account), Extent::Whole).await;
    assert!(
        matches!(refused, Err(ServiceError::Denied(_))),
        "{refused:?}"
    );
    let back = restore(&service, (&operator(), account), Extent::Whole).await;
    assert_eq!(back.unwrap().member.grant.role, Role::Owner);
}

#[tokio::test]
async fn b03_a_rehearsal_changes_nothing() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, Grant::full()).await;
    let by = operator();
    set(&service, (&by, account), custom(&["invoices.pay"]))
        .await
        .unwrap();
    let mut write = Write::new(&by, account);
    write.mode = WriteMode::DryRun;
    let shown = service.restore_member(&write, &latest(BOB)).await.unwrap();
    assert_eq!(shown.member.grant, Grant::full());
    assert_eq!(bobs(&service, account).await, custom(&["invoices.pay"]));
}

#[tokio::test]
async fn the_history_of_a_membership_is_paged_and_stays_after_a_removal() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, custom(&["invoices.pay"])).await;
    join(&service, account, "carl@acme.example", Grant::full()).await;
    let by = (&operator(), account);
    set(&service, by, Grant::full()).await.unwrap();
    remove(&service, by).await;
    restore(&service, by, Extent::Whole).await.unwrap();
    remove(&service, by).await;
    let mut told = Vec::new();
    let mut before = None;
    loop {
        let page = service
            .member_history(&operator(), account, &email(BOB), (before, 2))
            .await
            .unwrap();
        assert!(page.member.is_none());
        let Some(last) = page.events.last() else {
            break;
        };
        before = Some(last.sequence);
        told.extend(page.events.iter().map(|event| {
            let diff = event.diff(service.catalogue());
            (event.what().to_owned(), diff.given.len(), diff.taken.len())
        }));
    }
    let expected = [
        ("removed", 0, 13),
        ("brought back", 13, 0),
        ("removed", 0, 13),
        ("changed", 12, 0),
        ("joined", 1, 0),
    ];
    let told: Vec<_> = told.iter().map(|(w, g, t)| (w.as_str(), *g, *t)).collect();
    assert_eq!(told, expected);
    let stranger = email("nobody@acme.example");
    let page = (None, 2);
    let unknown = service
        .member_history(&operator(), account, &stranger, page)
        .await;
    assert!(
        matches!(unknown, Err(ServiceError::NotFound { .. })),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn who_may_change_nobody_learns_nothing_from_a_conflict() {
    let db = TestDb::new().await;
    let (service, account) = with_bob(&db, custom(&["invoices.pay"])).await;
    join(&service, account, "eve@acme.example", Grant::full()).await;
    let eve = sign_in(&service, "eve@acme.example").await.actor;
    let sent = crate::support::invite(
        &service,
        &Write::new(&operator(), account),
        "new@acme.example",
        Grant::full(),
    )
    .await;
    let old = Some(99);
    let write = || Write::new(&eve, account);
    let adjust = AdjustGrant {
        email: email(BOB),
        give: ["domains.view"].into_iter().collect(),
        take: PermissionSet::new(),
        version: old,
    };
    let wanted = SetGrant {
        email: email(BOB),
        to: Grant::full(),
        version: old,
    };
    let id = sent.invitation.id;
    let refusals = [
        service.set_grant(&write(), &wanted).await.map(drop),
        service.adjust_grant(&write(), &adjust).await.map(drop),
        service
            .remove_member(&write(), &email(BOB), old)
            .await
            .map(drop),
        service
            .restore_member(&write(), &latest(BOB))
            .await
            .map(drop),
        service
            .edit_invitation(&write(), id, &custom(&["invoices.pay"]), old)
            .await
            .map(drop),
    ];
    for refused in refusals {
        let denied = matches!(refused, Err(ServiceError::Denied(Denied::NotAManager)));
        assert!(denied, "{refused:?}");
    }
    // Who may, gets to see what is there now.
    let write = Write {
        command: CommandId::new(),
        ..Write::new(&operator(), account)
    };
    let told = service
        .edit_invitation(&write, id, &custom(&["invoices.pay"]), old)
        .await;
    let Err(ServiceError::Conflict(Conflict::Changed(Current::Invitation(now)))) = told else {
        panic!("{told:?}");
    };
    assert_eq!(now.grant, Grant::full());
}
