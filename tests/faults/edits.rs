//! Two people change the same member at once, each from what they saw.

use crate::{
    count,
    support::{TestDb, account_with_owner, custom, email, join, operator, service},
};
use rollbook::{
    domain::Grant,
    service::{Conflict, Service, ServiceError, SetGrant, Write},
};

/// Adds a key to what is there, as a person does: looks, saves, and looks again where somebody else came
/// first. Returns how often that was.
async fn give(service: &Service, account: rollbook::domain::AccountId, key: &str) -> usize {
    let member = email("bob@acme.example");
    let mut conflicts = 0;
    loop {
        let seen = service
            .show_member(&operator(), account, &member)
            .await
            .unwrap();
        let mut keys: Vec<&str> = seen.grant.permissions.iter().collect();
        keys.push(key);
        let set = SetGrant {
            email: member.clone(),
            to: Grant::custom(keys.into_iter().collect()),
            version: Some(seen.version),
        };
        match service
            .set_grant(&Write::new(&operator(), account), &set)
            .await
        {
            Ok(_) => return conflicts,
            Err(ServiceError::Conflict(Conflict::Changed(_))) => conflicts += 1,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_edit_is_lost_when_two_are_made_at_once() {
    let pairs = count(100, 5000);
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, actor) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let nothing = custom(&["emails.view"]);
    join(&service, account, "bob@acme.example", nothing.clone()).await;
    let (mut conflicts, mut lost) = (0, 0);
    for _ in 0..pairs {
        let set = SetGrant {
            email: email("bob@acme.example"),
            to: nothing.clone(),
            version: None,
        };
        service
            .set_grant(&Write::new(&actor, account), &set)
            .await
            .unwrap();
        let (one, other) = tokio::join!(
            give(&service, account, "domains.view"),
            give(&service, account, "orders.place")
        );
        conflicts += one + other;
        let now = service
            .show_member(&actor, account, &set.email)
            .await
            .unwrap();
        let both = ["domains.view", "orders.place"];
        lost += both
            .iter()
            .filter(|key| !now.grant.permissions.contains(key))
            .count();
    }
    eprintln!("faults: {pairs} pairs of edits: {conflicts} conflicts, {lost} lost");
    assert_eq!(lost, 0);
    assert!(conflicts > 0, "they never met");
}
