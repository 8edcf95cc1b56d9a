//! Rows grouped by their verdict: what needs a look first, each group counted under its heading.

use super::plan::Plan;
use crate::domain::{Fate, Verdict};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::fit::{columns, cut, pad};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Whether the verdicts tell what would be, or what has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    Would,
    Has,
}

/// A line of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// The verdict's place among all, and how many rows follow.
    Heading(usize, usize),
    /// Why all of them, as this row has it; which line of that.
    Reason(usize, usize),
    Row(usize),
}

/// Verdicts in the order in which they are shown.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    verdicts: Vec<Verdict>,
    tense: Tense,
    entries: Vec<Entry>,
    /// Groups whose rows all have the same reason, which then stands above them.
    alike: [bool; GROUPS],
}

/// The place of rows without a verdict: work that was broken off did not come to them.
const NOT_COME_TO: usize = Verdict::WORDS.len();
const GROUPS: usize = NOT_COME_TO + 1;
/// A reason that is wider may need a second line.
const NARROW: u16 = 70;

impl Listing {
    /// The verdicts of the first of `rows` rows.
    pub(super) fn new(verdicts: Vec<Verdict>, rows: usize, tense: Tense) -> Self {
        let mut groups: [Vec<usize>; GROUPS] = Default::default();
        for row in 0..rows {
            let group = verdicts.get(row).map_or(NOT_COME_TO, Verdict::index);
            if let Some(group) = groups.get_mut(group) {
                group.push(row);
            }
        }
        let rank = |group: &usize| {
            let first = groups.get(*group).and_then(|rows| rows.first());
            match first.and_then(|row| verdicts.get(*row)).map(Verdict::fate) {
                Some(Fate::Refused) => 0,
                None => 1,
                Some(Fate::Done) => 2,
                Some(Fate::Settled) => 3,
            }
        };
        let mut order: Vec<usize> = (0..GROUPS).collect();
        order.sort_by_key(rank);
        let mut entries = Vec::with_capacity(rows + GROUPS);
        let mut alike = [false; GROUPS];
        for group in order {
            let rows = groups.get(group).map(Vec::as_slice).unwrap_or_default();
            if !rows.is_empty() {
                entries.push(Entry::Heading(group, rows.len()));
                let lines = common_reason(rows, &verdicts).map(|reason| {
                    // What fits no line of a usual dialog has a second.
                    1 + usize::from(columns(&reason) > NARROW)
                });
                if let (Some(first), Some(lines)) = (rows.first(), lines) {
                    entries.extend((0..lines).map(|line| Entry::Reason(*first, line)));
                    if let Some(alike) = alike.get_mut(group) {
                        *alike = true;
                    }
                }
                entries.extend(rows.iter().copied().map(Entry::Row));
            }
        }
        Self {
            verdicts,
            tense,
            entries,
            alike,
        }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many rows have this fate.
    pub(super) fn count(&self, fate: Fate) -> usize {
        let rows = self.verdicts.iter();
        rows.filter(|verdict| verdict.fate() == fate).count()
    }

    /// `12 will change · 1 not allowed`: every group in a line.
    pub(super) fn summary(&self) -> String {
        let groups = self.entries.iter().filter_map(|entry| match entry {
            Entry::Heading(group, count) => {
                let words = heading(*group, self.tense).to_lowercase();
                Some(format!("{count} {words}"))
            }
            Entry::Row(_) | Entry::Reason(..) => None,
        });
        groups.collect::<Vec<_>>().join(" · ")
    }

    /// The lines from `top` on, at most `height`.
    pub(super) fn lines(
        &self,
        (top, height, width): (usize, u16, u16),
        plan: &Plan,
        styles: &Styles,
        ctx: &Ctx,
    ) -> Vec<Line<'static>> {
        let shown = self.entries.iter().skip(top).take(usize::from(height));
        let address = |entry: &Entry| match entry {
            Entry::Row(row) => columns(plan.work().typed(*row)),
            Entry::Heading(..) | Entry::Reason(..) => 0,
        };
        let widest = shown.clone().map(address).max().unwrap_or(0);
        let room = widest
            .max(24)
            .min(width / 2 + 4)
            .min(width.saturating_sub(2));
        shown
            .map(|entry| match entry {
                Entry::Heading(group, count) => Line::styled(
                    format!("{} · {count}", heading(*group, self.tense)),
                    styles.title,
                ),
                Entry::Reason(row, line) => {
                    let reason = self.verdicts.get(*row).and_then(Verdict::reason);
                    let reason = reason.unwrap_or_default();
                    let words = broken(&reason, usize::from(width.saturating_sub(2)), *line);
                    Line::styled(format!("  {words}"), styles.muted)
                }
                Entry::Row(row) => self.row(*row, (width, room), plan, (styles, ctx)),
            })
            .collect()
    }

    fn row(
        &self,
        row: usize,
        (width, room): (u16, u16),
        plan: &Plan,
        (styles, ctx): (&Styles, &Ctx),
    ) -> Line<'static> {
        let verdict = self.verdicts.get(row);
        let (mark, style) = mark(verdict, self.tense, plan, styles);
        let group = verdict.map_or(NOT_COME_TO, Verdict::index);
        let alike = self.alike.get(group).copied().unwrap_or(false);
        let reason = verdict.and_then(Verdict::reason).filter(|_| !alike);
        let words = match &reason {
            Some(reason) => Some(reason.clone()),
            None if verdict.is_none_or(|verdict| verdict.fate() == Fate::Done) => {
                plan.difference(row, ctx)
            }
            None => plan.badge(row, ctx),
        };
        let words = words.unwrap_or_default();
        let room = usize::from(room);
        let rest = usize::from(width).saturating_sub(room + 4);
        let address = plan.work().typed(row);
        Line::from(vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(pad(address, room), styles.text),
            Span::styled(format!("  {}", cut(&words, rest)), styles.muted),
        ])
    }
}

/// The reason of all of them, where they have one and the same.
fn common_reason(rows: &[usize], verdicts: &[Verdict]) -> Option<String> {
    let mut verdicts = rows.iter().map(|row| verdicts.get(*row));
    let first = verdicts.next()??;
    let same = rows.len() > 1 && verdicts.all(|verdict| verdict == Some(first));
    first.reason().filter(|_| same)
}

/// The first line of a text, or what is left for the second.
fn broken(text: &str, width: usize, line: usize) -> String {
    let head: String = text.chars().take(width).collect();
    let fits = head.len() == text.len();
    let at = if fits {
        head.len()
    } else {
        head.rfind(' ').unwrap_or(head.len())
    };
    let (first, rest) = text.split_at(at);
    cut(if line == 0 { first } else { rest.trim_start() }, width)
}

fn mark(
    verdict: Option<&Verdict>,
    tense: Tense,
    plan: &Plan,
    styles: &Styles,
) -> (&'static str, Style) {
    match (verdict.map(Verdict::fate), tense) {
        (Some(Fate::Done), Tense::Has) => ("✓", styles.success),
        (Some(Fate::Done), Tense::Would) if plan.takes_access() => ("−", styles.danger),
        (Some(Fate::Done), Tense::Would) if plan.invites() => ("+", styles.success),
        (Some(Fate::Done), Tense::Would) => ("~", styles.accent),
        (Some(Fate::Settled), _) => ("·", styles.muted),
        (Some(Fate::Refused), _) => ("✗", styles.danger),
        (None, _) => ("○", styles.warning),
    }
}

/// What a group of rows is called.
fn heading(group: usize, tense: Tense) -> &'static str {
    let word = Verdict::WORDS.get(group).copied().unwrap_or_default();
    match (word, tense) {
        ("new", Tense::Would) => "New",
        ("new", Tense::Has) => "Invited",
        ("change", Tense::Would) => "Will change",
        ("change", Tense::Has) => "Changed",
        ("remove", Tense::Would) => "Will be removed",
        ("remove", Tense::Has) => "Removed",
        ("member", _) => "In the account already",
        ("pending", _) => "Invited already",
        ("unchanged", _) => "Unchanged",
        ("duplicate", _) => "Twice in the list",
        ("invalid", _) => "Not valid",
        ("over_limit", _) => "Over the limit",
        ("not_allowed", _) => "Not allowed",
        ("not_member", _) => "Not in the account (any more)",
        ("conflict", _) => "In the way",
        _ => "Not come to",
    }
}

/// A verdict in a word or two, beside a row that stands alone.
pub(in crate::ui::modals) fn short(verdict: &Verdict) -> String {
    match verdict.reason() {
        Some(reason) => reason,
        None => heading(verdict.index(), Tense::Would).to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Listing, Tense, broken};
    use crate::domain::Verdict;

    #[test]
    fn what_needs_a_look_comes_first_and_every_group_is_counted() {
        let verdicts = vec![
            Verdict::Change,
            Verdict::Unchanged,
            Verdict::NotAllowed("no".into()),
            Verdict::Change,
        ];
        let listing = Listing::new(verdicts, 6, Tense::Has);
        assert_eq!(
            listing.summary(),
            "1 not allowed · 2 not come to · 2 changed · 1 unchanged"
        );
        let rows = listing.entries.iter().filter_map(|entry| match entry {
            Entry::Row(row) => Some(*row),
            Entry::Heading(..) | Entry::Reason(..) => None,
        });
        assert_eq!(rows.collect::<Vec<_>>(), [2, 4, 5, 0, 3, 1]);
        assert_eq!(listing.len(), 6 + 4);
    }

    #[test]
    fn a_reason_that_all_have_stands_above_them_once() {
        let why = "An owner has everything, always; an owner can only step down on their own or be removed";
        let listing = Listing::new(vec![Verdict::NotAllowed(why.into()); 3], 3, Tense::Would);
        let [head, first, second, row] = listing.entries[..4] else {
            panic!("{:?}", listing.entries);
        };
        assert_eq!((head, row), (Entry::Heading(9, 3), Entry::Row(0)));
        assert_eq!((first, second), (Entry::Reason(0, 0), Entry::Reason(0, 1)));
        assert_eq!(broken(why, 40, 0), "An owner has everything, always; an");
        assert_eq!(broken(why, 70, 1), "own or be removed");
        assert_eq!(broken("short", 40, 1), "");
    }
}
