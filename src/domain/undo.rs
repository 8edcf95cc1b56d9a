//! Taking a change back: what was before it, what is there now, and how much of it the actor may give.

use super::{
    Catalogue, DisplaySafe, Email, Grant, Member, PermissionSet, Role, Standing,
    policy::{self, Deed, Denied, Target},
};
use jiff::Timestamp;

/// The event of a removal.
pub const REMOVED: &str = "member.removed";
/// The event of a change of permissions.
pub const CHANGED: &str = "member.permissions_changed";

/// Which of an event's two states is to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Moment {
    /// The one before it: the event is taken back.
    Before,
    /// The one that it left.
    After,
}

/// An earlier state of a membership that can come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// The sequence of the event that knows the state.
    pub event: i64,
    pub moment: Moment,
    pub at: Timestamp,
    pub by: DisplaySafe,
    pub email: Email,
    /// The membership now; none for who was removed.
    pub now: Option<Member>,
    /// What the change that is taken back had left; none for a removal.
    pub was: Option<Grant>,
    /// The exact old grant.
    pub back: Grant,
}

/// As much of an old grant as somebody may give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub grant: Grant,
    /// What of the old grant stays away, and what it lacked and stays.
    pub withheld: PermissionSet,
    /// The old role, where it can't come back.
    pub role: Option<Role>,
}

impl Offer {
    /// Whether everything comes back.
    pub fn is_whole(&self) -> bool {
        self.withheld.is_empty() && self.role.is_none()
    }

    /// What does not come back, in words: keys, and the role.
    pub fn parts(&self) -> String {
        let role = self.role.map(|role| format!("the role “{role}”"));
        let keys = self
            .withheld
            .iter()
            .map(|key| DisplaySafe::new(key).to_string());
        role.into_iter().chain(keys).collect::<Vec<_>>().join(", ")
    }
}

impl Restoration {
    /// Whether something changed after the change that is taken back.
    pub fn is_stale(&self) -> bool {
        self.now.as_ref().map(|now| &now.grant) != self.was.as_ref()
    }

    /// As much as `actor` may give back; a hint to a console, and the service's own answer to a command.
    ///
    /// # Errors
    /// Why nothing of it may come back.
    pub fn offer(&self, actor: &Standing, catalogue: &Catalogue) -> Result<Offer, Denied> {
        let refusal = match self.may(actor, &self.back, catalogue) {
            Ok(()) => {
                return Ok(Offer {
                    grant: self.back.clone(),
                    withheld: PermissionSet::new(),
                    role: None,
                });
            }
            Err(refusal) => refusal,
        };
        let (old, now) = (self.back.effective(catalogue), self.present(catalogue));
        let allowed = |key: &&str| {
            let one: PermissionSet = [*key].into_iter().collect();
            let along = catalogue.with_required(&one);
            let lacking = along.minus(&now);
            lacking.iter().all(|key| may_move(actor, key, catalogue))
        };
        let came: PermissionSet = old.iter().filter(allowed).collect();
        let stays = now.minus(&old);
        let stays = stays.iter().filter(|key| !may_move(actor, key, catalogue));
        let keys = came.plus(&stays.collect());
        [Role::Full, Role::Custom]
            .into_iter()
            .filter(|role| *role == Role::Custom || self.back.role != Role::Custom)
            .map(|role| {
                Grant {
                    role,
                    permissions: keys.clone(),
                }
                .normalised(catalogue)
            })
            .filter(|grant| self.gives_something(grant, catalogue))
            .find(|grant| self.may(actor, grant, catalogue).is_ok())
            .map(|grant| self.part(grant, catalogue))
            .ok_or(refusal)
    }

    fn present(&self, catalogue: &Catalogue) -> PermissionSet {
        let now = self.now.as_ref().map(|now| now.grant.effective(catalogue));
        now.unwrap_or_default()
    }

    /// Somebody without any permission is not brought back, and a change to nothing else is none.
    fn gives_something(&self, grant: &Grant, catalogue: &Catalogue) -> bool {
        match &self.now {
            Some(now) => now.grant != *grant,
            None => !grant.effective(catalogue).is_empty(),
        }
    }

    fn part(&self, grant: Grant, catalogue: &Catalogue) -> Offer {
        let (old, new) = (self.back.effective(catalogue), grant.effective(catalogue));
        Offer {
            withheld: old.minus(&new).plus(&new.minus(&old)),
            role: (grant.role != self.back.role).then_some(self.back.role),
            grant,
        }
    }

    fn may(&self, actor: &Standing, to: &Grant, catalogue: &Catalogue) -> Result<(), Denied> {
        policy::may(actor, &self.deed(to), catalogue)
    }

    /// What policy is asked about giving the membership this grant.
    pub fn deed<'a>(&'a self, to: &'a Grant) -> Deed<'a> {
        match &self.now {
            None => Deed::Restore { grant: to },
            Some(now) => Deed::SetGrant {
                target: Target {
                    user: now.user,
                    grant: &now.grant,
                },
                to,
            },
        }
    }
}

fn may_move(actor: &Standing, key: &str, catalogue: &Catalogue) -> bool {
    match actor {
        Standing::Operator => true,
        Standing::Member { grant, .. } if grant.role == Role::Owner => true,
        Standing::Member { grant, .. } => {
            grant.holds(catalogue, key) && !catalogue.is_administrative(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Restoration};
    use crate::domain::{
        Email, Grant, Member, PermissionSet, Role, Standing, UserId, permission::tests::small,
        policy::Denied,
    };

    fn custom(keys: &[&str]) -> Grant {
        Grant::custom(keys.iter().copied().collect())
    }

    fn restoration(now: Option<Grant>, back: Grant) -> Restoration {
        let (user, email) = (UserId(uuid::Uuid::max()), Email::parse("b@x.com").unwrap());
        let member = |grant| Member {
            user,
            email: email.clone(),
            name: "".into(),
            grant,
            last_login: None,
            joined_at: jiff::Timestamp::UNIX_EPOCH,
            invited_by: None,
            ownership_offered: false,
            version: 1,
        };
        Restoration {
            event: 7,
            moment: Moment::Before,
            at: jiff::Timestamp::UNIX_EPOCH,
            by: "ada@x.com".into(),
            now: now.map(member),
            was: None,
            back,
            email,
        }
    }

    fn actor(grant: Grant) -> Standing {
        let user = UserId(uuid::Uuid::nil());
        Standing::Member { user, grant }
    }

    fn manager(role: Role, keys: &[&str]) -> Standing {
        let admin = ["members.view", "members.manage"];
        let permissions: PermissionSet = keys.iter().copied().chain(admin).collect();
        actor(Grant { role, permissions })
    }

    #[test]
    fn an_owner_gives_the_exact_old_grant_back() {
        let catalogue = small();
        let back = custom(&["members.manage", "members.view", "old.key"]);
        for now in [None, Some(Grant::full())] {
            let offer = restoration(now, back.clone())
                .offer(&actor(Grant::owner()), &catalogue)
                .unwrap();
            assert!(offer.is_whole());
            assert_eq!(offer.grant, back);
        }
    }

    #[test]
    fn a_manager_gives_back_what_they_hold_and_the_rest_is_named() {
        let catalogue = small();
        let max = manager(Role::Custom, &["invoices.pay"]);
        let old = custom(&["invoices.pay", "products.view", "products.manage"]);
        let offer = restoration(None, old.clone())
            .offer(&max, &catalogue)
            .unwrap();
        assert_eq!(offer.grant, custom(&["invoices.pay"]));
        assert_eq!(offer.parts(), "products.manage, products.view");
        let full = restoration(None, Grant::full())
            .offer(&max, &catalogue)
            .unwrap();
        assert_eq!(
            (full.grant, full.role),
            (custom(&["invoices.pay"]), Some(Role::Full))
        );
        let none = restoration(None, custom(&["products.view"]));
        assert!(matches!(
            none.offer(&max, &catalogue),
            Err(Denied::HoldsMore)
        ));
    }

    #[test]
    fn administrative_keys_and_owners_come_back_by_an_owner_alone() {
        let catalogue = small();
        let max = manager(Role::Full, &[]);
        let old = Grant {
            role: Role::Full,
            permissions: ["members.view"].into_iter().collect(),
        };
        let offer = restoration(None, old).offer(&max, &catalogue).unwrap();
        assert_eq!(offer.grant, Grant::full());
        assert_eq!(offer.parts(), "members.view");
        let owner = restoration(None, Grant::owner())
            .offer(&max, &catalogue)
            .unwrap();
        assert_eq!(
            (owner.grant, owner.role),
            (Grant::full(), Some(Role::Owner))
        );
    }

    #[test]
    fn a_change_is_taken_back_as_far_as_it_may_be() {
        let catalogue = small();
        let max = manager(Role::Custom, &["invoices.pay", "products.view"]);
        let (now, back) = (
            custom(&["products.view"]),
            custom(&["invoices.pay", "products.view", "products.manage"]),
        );
        let offer = restoration(Some(now.clone()), back)
            .offer(&max, &catalogue)
            .unwrap();
        assert_eq!(offer.grant, custom(&["invoices.pay", "products.view"]));
        assert_eq!(offer.parts(), "products.manage");
        // Nothing of it can be given: the old refusal, and no empty change.
        let only = restoration(Some(now), custom(&["products.view", "products.manage"]));
        assert!(matches!(
            only.offer(&max, &catalogue),
            Err(Denied::NotHeld { .. })
        ));
    }

    #[test]
    fn what_changed_since_is_stale() {
        let mut undo = restoration(Some(Grant::full()), custom(&["invoices.pay"]));
        assert!(undo.is_stale());
        undo.was = Some(Grant::full());
        assert!(!undo.is_stale());
        assert!(!restoration(None, Grant::full()).is_stale());
    }
}
