//! Comma-separated values (RFC 4180) of the audit log and of the members, and the whole audit log as
//! JSON. A page is fetched, written and forgotten.
//!
//! Spreadsheets run what begins like a formula, so such a cell gets a `'` in front, and so does one
//! that begins with `'`: a reader who takes the first `'` of a cell away has the text again.

use super::args::ExportFormat;
use super::caller::Caller;
use super::documents::EventDocument;
use super::failure::{Failure, Outcome};
use super::output::{Format, Output};
use crate::domain::{AccountId, DisplaySafe, Event, Member, escaped_json};
use csv::{Terminator, WriterBuilder};
use jiff::Timestamp;

/// How many events are fetched at once.
const PAGE: i64 = 500;

const EVENT: [&str; 9] = [
    "sequence", "at", "actor", "source", "action", "subject", "before", "after", "command",
];
const MEMBER: [&str; 6] = [
    "email",
    "name",
    "role",
    "permissions",
    "last_login",
    "joined_at",
];

/// What a formula begins with, also in the full-width forms that some spreadsheets take for it, and
/// the guard itself.
const GUARDED: [char; 12] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\'',
];

/// All events of an account, oldest first.
///
/// # Errors
/// What the use case says.
pub async fn events(
    caller: &Caller<'_>,
    account: AccountId,
    format: ExportFormat,
    output: &mut Output<'_>,
) -> Outcome {
    let as_json = format == ExportFormat::Json || output.format() == Format::Json;
    let mut sequence = 0;
    let mut heading = Some(EVENT);
    // The first page is fetched before anything is written: who may not look gets no piece of one.
    loop {
        let page = caller
            .service
            .export_events(&caller.actor, account, sequence, PAGE)
            .await?;
        if as_json {
            for event in &page {
                let before = if heading.take().is_some() { "[" } else { ",\n" };
                let text = serde_json::to_string(&EventDocument::from(event))
                    .map_err(|error| Failure::machine("Can't write JSON", &error))?;
                output.raw(format!("{before}{}", escaped_json(&text)).as_bytes())?;
            }
        } else {
            let heading = heading.take().map(|names| names.map(str::to_owned));
            let rows = heading.into_iter().chain(page.iter().map(event_row));
            output.raw(&csv_of(rows)?)?;
        }
        let Some(last) = page.last() else { break };
        sequence = last.sequence;
    }
    match (as_json, heading) {
        (false, _) => Ok(()),
        // No account is without an event, but no reader should depend on that.
        (true, Some(_)) => output.raw(b"[]\n"),
        (true, None) => output.raw(b"]\n"),
    }
}

/// Members in the order of the list.
///
/// # Errors
/// What the output says.
pub fn members(members: &[Member], output: &mut Output<'_>) -> Outcome {
    let heading = std::iter::once(MEMBER.map(str::to_owned));
    let rows = heading.chain(members.iter().map(member_row));
    output.raw(&csv_of(rows)?)
}

fn event_row(event: &Event) -> [String; 9] {
    [
        event.sequence.to_string(),
        event.at.to_string(),
        event.actor.to_string(),
        event.source.to_string(),
        event.action.to_string(),
        event.subject.to_string(),
        escaped_json(&event.before.to_string()),
        escaped_json(&event.after.to_string()),
        event.command.map(|id| id.to_string()).unwrap_or_default(),
    ]
}

fn member_row(member: &Member) -> [String; 6] {
    let keys: Vec<String> = member
        .grant
        .permissions
        .iter()
        .map(|key| DisplaySafe::new(key).to_string())
        .collect();
    let time = |at: Timestamp| at.to_string();
    [
        member.email.to_string(),
        member.name.to_string(),
        member.grant.role.to_string(),
        keys.join(" "),
        member.last_login.map(time).unwrap_or_default(),
        time(member.joined_at),
    ]
}

fn csv_of<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Outcome<Vec<u8>> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    let fault = |error: &dyn std::fmt::Display| Failure::machine("Can't write CSV", error);
    for row in rows {
        writer
            .write_record(row.map(guarded))
            .map_err(|error| fault(&error))?;
    }
    writer.into_inner().map_err(|error| fault(&error))
}

/// The cell with a `'` in front where it begins like a formula or with `'`.
fn guarded(cell: String) -> String {
    if cell.starts_with(GUARDED) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::{csv_of, guarded};

    #[test]
    fn a_formula_is_guarded_and_the_guard_too() {
        for cell in ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "'", "＝1"] {
            assert_eq!(guarded(cell.to_owned()), format!("'{cell}"));
        }
        for cell in ["", "a=1", "1-1", " =1", "\u{FFFD}=1"] {
            assert_eq!(guarded(cell.to_owned()), cell);
        }
    }

    #[test]
    fn quotes_are_rfc_4180_s() {
        let row = ["a,b".to_owned(), "say \"x\"".to_owned(), "=1,2".to_owned()];
        let csv = csv_of(std::iter::once(row)).unwrap();
        assert_eq!(csv, b"\"a,b\",\"say \"\"x\"\"\",\"'=1,2\"\r\n");
    }
}
