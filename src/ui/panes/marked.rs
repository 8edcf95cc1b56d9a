//! The members that are marked to be changed or removed together. They are kept by person, through
//! paging, sorting, searching and reading again; no more than can be worked on at once.

use super::members::{Members, Wish, availability};
use crate::domain::{Member, UserId};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, MANY, Slot};
use crate::ui::modals::{Bulk, BulkPermissions, Modal, Plan};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::style::Style;
use std::collections::HashMap;

/// Who is marked.
#[derive(Debug, Default)]
pub struct Marked {
    members: HashMap<UserId, Member>,
    /// Where a range begins: who was marked or unmarked last.
    from: Option<UserId>,
    /// Everybody found is being read, to be marked.
    finding: bool,
}

impl Marked {
    /// How many are marked.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is marked.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether this person is marked.
    pub fn has(&self, user: UserId) -> bool {
        self.members.contains_key(&user)
    }

    /// The marked, by address.
    pub fn sorted(&self) -> Vec<Member> {
        let mut members: Vec<Member> = self.members.values().cloned().collect();
        members.sort_by(|a, b| a.email.key().cmp(b.email.key()));
        members
    }

    /// What was read anew takes the place of what was marked, so that a change is made from what was
    /// seen last.
    pub fn refresh(&mut self, rows: &[Member]) {
        if self.members.is_empty() {
            return;
        }
        for row in rows {
            if let Some(marked) = self.members.get_mut(&row.user) {
                marked.clone_from(row);
            }
        }
    }

    /// Takes the marks of these people away.
    pub fn unmark(&mut self, users: impl IntoIterator<Item = UserId>) {
        for user in users {
            self.members.remove(&user);
        }
        self.from = None;
    }

    /// Takes all marks away; tells how many there were.
    pub fn clear(&mut self) -> usize {
        let were = self.len();
        *self = Self::default();
        were
    }

    /// Marks them but for the person at the console, or none of them where that would be too many.
    ///
    /// # Errors
    /// The words for too many.
    pub fn mark(&mut self, mut members: Vec<Member>, ctx: &Ctx) -> Result<(), String> {
        members.retain(|member| !is_me(member, ctx));
        let new = members.iter().filter(|member| !self.has(member.user));
        if self.len() + new.count() > MANY {
            return Err(format!(
                "At most {MANY} can be marked at once; a list in a file takes any number"
            ));
        }
        for member in members {
            self.members.insert(member.user, member);
        }
        Ok(())
    }

    /// Everybody found is there; tells whether they are still to be marked.
    pub fn found(&mut self) -> bool {
        std::mem::take(&mut self.finding)
    }

    fn turn(&mut self, member: &Member, ctx: &Ctx) -> Result<(), String> {
        if is_me(member, ctx) {
            return Err("Your own access is changed on its own, not with others".to_owned());
        }
        self.from = Some(member.user);
        if self.members.remove(&member.user).is_some() {
            return Ok(());
        }
        self.mark(vec![member.clone()], ctx)
    }
}

fn is_me(member: &Member, ctx: &Ctx) -> bool {
    let session = ctx.session.as_ref();
    session.is_some_and(|session| session.user.id == member.user)
}

/// How the address of a row looks: a mark is seen in it too.
pub(super) fn look(marker: &str, styles: &Styles) -> Style {
    if marker.ends_with('✓') {
        styles.accent
    } else {
        styles.text
    }
}

impl Members {
    /// An action on marks, or on all that are marked; none where it is about the row under the cursor.
    pub(super) fn on_marks(&mut self, action: Action, height: usize, ctx: &Ctx) -> Option<Wish> {
        let done = match action {
            Action::MarkMember => {
                let member = self.window.selected()?;
                match self.marked.turn(member, ctx) {
                    Ok(()) => {
                        self.window.step(1, height);
                        return Some(self.ahead(height, ctx));
                    }
                    refused => refused,
                }
            }
            Action::MarkRange => self.mark_range(ctx),
            Action::MarkEverybody => return Some(self.find_everybody(ctx)),
            Action::Back if self.marked.finding && !self.is_typing() => {
                self.marked.finding = false;
                return Some(Wish::Effects(vec![Effect::GiveUp(Slot::Everybody)]));
            }
            Action::UnmarkAll => {
                self.marked.clear();
                Ok(())
            }
            Action::Back if self.can_unmark() => {
                self.marked.clear();
                Ok(())
            }
            // It would be about somebody else than is meant.
            Action::SetGrant | Action::RemoveMember if self.marked.finding => {
                Err("Everybody found is being marked; in a moment, or Esc ends it".to_owned())
            }
            Action::SetGrant | Action::RemoveMember if !self.marked.is_empty() => {
                return Some(self.open_marked(action, ctx));
            }
            _ => return None,
        };
        Some(done.map_or_else(Wish::Refuse, |()| Wish::Nothing))
    }

    /// Whether Esc takes the marks away: it leaves a search first.
    fn can_unmark(&self) -> bool {
        let searching = self.is_typing() || !self.query.search.is_empty();
        !searching && !self.marked.is_empty()
    }

    /// From who was marked last to the row under the cursor.
    fn mark_range(&mut self, ctx: &Ctx) -> Result<(), String> {
        let place = |user| {
            let mut rows = self.window.rows().iter();
            rows.position(|member| Some(member.user) == user)
        };
        let from = self.marked.from;
        let Some(start) = from.and_then(|_| place(from)) else {
            return Err(match from {
                None => "Mark where the range begins first (Space)",
                Some(_) => "The range is too long: who was marked last is out of reach",
            }
            .to_owned());
        };
        let end = self.window.cursor();
        let rows = self.window.rows().iter();
        let range = rows
            .skip(start.min(end))
            .take(start.abs_diff(end) + 1)
            .cloned();
        let last = self.window.selected().map(|member| member.user);
        self.marked.mark(range.collect(), ctx)?;
        self.marked.from = last;
        Ok(())
    }

    /// What the title says of the marks.
    pub(super) fn marked_words(&self) -> String {
        match self.marked.len() {
            _ if self.marked.finding => " · marking".to_owned(),
            0 => String::new(),
            count => format!(" · {count} marked"),
        }
    }

    /// A mark takes the place of the dot that tells of a change.
    pub(super) fn marker(&self, member: &Member, plain: &'static str) -> &'static str {
        match (self.marked.has(member.user), plain.starts_with('▸')) {
            (false, _) => plain,
            (true, true) => "▸✓",
            (true, false) => " ✓",
        }
    }

    fn find_everybody(&mut self, ctx: &Ctx) -> Wish {
        let Some(seat) = ctx.seat() else {
            return Wish::Nothing;
        };
        self.marked.finding = true;
        Wish::Effects(vec![Effect::FindEverybody(seat, self.query.clone())])
    }

    /// The dialog for all that are marked, or why none of them can be meant.
    fn open_marked(&self, action: Action, ctx: &Ctx) -> Wish {
        let members = self.marked.sorted();
        let refusal = |member: &Member| availability(action, member, ctx).err();
        if let Some(reason) = members.first().and_then(refusal)
            && members.iter().all(|member| refusal(member).is_some())
        {
            return Wish::Refuse(format!("None of the {} marked: {reason}", members.len()));
        }
        if action == Action::RemoveMember {
            let plan = Plan::removal(members);
            let (dialog, effect) = Bulk::open(plan, ctx);
            return Wish::Open(Box::new(dialog), effect.into_iter().collect());
        }
        let dialog = BulkPermissions::new(members, ctx);
        Wish::Open(
            Box::new(Modal::BulkPermissions(Box::new(dialog))),
            Vec::new(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Marked;
    use crate::domain::Grant;
    use crate::ui::effect::MANY;
    use crate::ui::fixture::{ctx, member};

    #[test]
    fn a_mark_is_turned_over_and_read_anew() {
        let mut marked = Marked::default();
        for index in [3, 1, 2, 2] {
            marked.turn(&member(index), &ctx(Grant::owner())).unwrap();
        }
        let mut newer = member(1);
        newer.version = 7;
        marked.refresh(&[newer.clone(), member(9)]);
        assert_eq!(marked.sorted(), [newer, member(3)]);
        marked.unmark([member(3).user]);
        assert_eq!((marked.len(), marked.clear(), marked.len()), (1, 1, 0));
    }

    #[test]
    fn there_are_never_more_than_can_be_worked_on() {
        let (mut marked, ctx) = (Marked::default(), ctx(Grant::owner()));
        marked.mark((0..MANY).map(member).collect(), &ctx).unwrap();
        marked.mark(vec![member(5)], &ctx).unwrap();
        assert!(marked.mark(vec![member(MANY)], &ctx).is_err());
        assert!(marked.turn(&member(MANY), &ctx).is_err());
        assert_eq!(marked.len(), MANY);
    }
}
