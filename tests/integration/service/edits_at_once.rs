//! Two people change one member at the same moment, many times: nothing of either is lost.
//! `ROLLBOOK_TEST_PAIRS=5000` runs as many pairs.

use crate::support::{TestDb, account_with_owner, custom, email, join, operator, service, sign_in};
use rollbook::{
    domain::{AccountId, Actor, Current, Email, Grant, Member, PermissionSet, ThreeWay},
    service::{AdjustGrant, Conflict, Service, ServiceError, SetGrant, Write},
};

fn pairs() -> usize {
    let wanted = std::env::var("ROLLBOOK_TEST_PAIRS").ok();
    wanted.map_or(200, |count| count.parse().unwrap())
}

struct Stage {
    service: Service,
    account: AccountId,
    ada: Actor,
    bob: Email,
}

/// The keys that the two give and take: each pair is another mixture, and none needs another.
const KEYS: [&str; 4] = [
    "invoices.pay",
    "tickets.open",
    "emails.view",
    "quotes.accept",
];

async fn stage(db: &TestDb) -> Stage {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    join(
        &service,
        account,
        "bob@acme.example",
        custom(&["domains.view"]),
    )
    .await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    Stage {
        service,
        account,
        ada,
        bob: email("bob@acme.example"),
    }
}

impl Stage {
    async fn bob(&self) -> Member {
        let service = &self.service;
        let shown = service
            .show_member(&operator(), self.account, &self.bob)
            .await;
        shown.unwrap()
    }

    async fn reset(&self, held: &[&str]) -> Member {
        let set = SetGrant {
            email: self.bob.clone(),
            to: custom(held),
            version: None,
        };
        let write = Write::new(&operator(), self.account);
        self.service.set_grant(&write, &set).await.unwrap().member
    }

    /// Saves a change made from `seen`; after a conflict both are merged and saved again, as the console
    /// does when "Keep both" is chosen. Returns how often somebody else was faster.
    async fn save(&self, actor: &Actor, seen: &Member, to: Grant) -> usize {
        let (mut was, mut wanted) = (seen.clone(), to);
        for conflicts in 0.. {
            let set = SetGrant {
                email: self.bob.clone(),
                to: wanted.clone(),
                version: Some(was.version),
            };
            let write = Write::new(actor, self.account);
            match self.service.set_grant(&write, &set).await {
                Ok(_) => return conflicts,
                Err(ServiceError::Conflict(Conflict::Changed(Current::Member(now)))) => {
                    let three = ThreeWay {
                        was: was.grant,
                        yours: wanted,
                        theirs: now.grant.clone(),
                    };
                    wanted = three.merge(self.service.catalogue()).unwrap();
                    was = *now;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        unreachable!()
    }

    async fn adjust(&self, actor: &Actor, give: &[&str], take: &[&str]) {
        let adjust = AdjustGrant {
            email: self.bob.clone(),
            give: give.iter().copied().collect(),
            take: take.iter().copied().collect(),
            version: None,
        };
        let write = Write::new(actor, self.account);
        self.service.adjust_grant(&write, &adjust).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_two_saves_at_once_keep_what_either_changed() {
    let db = TestDb::new().await;
    let stage = stage(&db).await;
    let mut conflicts = 0;
    for round in 0..pairs() {
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|n| KEYS[(round + n) % KEYS.len()]);
        let seen = stage.reset(&["domains.view", third, fourth]).await;
        // One gives the first and takes the third; the other gives the second and takes the fourth.
        let one = custom(&["domains.view", first, fourth]);
        let other = custom(&["domains.view", second, third]);
        let by = operator();
        let (a, b) = tokio::join!(
            stage.save(&stage.ada, &seen, one),
            stage.save(&by, &seen, other)
        );
        conflicts += a + b;
        let held = stage.bob().await.grant;
        assert_eq!(
            held,
            custom(&["domains.view", first, second]),
            "pair {round}"
        );
    }
    // Each pair met exactly once.
    assert_eq!(conflicts, pairs());
    let verified = stage
        .service
        .verify_events(&operator(), stage.account)
        .await;
    assert_eq!(verified.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_giving_and_taking_at_once_loses_neither_and_needs_no_second_try() {
    let db = TestDb::new().await;
    let stage = stage(&db).await;
    for round in 0..pairs() {
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|n| KEYS[(round + n) % KEYS.len()]);
        stage.reset(&["domains.view", third]).await;
        let (by, gives, takes) = (operator(), [first], [third]);
        let also = [second, fourth];
        tokio::join!(
            stage.adjust(&stage.ada, &gives, &takes),
            stage.adjust(&by, &also, &[])
        );
        let held = stage.bob().await.grant;
        let wanted = custom(&["domains.view", first, second, fourth]);
        assert_eq!(held, wanted, "pair {round}");
    }
}

#[tokio::test]
async fn an_adjustment_from_an_old_version_is_a_conflict_with_what_is_there() {
    let db = TestDb::new().await;
    let stage = stage(&db).await;
    let seen = stage.bob().await;
    stage.adjust(&stage.ada, &["invoices.pay"], &[]).await;
    let adjust = AdjustGrant {
        email: stage.bob.clone(),
        give: ["tickets.open"].into_iter().collect(),
        take: PermissionSet::new(),
        version: Some(seen.version),
    };
    let write = Write::new(&operator(), stage.account);
    let refused = stage.service.adjust_grant(&write, &adjust).await;
    let Err(ServiceError::Conflict(Conflict::Changed(Current::Member(now)))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(*now, stage.bob().await);
}
