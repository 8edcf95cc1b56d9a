//! Invitations from a list: a verdict for each row, then all that are new, a batch at a time.

use super::{
    BulkDone, Course, Import, Operation, Result, Service, ServiceError, Write, WriteMode,
    bulk::{Batch, LOOKED_UP, in_batches},
    entrance::done,
    invitations::{SENT, state_of},
    judge::Judge,
    unit::{Begun, Unit},
};
use crate::{
    domain::{
        AccountId, Actor, EventDraft, Grant, InvitationId, InvitationStatus, TokenKey, Verdict,
        roster::Row,
    },
    store::{
        health,
        import::{self, NewInvitations, NewRow},
    },
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

impl Service {
    /// What would become of each row now; nothing is written. Needs `members.view`.
    ///
    /// # Errors
    /// As [`Service::list_invitations`].
    pub async fn preview_import(
        &self,
        actor: &Actor,
        account: AccountId,
        import: &Import<'_>,
    ) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let preview = Operation::PreviewImport;
        let (tx, standing) = self.look(preview, actor, account, &mut connection).await?;
        let mut judge = Judge::new(self, &standing, *import);
        let mut verdicts = Vec::with_capacity(import.roster.rows().len());
        for rows in import.roster.rows().chunks(LOOKED_UP) {
            verdicts.extend(judge.judge(&tx, account, rows).await?.verdicts);
        }
        done(tx, verdicts).await
    }

    /// Invites every row that is new. `write.command` is the import's id: the same import under the same
    /// id goes on where it ended, and gives again what was done; another list under it is
    /// [`super::Conflict::CommandReused`]. A rehearsal is [`Service::preview_import`].
    pub async fn import_invitations(
        &self,
        write: &Write,
        import: &Import<'_>,
        course: Course<'_>,
    ) -> BulkDone {
        if write.mode == WriteMode::DryRun {
            let preview = self.preview_import(&write.actor, write.account, import);
            return preview.await.into();
        }
        let import_all = Operation::ImportInvitations;
        let whole = (write, import_all, fingerprint(import));
        let batch = |batch| self.import_batch(batch, *import);
        in_batches(whole, import.roster.rows(), course, batch).await
    }

    async fn import_batch(
        &self,
        batch: Batch<'_, Row>,
        import: Import<'_>,
    ) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let write = (&batch.write, batch.operation);
        let unit = match self.begin(&mut connection, write, &batch.request).await? {
            Begun::Fresh(unit) => unit,
            Begun::Done(verdicts) => return Ok(verdicts),
        };
        let unit = self.may_manage(unit).await?;
        let account = unit.account.id;
        let mut judge = Judge::new(self, &unit.standing, import);
        let judged = judge.judge(&unit.tx, account, batch.rows).await?;
        if !judged.expired.is_empty() {
            import::expire(&unit.tx, account, &judged.expired).await?;
        }
        let mut verdicts = judged.verdicts;
        let keys = self.keys();
        let rows = batch.rows.iter().zip(&mut verdicts);
        let new = rows
            .filter(|(_, verdict)| matches!(verdict, Verdict::New(_)))
            .filter_map(|(row, verdict)| new_row((row, judge.grant(row)?), keys.current(), verdict))
            .collect();
        self.invite_all(&unit, &batch.write.actor, new).await?;
        unit.finish(verdicts).await
    }

    async fn invite_all(
        &self,
        unit: &Unit<'_>,
        actor: &Actor,
        each: Vec<NewRow<'_>>,
    ) -> Result<()> {
        if each.is_empty() {
            return Ok(());
        }
        let now = health::now(&unit.tx).await?;
        let expires_at = now
            .checked_add(self.0.settings.invitation_life)
            .map_err(|error| ServiceError::bug(&error))?;
        let new = NewInvitations {
            account: unit.account.id,
            inviter: unit.standing.user(),
            inviter_name: &self.inviter_name(unit, actor).await?,
            expires_at,
            each,
        };
        import::insert(&unit.tx, &new).await?;
        let sent = |row: &NewRow<'_>| sent(row, expires_at);
        let drafts: Vec<EventDraft> = new.each.iter().map(sent).collect();
        unit.record_all(&drafts).await
    }
}

/// The invitation of a row, whose verdict then has its id.
fn new_row<'a>(
    (row, grant): (&'a Row, &'a Grant),
    key: &TokenKey,
    verdict: &mut Verdict,
) -> Option<NewRow<'a>> {
    let email = &row.entry.as_ref().ok()?.email;
    let id = InvitationId::new();
    *verdict = Verdict::New(Some(id));
    Some(NewRow {
        id,
        email,
        grant,
        digest: key.token(id, 1).digest(),
    })
}

fn sent(row: &NewRow<'_>, expires_at: Timestamp) -> EventDraft {
    let link = (1, expires_at);
    EventDraft {
        action: SENT,
        subject: row.email.to_string(),
        subject_id: Some(row.id.0),
        before: Value::Null,
        after: state_of(row.id, InvitationStatus::Pending, row.grant, link),
    }
}

/// What tells one import from another: the rows as they were understood, and the options.
fn fingerprint(import: &Import<'_>) -> Sha256 {
    let options = format!("{:?} {:?}", import.limits, import.roster.grants());
    let mut digest = Sha256::new().chain_update(options);
    for row in import.roster.rows() {
        digest.update(match &row.entry {
            Ok(listed) => format!("{} {}\n", listed.email, listed.grant),
            Err(fault) => format!("{} {}\n", fault.typed, fault.why),
        });
    }
    digest
}
