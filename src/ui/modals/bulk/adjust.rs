//! Which permissions all are given and which are taken from all; the rest stays as each has it.

use crate::domain::policy::{self, Deed};
use crate::domain::{Catalogue, Grant, PermissionSet};
use crate::ui::modals::written::label;
use crate::ui::model::Ctx;
use crate::ui::widgets::checklist::Mark;

/// What was asked for; what comes and goes along follows from the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Adjust {
    pub(super) give: PermissionSet,
    pub(super) take: PermissionSet,
}

/// What is to become of one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Leave,
    Give,
    Take,
}

impl Adjust {
    /// Whether everything stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.give.is_empty() && self.take.is_empty()
    }

    fn of(&self, key: &str) -> Turn {
        if self.give.contains(key) {
            Turn::Give
        } else if self.take.contains(key) {
            Turn::Take
        } else {
            Turn::Leave
        }
    }

    /// How the key's box looks.
    pub(super) fn mark(&self, key: &str, catalogue: &Catalogue) -> Mark {
        match self.of(key) {
            Turn::Give => Mark::Plus,
            Turn::Take => Mark::Minus,
            Turn::Leave if catalogue.with_required(&self.give).contains(key) => Mark::Implied,
            Turn::Leave if self.taken(catalogue).contains(key) => Mark::Implied,
            Turn::Leave => Mark::Unticked,
        }
    }

    /// What is taken, with what needs it.
    pub(super) fn taken(&self, catalogue: &Catalogue) -> PermissionSet {
        let all = catalogue.everything();
        self.take.iter().fold(self.take.clone(), |taken, key| {
            taken.plus(&catalogue.dependents(key, &all))
        })
    }

    /// What comes next in turn: leave, give, take.
    pub(super) fn next(&self, key: &str) -> Turn {
        match self.of(key) {
            Turn::Leave => Turn::Give,
            Turn::Give => Turn::Take,
            Turn::Take => Turn::Leave,
        }
    }

    /// Decides about one permission. Returns what to say: what comes or goes along, or why not.
    pub(super) fn decide(&mut self, key: &str, turn: Turn, ctx: &Ctx) -> Option<String> {
        let one: PermissionSet = [key].into_iter().collect();
        if turn != Turn::Leave
            && let Err(reason) = may_move(&one, ctx)
        {
            return Some(reason);
        }
        self.give = self.give.minus(&one);
        self.take = self.take.minus(&one);
        let catalogue = &ctx.catalogue;
        let (words, along) = match turn {
            Turn::Leave => return None,
            Turn::Give => {
                let all = catalogue.with_required(&one);
                // What is needed can't be taken at the same time.
                self.take = self.take.minus(&all);
                self.give = self.give.plus(&one);
                ("Also given, as this needs it", all.minus(&one))
            }
            Turn::Take => {
                let along = catalogue.dependents(key, &catalogue.everything());
                self.give = self.give.minus(&along);
                self.take = self.take.plus(&one);
                ("Also taken, as it needs this", along)
            }
        };
        let labels: Vec<String> = along.iter().map(|key| label(key, ctx)).collect();
        (!labels.is_empty()).then(|| format!("{words}: {}", labels.join(", ")))
    }

    /// The grant of somebody who had `before`.
    pub(super) fn onto(&self, before: &Grant, catalogue: &Catalogue) -> Grant {
        let given = before.with(&self.give).normalised(catalogue);
        given.without(&self.take, catalogue).normalised(catalogue)
    }
}

/// Whether these are the person's to give and to take: what policy says of giving them to somebody who
/// has nothing yet.
///
/// # Errors
/// The reason.
pub(super) fn may_move(keys: &PermissionSet, ctx: &Ctx) -> Result<(), String> {
    let Some(standing) = ctx.standing() else {
        return Err("Nobody is signed in".to_owned());
    };
    let grant = Grant::custom(keys.clone());
    let deed = Deed::Invite { grant: &grant };
    policy::may(&standing, &deed, &ctx.catalogue).map_err(|denied| denied.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Adjust, Turn};
    use crate::domain::Grant;
    use crate::ui::fixture::{ctx, small};
    use crate::ui::widgets::checklist::Mark;

    #[test]
    fn what_is_needed_comes_along_and_contradictions_are_lifted() {
        let (catalogue, ctx) = (small(), ctx(Grant::owner()));
        let mut adjust = Adjust::default();
        let said = adjust.decide("products.manage", Turn::Give, &ctx);
        assert!(said.unwrap().starts_with("Also given"));
        assert_eq!(adjust.mark("products.manage", &catalogue), Mark::Plus);
        assert_eq!(adjust.mark("products.view", &catalogue), Mark::Implied);
        // Taking what the given one needs takes that too.
        let said = adjust.decide("products.view", Turn::Take, &ctx);
        assert!(said.unwrap().starts_with("Also taken"));
        assert_eq!(adjust.mark("products.view", &catalogue), Mark::Minus);
        assert_eq!(adjust.mark("products.manage", &catalogue), Mark::Implied);
        assert!(adjust.give.is_empty());
        let had = Grant::custom(
            ["invoices.pay", "products.view", "products.manage"]
                .into_iter()
                .collect(),
        );
        let has = Grant::custom(["invoices.pay"].into_iter().collect());
        assert_eq!(adjust.onto(&had, &catalogue), has);
        adjust.decide("products.view", adjust.next("products.view"), &ctx);
        assert!(adjust.is_empty());
    }

    #[test]
    fn what_one_does_not_hold_is_neither_given_nor_taken() {
        let manager = ["members.manage", "members.view", "invoices.pay"];
        let ctx = ctx(Grant::custom(manager.into_iter().collect()));
        let mut adjust = Adjust::default();
        assert_eq!(adjust.decide("invoices.pay", Turn::Give, &ctx), None);
        for key in ["products.view", "members.view"] {
            for turn in [Turn::Give, Turn::Take] {
                assert!(adjust.decide(key, turn, &ctx).is_some());
            }
        }
        assert_eq!(adjust.give.iter().collect::<Vec<_>>(), ["invoices.pay"]);
        assert!(adjust.take.is_empty());
    }
}
