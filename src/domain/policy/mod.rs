//! Every "may A do X to B", decided without the database.
//!
//! The service asks inside the transaction that writes, with the rows locked; the console asks the
//! same to grey out an action and say why. What an open console showed proves nothing.

use crate::domain::{
    Catalogue, Grant, PermissionSet, Role, Standing, UserId,
    permission::{MEMBERS_MANAGE, MEMBERS_VIEW},
};

/// The member that an act is aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    pub user: UserId,
    pub grant: &'a Grant,
}

/// An act on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Look at members, invitations and the audit log.
    View,
    /// Invite somebody with this grant.
    Invite { grant: &'a Grant },
    /// Give a pending invitation another grant.
    EditInvitation { from: &'a Grant, to: &'a Grant },
    /// Send a new link for a pending invitation, killing the old one.
    ResendInvitation { grant: &'a Grant },
    /// Withdraw a pending invitation.
    CancelInvitation { grant: &'a Grant },
    /// Give a member another grant.
    SetGrant { target: Target<'a>, to: &'a Grant },
    /// End a membership; on oneself this is leaving.
    Remove { target: Target<'a> },
    /// Give back a membership that was taken, with the grant it had.
    Restore { grant: &'a Grant },
    /// Offer ownership to a member, who accepts.
    OfferOwnership { target: Target<'a> },
    /// Say whether the account asks for a second factor.
    RequireSecondFactor,
}

impl Deed<'_> {
    /// Whether an owner comes, goes or changes: what can't be taken back, and asks for a fresh proof.
    pub fn touches_owners(&self) -> bool {
        match self {
            Self::SetGrant { target, .. } | Self::Remove { target } => {
                target.grant.role == Role::Owner
            }
            Self::Restore { grant } => grant.role == Role::Owner,
            Self::OfferOwnership { .. } | Self::RequireSecondFactor => true,
            Self::View
            | Self::Invite { .. }
            | Self::EditInvitation { .. }
            | Self::ResendInvitation { .. }
            | Self::CancelInvitation { .. } => false,
        }
    }
}

/// Why not; the words are for the person who tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("Only an owner, or a member with “Manage Users & Invitations”, may do this")]
    NotAManager,
    #[error("Only an owner, or a member with “View Users”, may look at this")]
    MayNotView,
    #[error("You can't change your own permissions; ask another manager")]
    Oneself,
    #[error(
        "This member holds more than you do; only somebody with at least the same may change it"
    )]
    HoldsMore,
    #[error("You can't give or take what you don't hold yourself: {keys}")]
    NotHeld { keys: String },
    #[error("“All permissions” can be given only by an owner or somebody who has it")]
    FullNotHeld,
    #[error("Only an owner gives or takes {keys}")]
    OwnerOnly { keys: String },
    #[error("Ownership can't come by invitation; invite first, then offer ownership to the member")]
    OwnerByInvitation,
    #[error("You can't give all of it back: {parts} stays as it is now; the rest can come back")]
    NotAllRestored { parts: String },
    #[error("Only an owner can make somebody an owner")]
    OwnershipNotYours,
    #[error(
        "An owner has everything, always; an owner can only step down on their own or be removed by an owner"
    )]
    OwnerHasEverything,
    #[error("An account always has an owner; make somebody else an owner first")]
    LastOwner,
    #[error("Only an owner says whether this account asks for a second factor")]
    SecurityNotYours,
    #[error("Already an owner")]
    AlreadyOwner,
    #[error("Only the operator of this installation may do this; run it without --as")]
    NotOperator,
}

/// Whether `actor` may do `deed` under `catalogue`.
///
/// The last-owner rule needs a count and is asked apart: [`owner_remains`].
///
/// # Errors
/// [`Denied`] with the reason in words.
pub fn may(actor: &Standing, deed: &Deed<'_>, catalogue: &Catalogue) -> Result<(), Denied> {
    let Standing::Member { user, grant } = actor else {
        return operator_may(deed);
    };
    match deed {
        Deed::View => view(grant, catalogue),
        Deed::Remove { target } if target.user == *user => Ok(()),
        Deed::SetGrant { target, to } if target.user == *user => step_down(target.grant, to),
        Deed::RequireSecondFactor if grant.role == Role::Owner => Ok(()),
        Deed::RequireSecondFactor => Err(Denied::SecurityNotYours),
        _ => manager_may(grant, deed, catalogue),
    }
}

/// Whether an account keeps an owner when one of `owners` leaves, is removed or steps down.
///
/// # Errors
/// [`Denied::LastOwner`].
pub fn owner_remains(owners: i64, leaving: &Grant) -> Result<(), Denied> {
    if leaving.role == Role::Owner && owners <= 1 {
        Err(Denied::LastOwner)
    } else {
        Ok(())
    }
}

/// The operator answers for the installation: only what would break an account is refused.
fn operator_may(deed: &Deed<'_>) -> Result<(), Denied> {
    match deed {
        Deed::Invite { grant } | Deed::EditInvitation { to: grant, .. } => no_owner(grant),
        Deed::OfferOwnership { target } if target.grant.role == Role::Owner => {
            Err(Denied::AlreadyOwner)
        }
        _ => Ok(()),
    }
}

fn view(grant: &Grant, catalogue: &Catalogue) -> Result<(), Denied> {
    let sees = grant.holds(catalogue, MEMBERS_VIEW) || grant.holds(catalogue, MEMBERS_MANAGE);
    if sees {
        Ok(())
    } else {
        Err(Denied::MayNotView)
    }
}

fn step_down(from: &Grant, to: &Grant) -> Result<(), Denied> {
    match (from.role, to.role) {
        (Role::Owner, Role::Owner) => Err(Denied::AlreadyOwner),
        (Role::Owner, _) => Ok(()),
        _ => Err(Denied::Oneself),
    }
}

fn manager_may(actor: &Grant, deed: &Deed<'_>, catalogue: &Catalogue) -> Result<(), Denied> {
    if !actor.holds(catalogue, MEMBERS_MANAGE) {
        return Err(Denied::NotAManager);
    }
    match deed {
        Deed::View | Deed::RequireSecondFactor => Ok(()),
        Deed::Invite { grant } => {
            no_owner(grant)?;
            change(
                actor,
                &Grant::custom(PermissionSet::new()),
                grant,
                catalogue,
            )
        }
        Deed::EditInvitation { from, to } => {
            no_owner(to)?;
            reaches(actor, from, catalogue)?;
            change(actor, from, to, catalogue)
        }
        Deed::ResendInvitation { grant } | Deed::CancelInvitation { grant } => {
            reaches(actor, grant, catalogue)
        }
        Deed::SetGrant { target, to } => set_grant(actor, target, to, catalogue),
        Deed::Remove { target } => reaches(actor, target.grant, catalogue),
        Deed::Restore { grant } => {
            reaches(actor, grant, catalogue)?;
            change(
                actor,
                &Grant::custom(PermissionSet::new()),
                grant,
                catalogue,
            )
        }
        Deed::OfferOwnership { target } => {
            if actor.role != Role::Owner {
                return Err(Denied::OwnershipNotYours);
            }
            if target.grant.role == Role::Owner {
                Err(Denied::AlreadyOwner)
            } else {
                Ok(())
            }
        }
    }
}

fn set_grant(
    actor: &Grant,
    target: &Target<'_>,
    to: &Grant,
    catalogue: &Catalogue,
) -> Result<(), Denied> {
    if to.role == Role::Owner {
        return Err(Denied::OwnershipNotYours);
    }
    if target.grant.role == Role::Owner {
        return Err(Denied::OwnerHasEverything);
    }
    reaches(actor, target.grant, catalogue)?;
    change(actor, target.grant, to, catalogue)
}

fn no_owner(grant: &Grant) -> Result<(), Denied> {
    if grant.role == Role::Owner {
        Err(Denied::OwnerByInvitation)
    } else {
        Ok(())
    }
}

fn reaches(actor: &Grant, target: &Grant, catalogue: &Catalogue) -> Result<(), Denied> {
    if actor.covers(target, catalogue) {
        Ok(())
    } else {
        Err(Denied::HoldsMore)
    }
}

/// Whether every key that changes hands is the actor's to give or take.
fn change(actor: &Grant, from: &Grant, to: &Grant, catalogue: &Catalogue) -> Result<(), Denied> {
    if actor.role == Role::Owner {
        return Ok(());
    }
    if (from.role == Role::Full) != (to.role == Role::Full) && actor.role != Role::Full {
        return Err(Denied::FullNotHeld);
    }
    let (before, after) = (from.effective(catalogue), to.effective(catalogue));
    let moved = after.minus(&before).plus(&before.minus(&after));
    let administrative: Vec<&str> = moved
        .iter()
        .filter(|key| catalogue.is_administrative(key))
        .collect();
    if !administrative.is_empty() {
        return Err(Denied::OwnerOnly {
            keys: administrative.join(", "),
        });
    }
    let missing = moved.minus(&actor.effective(catalogue));
    if missing.is_empty() {
        return Ok(());
    }
    Err(Denied::NotHeld {
        keys: missing.iter().collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod chance;
#[cfg(test)]
mod tests;
