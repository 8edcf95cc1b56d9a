//! What is ticked in the permission dialog: all permissions or a set, with what each key requires.
//! Whether a change may be made is asked of the caller, who asks policy.

use crate::domain::{Catalogue, DisplaySafe, Grant, PermissionSet, Role};
use crate::ui::model::Ctx;
use crate::ui::widgets::checklist::{Mark, Row, Usable};

/// A line of the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// The radio "All permissions".
    Full,
    /// The radio "Choose permissions".
    Choose,
    /// A group's name.
    Heading,
    /// The box of a permission.
    Key(String),
}

/// What is chosen so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// None until one of the radios is selected.
    role: Option<Role>,
    ticked: PermissionSet,
}

impl Choice {
    /// Begins with a grant, or with nothing selected.
    pub(super) fn of(grant: Option<&Grant>, ctx: &Ctx) -> Self {
        let Some(grant) = grant else {
            return Self {
                role: None,
                ticked: PermissionSet::new(),
            };
        };
        match grant.role {
            // An owner who steps down starts from everything that is not administrative.
            Role::Owner => Self {
                role: None,
                ticked: ctx.catalogue.ordinary(),
            },
            role => Self {
                role: Some(role),
                ticked: grant.permissions.clone(),
            },
        }
    }

    /// Whether one of the radios is selected.
    pub(super) fn is_begun(&self) -> bool {
        self.role.is_some()
    }

    /// The grant, once something is selected; a chosen set needs at least one key.
    pub(super) fn grant(&self, ctx: &Ctx) -> Option<Grant> {
        let grant = self.raw()?;
        let grant = grant.normalised(&ctx.catalogue);
        (grant.role != Role::Custom || !grant.permissions.is_empty()).then_some(grant)
    }

    fn raw(&self) -> Option<Grant> {
        Some(Grant {
            role: self.role?,
            permissions: self.ticked.clone(),
        })
    }

    /// Selects a radio or turns a box over. Returns what to say: what came or went along, or why not.
    pub(super) fn pick(
        &mut self,
        item: &Item,
        ctx: &Ctx,
        refusal: impl Fn(&Grant) -> Option<String>,
    ) -> Option<String> {
        let mut next = self.clone();
        let said = match item {
            Item::Heading => return None,
            Item::Full => {
                next.role = Some(Role::Full);
                None
            }
            Item::Choose => {
                next.role = Some(Role::Custom);
                None
            }
            Item::Key(key) => match next.turn(key, &ctx.catalogue) {
                Ok(said) => said,
                Err(why) => return Some(why),
            },
        };
        if let Some(refused) = next
            .raw()
            .and_then(|grant| refusal(&grant.normalised(&ctx.catalogue)))
        {
            return Some(refused);
        }
        *self = next;
        said
    }

    /// Unticks everything that may be unticked.
    pub(super) fn clear(
        &mut self,
        ctx: &Ctx,
        refusal: impl Fn(&Grant) -> Option<String>,
    ) -> Option<String> {
        let next = Self {
            role: Some(Role::Custom),
            ticked: self.raw()?.unknown(&ctx.catalogue),
        };
        if let Some(refused) = next.raw().and_then(|grant| refusal(&grant)) {
            return Some(refused);
        }
        *self = next;
        None
    }

    fn turn(&mut self, key: &str, catalogue: &Catalogue) -> Result<Option<String>, String> {
        if catalogue.get(key).is_none() {
            return Err("The catalogue no longer knows this key; it is shown and kept".to_owned());
        }
        if self.role == Some(Role::Full) && !catalogue.is_administrative(key) {
            return Err(
                "“All permissions” holds this; select Choose permissions to pick single ones"
                    .to_owned(),
            );
        }
        self.role = self.role.or(Some(Role::Custom));
        let one: PermissionSet = [key].into_iter().collect();
        if self.ticked.contains(key) {
            let along = catalogue.dependents(key, &self.ticked);
            self.ticked = self.ticked.minus(&along.plus(&one));
            return Ok(words("Also unticked, as it needs this", &along, catalogue));
        }
        let all = catalogue.with_required(&one);
        let along = all.minus(&one).minus(&self.ticked);
        self.ticked = self.ticked.plus(&all);
        Ok(words("Also ticked, as this needs it", &along, catalogue))
    }

    /// The lines of the dialog.
    pub(super) fn rows(
        &self,
        ctx: &Ctx,
        refusal: impl Fn(&Grant) -> Option<String>,
    ) -> Vec<(Row, Item)> {
        let radio = |role| {
            if self.role == Some(role) {
                Mark::RadioOn
            } else {
                Mark::RadioOff
            }
        };
        let mut rows = vec![
            (
                row(radio(Role::Full), "All permissions", Usable::Yes),
                Item::Full,
            ),
            (
                row(radio(Role::Custom), "Choose permissions", Usable::Yes),
                Item::Choose,
            ),
        ];
        for group in ctx.catalogue.groups() {
            let members = ctx
                .catalogue
                .permissions()
                .iter()
                .filter(|p| &p.group == group);
            let mut members = members.peekable();
            let administrative = members.peek().is_some_and(|p| p.administrative);
            let note = if administrative {
                " · administrative, given only by an owner"
            } else {
                ""
            };
            rows.push((
                row(Mark::Heading, &format!("{group}{note}"), Usable::No),
                Item::Heading,
            ));
            for permission in members {
                rows.push(self.key_row(&permission.key, permission.label.as_str(), ctx, &refusal));
            }
        }
        let unknown = self
            .raw()
            .map(|grant| grant.unknown(&ctx.catalogue))
            .unwrap_or_default();
        if !unknown.is_empty() {
            rows.push((
                row(Mark::Heading, "Not in the catalogue · kept", Usable::No),
                Item::Heading,
            ));
            let kept = unknown.iter().map(|key| {
                (
                    row(Mark::Ticked, DisplaySafe::new(key).as_str(), Usable::No),
                    Item::Key(key.to_owned()),
                )
            });
            rows.extend(kept);
        }
        rows
    }

    fn key_row(
        &self,
        key: &str,
        label: &str,
        ctx: &Ctx,
        refusal: &impl Fn(&Grant) -> Option<String>,
    ) -> (Row, Item) {
        let covered = self.role == Some(Role::Full) && !ctx.catalogue.is_administrative(key);
        let mark = if covered {
            Mark::Ticked
        } else if !self.ticked.contains(key) {
            Mark::Unticked
        } else if ctx.catalogue.dependents(key, &self.ticked).is_empty() {
            Mark::Ticked
        } else {
            Mark::Implied
        };
        let mut tried = self.clone();
        let turned = tried.turn(key, &ctx.catalogue).is_ok();
        let allowed = turned
            && tried
                .raw()
                .is_some_and(|g| refusal(&g.normalised(&ctx.catalogue)).is_none());
        let usable = if allowed { Usable::Yes } else { Usable::No };
        (row(mark, label, usable), Item::Key(key.to_owned()))
    }
}

fn row(mark: Mark, label: &str, usable: Usable) -> Row {
    Row {
        mark,
        label: label.to_owned(),
        note: String::new(),
        usable,
    }
}

fn words(what: &str, keys: &PermissionSet, catalogue: &Catalogue) -> Option<String> {
    let label = |key: &str| {
        catalogue
            .get(key)
            .map_or_else(|| key.to_owned(), |p| p.label.to_string())
    };
    let labels: Vec<String> = keys.iter().map(label).collect();
    (!labels.is_empty()).then(|| format!("{what}: {}", labels.join(", ")))
}
