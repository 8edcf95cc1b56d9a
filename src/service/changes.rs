//! The permissions of many members changed, or many removed: a verdict for each, then a batch at a time.

use super::{
    BulkDone, Course, MemberAct, MemberChange, Operation, Result, Service, Write, WriteMode,
    bulk::{Batch, LOOKED_UP, in_batches},
    entrance::done,
    members::{draft, granted, state},
    unit::{Begun, Unit},
    weigh::{Asked, Weighed, Weighing},
};
use crate::{
    domain::{AccountId, Actor, CHANGED, EventDraft, Grant, Member, REMOVED, UserId, Verdict},
    store::many,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

impl Service {
    /// What would become of each change now; nothing is written. Needs `members.view`.
    ///
    /// # Errors
    /// As [`Service::list_members`].
    pub async fn preview_changes(
        &self,
        actor: &Actor,
        account: AccountId,
        changes: &[MemberChange],
    ) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let preview = Operation::PreviewChanges;
        let (tx, standing, live) = self
            .look_live(preview, actor, account, &mut connection)
            .await?;
        let mut weighing = Weighing::begin(self, &tx, account, (&standing, live.fresh)).await?;
        let mut verdicts = Vec::with_capacity(changes.len());
        for asked in asked(changes).chunks(LOOKED_UP) {
            verdicts.extend(weighing.weigh(&tx, asked).await?.verdicts);
        }
        done(tx, verdicts).await
    }

    /// Makes every change that can be made. `write.command` is the id of the whole, as in
    /// [`Service::import_invitations`].
    pub async fn change_members(
        &self,
        write: &Write,
        changes: &[MemberChange],
        course: Course<'_>,
    ) -> BulkDone {
        if write.mode == WriteMode::DryRun {
            let preview = self.preview_changes(&write.actor, write.account, changes);
            return preview.await.into();
        }
        let asked = asked(changes);
        let batch = |batch| self.change_batch(batch);
        let whole = (write, Operation::ChangeMembers, fingerprint(changes));
        in_batches(whole, &asked, course, batch).await
    }

    async fn change_batch(&self, batch: Batch<'_, Asked<'_>>) -> Result<Vec<Verdict>> {
        let mut connection = self.connect().await?;
        let write = (&batch.write, batch.operation);
        let unit = match self.begin(&mut connection, write, &batch.request).await? {
            Begun::Fresh(unit) => unit,
            Begun::Done(verdicts) => return Ok(verdicts),
        };
        let unit = self.may_manage(unit).await?;
        let by = (&unit.standing, unit.proved_lately());
        let mut weighing = Weighing::begin(self, &unit.tx, unit.account.id, by).await?;
        let weighed = weighing.weigh(&unit.tx, batch.rows).await?;
        write_all(&unit, &weighed).await?;
        unit.finish(weighed.verdicts).await
    }
}

/// Writes what was found to be right, with the event of each, in the order of the list.
async fn write_all(unit: &Unit<'_>, weighed: &Weighed) -> Result<()> {
    let account = unit.account.id;
    let changed: Vec<(UserId, &Grant)> = weighed
        .right
        .iter()
        .filter_map(|(member, to)| Some((member.user, to.as_ref()?)))
        .collect();
    let gone: Vec<UserId> = weighed
        .right
        .iter()
        .filter(|(_, to)| to.is_none())
        .map(|(member, _)| member.user)
        .collect();
    if !changed.is_empty() {
        many::set_grants(&unit.tx, account, &changed).await?;
    }
    let (mut sessions, mut invitations) = (HashMap::new(), HashMap::new());
    if !gone.is_empty() {
        sessions = many::end_sessions(&unit.tx, account, &gone).await?;
        invitations = many::cancel_sent_by(&unit.tx, account, &gone).await?;
        many::delete(&unit.tx, account, &gone).await?;
    }
    let ended = |member: &Member| {
        let count = |counts: &HashMap<UserId, i64>| counts.get(&member.user).copied().unwrap_or(0);
        json!({"sessions_ended": count(&sessions), "invitations_cancelled": count(&invitations)})
    };
    let event = |(member, to): &(Member, Option<Grant>)| match to {
        Some(to) => draft(CHANGED, member, state(member), granted(to)),
        None => draft(REMOVED, member, state(member), ended(member)),
    };
    let drafts: Vec<EventDraft> = weighed.right.iter().map(event).collect();
    unit.record_all(&drafts).await
}

/// The changes, those of somebody who was named before marked.
fn asked(changes: &[MemberChange]) -> Vec<Asked<'_>> {
    let mut seen = HashMap::new();
    let asked = changes.iter().enumerate().map(|(at, change)| {
        let first = *seen.entry(change.email.key()).or_insert(at);
        Asked {
            change,
            first: (first < at).then_some(first + 1),
        }
    });
    asked.collect()
}

/// What tells one list of changes from another.
fn fingerprint(changes: &[MemberChange]) -> Sha256 {
    let mut digest = Sha256::new();
    let mut last: Option<&MemberAct> = None;
    for change in changes {
        digest.update(format!("{} {:?}\n", change.email, change.version));
        // Mostly the same for all.
        if last != Some(&change.act) {
            digest.update(format!("{:?}\n", change.act));
        }
        last = Some(&change.act);
    }
    digest
}
