//! Several addresses in the pane "Invite New User": a paste of more than one opens the box for them, and
//! what was typed there is kept when it closes.

use super::invite::Invite;
use super::members::Wish;
use crate::ui::action::{Action, Context};
use crate::ui::modals::{Several, lines_of};
use crate::ui::model::Ctx;

/// At least so many addresses make a list.
const SEVERAL: usize = 2;

impl Invite {
    /// Opens the box with the lines that were kept, or with what is typed in the pane.
    pub fn open_several(&mut self, ctx: &Ctx) -> Wish {
        let mut lines = std::mem::take(&mut self.kept);
        if lines.is_empty() && !self.email.is_empty() {
            lines.push(self.email.text().to_owned());
        }
        self.open_box(lines, ctx)
    }

    /// Opens the box for a paste of several addresses; none where it is one, or none.
    pub(super) fn on_several(&mut self, text: &str, ctx: &Ctx) -> Option<Wish> {
        // Looked at first: a paste may be large and nothing of the kind.
        text.matches('@').nth(SEVERAL - 1)?;
        let pasted = lines_of(text);
        let addresses = pasted.iter().filter(|line| line.contains('@')).count();
        if addresses < SEVERAL {
            return None;
        }
        let mut lines = std::mem::take(&mut self.kept);
        lines.extend(pasted);
        Some(self.open_box(lines, ctx))
    }

    fn open_box(&self, lines: Vec<String>, ctx: &Ctx) -> Wish {
        let (dialog, effect) = Several::open(lines, self.grant.clone(), ctx);
        Wish::Open(Box::new(dialog), effect.into_iter().collect())
    }

    /// The box was closed: what was typed there is kept.
    pub fn keep(&mut self, lines: Vec<String>) {
        self.kept = lines;
    }

    /// What the pane says of the lines that are kept.
    pub(super) fn kept_words(&self, ctx: &Ctx) -> Option<String> {
        let count = self.kept.len();
        let key = ctx
            .keymap
            .key_for(&[Context::Invite], Action::InviteSeveral)?;
        let lines = if count == 1 { "line is" } else { "lines are" };
        (count > 0).then(|| format!("{count} {lines} kept in the list of several; {key} opens it"))
    }
}
