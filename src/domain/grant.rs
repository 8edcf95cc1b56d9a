//! What a member may do: a role, and for all but owners a set of keys.

use super::{Catalogue, PermissionSet, permission::MEMBERS_VIEW};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A member's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, always.
    Owner,
    /// Every permission that is not administrative, today's and future ones.
    Full,
    /// A chosen set.
    Custom,
}

impl Role {
    /// The word in the database, in JSON and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Full => "full",
            Self::Custom => "custom",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Owner, Self::Full, Self::Custom]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A role with its keys. For [`Role::Full`] the set holds only what "All permissions" does not
/// cover: administrative keys. For [`Role::Owner`] it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    pub role: Role,
    pub permissions: PermissionSet,
}

impl Grant {
    /// Everything, always.
    pub fn owner() -> Self {
        Self {
            role: Role::Owner,
            permissions: PermissionSet::new(),
        }
    }

    /// "All permissions".
    pub fn full() -> Self {
        Self {
            role: Role::Full,
            permissions: PermissionSet::new(),
        }
    }

    /// A chosen set.
    pub fn custom(permissions: PermissionSet) -> Self {
        Self {
            role: Role::Custom,
            permissions,
        }
    }

    /// The keys that this grant gives under `catalogue`.
    pub fn effective(&self, catalogue: &Catalogue) -> PermissionSet {
        match self.role {
            Role::Owner => catalogue.everything().plus(&self.permissions),
            Role::Full => catalogue.ordinary().plus(&self.permissions),
            Role::Custom => self.permissions.clone(),
        }
    }

    /// Whether this grant gives `key`.
    pub fn holds(&self, catalogue: &Catalogue, key: &str) -> bool {
        self.effective(catalogue).contains(key)
    }

    /// Whether this grant is at least as much as `other`: nothing that `other` can do is out of its reach.
    pub fn covers(&self, other: &Self, catalogue: &Catalogue) -> bool {
        match (self.role, other.role) {
            (Role::Owner, _) => true,
            // "All permissions" grows with the catalogue; a chosen set does not.
            (_, Role::Owner) | (Role::Custom, Role::Full) => false,
            _ => other
                .effective(catalogue)
                .is_subset(&self.effective(catalogue)),
        }
    }

    /// The same grant with everything that its keys require, and for [`Role::Full`] and
    /// [`Role::Owner`] without the keys that the role already gives.
    #[must_use]
    pub fn normalised(&self, catalogue: &Catalogue) -> Self {
        let closed = catalogue.with_required(&self.permissions);
        let permissions = match self.role {
            Role::Owner => PermissionSet::new(),
            Role::Full => closed.minus(&catalogue.ordinary()),
            Role::Custom => closed,
        };
        Self {
            role: self.role,
            permissions,
        }
    }

    /// The same grant with these keys given; what they require comes with normalising.
    #[must_use]
    pub fn with(&self, keys: &PermissionSet) -> Self {
        Self {
            role: self.role,
            permissions: self.permissions.plus(keys),
        }
    }

    /// The same grant with these keys taken, and with them what needs them. Taking one of all leaves a
    /// chosen set: the rest, which no longer grows.
    #[must_use]
    pub fn without(&self, keys: &PermissionSet, catalogue: &Catalogue) -> Self {
        let whole = self.role != Role::Custom && !keys.is_subset(&self.permissions);
        let (role, held) = if whole {
            (Role::Custom, self.effective(catalogue))
        } else {
            (self.role, self.permissions.clone())
        };
        let along = keys.iter().fold(PermissionSet::new(), |all, key| {
            all.plus(&catalogue.dependents(key, &held))
        });
        Self {
            role,
            permissions: held.minus(keys).minus(&along),
        }
    }

    /// Keys that the catalogue no longer knows: shown and kept, never dropped.
    pub fn unknown(&self, catalogue: &Catalogue) -> PermissionSet {
        self.permissions.minus(&catalogue.everything())
    }

    /// The badge of the member table: `Owner`, `All permissions`, `Custom · 3 of 13`.
    pub fn badge(&self, catalogue: &Catalogue) -> String {
        let ordinary = catalogue.ordinary();
        let chosen = self
            .permissions
            .iter()
            .filter(|key| ordinary.contains(key))
            .count();
        let text = match self.role {
            Role::Owner => return "Owner".to_owned(),
            Role::Full => "All permissions".to_owned(),
            Role::Custom => format!("Custom · {chosen} of {}", ordinary.len()),
        };
        let manages = self.permissions.contains(MEMBERS_VIEW);
        if manages {
            format!("{text} + users")
        } else {
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Grant, Role};
    use crate::domain::permission::tests::small;

    fn custom(keys: &[&str]) -> Grant {
        Grant::custom(keys.iter().copied().collect())
    }

    #[test]
    fn full_grows_with_the_catalogue_and_custom_does_not() {
        let catalogue = small();
        let every = Grant::custom(catalogue.everything());
        assert!(!every.covers(&Grant::full(), &catalogue));
        assert!(Grant::full().covers(&custom(&["products.view"]), &catalogue));
        assert!(!Grant::full().covers(&custom(&["members.view"]), &catalogue));
        assert!(Grant::owner().covers(&Grant::owner(), &catalogue));
        assert!(!Grant::full().covers(&Grant::owner(), &catalogue));
    }

    #[test]
    fn normalising_follows_requirements_and_keeps_unknown_keys() {
        let catalogue = small();
        let grant = custom(&["products.manage", "old.key"]).normalised(&catalogue);
        assert!(grant.permissions.contains("products.view"));
        assert!(grant.unknown(&catalogue).contains("old.key"));
        let full = Grant {
            role: Role::Full,
            permissions: ["invoices.pay", "members.manage"].into_iter().collect(),
        };
        assert_eq!(full.normalised(&catalogue).permissions.len(), 2);
    }

    #[test]
    fn taking_one_of_all_leaves_the_rest_chosen() {
        let catalogue = small();
        let view = ["products.view"].into_iter().collect();
        assert_eq!(
            Grant::full().without(&view, &catalogue),
            custom(&["invoices.pay"])
        );
        let admin = ["members.manage", "members.view"].into_iter().collect();
        let manager = Grant::full().with(&admin);
        assert_eq!(manager.without(&admin, &catalogue), Grant::full());
        let set = custom(&["products.view", "products.manage", "old.key"]);
        assert_eq!(set.without(&view, &catalogue), custom(&["old.key"]));
    }

    #[test]
    fn badges() {
        let catalogue = small();
        assert_eq!(Grant::owner().badge(&catalogue), "Owner");
        assert_eq!(Grant::full().badge(&catalogue), "All permissions");
        assert_eq!(
            custom(&["invoices.pay", "old.key"]).badge(&catalogue),
            "Custom · 1 of 3"
        );
    }
}
