use super::{Contradiction, Side, ThreeWay};
use crate::domain::{Catalogue, Grant, PermissionSet, Role, permission::tests::small};

/// `products.manage` needs `products.view`; the last the catalogue does not know.
const KEYS: [&str; 5] = [
    "products.view",
    "products.manage",
    "invoices.pay",
    "members.view",
    "old.key",
];

fn custom(keys: &[&str]) -> Grant {
    Grant::custom(keys.iter().copied().collect())
}

fn three(was: &Grant, yours: &Grant, theirs: &Grant) -> ThreeWay {
    ThreeWay {
        was: was.clone(),
        yours: yours.clone(),
        theirs: theirs.clone(),
    }
}

/// Every grant that a screen can make of these keys, with or without the forgotten one.
fn every_grant(catalogue: &Catalogue) -> Vec<Grant> {
    let mut all: Vec<Grant> = Vec::new();
    for role in [Role::Full, Role::Custom] {
        for bits in 0..1_u8 << KEYS.len() {
            let held = KEYS.iter().enumerate();
            let held = held.filter(|(at, _)| bits & (1 << at) != 0);
            let permissions: PermissionSet = held.map(|(_, key)| *key).collect();
            let grant = Grant { role, permissions }.normalised(catalogue);
            if !all.contains(&grant) {
                all.push(grant);
            }
        }
    }
    all
}

/// What one side did is in the merged grant, and nothing that nobody did.
fn keeps_both(case: &ThreeWay, merged: &Grant, catalogue: &Catalogue) {
    let (was, yours) = (
        case.was.effective(catalogue),
        case.yours.effective(catalogue),
    );
    let (theirs, all) = (
        case.theirs.effective(catalogue),
        merged.effective(catalogue),
    );
    for key in KEYS.iter().copied().chain(["members.manage"]) {
        let sides = [yours.contains(key), theirs.contains(key)];
        let before = was.contains(key);
        let wanted = if sides.contains(&!before) {
            !before
        } else {
            before
        };
        // A forgotten key that is there now is never dropped.
        let wanted = wanted || key == "old.key" && theirs.contains(key);
        assert_eq!(all.contains(key), wanted, "{key} in {merged:?} of {case:?}");
    }
    let role = if case.yours.role == case.was.role {
        case.theirs.role
    } else {
        case.yours.role
    };
    assert_eq!(merged.role, role, "{case:?}");
}

#[test]
fn every_small_case_loses_nothing_or_says_what_contradicts() {
    let catalogue = small();
    let grants = every_grant(&catalogue);
    let (mut merged, mut refused) = (0, 0);
    for was in &grants {
        for yours in &grants {
            for theirs in &grants {
                let case = three(was, yours, theirs);
                match case.merge(&catalogue) {
                    Ok(grant) => {
                        keeps_both(&case, &grant, &catalogue);
                        assert_eq!(grant, grant.normalised(&catalogue));
                        merged += 1;
                    }
                    Err(clashes) => {
                        assert!(!clashes.is_empty());
                        refused += 1;
                    }
                }
                let other = three(was, theirs, yours).merge(&catalogue).is_ok();
                assert_eq!(other, case.merge(&catalogue).is_ok(), "{case:?}");
            }
        }
    }
    assert!(merged > 10_000 && refused > 1_000, "{merged} {refused}");
}

#[test]
fn one_side_alone_is_taken_as_it_is() {
    let catalogue = small();
    let grants = every_grant(&catalogue);
    for was in &grants {
        for changed in &grants {
            let mine = three(was, changed, was).merge(&catalogue).unwrap();
            let unknown = was.unknown(&catalogue);
            let kept = Grant {
                role: changed.role,
                permissions: changed.permissions.plus(&unknown),
            };
            assert_eq!(mine, kept);
            assert_eq!(
                three(was, was, changed).merge(&catalogue),
                Ok(changed.clone())
            );
            let on_top = three(was, changed, was).yours_on_top(&catalogue);
            assert_eq!(on_top, kept, "{was:?} {changed:?}");
        }
    }
}

#[test]
fn what_one_takes_and_the_other_needs_is_named() {
    let catalogue = small();
    let was = custom(&["products.view", "invoices.pay"]);
    let took = custom(&["invoices.pay"]);
    let needs = custom(&["products.view", "products.manage", "invoices.pay"]);
    let clash = |taker| {
        Err(vec![Contradiction::Needed {
            key: "products.view".to_owned(),
            by: "products.manage".to_owned(),
            taker,
        }])
    };
    let yours = three(&was, &took, &needs);
    assert_eq!(yours.merge(&catalogue), clash(Side::Yours));
    assert_eq!(
        three(&was, &needs, &took).merge(&catalogue),
        clash(Side::Theirs)
    );
    // Mine wins when I go on editing: what needs it goes too.
    assert_eq!(yours.yours_on_top(&catalogue), took);
}

#[test]
fn all_permissions_against_a_smaller_set_is_named() {
    let catalogue = small();
    let was = custom(&["products.view", "invoices.pay"]);
    let (full, less) = (Grant::full(), custom(&["invoices.pay"]));
    let more = custom(&["invoices.pay", "products.view", "products.manage"]);
    assert_eq!(
        three(&was, &full, &less).merge(&catalogue),
        Err(vec![Contradiction::AllAgainst {
            giver: Side::Yours,
            taken: ["products.view"].into_iter().collect(),
        }])
    );
    assert_eq!(three(&was, &full, &more).merge(&catalogue), Ok(full));
    let owner = three(&was, &less, &Grant::owner());
    assert!(matches!(
        owner.merge(&catalogue).unwrap_err()[0],
        Contradiction::Roles { .. }
    ));
}

#[test]
fn what_is_required_comes_along_where_nobody_took_it() {
    let catalogue = small();
    // As it may stand in a database from before the requirement.
    let was = custom(&["products.manage"]);
    let case = three(&was, &custom(&["products.manage", "invoices.pay"]), &was);
    let merged = case.merge(&catalogue).unwrap();
    assert_eq!(
        merged,
        custom(&["products.manage", "products.view", "invoices.pay"])
    );
}

#[test]
fn rows_are_the_keys_that_differ() {
    let catalogue = small();
    let was = custom(&["invoices.pay", "old.key"]);
    let case = three(&was, &custom(&["invoices.pay"]), &custom(&["old.key"]));
    let rows = case.rows(&catalogue);
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.key.as_str(), row.yours, row.theirs, row.was))
        .collect();
    assert_eq!(
        told,
        [
            ("invoices.pay", true, false, true),
            ("old.key", false, true, true)
        ]
    );
    assert!(!case.role_differs());
}
