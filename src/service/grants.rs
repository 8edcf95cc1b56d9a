//! What a member may do: set as a whole, or single keys given and taken.

use super::{
    AdjustGrant, ChangedGrant, Invalid, Operation, Result, Service, SetGrant, Write,
    members::{draft, state},
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        CHANGED, Grant, GrantDiff, Member, PermissionSet, Role, Standing,
        policy::{Deed, Denied, Target},
    },
    store::members,
};

/// The event of a change that was taken back; it names the change's sequence under `undoes`.
const RESTORED: &str = "member.permissions_restored";

impl Service {
    /// Gives a member another grant. An owner steps down with this. [`Role::Owner`] makes an owner
    /// outright for the operator, accepts an offer on oneself, and is an offer to anybody else.
    /// Keys that the catalogue no longer knows stay.
    ///
    /// # Errors
    /// [`super::ServiceError::Denied`], [`super::Conflict`] when the version is not the current one or
    /// the last owner would go, [`Invalid`] for unknown keys.
    pub async fn set_grant(&self, write: &Write, set: &SetGrant) -> Result<ChangedGrant> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::SetGrant), set)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let (unit, before) = self.find(unit, &set.email, set.version).await?;
        let (unit, member) = if set.to.role == Role::Owner && unit.standing != Standing::Operator {
            self.towards_ownership(unit, write, &before).await?
        } else {
            let to = self.checked_grant(&set.to, Some(&before.grant))?;
            self.apply_grant(unit, (&before, &to), None).await?
        };
        let diff = GrantDiff::between(&before.grant, &member.grant, self.catalogue());
        unit.finish(ChangedGrant { member, diff }).await
    }

    /// Gives a member single keys, with what they require, and takes others, with what needs them:
    /// from what is there under the account's lock, so that of two at once nothing is lost.
    ///
    /// # Errors
    /// As [`Service::set_grant`].
    pub async fn adjust_grant(&self, write: &Write, adjust: &AdjustGrant) -> Result<ChangedGrant> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::AdjustGrant), adjust)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let (unit, before) = self.find(unit, &adjust.email, adjust.version).await?;
        if before.grant.role == Role::Owner {
            return Err(unit.refuse(self, Denied::OwnerHasEverything).await?);
        }
        let to = self.adjusted(&before.grant, &adjust.give, &adjust.take)?;
        let (unit, member) = self.apply_grant(unit, (&before, &to), None).await?;
        let diff = GrantDiff::between(&before.grant, &member.grant, self.catalogue());
        unit.finish(ChangedGrant { member, diff }).await
    }

    /// A grant with keys given and others taken.
    pub(super) fn adjusted(
        &self,
        before: &Grant,
        give: &PermissionSet,
        take: &PermissionSet,
    ) -> Result<Grant> {
        self.keys_exist(take, &before.permissions)?;
        let to = before.without(take, self.catalogue());
        // A key that the catalogue has forgotten can still be taken by its name.
        self.checked_grant(&to.with(give), Some(&to))
    }

    /// Writes a grant with its event; `undoes` is the sequence of the change that this takes back.
    pub(super) async fn apply_grant<'a>(
        &self,
        unit: Box<Unit<'a>>,
        (before, to): (&Member, &Grant),
        undoes: Option<i64>,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        let target = Target {
            user: before.user,
            grant: &before.grant,
        };
        let unit = unit.allow(self, &Deed::SetGrant { target, to }).await?;
        if to.role != Role::Owner {
            unit.keeps_an_owner(&before.grant).await?;
        }
        let member = members::set_grant(&unit.tx, unit.account.id, before.user, to).await?;
        let mut after = state(&member);
        let mut action = CHANGED;
        if let (Some(sequence), Some(after)) = (undoes, after.as_object_mut()) {
            after.insert("undoes".to_owned(), sequence.into());
            action = RESTORED;
        }
        unit.record(&draft(action, before, state(before), after))
            .await?;
        Ok((unit, member))
    }

    /// A grant whose keys exist, with what they require, and with the unknown keys that were there.
    pub(super) fn checked_grant(&self, asked: &Grant, current: Option<&Grant>) -> Result<Grant> {
        let catalogue = self.catalogue();
        let kept = current
            .map(|grant| grant.unknown(catalogue))
            .unwrap_or_default();
        self.keys_exist(&asked.permissions, &kept)?;
        Ok(asked.with(&kept).normalised(catalogue))
    }

    /// Whether every key is one of the catalogue, or known from elsewhere.
    pub(super) fn keys_exist(&self, keys: &PermissionSet, known: &PermissionSet) -> Result<()> {
        let catalogue = self.catalogue();
        let everything = catalogue.everything().plus(known);
        match keys.minus(&everything).iter().next() {
            None => Ok(()),
            Some(key) => Err(Invalid::Permission {
                key: key.to_owned(),
                nearest: catalogue.nearest(key).map(str::to_owned),
            }
            .into()),
        }
    }
}
