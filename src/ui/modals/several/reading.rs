//! The box's lines as rows of a list: read, judged, and found again.

use super::Several;
use crate::domain::policy::{self, Deed};
use crate::domain::roster::{Row, Wanted};
use crate::domain::{Fate, Grant, Roster, Tally, Verdict};
use crate::ui::effect::{Effect, MANY, Work};
use crate::ui::message::Reply;
use crate::ui::modals::bulk::short;
use crate::ui::model::Ctx;
use std::sync::Arc;

impl Several {
    /// What was left out, and where the rest can go.
    pub(super) fn left_out(&self) -> Option<String> {
        let words = self.text.complaint()?;
        if self.text.lines().count() < MANY {
            return Some(words);
        }
        Some(format!(
            "{words}; rollbook invite import FILE takes any number"
        ))
    }

    pub(super) fn rows(&self) -> &[Row] {
        self.roster.as_ref().map_or(&[], |roster| roster.rows())
    }

    /// What is known of a row; none while it is not.
    pub(super) fn verdict(&self, row: usize) -> Option<Verdict> {
        match &self.rows().get(row)?.entry {
            Ok(listed) => self.known.get(listed.email.key()).cloned(),
            Err(fault) => Some(fault.into()),
        }
    }

    pub(super) fn count(&mut self) {
        let new = Verdict::New(None);
        let rows = 0..self.rows().len();
        let verdicts: Vec<Verdict> = rows
            .map(|row| self.verdict(row).unwrap_or_else(|| new.clone()))
            .collect();
        self.tally = Tally::of(&verdicts);
    }

    /// Reads the list anew.
    pub(super) fn read(&mut self, ctx: &Ctx) {
        self.stale = true;
        self.unread = false;
        let text: Vec<&str> = self.text.lines().collect();
        let grant = self.grant.clone().unwrap_or_else(|| any_grant(ctx));
        let wanted = Wanted::Invitations(Some(grant));
        self.roster = Roster::parse(text.join("\n").as_bytes(), &wanted)
            .map(Arc::new)
            .map_err(|fault| fault.to_string());
        self.count();
    }

    /// Asks for the verdicts, where something changed.
    pub(super) fn ask(&mut self, ctx: &Ctx) -> Option<Effect> {
        let (roster, seat) = (self.roster.as_ref().ok()?, ctx.seat()?);
        if !std::mem::take(&mut self.stale) {
            return None;
        }
        self.asked = Some(Arc::clone(roster));
        Some(Effect::PreviewBulk(seat, Work::Invite(Arc::clone(roster))))
    }

    pub(super) fn on_previewed(&mut self, reply: &Reply<Vec<Verdict>>) {
        let verdicts = match reply {
            Ok(verdicts) => verdicts,
            Err(failure) => {
                self.said = Some(failure.text.to_string());
                self.stale = true;
                return;
            }
        };
        let Some(roster) = self.asked.take() else {
            return;
        };
        for (row, verdict) in roster.rows().iter().zip(verdicts) {
            if let Ok(listed) = &row.entry {
                let key = listed.email.key().to_owned();
                self.known.insert(key, verdict.clone());
            }
        }
        self.count();
    }

    /// What is said beside a line: of several addresses on it, about the one that needs a look most.
    pub(super) fn beside(&self, line: usize) -> (String, Option<Fate>) {
        let mut rows: Vec<Option<Verdict>> = on_line(self.rows(), line)
            .map(|row| self.verdict(row))
            .collect();
        rows.sort_by_key(|verdict| verdict.as_ref().map(Verdict::fate));
        match rows.pop() {
            None => (String::new(), None),
            Some(None) => ("…".to_owned(), None),
            Some(Some(verdict)) => (short(&verdict), Some(verdict.fate())),
        }
    }
}

/// The rows that stand on a line of the box.
pub(super) fn on_line(rows: &[Row], line: usize) -> std::ops::Range<usize> {
    let start = rows.partition_point(|row| row.line <= line);
    let end = rows.partition_point(|row| row.line <= line + 1);
    start..end
}

/// Pasted text as lines of the box: a table line by line, of anything else each address on its own.
pub fn lines_of(text: &str) -> Vec<String> {
    let raw = || text.lines().map(str::to_owned).collect();
    let is_table = text.lines().find(|line| !line.trim().is_empty());
    let is_table = is_table.is_some_and(|line| !line.contains('@'));
    match Roster::parse(text.as_bytes(), &Wanted::Addresses) {
        Ok(roster) if !is_table => {
            // What is left of separators names nobody.
            let names = |typed: &&str| typed.chars().any(char::is_alphanumeric);
            let rows = roster.rows().iter().map(Row::typed);
            rows.filter(names).map(str::to_owned).collect()
        }
        _ => raw(),
    }
}

/// A grant that the person may give, for judging addresses before one is chosen.
fn any_grant(ctx: &Ctx) -> Grant {
    let keys = ctx.catalogue.permissions().iter();
    let grants = keys.map(|permission| {
        let one = [permission.key.as_str()].into_iter().collect();
        Grant::custom(one).normalised(&ctx.catalogue)
    });
    let mut allowed = grants.filter(|grant| refusal(grant, ctx).is_none());
    // Who may give nothing is told so by each verdict.
    allowed.next().unwrap_or_else(Grant::full)
}

/// Why policy refuses to invite with this grant, if it does.
pub(super) fn refusal(grant: &Grant, ctx: &Ctx) -> Option<String> {
    let standing = ctx.standing()?;
    let may = policy::may(&standing, &Deed::Invite { grant }, &ctx.catalogue);
    may.err().map(|denied| denied.to_string())
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_list_has_a_line_for_each_and_a_table_stays_as_it_is() {
        assert_eq!(
            lines_of("Ada <ada@x.com>, bob@x.com; carl@x.com\nno address"),
            ["ada@x.com", "bob@x.com", "carl@x.com", "no", "address"]
        );
        let table = "email,role\nada@x.com,full\nbob@x.com,full";
        assert_eq!(
            lines_of(table),
            ["email,role", "ada@x.com,full", "bob@x.com,full"]
        );
    }
}
