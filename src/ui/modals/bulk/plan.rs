//! What is about to be done to many: the work, whom it is about, and what it is called.

use super::adjust::Adjust;
use crate::domain::{Email, Grant, ManyAct, Member, Roster, UserId, many_command};
use crate::ui::effect::{MemberAct, MemberChange, Work};
use crate::ui::model::Ctx;
use std::sync::Arc;

/// More addresses than this do not go into a command that is copied: clipboards of terminals are small.
const COPIED: usize = 1000;

/// The work, reviewed and then done.
#[derive(Debug, Clone)]
pub struct Plan {
    work: Work,
    act: Act,
    /// Whom the work is about, row by row; nobody where they are no members yet.
    members: Vec<Member>,
}

/// What is done to each.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Invite(Grant),
    Change(MemberAct),
}

impl Plan {
    /// The permissions of these members.
    pub fn change(members: Vec<Member>, act: &MemberAct) -> Self {
        // Single keys are given and taken whatever else changed meanwhile; the rest is made from what was
        // seen.
        let seen = !matches!(act, MemberAct::Adjust { .. });
        let changes = members.iter().map(|member| MemberChange {
            email: member.email.clone(),
            version: seen.then_some(member.version),
            act: act.clone(),
        });
        Self {
            work: Work::Change(changes.collect()),
            act: Act::Change(act.clone()),
            members,
        }
    }

    /// The removal of these members.
    pub fn removal(members: Vec<Member>) -> Self {
        Self::change(members, &MemberAct::Remove)
    }

    /// Invitations for a list, with this grant where a row names none.
    pub fn invitations(roster: Arc<Roster>, grant: Grant) -> Self {
        Self {
            work: Work::Invite(roster),
            act: Act::Invite(grant),
            members: Vec::new(),
        }
    }

    /// The work itself.
    pub fn work(&self) -> &Work {
        &self.work
    }

    pub(super) fn act(&self) -> &Act {
        &self.act
    }

    /// Whether it takes access away.
    pub(super) fn takes_access(&self) -> bool {
        matches!(self.act, Act::Change(MemberAct::Remove))
    }

    /// Whether it asks new people in.
    pub(super) fn invites(&self) -> bool {
        matches!(self.act, Act::Invite(_))
    }

    /// The member of a row.
    pub(super) fn user(&self, row: usize) -> Option<UserId> {
        self.members.get(row).map(|member| member.user)
    }

    /// What the member of a row has now.
    pub(super) fn badge(&self, row: usize, ctx: &Ctx) -> Option<String> {
        let member = self.members.get(row)?;
        Some(member.grant.badge(&ctx.catalogue))
    }

    /// What a row has now and what it would have, in short.
    pub(super) fn difference(&self, row: usize, ctx: &Ctx) -> Option<String> {
        let catalogue = &ctx.catalogue;
        if let Work::Invite(roster) = &self.work {
            let listed = roster.rows().get(row)?.entry.as_ref().ok()?;
            return Some(roster.grant(listed)?.badge(catalogue));
        }
        let before = &self.members.get(row)?.grant;
        let badge = self.badge(row, ctx)?;
        let after = match &self.act {
            Act::Change(MemberAct::Set(grant)) => grant.clone(),
            Act::Change(MemberAct::Adjust { give, take }) => {
                let (give, take) = (give.clone(), take.clone());
                Adjust { give, take }.onto(before, catalogue)
            }
            _ => return Some(badge),
        };
        let short = |badge: String| badge.replace("Custom · ", "");
        let after = short(after.badge(catalogue));
        Some(format!("{} → {after}", short(badge)))
    }

    /// The title of the review and the button that writes.
    pub(super) fn title(&self, count: usize) -> (String, String) {
        let users = counted(count, "user");
        match &self.act {
            Act::Invite(_) => (
                "Review the invitations".to_owned(),
                format!("Send {}", counted(count, "invitation")),
            ),
            Act::Change(MemberAct::Remove) => (
                format!("Remove access of {}?", counted(self.work.len(), "user")),
                format!("Remove {users}"),
            ),
            Act::Change(_) => ("Review the changes".to_owned(), format!("Change {users}")),
        }
    }

    /// What was done to so many.
    pub(super) fn done_words(&self, count: usize) -> String {
        let (one, many) = match &self.act {
            Act::Invite(_) => ("invitation is stored", "invitations are stored"),
            Act::Change(MemberAct::Remove) => (
                "user has no access any more",
                "users have no access any more",
            ),
            Act::Change(_) => (
                "user has the new permissions",
                "users have the new permissions",
            ),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }

    /// The equivalent command as it is shown: without its list.
    pub(super) fn command(&self, ctx: &Ctx) -> String {
        self.words(ctx, None)
    }

    /// The equivalent command as it is copied: with its list, where that is short enough.
    pub(super) fn whole_command(&self, ctx: &Ctx) -> String {
        if self.work.len() > COPIED {
            return self.words(ctx, None);
        }
        match &self.work {
            Work::Invite(roster) => {
                let rows = roster
                    .rows()
                    .iter()
                    .filter_map(|row| row.entry.as_ref().ok());
                self.words(ctx, Some(&mut rows.map(|listed| &listed.email)))
            }
            Work::Change(changes) => {
                self.words(ctx, Some(&mut changes.iter().map(|change| &change.email)))
            }
        }
    }

    fn words(&self, ctx: &Ctx, emails: Option<&mut dyn Iterator<Item = &Email>>) -> String {
        let Some(account) = ctx.domain_account() else {
            return String::new();
        };
        let act = match &self.act {
            Act::Invite(grant) => ManyAct::Invite(grant),
            Act::Change(MemberAct::Set(grant)) => ManyAct::Set(grant),
            Act::Change(MemberAct::Adjust { give, take }) => ManyAct::Adjust { give, take },
            Act::Change(MemberAct::Remove) => ManyAct::Remove,
        };
        many_command(&account, act, emails)
    }
}

/// `1 user`, `12 users`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
