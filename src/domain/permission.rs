//! The catalogue of permissions.

use super::{DisplaySafe, PermissionSet};

/// One permission of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    pub key: String,
    pub label: DisplaySafe,
    pub description: DisplaySafe,
    pub group: DisplaySafe,
    /// Keys that holding this one needs.
    pub requires: Vec<String>,
    /// Never part of "All permissions"; given only by an owner.
    pub administrative: bool,
}

/// The key with which a member may look at members and invitations.
pub const MEMBERS_VIEW: &str = "members.view";
/// The key with which a member may change members and invitations.
pub const MEMBERS_MANAGE: &str = "members.manage";

/// The platform's list of permissions, in the order of its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    permissions: Vec<Permission>,
}

/// What is wrong with a list of permissions; `key` names the entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    #[error("permission {key:?} is listed twice")]
    Twice { key: String },
    #[error("permission {key:?} requires {missing:?}, which is not in the catalogue")]
    UnknownRequirement { key: String, missing: String },
    #[error("permission {key:?} requires itself, directly or through others")]
    Cycle { key: String },
    #[error("permission {key:?} is not administrative but requires {needs:?}, which is")]
    NeedsAdministrative { key: String, needs: String },
    #[error(
        "permission key {key:?} is not of the form group.name (lower-case letters, digits, - and _)"
    )]
    Form { key: String },
    #[error("the catalogue must list {key:?} as administrative")]
    Administrative { key: String },
}

impl CatalogueError {
    /// The key of the entry at fault.
    pub fn key(&self) -> &str {
        match self {
            Self::Twice { key }
            | Self::UnknownRequirement { key, .. }
            | Self::Cycle { key }
            | Self::NeedsAdministrative { key, .. }
            | Self::Form { key }
            | Self::Administrative { key } => key,
        }
    }
}

impl Catalogue {
    /// Checks the list: unique keys of the form `group.name`, known and acyclic requirements, and the two
    /// administrative keys that Rollbook itself needs.
    ///
    /// # Errors
    /// Every fault found, in the order of the list.
    pub fn new(permissions: Vec<Permission>) -> Result<Self, Vec<CatalogueError>> {
        let catalogue = Self { permissions };
        let faults = catalogue.faults();
        if faults.is_empty() {
            Ok(catalogue)
        } else {
            Err(faults)
        }
    }

    fn faults(&self) -> Vec<CatalogueError> {
        let mut faults = Vec::new();
        for (at, permission) in self.permissions.iter().enumerate() {
            let key = permission.key.clone();
            if !is_key(&key) {
                faults.push(CatalogueError::Form { key: key.clone() });
            }
            if self.permissions.iter().take(at).any(|p| p.key == key) {
                faults.push(CatalogueError::Twice { key: key.clone() });
            }
            faults.extend(self.requirement_faults(permission));
            if self.requires_itself(&key) {
                faults.push(CatalogueError::Cycle { key });
            }
        }
        for key in [MEMBERS_VIEW, MEMBERS_MANAGE] {
            if !self.get(key).is_some_and(|p| p.administrative) {
                faults.push(CatalogueError::Administrative {
                    key: key.to_owned(),
                });
            }
        }
        faults
    }

    fn requirement_faults(&self, permission: &Permission) -> Vec<CatalogueError> {
        let fault = |missing: &String| match self.get(missing) {
            None => Some(CatalogueError::UnknownRequirement {
                key: permission.key.clone(),
                missing: missing.clone(),
            }),
            Some(needed) if needed.administrative && !permission.administrative => {
                Some(CatalogueError::NeedsAdministrative {
                    key: permission.key.clone(),
                    needs: missing.clone(),
                })
            }
            Some(_) => None,
        };
        permission.requires.iter().filter_map(fault).collect()
    }

    fn requires_itself(&self, key: &str) -> bool {
        let direct = self
            .get(key)
            .map(|p| p.requires.clone())
            .unwrap_or_default();
        self.with_required(&direct.into_iter().collect())
            .contains(key)
    }

    /// All permissions in catalogue order.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The entry of `key`.
    pub fn get(&self, key: &str) -> Option<&Permission> {
        self.permissions.iter().find(|p| p.key == key)
    }

    /// The group names in order of first mention.
    pub fn groups(&self) -> Vec<&DisplaySafe> {
        let mut groups: Vec<&DisplaySafe> = Vec::new();
        for permission in &self.permissions {
            if !groups.contains(&&permission.group) {
                groups.push(&permission.group);
            }
        }
        groups
    }

    /// What "All permissions" means today: every key that is not administrative.
    pub fn ordinary(&self) -> PermissionSet {
        self.permissions
            .iter()
            .filter(|p| !p.administrative)
            .map(|p| &p.key)
            .collect()
    }

    /// Every key of the catalogue: what an owner holds.
    pub fn everything(&self) -> PermissionSet {
        self.permissions.iter().map(|p| &p.key).collect()
    }

    /// Whether `key` is administrative; unknown keys are not.
    pub fn is_administrative(&self, key: &str) -> bool {
        self.get(key).is_some_and(|p| p.administrative)
    }

    /// `keys` and everything that they require, through any number of steps.
    pub fn with_required(&self, keys: &PermissionSet) -> PermissionSet {
        let mut all = keys.clone();
        let mut waiting: Vec<String> = keys.iter().map(str::to_owned).collect();
        while let Some(key) = waiting.pop() {
            for needed in self
                .get(&key)
                .map(|p| p.requires.as_slice())
                .unwrap_or_default()
            {
                if all.insert(needed) {
                    waiting.push(needed.clone());
                }
            }
        }
        all
    }

    /// The keys in `held` that need `key`, directly or not: what goes when `key` goes.
    pub fn dependents(&self, key: &str, held: &PermissionSet) -> PermissionSet {
        let needs = |other: &&str| {
            *other != key
                && self
                    .with_required(&[*other].into_iter().collect())
                    .contains(key)
        };
        held.iter().filter(needs).collect()
    }

    /// The known key nearest to a mistyped one, for the error message.
    pub fn nearest(&self, key: &str) -> Option<&str> {
        self.permissions
            .iter()
            .map(|p| (strsim::jaro_winkler(&p.key, key), p.key.as_str()))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, key)| key)
    }
}

fn is_key(key: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
    };
    key.len() <= 64 && key.contains('.') && key.split('.').all(part)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{
        Catalogue, CatalogueError, MEMBERS_MANAGE, MEMBERS_VIEW, Permission, PermissionSet,
    };

    pub(crate) fn permission(key: &str, requires: &[&str], administrative: bool) -> Permission {
        Permission {
            key: key.to_owned(),
            label: key.into(),
            description: "".into(),
            group: key.split('.').next().unwrap_or_default().into(),
            requires: requires.iter().map(|&r| r.to_owned()).collect(),
            administrative,
        }
    }

    pub(crate) fn small() -> Catalogue {
        Catalogue::new(vec![
            permission("products.view", &[], false),
            permission("products.manage", &["products.view"], false),
            permission("invoices.pay", &[], false),
            permission(MEMBERS_VIEW, &[], true),
            permission(MEMBERS_MANAGE, &[MEMBERS_VIEW], true),
        ])
        .unwrap()
    }

    fn set(keys: &[&str]) -> PermissionSet {
        keys.iter().copied().collect()
    }

    #[test]
    fn requirements_follow() {
        let catalogue = small();
        assert_eq!(
            catalogue.with_required(&set(&["products.manage"])),
            set(&["products.manage", "products.view"])
        );
        let held = set(&["products.manage", "products.view", "invoices.pay"]);
        assert_eq!(
            catalogue.dependents("products.view", &held),
            set(&["products.manage"])
        );
    }

    #[test]
    fn all_permissions_leave_out_the_administrative() {
        assert!(!small().ordinary().contains(MEMBERS_VIEW));
        assert_eq!(small().ordinary().len(), 3);
    }

    #[test]
    fn faults_are_all_named() {
        let faults = Catalogue::new(vec![
            permission("a.x", &["a.y"], false),
            permission("a.y", &["a.x"], false),
            permission("a.x", &["b.none"], false),
            permission("Bad", &[], false),
        ])
        .unwrap_err();
        assert!(faults.contains(&CatalogueError::Twice {
            key: "a.x".to_owned()
        }));
        assert!(faults.contains(&CatalogueError::Cycle {
            key: "a.y".to_owned()
        }));
        assert!(
            faults
                .iter()
                .any(|f| matches!(f, CatalogueError::UnknownRequirement { .. }))
        );
        assert!(
            faults
                .iter()
                .any(|f| matches!(f, CatalogueError::Form { .. }))
        );
        assert!(
            faults
                .iter()
                .any(|f| matches!(f, CatalogueError::Administrative { .. }))
        );
    }

    #[test]
    fn a_typing_slip_finds_its_key() {
        assert_eq!(small().nearest("product.manage"), Some("products.manage"));
        assert_eq!(small().nearest("zzz"), None);
    }
}
