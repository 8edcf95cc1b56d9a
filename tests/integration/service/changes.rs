//! The permissions of many members changed, or many removed.

use crate::support::{
    TestDb, account_with_owner, custom, email, invite, join, latest, operator, service, sign_in,
};
use rollbook::{
    domain::{AccountId, Actor, Grant, Role, Verdict},
    service::{
        BrokenOff, BulkDone, Conflict, Course, MemberAct, MemberChange, Progress, Service,
        ServiceError, Write, WriteMode,
    },
};
use std::num::NonZeroUsize;
use tokio_util::sync::CancellationToken;

const ADA: &str = "ada@acme.example";
const BOB: &str = "bob@acme.example";
const CY: &str = "cy@acme.example";
const DI: &str = "di@acme.example";

fn change(address: &str, act: &MemberAct) -> MemberChange {
    MemberChange {
        email: email(address),
        version: None,
        act: act.clone(),
    }
}

fn give(keys: &[&str]) -> MemberAct {
    MemberAct::Adjust {
        give: keys.iter().copied().collect(),
        take: std::iter::empty::<&str>().collect(),
    }
}

fn take(keys: &[&str]) -> MemberAct {
    MemberAct::Adjust {
        give: std::iter::empty::<&str>().collect(),
        take: keys.iter().copied().collect(),
    }
}

async fn make(
    service: &Service,
    write: &Write,
    changes: &[MemberChange],
    mut after: impl FnMut(Progress, &CancellationToken) + Send,
) -> BulkDone {
    let stop = CancellationToken::new();
    let course = Course {
        batch: NonZeroUsize::new(2).unwrap(),
        progress: &mut |progress| after(progress, &stop),
        stop: &stop,
    };
    sent(service.change_members(write, changes, course)).await
}

async fn all(service: &Service, write: &Write, changes: &[MemberChange]) -> Vec<Verdict> {
    let done = make(service, write, changes, |_, _| {}).await;
    assert!(done.broken_off.is_none(), "{:?}", done.broken_off);
    done.verdicts
}

/// What a console starts on a thread of its own.
fn sent<F: Future + Send>(work: F) -> F {
    work
}

fn words(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().map(Verdict::word).collect()
}

/// Ada's account with bob (invoices.pay), cy (all), di (domains.view), and max, who may manage and holds
/// domains.view.
async fn acme(db: &TestDb) -> (Service, AccountId, Actor) {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", ADA).await;
    join(&service, account, BOB, custom(&["invoices.pay"])).await;
    join(&service, account, CY, Grant::full()).await;
    join(&service, account, DI, custom(&["domains.view"])).await;
    let max = custom(&["members.manage", "domains.view"]);
    join(&service, account, "max@acme.example", max).await;
    let max = sign_in(&service, "max@acme.example").await.actor;
    (service, account, max)
}

async fn grant_of(service: &Service, account: AccountId, address: &str) -> Grant {
    let shown = service
        .show_member(&operator(), account, &email(address))
        .await;
    shown.unwrap().grant
}

#[tokio::test]
async fn b05_every_kind_of_change_has_its_verdict_before_and_after() {
    let db = TestDb::new().await;
    let (service, account, max) = acme(&db).await;
    let view = give(&["domains.view"]);
    let mut stale = change(BOB, &view);
    stale.version = Some(99);
    let changes = [
        change("no@acme.example", &view),
        change(DI, &view),
        change(CY, &view),
        change(ADA, &view),
        change("max@acme.example", &view),
        change(BOB, &view),
        change("BOB@acme.example", &view),
    ];
    let expected = [
        "not_member",
        "unchanged",
        "not_allowed",
        "not_allowed",
        "not_allowed",
        "not_allowed",
        "duplicate",
    ];
    let preview = service
        .preview_changes(&max, account, &changes)
        .await
        .unwrap();
    assert_eq!(words(&preview), expected);
    assert_eq!(preview[6], Verdict::Duplicate(6));
    assert_eq!(
        words(&all(&service, &Write::new(&max, account), &changes).await),
        expected
    );
    let by = Write::new(&operator(), account);
    let changes = [
        stale.clone(),
        change(CY, &MemberAct::Set(custom(&["no.such"]))),
        change(ADA, &MemberAct::Remove),
        change(DI, &MemberAct::Set(Grant::owner())),
        change("max@acme.example", &MemberAct::Set(Grant::full())),
    ];
    let expected = ["conflict", "invalid", "conflict", "not_allowed", "change"];
    let preview = service
        .preview_changes(&operator(), account, &changes)
        .await
        .unwrap();
    assert_eq!(words(&preview), expected);
    assert!(preview[2].reason().unwrap().contains("always has an owner"));
    let mut rehearsal = by.clone();
    rehearsal.mode = WriteMode::DryRun;
    assert_eq!(all(&service, &rehearsal, &changes).await, preview);
    assert_eq!(all(&service, &by, &changes).await, preview);
    assert_eq!(
        grant_of(&service, account, "max@acme.example").await,
        Grant::full()
    );
    assert_eq!(
        grant_of(&service, account, BOB).await,
        custom(&["invoices.pay"])
    );
}

#[tokio::test]
async fn b05_one_change_among_many_is_one_like_any_other() {
    let db = TestDb::new().await;
    let (service, account, _) = acme(&db).await;
    let by = || Write::new(&operator(), account);
    let changes = [
        change(BOB, &give(&["products.manage"])),
        change(CY, &take(&["orders.place"])),
        change(DI, &MemberAct::Set(Grant::full())),
    ];
    let before = service
        .show_member(&operator(), account, &email(BOB))
        .await
        .unwrap();
    assert_eq!(words(&all(&service, &by(), &changes).await), ["change"; 3]);
    let bob = service
        .show_member(&operator(), account, &email(BOB))
        .await
        .unwrap();
    let keys = custom(&["invoices.pay", "products.manage", "products.view"]);
    assert_eq!((bob.grant, bob.version), (keys, before.version + 1));
    let cy = grant_of(&service, account, CY).await;
    assert_eq!(cy.role, Role::Custom);
    assert!(!cy.permissions.contains("orders.place") && cy.permissions.len() == 12);
    assert_eq!(grant_of(&service, account, DI).await, Grant::full());
    // Each can be taken back on its own.
    let back = latest(BOB);
    service.restore_member(&by(), &back).await.unwrap();
    assert_eq!(
        grant_of(&service, account, BOB).await,
        custom(&["invoices.pay"])
    );
    assert_eq!(
        service.verify_events(&operator(), account).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn b05_removing_many_ends_what_each_had_here() {
    let db = TestDb::new().await;
    let (service, account, max) = acme(&db).await;
    join(
        &service,
        account,
        "meg@acme.example",
        custom(&["members.manage", "domains.view"]),
    )
    .await;
    let meg = sign_in(&service, "meg@acme.example").await.actor;
    for actor in [&max, &meg] {
        service.enter_account(actor, account).await.unwrap();
        let address = format!("by-{}", actor.label());
        invite(
            &service,
            &Write::new(actor, account),
            &address,
            custom(&["domains.view"]),
        )
        .await;
    }
    let gone = ["max@acme.example", "meg@acme.example", BOB];
    let changes = gone.map(|address| change(address, &MemberAct::Remove));
    let write = Write::new(&operator(), account);
    assert_eq!(words(&all(&service, &write, &changes).await), ["remove"; 3]);
    for address in gone {
        let shown = service
            .show_member(&operator(), account, &email(address))
            .await;
        assert!(
            matches!(shown, Err(ServiceError::NotFound { .. })),
            "{shown:?}"
        );
    }
    let listed = service
        .list_invitations(&operator(), account)
        .await
        .unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    let events = service
        .list_events(&operator(), account, None, 3)
        .await
        .unwrap();
    let ended: Vec<(String, serde_json::Value)> = events
        .into_iter()
        .rev()
        .map(|event| (event.subject.to_string(), event.after))
        .collect();
    let one = |sessions, invitations| serde_json::json!({"sessions_ended": sessions, "invitations_cancelled": invitations});
    let expected = [
        (gone[0].to_owned(), one(1, 1)),
        (gone[1].to_owned(), one(1, 1)),
        (gone[2].to_owned(), one(0, 0)),
    ];
    assert_eq!(ended, expected);
    let by = Write::new(&operator(), account);
    service.restore_member(&by, &latest(BOB)).await.unwrap();
    let whole = service.verify_events(&operator(), account).await;
    assert_eq!(whole.unwrap(), None);
}

#[tokio::test]
async fn b05_nobody_leaves_by_being_in_a_list() {
    let db = TestDb::new().await;
    let (service, account, _) = acme(&db).await;
    let ada = sign_in(&service, ADA).await.actor;
    let leave = [ADA, BOB].map(|address| change(address, &MemberAct::Remove));
    let left = all(&service, &Write::new(&ada, account), &leave).await;
    assert_eq!(words(&left), ["not_allowed", "remove"]);
}

#[tokio::test]
async fn b05_of_all_owners_one_stays() {
    let db = TestDb::new().await;
    let (service, account, _) = acme(&db).await;
    for address in [BOB, CY] {
        let set = rollbook::service::SetGrant {
            email: email(address),
            to: Grant::owner(),
            version: None,
        };
        service
            .set_grant(&Write::new(&operator(), account), &set)
            .await
            .unwrap();
    }
    let changes = [
        change(ADA, &MemberAct::Remove),
        change(BOB, &MemberAct::Set(Grant::full())),
        change(CY, &MemberAct::Remove),
        change(DI, &MemberAct::Remove),
    ];
    let expected = ["remove", "change", "conflict", "remove"];
    let preview = service
        .preview_changes(&operator(), account, &changes)
        .await
        .unwrap();
    assert_eq!(words(&preview), expected);
    let done = all(&service, &Write::new(&operator(), account), &changes).await;
    assert_eq!(words(&done), expected);
    assert_eq!(grant_of(&service, account, CY).await.role, Role::Owner);
}

#[tokio::test]
async fn b05_changes_go_on_where_they_ended() {
    let db = TestDb::new().await;
    let (service, account, _) = acme(&db).await;
    let act = MemberAct::Set(custom(&["quotes.accept"]));
    let changes = [BOB, CY, DI].map(|address| change(address, &act));
    let write = Write::new(&operator(), account);
    let first = make(&service, &write, &changes, |_, stop| stop.cancel()).await;
    assert!(matches!(first.broken_off, Some(BrokenOff::Asked)));
    assert_eq!(words(&first.verdicts), ["change"; 2]);
    let bob = service
        .show_member(&operator(), account, &email(BOB))
        .await
        .unwrap();
    // Done once: the second time neither changes bob again nor calls him unchanged.
    assert_eq!(words(&all(&service, &write, &changes).await), ["change"; 3]);
    let again = service
        .show_member(&operator(), account, &email(BOB))
        .await
        .unwrap();
    assert_eq!(bob.version, again.version);
    let done = make(&service, &write, &changes[..2], |_, _| {}).await;
    let Some(BrokenOff::By(error)) = done.broken_off else {
        panic!("another list went through: {:?}", done.verdicts);
    };
    assert!(
        matches!(error, ServiceError::Conflict(Conflict::CommandReused)),
        "{error:?}"
    );
}
