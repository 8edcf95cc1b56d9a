//! Invitations: send, list, resend, cancel, edit.

use super::{
    Conflict, Invalid, InvitationSent, Limits, Operation, Result, SendInvitation, Service,
    ServiceError, Write,
    entrance::done,
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        AccountId, Actor, Current, EventDraft, Grant, Invitation, InvitationId, InvitationStatus,
        policy::Deed,
    },
    store::{
        invitations::{self, NewInvitation},
        members, outbox, users,
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// The event of a new invitation.
pub(super) const SENT: &str = "invitation.sent";
/// How long an expired invitation stays in the list.
const EXPIRED_SHOWN: Duration = Duration::from_hours(30 * 24);
/// The most invitations in the list; the limit of pending ones is 200.
const LISTED: i64 = 500;

impl Service {
    /// Pending and recently expired invitations, newest first. Needs `members.view`.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::NotSignedIn`], [`ServiceError::Unavailable`].
    pub async fn list_invitations(
        &self,
        actor: &Actor,
        account: AccountId,
    ) -> Result<Vec<Invitation>> {
        let mut connection = self.connect().await?;
        let list = Operation::ListInvitations;
        let (tx, _) = self.look(list, actor, account, &mut connection).await?;
        let listed = invitations::list(&tx, account, EXPIRED_SHOWN, LISTED).await?;
        done(tx, listed).await
    }

    /// Stores an invitation and queues its mail in one transaction.
    ///
    /// # Errors
    /// [`Conflict::AlreadyMember`], [`Conflict::AlreadyPending`], [`ServiceError::Limited`],
    /// [`ServiceError::Denied`], [`ServiceError::Invalid`].
    pub async fn send_invitation(
        &self,
        write: &Write,
        send: &SendInvitation,
    ) -> Result<InvitationSent> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::SendInvitation), send)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let grant = self.invited_grant(&send.grant, None)?;
        let unit = unit.allow(self, &Deed::Invite { grant: &grant }).await?;
        let account = unit.account.id;
        if members::by_email(&unit.tx, account, &send.email)
            .await?
            .is_some()
        {
            return Err(Conflict::AlreadyMember.into());
        }
        invitations::expire(&unit.tx, account, &send.email).await?;
        if invitations::pending_for(&unit.tx, account, &send.email)
            .await?
            .is_some()
        {
            return Err(Conflict::AlreadyPending.into());
        }
        self.within_limits(&unit, &send.email, send.limits).await?;
        let id = InvitationId::new();
        let inviter = unit.standing.user();
        invitations::insert(
            &unit.tx,
            &NewInvitation {
                id,
                account,
                email: &send.email,
                grant: &grant,
                inviter,
                inviter_name: &self.inviter_name(&unit, &write.actor).await?,
                digest: &self.keys().current().token(id, 1).digest(),
                valid_for: self.0.settings.invitation_life,
            },
        )
        .await?;
        outbox::enqueue(&unit.tx, account, id, 1).await?;
        let invitation = pending(&unit, id).await?;
        unit.record(&draft(SENT, &invitation, Value::Null, state(&invitation)))
            .await?;
        unit.finish(InvitationSent { invitation }).await
    }

    /// A new link and a new life, expired or not; the old link dies.
    ///
    /// # Errors
    /// [`Conflict::NotPending`], [`ServiceError::Limited`], [`ServiceError::Denied`],
    /// [`ServiceError::NotFound`].
    pub async fn resend_invitation(
        &self,
        write: &Write,
        id: InvitationId,
    ) -> Result<InvitationSent> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::ResendInvitation), &id)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let before = pending(&unit, id).await?;
        let grant = &before.grant;
        let unit = unit.allow(self, &Deed::ResendInvitation { grant }).await?;
        self.within_limits(&unit, &before.email, Limits::Enforced)
            .await?;
        let generation = before.generation + 1;
        let digest = self.keys().current().token(id, generation).digest();
        let life = self.0.settings.invitation_life;
        invitations::renew(&unit.tx, id, generation, &digest, life).await?;
        outbox::enqueue(&unit.tx, unit.account.id, id, generation).await?;
        let invitation = pending(&unit, id).await?;
        unit.record(&draft(
            "invitation.resent",
            &invitation,
            state(&before),
            state(&invitation),
        ))
        .await?;
        unit.finish(InvitationSent { invitation }).await
    }

    /// Withdraws a pending invitation.
    ///
    /// # Errors
    /// As [`Service::resend_invitation`].
    pub async fn cancel_invitation(&self, write: &Write, id: InvitationId) -> Result<Invitation> {
        let mut connection = self.connect().await?;
        let unit = match self
            .begin(&mut connection, (write, Operation::CancelInvitation), &id)
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let before = pending(&unit, id).await?;
        let grant = &before.grant;
        let unit = unit.allow(self, &Deed::CancelInvitation { grant }).await?;
        if !invitations::cancel(&unit.tx, id).await? {
            return Err(Conflict::NotPending.into());
        }
        let after = any(&unit, id).await?;
        unit.record(&draft(
            "invitation.cancelled",
            &before,
            state(&before),
            state(&after),
        ))
        .await?;
        unit.finish(after).await
    }

    /// Gives a pending invitation another grant; its link stays.
    ///
    /// # Errors
    /// As [`Service::resend_invitation`]; [`Conflict::Changed`] for an old version.
    pub async fn edit_invitation(
        &self,
        write: &Write,
        id: InvitationId,
        to: &Grant,
        version: Option<i64>,
    ) -> Result<Invitation> {
        let mut connection = self.connect().await?;
        let edit = (write, Operation::EditInvitation);
        let unit = match self
            .begin(&mut connection, edit, &(id, to, version))
            .await?
        {
            Begun::Fresh(unit) => unit,
            Begun::Done(result) => return Ok(result),
        };
        let unit = self.may_manage(unit).await?;
        let before = pending(&unit, id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(Conflict::Changed(Current::Invitation(Box::new(before))).into());
        }
        let to = self.invited_grant(to, Some(&before.grant))?;
        let deed = Deed::EditInvitation {
            from: &before.grant,
            to: &to,
        };
        let unit = unit.allow(self, &deed).await?;
        invitations::set_grant(&unit.tx, id, &to).await?;
        let after = pending(&unit, id).await?;
        unit.record(&draft(
            "invitation.edited",
            &before,
            state(&before),
            state(&after),
        ))
        .await?;
        unit.finish(after).await
    }

    pub(super) fn invited_grant(&self, asked: &Grant, current: Option<&Grant>) -> Result<Grant> {
        let grant = self.checked_grant(asked, current)?;
        if grant.role == crate::domain::Role::Custom && grant.permissions.is_empty() {
            return Err(Invalid::NothingChosen.into());
        }
        Ok(grant)
    }

    pub(super) async fn inviter_name(&self, unit: &Unit<'_>, actor: &Actor) -> Result<String> {
        let Some(user) = actor.user_id() else {
            return Ok(actor.label());
        };
        let user = users::by_id(&unit.tx, user).await?;
        Ok(user.map_or_else(|| actor.label(), |user| user.email.to_string()))
    }
}

/// The invitation of this account, pending or expired but not decided.
pub(super) async fn pending(unit: &Unit<'_>, id: InvitationId) -> Result<Invitation> {
    let invitation = any(unit, id).await?;
    match invitation.status {
        InvitationStatus::Pending | InvitationStatus::Expired => Ok(invitation),
        _ => Err(Conflict::NotPending.into()),
    }
}

async fn any(unit: &Unit<'_>, id: InvitationId) -> Result<Invitation> {
    let invitation = invitations::by_id(&unit.tx, unit.account.id, id).await?;
    invitation.ok_or(ServiceError::NotFound { what: "Invitation" })
}

/// An invitation as the audit log keeps it.
pub(super) fn state(invitation: &Invitation) -> Value {
    let link = (invitation.generation, invitation.expires_at);
    state_of(invitation.id, invitation.status, &invitation.grant, link)
}

/// The same of its parts; of the link its generation and its end.
pub(super) fn state_of(
    id: InvitationId,
    status: InvitationStatus,
    grant: &Grant,
    (generation, expires_at): (i32, Timestamp),
) -> Value {
    json!({
        "id": id,
        "status": status,
        "role": grant.role,
        "permissions": grant.permissions,
        "generation": generation,
        "expires_at": expires_at,
    })
}

pub(super) fn draft(
    action: &'static str,
    invitation: &Invitation,
    before: Value,
    after: Value,
) -> EventDraft {
    EventDraft {
        action,
        subject: invitation.email.to_string(),
        subject_id: Some(invitation.id.0),
        before,
        after,
    }
}
