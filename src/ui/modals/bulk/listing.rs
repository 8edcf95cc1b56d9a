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
    Row(usize),
}

/// Verdicts in the order in which they are shown.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    verdicts: Vec<Verdict>,
    tense: Tense,
    entries: Vec<Entry>,
}

/// The place of rows without a verdict: work that was broken off did not come to them.
const NOT_COME_TO: usize = Verdict::WORDS.len();
const GROUPS: usize = NOT_COME_TO + 1;

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
        for group in order {
            let rows = groups.get(group).map(Vec::as_slice).unwrap_or_default();
            if !rows.is_empty() {
                entries.push(Entry::Heading(group, rows.len()));
                entries.extend(rows.iter().copied().map(Entry::Row));
            }
        }
        Self {
            verdicts,
            tense,
            entries,
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
            Entry::Row(_) => None,
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
        shown
            .map(|entry| match entry {
                Entry::Heading(group, count) => Line::styled(
                    format!("{} · {count}", heading(*group, self.tense)),
                    styles.title,
                ),
                Entry::Row(row) => self.row(*row, width, plan, (styles, ctx)),
            })
            .collect()
    }

    fn row(
        &self,
        row: usize,
        width: u16,
        plan: &Plan,
        (styles, ctx): (&Styles, &Ctx),
    ) -> Line<'static> {
        let verdict = self.verdicts.get(row);
        let (mark, style) = mark(verdict, self.tense, plan, styles);
        let reason = verdict.and_then(Verdict::reason);
        let words = match &reason {
            Some(reason) => Some(reason.clone()),
            None => plan.difference(row, ctx),
        };
        let words = words.unwrap_or_default();
        let width = usize::from(width).saturating_sub(2);
        let address = plan.work().typed(row);
        // The address has what the words leave it, and at least half.
        let room = width
            .saturating_sub(usize::from(columns(&words)) + 2)
            .max(width / 2);
        let room = room.min(usize::from(columns(address)).max(24)).min(width);
        let rest = width.saturating_sub(room + 2);
        Line::from(vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(pad(address, room), styles.text),
            Span::styled(format!("  {}", cut(&words, rest)), styles.muted),
        ])
    }
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
        ("member", _) => "Members already",
        ("pending", _) => "Invited already",
        ("unchanged", _) => "Unchanged",
        ("duplicate", _) => "Twice in the list",
        ("invalid", _) => "Not valid",
        ("over_limit", _) => "Over the limit",
        ("not_allowed", _) => "Not allowed",
        ("not_member", _) => "No members (any more)",
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
    use super::{Entry, Listing, Tense};
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
            Entry::Heading(..) => None,
        });
        assert_eq!(rows.collect::<Vec<_>>(), [2, 4, 5, 0, 3, 1]);
        assert_eq!(listing.len(), 6 + 4);
    }
}
