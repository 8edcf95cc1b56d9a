//! Members: look at them, and end a membership. What they may do stands in `grants.rs`, what comes back
//! in `undo.rs`.

use super::{
    Conflict, Operation, Removed, Result, Service, ServiceError, Write,
    entrance::done,
    replica::Reading,
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        AccountId, Actor, Current, Email, EventDraft, Grant, Member, MemberQuery, PermissionSet,
        REMOVED, Standing, UserId,
        policy::{self, Deed, Target},
    },
    store::{Connection, Scope, StoreError, Tx, invitations, members, sessions},
};
use serde_json::{Value, json};

impl Service {
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
        let count = Operation::CountMembers;
        let counting = Counting(account, query, cap);
        let who = (count, actor, account);
        if let Some(number) = self.read_apart(who, &counting).await? {
            return Ok(number);
        }
        let mut connection = self.connect().await?;
        let (tx, _) = self.look(count, actor, account, &mut connection).await?;
        let number = counting.within(&tx).await?;
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
        tx: &Tx<'_>,
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
        at_version(&member, version)?;
        Ok((unit, member))
    }

    /// Whether the actor may change anybody at all: whoever holds nothing.
    pub(super) async fn may_manage<'a>(&self, unit: Box<Unit<'a>>) -> Result<Box<Unit<'a>>> {
        let nothing = Grant::custom(PermissionSet::new());
        let target = Target {
            user: UserId(uuid::Uuid::nil()),
            grant: &nothing,
        };
        unit.allow(self, &Deed::Remove { target }).await
    }
}

/// How many of them match, up to a cap.
struct Counting<'a>(AccountId, &'a MemberQuery, i64);

impl Counting<'_> {
    async fn within(&self, tx: &Tx<'_>) -> std::result::Result<i64, StoreError> {
        let Self(account, query, cap) = *self;
        if query.search.is_empty() {
            members::count(tx, account).await
        } else {
            members::count_matching(tx, account, query, cap).await
        }
    }
}

impl Reading for Counting<'_> {
    type Found = i64;

    async fn on(&self, connection: &mut Connection) -> std::result::Result<i64, StoreError> {
        let tx = connection.begin(&Scope::account(self.0)).await?;
        let number = self.within(&tx).await?;
        tx.commit().await?;
        Ok(number)
    }
}

/// Whether the membership is still the one that somebody saw. Only who may change it learns what it is
/// now.
pub(super) fn at_version(member: &Member, version: Option<i64>) -> Result<()> {
    if version.is_some_and(|version| version != member.version) {
        return Err(Conflict::Changed(Current::Member(Box::new(member.clone()))).into());
    }
    Ok(())
}

/// A membership as the audit log keeps it; enough to bring it back.
pub(super) fn state(member: &Member) -> Value {
    granted(&member.grant)
}

/// The same of the grant alone.
pub(super) fn granted(grant: &Grant) -> Value {
    json!({"role": grant.role, "permissions": grant.permissions})
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
