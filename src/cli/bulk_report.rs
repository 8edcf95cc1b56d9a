//! What came of the rows of a list, for people and for scripts.

use super::failure::{Exit, Failure, Outcome};
use super::output::{Output, Table};
use crate::domain::{CommandId, DisplaySafe, Fate, Tally, Verdict, grouped, roster::Row};
use crate::service::BrokenOff;
use serde::Serialize;
use serde_json::{Map, Value};

/// The most rows that a person is shown; scripts get all of them.
const SHOWN: usize = 100;
/// The word for a row that was not come to.
const LEFT: &str = "left";

/// Which words can occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Invitations,
    Members,
}

/// Says what becomes, or became, of the rows.
pub struct Report<'a> {
    pub id: CommandId,
    pub rehearsed: bool,
    pub rows: &'a [Row],
    pub words: Told,
}

/// The one document.
#[derive(Serialize)]
struct Document<'a> {
    id: String,
    summary: Map<String, Value>,
    rows: Vec<RowDocument<'a>>,
}

#[derive(Serialize)]
struct RowDocument<'a> {
    line: usize,
    email: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<String>,
}

impl Told {
    /// The words with what a person reads, before and after.
    fn words(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Invitations => &[
                ("new", "to invite", "invited"),
                ("member", "members already", "members already"),
                ("pending", "pending already", "pending already"),
                ("duplicate", "listed twice", "listed twice"),
                ("invalid", "invalid", "invalid"),
                ("over_limit", "over the limit", "over the limit"),
                ("not_allowed", "not allowed", "not allowed"),
            ],
            Self::Members => &[
                ("change", "to change", "changed"),
                ("remove", "to remove", "removed"),
                ("unchanged", "like that already", "like that already"),
                ("duplicate", "listed twice", "listed twice"),
                ("invalid", "invalid", "invalid"),
                ("not_allowed", "not allowed", "not allowed"),
                ("not_member", "no members", "no members"),
                ("conflict", "in conflict", "in conflict"),
            ],
        }
    }
}

impl Report<'_> {
    /// What would become of the rows, beside the result.
    pub fn preview(&self, verdicts: &[Option<Verdict>], output: &mut Output<'_>) -> Outcome {
        if let Some(table) = self.passed_over(verdicts) {
            output.aside(&table)?;
        }
        output.remark(&self.line(verdicts, false))
    }

    /// What became of them, or would become.
    pub fn result(&self, verdicts: &[Option<Verdict>], output: &mut Output<'_>) -> Outcome {
        output.document(&self.document(verdicts))?;
        if let Some(table) = self.passed_over(verdicts) {
            output.table(&table)?;
        }
        output.line(&self.line(verdicts, !self.rehearsed))
    }

    /// The exit code of the first row that was refused.
    pub fn refusal(&self, verdicts: &[Option<Verdict>]) -> Outcome {
        let refused = verdicts
            .iter()
            .flatten()
            .find(|v| v.fate() == Fate::Refused);
        match refused {
            None => Ok(()),
            Some(verdict) => Err(Failure::Told(exit(verdict))),
        }
    }

    /// What is done, and how to go on.
    pub fn broken_off(
        &self,
        verdicts: &[Option<Verdict>],
        why: BrokenOff,
        output: &mut Output<'_>,
    ) -> Outcome {
        let come_to = verdicts.iter().flatten().count();
        let failure = match why {
            BrokenOff::Asked => Failure::Told(Exit::Interrupted),
            BrokenOff::By(error) => Failure::Service(error),
        };
        if come_to > 0 || matches!(failure, Failure::Told(_)) {
            self.result(verdicts, output)?;
            output.remark(&format!(
                "Ended after {} of {} rows; the same command with --resume {} goes on",
                grouped(come_to),
                grouped(verdicts.len()),
                self.id
            ))?;
        }
        Err(failure)
    }

    /// "97 invited · 2 members already · 1 invalid".
    fn line(&self, verdicts: &[Option<Verdict>], done: bool) -> String {
        let tally = Tally::of(verdicts.iter().flatten());
        let words = self.words.words().iter();
        let mut parts: Vec<String> = words
            .filter(|(word, ..)| tally.count(word) > 0)
            .map(|(word, before, after)| {
                let label = if done { after } else { before };
                format!("{} {label}", grouped(tally.count(word)))
            })
            .collect();
        let left = verdicts.iter().filter(|verdict| verdict.is_none()).count();
        if left > 0 {
            parts.push(format!("{} left", grouped(left)));
        }
        parts.join(" · ")
    }

    /// The rows for which nothing is written, and why.
    fn passed_over(&self, verdicts: &[Option<Verdict>]) -> Option<Table> {
        let rows = self.rows.iter().zip(verdicts);
        let over: Vec<(&Row, &Verdict)> = rows
            .filter_map(|(row, verdict)| Some((row, verdict.as_ref()?)))
            .filter(|(_, verdict)| verdict.fate() != Fate::Done)
            .collect();
        if over.is_empty() {
            return None;
        }
        let mut table = Table::new(&["LINE", "EMAIL", "VERDICT", "REASON"]);
        for (row, verdict) in over.iter().take(SHOWN) {
            table.row([
                row.line.to_string().into(),
                row.typed().into(),
                verdict.word().replace('_', " ").into(),
                DisplaySafe::from(verdict.reason().unwrap_or_default()),
            ]);
        }
        if over.len() > SHOWN {
            let more = format!("and {} more; --json has all", grouped(over.len() - SHOWN));
            table.row(["…".into(), more.into()]);
        }
        Some(table)
    }

    fn document(&self, verdicts: &[Option<Verdict>]) -> Document<'_> {
        let tally = Tally::of(verdicts.iter().flatten());
        let counted = self
            .words
            .words()
            .iter()
            .map(|(word, ..)| (*word, tally.count(word)));
        let left = verdicts.iter().filter(|verdict| verdict.is_none()).count();
        let rows = [("rows", self.rows.len()), (LEFT, left)];
        Document {
            id: self.id.to_string(),
            summary: counted
                .chain(rows)
                .map(|(word, count)| (word.to_owned(), count.into()))
                .collect(),
            rows: self.rows.iter().zip(verdicts).map(document).collect(),
        }
    }
}

fn document<'a>((row, verdict): (&'a Row, &Option<Verdict>)) -> RowDocument<'a> {
    RowDocument {
        line: row.line,
        email: row.typed(),
        verdict: verdict.as_ref().map_or(LEFT, Verdict::word),
        reason: verdict.as_ref().and_then(Verdict::reason),
        invitation: match verdict {
            Some(Verdict::New(id)) => id.map(|id| id.to_string()),
            _ => None,
        },
    }
}

/// The exit code that the same refusal of one alone has.
fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Invalid(_) => Exit::Usage,
        Verdict::OverLimit(_) | Verdict::NotAllowed(_) => Exit::NotAllowed,
        Verdict::NotMember => Exit::NotFound,
        Verdict::Conflict(_) => Exit::Conflict,
        _ => Exit::Done,
    }
}
