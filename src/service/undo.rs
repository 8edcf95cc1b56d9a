//! What happened to a membership, and bringing an earlier state of it back.

use super::{
    Conflict, Extent, History, Operation, Restore, Restored, Result, Service, ServiceError, Wanted,
    Write,
    entrance::done,
    members::{at_version, draft, state},
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        AccountId, Actor, Current, Email, Event, Grant, GrantDiff, Member, Moment, PermissionSet,
        REMOVED, Restoration, User, UserId, policy::Denied,
    },
    store::{
        Tx,
        events::{self, Whose},
        members, users,
    },
};
use serde_json::Value;

/// What a write is to bring back, with how much of it.
struct Plan {
    user: UserId,
    found: Restoration,
    to: Grant,
    withheld: String,
}

impl Service {
    /// What happened to a membership, newest first, also of who was removed; `before` pages on from an
    /// event's sequence. Needs `members.view`.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for who never was a member; else as [`Service::list_members`].
    pub async fn member_history(
        &self,
        actor: &Actor,
        account: AccountId,
        email: &Email,
        (before, limit): (Option<i64>, i64),
    ) -> Result<History> {
        let mut connection = self.connect().await?;
        let history = Operation::MemberHistory;
        let (tx, _) = self.look(history, actor, account, &mut connection).await?;
        let member = members::by_email(&tx, account, email).await?;
        let unknown = ServiceError::NotFound { what: "Member" };
        let Some(user) = users::credentials(&tx, email).await? else {
            return Err(unknown);
        };
        let events = events::history(&tx, (account, user.user.id), before, limit).await?;
        if events.is_empty() && member.is_none() && before.is_none() {
            return Err(unknown);
        }
        done(tx, History { member, events }).await
    }

    /// The actor's own newest removal or change of permissions in the account that still holds, within
    /// the time for undoing. Needs `members.view`.
    ///
    /// # Errors
    /// [`Conflict::NothingToRestore`]; else as [`Service::list_members`].
    pub async fn find_undo(&self, actor: &Actor, account: AccountId) -> Result<Restoration> {
        let mut connection = self.connect().await?;
        let find = Operation::FindUndo;
        let (tx, _) = self.look(find, actor, account, &mut connection).await?;
        let found = self.latest(&tx, account, Whose::By(actor)).await?;
        let user = found.subject_id.map(UserId);
        let user = match user {
            Some(user) => users::by_id(&tx, user).await?,
            None => None,
        };
        let user = user.ok_or(Conflict::NothingToRestore)?;
        let found = restoration(&tx, (account, user), (&found, Moment::Before)).await?;
        done(tx, found).await
    }

    /// Brings an earlier state of a membership back: of who was removed within the time for undoing, or
    /// of a member. An owner comes back as an owner only by an owner's or the operator's hand.
    ///
    /// # Errors
    /// [`Conflict::NothingToRestore`], [`Conflict::AlreadyMember`], [`Conflict::Changed`] where somebody
    /// changed the membership since; [`Denied::NotAllRestored`] naming the parts that the actor can't
    /// give, unless the rest is asked for.
    pub async fn restore_member(&self, write: &Write, restore: &Restore) -> Result<Restored> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::RestoreMember), restore)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let unit = self.may_manage(unit).await?;
        let user = users::credentials(&unit.tx, &restore.email).await?;
        let user = user.ok_or(Conflict::NothingToRestore)?.user;
        let (unit, plan) = match &restore.what {
            Wanted::Latest(extent) => self.plan_latest(unit, user, *extent).await?,
            Wanted::Reviewed { version, .. } => {
                let plan = self.plan_reviewed(&unit, user, &restore.what).await?;
                match (&plan.found.now, version) {
                    (Some(_), None) => return Err(Conflict::AlreadyMember.into()),
                    (None, Some(_)) => return Err(ServiceError::NotFound { what: "Member" }),
                    (Some(now), version) => at_version(now, *version)?,
                    (None, None) => {}
                }
                (unit, plan)
            }
        };
        let (removed, before) = match &plan.found.now {
            Some(now) => (false, now.grant.clone()),
            None => (true, Grant::custom(PermissionSet::new())),
        };
        let (unit, member) = self.bring_back(unit, write, &plan).await?;
        let diff = GrantDiff::between(&before, &member.grant, self.catalogue());
        unit.finish(Restored {
            member,
            removed,
            diff,
            withheld: plan.withheld,
        })
        .await
    }

    async fn latest(&self, tx: &Tx<'_>, account: AccountId, whose: Whose<'_>) -> Result<Event> {
        let within = self.0.settings.undo_for;
        let found = events::latest_undoable(tx, account, whose, within).await?;
        Ok(found.ok_or(Conflict::NothingToRestore)?)
    }

    /// The newest change of a membership, as far as the actor may take it back.
    async fn plan_latest<'a>(
        &self,
        unit: Box<Unit<'a>>,
        user: User,
        extent: Extent,
    ) -> Result<(Box<Unit<'a>>, Plan)> {
        let (account, person) = (unit.account.id, user);
        let user = person.id;
        let latest = self.latest(&unit.tx, account, Whose::About(user)).await?;
        let found = restoration(&unit.tx, (account, person), (&latest, Moment::Before)).await?;
        if let Some(now) = found.now.as_ref().filter(|_| found.is_stale()) {
            return Err(Conflict::Changed(Current::Member(Box::new(now.clone()))).into());
        }
        let offer = match found.offer(&unit.standing, self.catalogue()) {
            Ok(offer) => offer,
            Err(denied) => return Err(unit.refuse(self, denied).await?),
        };
        let withheld = offer.parts();
        if extent == Extent::Whole && !offer.is_whole() {
            let denied = Denied::NotAllRestored { parts: withheld };
            return Err(unit.refuse(self, denied).await?);
        }
        let plan = Plan {
            user,
            to: offer.grant,
            found,
            withheld,
        };
        Ok((unit, plan))
    }

    /// What somebody reviewed: a state that the event knows, or one made of it.
    async fn plan_reviewed(&self, unit: &Unit<'_>, user: User, wanted: &Wanted) -> Result<Plan> {
        let Wanted::Reviewed {
            event, moment, to, ..
        } = wanted
        else {
            return Err(Conflict::NothingToRestore.into());
        };
        let (account, person) = (unit.account.id, user);
        let user = person.id;
        let known = events::of_history(&unit.tx, (account, user), *event).await?;
        let known = known.ok_or(Conflict::NothingToRestore)?;
        let found = restoration(&unit.tx, (account, person), (&known, *moment)).await?;
        let mut forgotten = found.back.permissions.clone();
        match &found.now {
            Some(now) => forgotten = forgotten.plus(&now.grant.permissions),
            // Nobody is made a member again but after a removal, and in time.
            None => {
                self.latest(&unit.tx, account, Whose::About(user)).await?;
            }
        }
        self.keys_exist(&to.permissions, &forgotten)?;
        Ok(Plan {
            user,
            found,
            to: to.clone(),
            withheld: String::new(),
        })
    }

    async fn bring_back<'a>(
        &self,
        unit: Box<Unit<'a>>,
        write: &Write,
        Plan {
            user, found, to, ..
        }: &Plan,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        let undoes = (found.moment == Moment::Before).then_some(found.event);
        if let Some(now) = &found.now {
            return self.apply_grant(unit, (now, to), undoes).await;
        }
        let unit = unit.allow(self, &found.deed(to)).await?;
        let (account, by) = (unit.account.id, write.actor.label());
        let member = members::insert(&unit.tx, account, *user, to, Some(&by)).await?;
        let mut after = state(&member);
        if let (Some(sequence), Some(after)) = (undoes, after.as_object_mut()) {
            after.insert("undoes".to_owned(), sequence.into());
        }
        unit.record(&draft("member.restored", &member, Value::Null, after))
            .await?;
        Ok((unit, member))
    }
}

/// An earlier state of a membership beside what is there now.
async fn restoration(
    tx: &Tx<'_>,
    (account, user): (AccountId, User),
    (event, moment): (&Event, Moment),
) -> Result<Restoration> {
    let removal = event.action.as_str() == REMOVED;
    let back = match moment {
        Moment::After if !removal => event.grant_after(),
        Moment::Before | Moment::After => event.grant_before(),
    };
    let was = match moment {
        Moment::Before => event.grant_after(),
        Moment::After => None,
    };
    Ok(Restoration {
        event: event.sequence,
        moment,
        at: event.at,
        by: event.actor.clone(),
        email: user.email,
        now: members::by_user(tx, account, user.id).await?,
        was,
        back: back.ok_or(Conflict::NothingToRestore)?,
    })
}
