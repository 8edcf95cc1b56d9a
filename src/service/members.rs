//! Members: look, give and take permissions, remove, restore.

use super::{
    ChangedGrant, Conflict, Invalid, Operation, Removed, Result, Service, ServiceError, SetGrant,
    Write,
    entrance::done,
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        AccountId, Actor, Email, EventDraft, Grant, GrantDiff, Member, MemberQuery, Page,
        PermissionSet, Role, Seek, Standing, UserId,
        policy::{self, Deed, Target},
    },
    store::{events, invitations, members, sessions, users},
};
use deadpool_postgres::Transaction;
use serde_json::{Value, json};

/// The event of a removal, which [`Service::restore_member`] reads back.
const REMOVED: &str = "member.removed";

impl Service {
    /// A page of members. Needs `members.view`.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::NotSignedIn`], [`ServiceError::Unavailable`].
    pub async fn list_members(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        (seek, limit): (&Seek, i64),
    ) -> Result<Page<Member>> {
        let mut connection = self.connect().await?;
        let list = Operation::ListMembers;
        let (tx, _) = self.look(list, actor, account, &mut connection).await?;
        let page = members::list(&tx, account, query, seek, limit).await?;
        done(tx, page).await
    }

    /// How many members match the search, counted up to `cap`; without a search the exact number.
    ///
    /// # Errors
    /// As [`Service::list_members`].
    pub async fn count_members(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        cap: i64,
    ) -> Result<i64> {
        let mut connection = self.connect().await?;
        let count = Operation::CountMembers;
        let (tx, _) = self.look(count, actor, account, &mut connection).await?;
        let number = if query.search.is_empty() {
            members::count(&tx, account).await?
        } else {
            members::count_matching(&tx, account, query, cap).await?
        };
        done(tx, number).await
    }

    /// One member by address. A member may always look at themselves.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; else as [`Service::list_members`].
    pub async fn show_member(
        &self,
        actor: &Actor,
        account: AccountId,
        email: &Email,
    ) -> Result<Member> {
        let mut connection = self.connect().await?;
        let show = Operation::ShowMember;
        let (tx, standing) = self.look(show, actor, account, &mut connection).await?;
        let member = self.seen_by(&standing, &tx, account, email).await?;
        done(tx, member).await
    }

    /// A member, where it is the viewer or the viewer may view members.
    async fn seen_by(
        &self,
        viewer: &Standing,
        tx: &Transaction<'_>,
        account: AccountId,
        email: &Email,
    ) -> Result<Member> {
        let found = members::by_email(tx, account, email).await?;
        let oneself = found
            .as_ref()
            .is_some_and(|member| viewer.user() == Some(member.user));
        if !oneself {
            policy::may(viewer, &Deed::View, self.catalogue())?;
        }
        found.ok_or(ServiceError::NotFound { what: "Member" })
    }

    /// Gives a member another grant. An owner steps down with this. [`Role::Owner`] makes an owner
    /// outright for the operator, accepts an offer on oneself, and is an offer to anybody else.
    /// Keys that the catalogue no longer knows stay.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::Conflict`] when the version is not the current
    /// one or the last owner would go, [`ServiceError::Invalid`] for unknown keys.
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
            self.apply_grant(unit, &before, &to).await?
        };
        let diff = GrantDiff::between(&before.grant, &member.grant, self.catalogue());
        unit.finish(ChangedGrant { member, diff }).await
    }

    async fn apply_grant<'a>(
        &self,
        unit: Box<Unit<'a>>,
        before: &Member,
        to: &Grant,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        let target = Target {
            user: before.user,
            grant: &before.grant,
        };
        let unit = unit.allow(self, &Deed::SetGrant { target, to }).await?;
        if to.role != Role::Owner {
            unit.keeps_an_owner(&before.grant).await?;
        }
        let after = members::set_grant(&unit.tx, unit.account.id, before.user, to).await?;
        unit.record(&draft(
            "member.permissions_changed",
            before,
            state(before),
            state(&after),
        ))
        .await?;
        Ok((unit, after))
    }

    /// Ends a membership, its sessions on this account and the invitations it sent; on oneself
    /// this is leaving.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::Conflict`], [`ServiceError::NotFound`].
    pub async fn remove_member(
        &self,
        write: &Write,
        email: &Email,
        version: Option<i64>,
    ) -> Result<Removed> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(
                &mut connection,
                (write, Operation::RemoveMember),
                &(email, version),
            )
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let (unit, member) = self.find(unit, email, version).await?;
        let target = Target {
            user: member.user,
            grant: &member.grant,
        };
        let unit = unit.allow(self, &Deed::Remove { target }).await?;
        unit.keeps_an_owner(&member.grant).await?;
        let account = unit.account.id;
        let sessions_ended = sessions::end_on_account(&unit.tx, member.user, account).await?;
        let invitations_cancelled =
            invitations::cancel_sent_by(&unit.tx, account, member.user).await?;
        members::delete(&unit.tx, account, member.user).await?;
        let ended = json!({"sessions_ended": sessions_ended, "invitations_cancelled": invitations_cancelled});
        unit.record(&draft(REMOVED, &member, state(&member), ended))
            .await?;
        unit.finish(Removed {
            member,
            sessions_ended,
            invitations_cancelled,
        })
        .await
    }

    /// What removing would end, for the dialog: live sessions, and pending invitations sent.
    ///
    /// # Errors
    /// As [`Service::show_member`].
    pub async fn removal_preview(
        &self,
        actor: &Actor,
        account: AccountId,
        email: &Email,
    ) -> Result<(i64, i64)> {
        let mut connection = self.connect().await?;
        let preview = Operation::PreviewRemoval;
        let (tx, standing) = self.look(preview, actor, account, &mut connection).await?;
        let member = self.seen_by(&standing, &tx, account, email).await?;
        let sessions = sessions::count_on_account(&tx, member.user, account).await?;
        let sent = invitations::count_sent_by(&tx, account, member.user).await?;
        done(tx, (sessions, sent)).await
    }

    /// Takes back a removal with the exact old grant, within the time for undoing. An owner comes
    /// back as an owner only by an owner's or the operator's hand.
    ///
    /// # Errors
    /// [`Conflict::NothingToRestore`], [`Conflict::AlreadyMember`], [`ServiceError::Denied`].
    pub async fn restore_member(&self, write: &Write, email: &Email) -> Result<Member> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::RestoreMember), email)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let unit = self.may_manage(unit).await?;
        let account = unit.account.id;
        if members::by_email(&unit.tx, account, email).await?.is_some() {
            return Err(Conflict::AlreadyMember.into());
        }
        let undo_for = self.0.settings.undo_for;
        let removal =
            events::latest_about(&unit.tx, account, email.key(), REMOVED, undo_for).await?;
        let user = users::credentials(&unit.tx, email).await?;
        let (Some(removal), Some(user)) = (removal, user) else {
            return Err(Conflict::NothingToRestore.into());
        };
        let grant: Grant =
            serde_json::from_value(removal.before).map_err(|error| ServiceError::bug(&error))?;
        let unit = unit.allow(self, &Deed::Restore { grant: &grant }).await?;
        let by = Some(write.actor.label());
        let member =
            members::insert(&unit.tx, account, user.user.id, &grant, by.as_deref()).await?;
        unit.record(&draft(
            "member.restored",
            &member,
            Value::Null,
            state(&member),
        ))
        .await?;
        unit.finish(member).await
    }

    /// The member with this address, at this version. Who may change nobody learns nothing: to them
    /// a member and a stranger are the same, but for themselves.
    pub(super) async fn find<'a>(
        &self,
        mut unit: Box<Unit<'a>>,
        email: &Email,
        version: Option<i64>,
    ) -> Result<(Box<Unit<'a>>, Member)> {
        let member = members::by_email(&unit.tx, unit.account.id, email).await?;
        let user = member.as_ref().map(|member| member.user);
        if user.is_none() || user != unit.standing.user() {
            unit = self.may_manage(unit).await?;
        }
        let member = member.ok_or(ServiceError::NotFound { what: "Member" })?;
        if version.is_some_and(|version| version != member.version) {
            return Err(Conflict::Changed.into());
        }
        Ok((unit, member))
    }

    /// Whether the actor may change anybody at all: whoever holds nothing.
    async fn may_manage<'a>(&self, unit: Box<Unit<'a>>) -> Result<Box<Unit<'a>>> {
        let nothing = Grant::custom(PermissionSet::new());
        let target = Target {
            user: UserId(uuid::Uuid::nil()),
            grant: &nothing,
        };
        unit.allow(self, &Deed::Remove { target }).await
    }

    /// A grant whose keys exist, with what they require, and with the unknown keys that were there.
    pub(super) fn checked_grant(&self, asked: &Grant, current: Option<&Grant>) -> Result<Grant> {
        let catalogue = self.catalogue();
        let kept = current
            .map(|grant| grant.unknown(catalogue))
            .unwrap_or_default();
        for key in asked.permissions.iter() {
            if catalogue.get(key).is_none() && !kept.contains(key) {
                let nearest = catalogue.nearest(key).map(str::to_owned);
                return Err(Invalid::Permission {
                    key: key.to_owned(),
                    nearest,
                }
                .into());
            }
        }
        let all = Grant {
            role: asked.role,
            permissions: asked.permissions.plus(&kept),
        };
        Ok(all.normalised(catalogue))
    }
}

/// A membership as the audit log keeps it; enough to bring it back.
pub(super) fn state(member: &Member) -> Value {
    json!({"role": member.grant.role, "permissions": member.grant.permissions})
}

pub(super) fn draft(
    action: &'static str,
    member: &Member,
    before: Value,
    after: Value,
) -> EventDraft {
    EventDraft {
        action,
        subject: member.email.to_string(),
        subject_id: Some(member.user.0),
        before,
        after,
    }
}
