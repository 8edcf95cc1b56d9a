//! A million random cases against the rule said again over bits: nothing is given away that the
//! giver does not have.

use super::{Deed, Target, may};
use crate::domain::{
    Catalogue, Grant, PermissionSet, Role, Standing, UserId, permission::tests::small,
};

const CASES: usize = 1_000_000;
/// `products.view`, `products.manage`, `invoices.pay`; the administrative `members.view` and
/// `members.manage`; and a key that the catalogue has forgotten.
const KEYS: [&str; 6] = [
    "products.view",
    "products.manage",
    "invoices.pay",
    "members.view",
    "members.manage",
    "old.key",
];
const ORDINARY: u8 = 0b00_0111;
const ADMINISTRATIVE: u8 = 0b01_1000;
const MANAGE: u8 = 0b01_0000;
const KNOWN: u8 = ORDINARY | ADMINISTRATIVE;

/// xorshift64*: the same cases in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % limit
    }
}

/// A grant as it may stand in a database, with its keys as bits; also ones that no screen would make.
struct Hand {
    grant: Grant,
    bits: u8,
}

fn every_hand() -> Vec<Hand> {
    let mut hands = Vec::new();
    for role in [Role::Owner, Role::Full, Role::Custom] {
        for stored in 0..1_u8 << KEYS.len() {
            let held = KEYS.iter().enumerate();
            let held = held.filter(|(at, _)| stored & (1 << at) != 0);
            let permissions: PermissionSet = held.map(|(_, key)| *key).collect();
            let by_role = match role {
                Role::Owner => KNOWN,
                Role::Full => ORDINARY,
                Role::Custom => 0,
            };
            hands.push(Hand {
                grant: Grant { role, permissions },
                bits: stored | by_role,
            });
        }
    }
    hands
}

/// Whether the actor may make `to` out of `from`, where neither is an owner's nor the actor's own.
fn rule(actor: &Hand, from: Option<&Hand>, to: &Hand) -> bool {
    let role = actor.grant.role;
    let full = |hand: Option<&Hand>| hand.is_some_and(|hand| hand.grant.role == Role::Full);
    let before = from.map_or(0, |from| from.bits);
    let moved = before ^ to.bits;
    let reaches = before & !actor.bits == 0 && (!full(from) || role == Role::Full);
    let gives = moved & !actor.bits == 0
        && moved & ADMINISTRATIVE == 0
        && (full(from) == full(Some(to)) || role == Role::Full);
    actor.bits & MANAGE != 0 && (role == Role::Owner || reaches && gives)
}

fn is_owner(hand: &Hand) -> bool {
    hand.grant.role == Role::Owner
}

/// What the rule says to one of the acts that give something.
fn expected(actor: &Hand, from: &Hand, to: &Hand, act: usize) -> bool {
    match act {
        0 => !is_owner(from) && !is_owner(to) && rule(actor, Some(from), to),
        1 => !is_owner(to) && rule(actor, None, to),
        _ if is_owner(from) => is_owner(actor) && !is_owner(to),
        _ => !is_owner(to) && rule(actor, Some(from), to),
    }
}

fn found(actor: &Hand, from: &Hand, (to, act): (&Hand, usize), catalogue: &Catalogue) -> bool {
    let (me, other) = (UserId(uuid::Uuid::nil()), UserId(uuid::Uuid::max()));
    let standing = Standing::Member {
        user: me,
        grant: actor.grant.clone(),
    };
    let target = Target {
        user: other,
        grant: &from.grant,
    };
    let (from, to) = (&from.grant, &to.grant);
    let deed = match act {
        0 => Deed::SetGrant { target, to },
        1 => Deed::Invite { grant: to },
        _ => Deed::EditInvitation { from, to },
    };
    may(&standing, &deed, catalogue).is_ok()
}

#[test]
fn a_million_random_cases_are_the_rule_and_give_nothing_that_is_not_held() {
    let (catalogue, hands) = (small(), every_hand());
    let mut chance = Chance(0x0005_eed0_f011_b00c);
    let mut allowed = 0;
    for _ in 0..CASES {
        let mut hand = || &hands[chance.below(hands.len())];
        let (actor, from, to) = (hand(), hand(), hand());
        let act = chance.below(3);
        let may = found(actor, from, (to, act), &catalogue);
        let case = || format!("{:?}: {act} {:?} {:?}", actor.grant, from.grant, to.grant);
        assert_eq!(may, expected(actor, from, to, act), "{}", case());
        if may && actor.grant.role != Role::Owner {
            let before = if act == 1 { 0 } else { from.bits };
            let gained = to.bits & !before;
            assert_eq!(gained & !actor.bits, 0, "escalation: {}", case());
            assert_eq!(gained & ADMINISTRATIVE, 0, "escalation: {}", case());
        }
        allowed += usize::from(may);
    }
    assert!(allowed > CASES / 20, "only {allowed} were allowed");
}
