//! Two people changed one grant at once: what each did, and both together where they don't contradict
//! each other.

use super::{Catalogue, Grant, PermissionSet, Role};

/// The grant that both started from, and what each made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreeWay {
    pub was: Grant,
    pub yours: Grant,
    /// What is there now.
    pub theirs: Grant,
}

/// Who.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Yours,
    Theirs,
}

/// Why the two don't go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Both gave another role, and not the same; an owner's role goes with nothing else.
    Roles { yours: Role, theirs: Role },
    /// `giver` gives everything, while the other takes these keys.
    AllAgainst { giver: Side, taken: PermissionSet },
    /// The one who took `key` took what the other's `by` needs.
    Needed {
        key: String,
        by: String,
        taker: Side,
    },
}

/// A key that is not the same in all three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub key: String,
    pub yours: bool,
    pub theirs: bool,
    pub was: bool,
}

/// The three as sets of keys under a catalogue.
struct Sets {
    was: PermissionSet,
    yours: PermissionSet,
    theirs: PermissionSet,
}

impl ThreeWay {
    fn sets(&self, catalogue: &Catalogue) -> Sets {
        Sets {
            was: self.was.effective(catalogue),
            yours: self.yours.effective(catalogue),
            theirs: self.theirs.effective(catalogue),
        }
    }

    /// Whether the roles are not all the same.
    pub fn role_differs(&self) -> bool {
        self.was.role != self.yours.role || self.was.role != self.theirs.role
    }

    /// The keys that differ anywhere: in catalogue order, then those that it no longer knows.
    pub fn rows(&self, catalogue: &Catalogue) -> Vec<KeyRow> {
        let sets = self.sets(catalogue);
        let all = sets.was.plus(&sets.yours).plus(&sets.theirs);
        let known = catalogue.permissions().iter().map(|p| p.key.as_str());
        let everything = catalogue.everything();
        let unknown = all.iter().filter(|key| !everything.contains(key));
        known
            .chain(unknown)
            .map(|key| KeyRow {
                key: key.to_owned(),
                yours: sets.yours.contains(key),
                theirs: sets.theirs.contains(key),
                was: sets.was.contains(key),
            })
            .filter(|row| row.was != row.yours || row.was != row.theirs)
            .collect()
    }

    /// What either side changed, kept; with everything that the kept keys require, and with the keys
    /// that the catalogue no longer knows.
    ///
    /// # Errors
    /// Every contradiction found.
    pub fn merge(&self, catalogue: &Catalogue) -> Result<Grant, Vec<Contradiction>> {
        let role = self.merged_role().map_err(|clash| vec![clash])?;
        let sets = self.sets(catalogue);
        let kept = sets.merged();
        let taken = catalogue.ordinary().minus(&kept);
        if role == Role::Full && !taken.is_empty() {
            let giver = if self.yours.role == Role::Full {
                Side::Yours
            } else {
                Side::Theirs
            };
            return Err(vec![Contradiction::AllAgainst { giver, taken }]);
        }
        let clashes = sets.needed(&kept, catalogue);
        if !clashes.is_empty() {
            return Err(clashes);
        }
        let unknown = self.theirs.unknown(catalogue);
        let permissions = kept.plus(&unknown);
        Ok(Grant { role, permissions }.normalised(catalogue))
    }

    /// Yours over theirs, for going on with editing: where the two contradict each other, yours wins.
    #[must_use]
    pub fn yours_on_top(&self, catalogue: &Catalogue) -> Grant {
        let Sets { was, yours, theirs } = self.sets(catalogue);
        let (gave, took) = (yours.minus(&was), was.minus(&yours));
        let along = took.iter().fold(PermissionSet::new(), |all, key| {
            all.plus(&catalogue.dependents(key, &theirs))
        });
        let role = if self.yours.role == self.was.role && took.is_empty() {
            self.theirs.role
        } else {
            self.yours.role
        };
        let unknown = self.theirs.unknown(catalogue);
        let permissions = theirs.minus(&took).minus(&along).plus(&gave).plus(&unknown);
        Grant { role, permissions }.normalised(catalogue)
    }

    fn merged_role(&self) -> Result<Role, Contradiction> {
        let (was, yours, theirs) = (self.was.role, self.yours.role, self.theirs.role);
        let clash = Contradiction::Roles { yours, theirs };
        if yours == theirs {
            return Ok(yours);
        }
        if [was, yours, theirs].contains(&Role::Owner) {
            return Err(clash);
        }
        match (was == yours, was == theirs) {
            (true, _) => Ok(theirs),
            (_, true) => Ok(yours),
            _ => Err(clash),
        }
    }
}

impl Sets {
    /// What both kept, and what either gave.
    fn merged(&self) -> PermissionSet {
        let given = self.yours.plus(&self.theirs).minus(&self.was);
        let taken = self.taken(Side::Yours).plus(&self.taken(Side::Theirs));
        self.was.minus(&taken).plus(&given)
    }

    fn taken(&self, side: Side) -> PermissionSet {
        self.was.minus(match side {
            Side::Yours => &self.yours,
            Side::Theirs => &self.theirs,
        })
    }

    /// What `kept` requires and one side took away.
    fn needed(&self, kept: &PermissionSet, catalogue: &Catalogue) -> Vec<Contradiction> {
        let missing = catalogue.with_required(kept).minus(kept);
        let mut clashes = Vec::new();
        for key in missing.iter() {
            let by = catalogue.dependents(key, kept);
            for taker in [Side::Yours, Side::Theirs] {
                if self.taken(taker).contains(key) {
                    clashes.extend(by.iter().take(1).map(|by| Contradiction::Needed {
                        key: key.to_owned(),
                        by: by.to_owned(),
                        taker,
                    }));
                }
            }
        }
        clashes
    }
}

#[cfg(test)]
mod tests;
