//! Every role against every role and every act, and random histories of allowed acts.

use super::{Deed, Denied, Target, may, owner_remains};
use crate::domain::{
    Catalogue, Grant, PermissionSet, Role, Standing, UserId, permission::tests::small,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Every grant that the small catalogue allows: owner, full with each set of administrative keys,
/// and each closed subset of all keys.
fn every_grant(catalogue: &Catalogue) -> Vec<Grant> {
    let everything = catalogue.everything();
    let keys: Vec<&str> = everything.iter().collect();
    let subsets = (0..1_u32 << keys.len()).map(|bits| {
        keys.iter()
            .enumerate()
            .filter(|(at, _)| bits & (1 << at) != 0)
            .map(|(_, key)| *key)
            .collect()
    });
    let mut grants = vec![Grant::owner()];
    for set in subsets {
        let set: PermissionSet = set;
        for role in [Role::Full, Role::Custom] {
            let grant = Grant {
                role,
                permissions: set.clone(),
            }
            .normalised(catalogue);
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
    }
    grants
}

fn keys(grant: &Grant, catalogue: &Catalogue) -> BTreeSet<String> {
    grant
        .effective(catalogue)
        .iter()
        .map(str::to_owned)
        .collect()
}

fn administrative(keys: &BTreeSet<String>) -> bool {
    keys.iter().any(|key| key.starts_with("members."))
}

/// Section 5 of the rules, said again over plain sets.
fn rule(actor: &Grant, from: Option<&Grant>, to: Option<&Grant>, catalogue: &Catalogue) -> bool {
    let held = keys(actor, catalogue);
    if !held.contains("members.manage") {
        return false;
    }
    if to.is_some_and(|to| to.role == Role::Owner) {
        return false;
    }
    if actor.role == Role::Owner {
        return true;
    }
    let before = from.map(|from| keys(from, catalogue)).unwrap_or_default();
    let after = to.map(|to| keys(to, catalogue)).unwrap_or_default();
    let full = |grant: Option<&Grant>| grant.is_some_and(|grant| grant.role == Role::Full);
    let stronger = from.is_some_and(|from| from.role == Role::Owner)
        || !before.is_subset(&held)
        || (full(from) && actor.role != Role::Full);
    let moved: BTreeSet<String> = before.symmetric_difference(&after).cloned().collect();
    !stronger
        && moved.is_subset(&held)
        && !administrative(&moved)
        && (full(from) == full(to) || actor.role == Role::Full)
}

#[test]
fn every_cell_of_the_matrix_is_the_rule() {
    let catalogue = small();
    let grants = every_grant(&catalogue);
    let (me, other) = (UserId::new(), UserId::new());
    let mut cells = 0;
    for actor in &grants {
        let standing = Standing::Member {
            user: me,
            grant: actor.clone(),
        };
        let allowed = |deed: &Deed<'_>| may(&standing, deed, &catalogue).is_ok();
        for from in &grants {
            let target = Target {
                user: other,
                grant: from,
            };
            for to in &grants {
                let set = allowed(&Deed::SetGrant {
                    target: target.clone(),
                    to,
                });
                let expected =
                    from.role != Role::Owner && rule(actor, Some(from), Some(to), &catalogue);
                assert_eq!(set, expected, "{actor:?} sets {from:?} to {to:?}");
                let edit = allowed(&Deed::EditInvitation { from, to });
                if from.role != Role::Owner {
                    assert_eq!(
                        edit,
                        rule(actor, Some(from), Some(to), &catalogue),
                        "{actor:?} edits {from:?} to {to:?}"
                    );
                }
                cells += 2;
            }
            let reach = keys(actor, &catalogue).contains("members.manage")
                && actor.covers(from, &catalogue);
            assert_eq!(
                allowed(&Deed::Remove {
                    target: target.clone()
                }),
                reach,
                "{actor:?} removes {from:?}"
            );
            assert_eq!(allowed(&Deed::ResendInvitation { grant: from }), reach);
            assert_eq!(allowed(&Deed::CancelInvitation { grant: from }), reach);
            assert_eq!(
                allowed(&Deed::Invite { grant: from }),
                rule(actor, None, Some(from), &catalogue),
                "{actor:?} invites {from:?}"
            );
            let offers = actor.role == Role::Owner && from.role != Role::Owner;
            assert_eq!(allowed(&Deed::OfferOwnership { target }), offers);
            cells += 5;
        }
    }
    assert!(cells > 10_000, "only {cells} cells");
}

#[test]
fn nobody_changes_their_own_permissions_but_an_owner_may_step_down() {
    let catalogue = small();
    let me = UserId::new();
    for actor in every_grant(&catalogue) {
        let standing = Standing::Member {
            user: me,
            grant: actor.clone(),
        };
        for to in every_grant(&catalogue) {
            let deed = Deed::SetGrant {
                target: Target {
                    user: me,
                    grant: &actor,
                },
                to: &to,
            };
            let expected = actor.role == Role::Owner && to.role != Role::Owner;
            assert_eq!(may(&standing, &deed, &catalogue).is_ok(), expected);
        }
        let leave = Deed::Remove {
            target: Target {
                user: me,
                grant: &actor,
            },
        };
        assert_eq!(may(&standing, &leave, &catalogue), Ok(()));
    }
}

#[test]
fn looking_needs_its_permission() {
    let catalogue = small();
    for actor in every_grant(&catalogue) {
        let standing = Standing::Member {
            user: UserId::new(),
            grant: actor.clone(),
        };
        let expected = keys(&actor, &catalogue).contains("members.view");
        assert_eq!(may(&standing, &Deed::View, &catalogue).is_ok(), expected);
    }
}

#[test]
fn not_even_the_operator_invites_an_owner() {
    let deed = Deed::Invite {
        grant: &Grant::owner(),
    };
    assert_eq!(
        may(&Standing::Operator, &deed, &small()),
        Err(Denied::OwnerByInvitation)
    );
}

#[test]
fn the_last_owner_stays() {
    assert_eq!(owner_remains(1, &Grant::owner()), Err(Denied::LastOwner));
    assert_eq!(owner_remains(2, &Grant::owner()), Ok(()));
    assert_eq!(owner_remains(1, &Grant::full()), Ok(()));
}

/// One try in a random history: who, on whom, what, and which grant.
type Try = (usize, usize, u8, usize);

/// An account in memory: each member's grant, and who was offered ownership by an owner.
struct Model {
    grants: BTreeMap<usize, Grant>,
    offered: BTreeMap<usize, usize>,
}

impl Model {
    fn owners(&self) -> i64 {
        self.grants
            .values()
            .filter(|grant| grant.role == Role::Owner)
            .count()
            .try_into()
            .unwrap()
    }

    /// Does what policy allows; returns what the target got more than before, and from whom.
    fn act(
        &mut self,
        ids: &[UserId],
        grants: &[Grant],
        (actor, target, what, to): Try,
    ) -> Option<(Grant, Grant)> {
        let catalogue = small();
        let by = self.grants.get(&actor)?.clone();
        let standing = Standing::Member {
            user: ids[actor],
            grant: by.clone(),
        };
        let to = &grants[to % grants.len()];
        let Some(from) = self.grants.get(&target).cloned() else {
            may(&standing, &Deed::Invite { grant: to }, &catalogue).ok()?;
            self.grants.insert(target, to.clone());
            return Some((by, to.clone()));
        };
        let aim = Target {
            user: ids[target],
            grant: &from,
        };
        match what % 4 {
            0 => {
                may(&standing, &Deed::Remove { target: aim }, &catalogue).ok()?;
                owner_remains(self.owners(), &from).ok()?;
                self.grants.remove(&target);
                self.offered.remove(&target);
                None
            }
            1 => {
                may(&standing, &Deed::OfferOwnership { target: aim }, &catalogue).ok()?;
                self.offered.insert(target, actor);
                None
            }
            2 => {
                let offerer = self.offered.remove(&actor)?;
                let stands = self
                    .grants
                    .get(&offerer)
                    .is_some_and(|grant| grant.role == Role::Owner);
                stands.then(|| self.grants.insert(actor, Grant::owner()));
                None
            }
            _ => {
                may(&standing, &Deed::SetGrant { target: aim, to }, &catalogue).ok()?;
                if to.role != Role::Owner {
                    owner_remains(self.owners(), &from).ok()?;
                }
                self.grants.insert(target, to.clone());
                Some((by, to.clone())).filter(|_| actor != target)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_of_allowed_acts_orphans_an_account_or_escalates(
        tries in prop::collection::vec((0..6_usize, 0..6_usize, any::<u8>(), any::<usize>()), 1..80)
    ) {
        let catalogue = small();
        let grants = every_grant(&catalogue);
        let ids: Vec<UserId> = (0..6).map(|_| UserId::new()).collect();
        let mut model = Model { grants: BTreeMap::from([(0, Grant::owner())]), offered: BTreeMap::new() };
        for attempt in tries {
            let before = model.grants.get(&attempt.1).map(|grant| keys(grant, &catalogue)).unwrap_or_default();
            let given = model.act(&ids, &grants, attempt);
            prop_assert!(model.owners() >= 1, "no owner after {attempt:?}");
            if let Some((by, to)) = given {
                let gained: BTreeSet<String> = keys(&to, &catalogue).difference(&before).cloned().collect();
                prop_assert!(gained.is_subset(&keys(&by, &catalogue)), "{attempt:?} gave {gained:?}");
                prop_assert!(!administrative(&gained) || by.role == Role::Owner);
            }
        }
    }
}
