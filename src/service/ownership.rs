//! Handing ownership over: an owner offers it to a member, who accepts.

use super::{
    Operation, Result, Service, ServiceError, Write,
    members::{draft, state},
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        Email, Grant, Member,
        policy::{Deed, Denied, Target},
    },
    store::members,
};
use serde_json::json;

impl Service {
    /// Offers ownership to a member; nothing changes until they accept.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::NotFound`].
    pub async fn offer_ownership(&self, write: &Write, email: &Email) -> Result<Member> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::OfferOwnership), email)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let (unit, before) = self.find(unit, email, None).await?;
        let (unit, member) = self.offer(unit, &before).await?;
        unit.finish(member).await
    }

    /// Becomes an owner by an offer made to the actor.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no offer, or whoever made it is no owner any more.
    pub async fn accept_ownership(&self, write: &Write) -> Result<Member> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::AcceptOwnership), &())
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let no_offer = ServiceError::NotFound {
            what: "Offer of ownership",
        };
        let Some(user) = unit.standing.user() else {
            return Err(no_offer);
        };
        let before = members::by_user(&unit.tx, unit.account.id, user)
            .await?
            .ok_or(no_offer)?;
        let (unit, member) = self.accept(unit, &before).await?;
        unit.finish(member).await
    }

    /// What setting the owner role means for a user: on oneself the acceptance, else an offer.
    pub(super) async fn towards_ownership<'a>(
        &self,
        unit: Box<Unit<'a>>,
        write: &Write,
        before: &Member,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        if write.actor.user_id() == Some(before.user) {
            self.accept(unit, before).await
        } else {
            self.offer(unit, before).await
        }
    }

    async fn offer<'a>(
        &self,
        unit: Box<Unit<'a>>,
        before: &Member,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        let target = Target {
            user: before.user,
            grant: &before.grant,
        };
        let unit = unit.allow(self, &Deed::OfferOwnership { target }).await?;
        let Some(by) = unit.standing.user() else {
            return Err(unit.refuse(self, Denied::OwnershipNotYours).await?);
        };
        let after = members::offer_ownership(&unit.tx, unit.account.id, before.user, by).await?;
        unit.record(&draft(
            "member.ownership_offered",
            before,
            state(before),
            json!({"offered": "owner"}),
        ))
        .await?;
        Ok((unit, after))
    }

    async fn accept<'a>(
        &self,
        unit: Box<Unit<'a>>,
        before: &Member,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        if !members::offer_stands(&unit.tx, unit.account.id, before.user).await? {
            return Err(ServiceError::NotFound {
                what: "Offer of ownership",
            });
        }
        let after =
            members::set_grant(&unit.tx, unit.account.id, before.user, &Grant::owner()).await?;
        unit.record(&draft(
            "member.ownership_accepted",
            before,
            state(before),
            state(&after),
        ))
        .await?;
        Ok((unit, after))
    }
}
