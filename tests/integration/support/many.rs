//! Work on many in the small world: judged by rules as simple as the world is, done in one go unless a
//! test holds it or breaks it off.

use super::screen::{World, invitation};
use rollbook::domain::{DeliveryState, Grant, Role, Verdict};
use rollbook::ui::effect::{
    Break, BulkEnd, BulkRun, Effect, Failure, MemberAct, MemberChange, Work,
};
use rollbook::ui::message::Message;
use std::collections::HashMap;

/// How work on many goes.
#[derive(Default)]
pub(crate) struct Many {
    /// Work is not answered: the test does it.
    pub(crate) held: Option<BulkRun>,
    pub(crate) holds: bool,
    /// Everybody found is not told: the test does it.
    pub(crate) is_looking: bool,
    /// The next work ends after so many rows.
    pub(crate) breaks: Option<(usize, Failure)>,
    /// So many invitations may be sent.
    pub(crate) limit: Option<usize>,
    /// What was done under each command.
    done: HashMap<uuid::Uuid, Vec<Verdict>>,
    /// How often work was asked to stop.
    pub(crate) stops: usize,
    /// The verdicts that were written, each once.
    pub(crate) written: usize,
}

impl World {
    /// Answers what is about many; gives any other effect back.
    pub(crate) fn answer_many(&mut self, effect: Effect) -> Result<Option<Message>, Box<Effect>> {
        Ok(match effect {
            Effect::PreviewBulk(_, work) => {
                Some(Message::BulkPreviewed(Ok(self.judge(&work, usize::MAX))))
            }
            Effect::RunBulk(run) => self.run(*run),
            Effect::StopBulk => {
                self.many.stops += 1;
                None
            }
            Effect::FindEverybody(..) if self.many.is_looking => None,
            Effect::FindEverybody(_, query) => {
                let found = Some(self.matching(&query));
                Some(Message::EverybodyFound(Ok(found)))
            }
            other => return Err(Box::new(other)),
        })
    }

    /// The verdicts of the first `rows` rows.
    fn judge(&self, work: &Work, rows: usize) -> Vec<Verdict> {
        match work {
            Work::Invite(roster) => {
                let mut sent = 0;
                let limit = self.many.limit.unwrap_or(usize::MAX);
                let listed = roster.rows().iter().take(rows);
                listed
                    .map(|row| match &row.entry {
                        Err(fault) => fault.into(),
                        Ok(listed) if self.members.iter().any(|m| m.email == listed.email) => {
                            Verdict::Member
                        }
                        Ok(listed) if self.invitations.iter().any(|i| i.email == listed.email) => {
                            Verdict::Pending
                        }
                        Ok(_) if sent >= limit => {
                            Verdict::OverLimit("30 invitations per 10 minutes; wait 4 min".into())
                        }
                        Ok(_) => {
                            sent += 1;
                            Verdict::New(None)
                        }
                    })
                    .collect()
            }
            Work::Change(changes) => {
                let changes = changes.iter().take(rows);
                changes.map(|change| self.judge_change(change)).collect()
            }
        }
    }

    fn judge_change(&self, change: &MemberChange) -> Verdict {
        let found = self.members.iter().find(|m| m.email == change.email);
        let Some(member) = found else {
            return Verdict::NotMember;
        };
        if change.version.is_some_and(|seen| seen != member.version) {
            return Verdict::Conflict("Somebody else changed this meanwhile".into());
        }
        match &change.act {
            MemberAct::Remove => Verdict::Remove,
            _ if member.grant.role == Role::Owner => {
                Verdict::NotAllowed("An owner has everything, always".into())
            }
            act if after(&member.grant, act) == member.grant => Verdict::Unchanged,
            _ => Verdict::Change,
        }
    }

    fn run(&mut self, run: BulkRun) -> Option<Message> {
        if self.many.holds {
            self.many.held = Some(run);
            return None;
        }
        let (rows, broken_off) = match self.many.breaks.take() {
            Some((rows, failure)) => (rows, Some(Break::By(failure))),
            None => (usize::MAX, None),
        };
        Some(self.work(&run, rows, broken_off))
    }

    /// Does the first `rows` rows; what was done under the command before is not done again.
    pub(crate) fn work(
        &mut self,
        run: &BulkRun,
        rows: usize,
        broken_off: Option<Break>,
    ) -> Message {
        let before = self.many.done.remove(&run.command.0).unwrap_or_default();
        let verdicts = self.judge(&run.work, rows);
        let rest = verdicts.into_iter().skip(before.len());
        let verdicts: Vec<Verdict> = before.iter().cloned().chain(rest).collect();
        for (row, verdict) in verdicts.iter().enumerate().skip(before.len()) {
            self.write(&run.work, row, verdict);
        }
        self.many.done.insert(run.command.0, verdicts.clone());
        let end = BulkEnd {
            verdicts,
            broken_off,
        };
        Message::BulkEnded(run.command, end)
    }

    fn write(&mut self, work: &Work, row: usize, verdict: &Verdict) {
        match (work, verdict) {
            (Work::Invite(roster), Verdict::New(_)) => {
                let email = roster.rows()[row].typed().to_owned();
                self.invitations
                    .push(invitation(row, &email, DeliveryState::Queued));
            }
            (Work::Change(changes), Verdict::Remove) => {
                self.members.retain(|m| m.email != changes[row].email);
            }
            (Work::Change(changes), Verdict::Change) => {
                let change = &changes[row];
                let mut found = self.members.iter_mut();
                let member = found.find(|m| m.email == change.email).unwrap();
                member.grant = after(&member.grant, &change.act);
                member.version += 1;
            }
            _ => return,
        }
        self.many.written += 1;
    }
}

fn after(before: &Grant, act: &MemberAct) -> Grant {
    let catalogue = super::screen::catalogue();
    match act {
        MemberAct::Set(grant) => grant.clone(),
        MemberAct::Adjust { give, take } => {
            let given = before.with(give).normalised(&catalogue);
            given.without(take, &catalogue)
        }
        MemberAct::Remove => before.clone(),
    }
}
