//! Work on a list: each row's verdict, the question, batch after batch, and what came of it.

use super::args::CourseArgs;
use super::bulk_report::{Report, Told};
use super::caller::Caller;
use super::failure::{Failure, Outcome};
use super::output::Output;
use super::progress::Bar;
use super::serve::told_to_end;
use super::terminal;
use crate::domain::{AccountId, Email, Roster, Verdict, roster::Wanted};
use crate::service::{BATCH, BulkDone, Course, Import, MemberAct, MemberChange, Service, Write};
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The most bytes of a list: ten million addresses would not fill it.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// What is to happen to the people of a list.
pub enum Work<'a> {
    Invite(Import<'a>),
    Change {
        roster: &'a Roster,
        changes: Vec<MemberChange>,
    },
}

/// Reads a list from a file, or from standard input.
///
/// # Errors
/// [`Failure::Usage`] where it is none.
pub fn read(file: &Path, wanted: &Wanted) -> Outcome<Roster> {
    let name = file.display();
    let mut bytes = Vec::new();
    let opened: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(file);
        Box::new(opened.map_err(|error| Failure::Usage(format!("Can't read {name}: {error}")))?)
    };
    let most = MAX_LIST_BYTES;
    let read = opened.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Usage(format!("Can't read {name}: {error}")))?;
    if bytes.len() as u64 > most {
        let mib = most >> 20;
        return Err(Failure::Usage(format!(
            "{name} has more than {mib} MiB; split it"
        )));
    }
    Roster::parse(&bytes, wanted).map_err(|error| Failure::Usage(format!("{name}: {error}")))
}

impl<'a> Work<'a> {
    /// The same change for everybody in the list.
    pub fn change(roster: &'a Roster, act: &MemberAct) -> Self {
        let emails = roster
            .rows()
            .iter()
            .filter_map(|row| row.entry.as_ref().ok());
        let change = |email: &Email| MemberChange {
            email: email.clone(),
            version: None,
            act: act.clone(),
        };
        Self::Change {
            roster,
            changes: emails.map(|listed| change(&listed.email)).collect(),
        }
    }

    fn roster(&self) -> &'a Roster {
        match self {
            Self::Invite(import) => import.roster,
            Self::Change { roster, .. } => roster,
        }
    }

    async fn preview(&self, caller: &Caller<'_>, account: AccountId) -> Outcome<Vec<Verdict>> {
        let (service, actor) = (caller.service, &caller.actor);
        Ok(match self {
            Self::Invite(import) => service.preview_import(actor, account, import).await?,
            Self::Change { changes, .. } => {
                service.preview_changes(actor, account, changes).await?
            }
        })
    }

    async fn run(&self, service: &Service, write: &Write, course: Course<'_>) -> BulkDone {
        match self {
            Self::Invite(import) => service.import_invitations(write, import, course).await,
            Self::Change { changes, .. } => service.change_members(write, changes, course).await,
        }
    }

    /// The verdicts in the order of the list; rows that the service was not told of say what is wrong
    /// with them, and those that were not come to have none.
    fn told(&self, verdicts: Vec<Verdict>) -> Vec<Option<Verdict>> {
        let mut verdicts = verdicts.into_iter();
        let rows = self.roster().rows().iter();
        let each = rows.map(|row| match (self, &row.entry) {
            (Self::Change { .. }, Err(fault)) => Some(Verdict::from(fault)),
            _ => verdicts.next(),
        });
        each.collect()
    }
}

/// Does it, or says what it would do.
///
/// # Errors
/// What the use case says; [`Failure::Told`] where a row was refused or the work was broken off.
pub async fn run(
    caller: &Caller<'_>,
    (work, args): (&Work<'_>, &CourseArgs),
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let mut write = caller.write_to(account);
    write.command = args.resume.unwrap_or(write.command);
    let report = Report {
        id: write.command,
        rehearsed: caller.rehearses(),
        rows: work.roster().rows(),
        words: match work {
            Work::Invite(_) => Told::Invitations,
            Work::Change { .. } => Told::Members,
        },
    };
    if caller.rehearses() {
        let verdicts = work.told(work.preview(caller, account).await?);
        report.result(&verdicts, output)?;
        return report.refusal(&verdicts);
    }
    if !args.yes {
        terminal::must_be_attended("--yes")?;
        let verdicts = work.told(work.preview(caller, account).await?);
        report.preview(&verdicts, output)?;
        output.flush()?;
        if !terminal::confirm("Go on?", "--yes")? {
            return output.remark("Nothing was changed");
        }
    }
    output.remark(&format!("Under the id {}", report.id))?;
    output.flush()?;
    let done = watched(caller, work, (&write, args), output).await?;
    let verdicts = work.told(done.verdicts);
    match done.broken_off {
        None => {
            report.result(&verdicts, output)?;
            report.refusal(&verdicts)
        }
        Some(why) => report.broken_off(&verdicts, why, output),
    }
}

/// Runs the work under a bar.
async fn watched(
    caller: &Caller<'_>,
    work: &Work<'_>,
    (write, args): (&Write, &CourseArgs),
    output: &Output<'_>,
) -> Outcome<BulkDone> {
    let stop = CancellationToken::new();
    let mut bar = Bar::start(output.format());
    let course = Course {
        batch: NonZeroUsize::new(args.batch).unwrap_or(BATCH),
        progress: &mut |progress| bar.draw(progress),
        stop: &stop,
    };
    let done = to_its_end(work.run(caller.service, write, course), &stop).await;
    bar.end();
    done
}

/// Waits for the work; the first signal ends it before the next batch.
async fn to_its_end(
    work: impl Future<Output = BulkDone>,
    stop: &CancellationToken,
) -> Outcome<BulkDone> {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => Ok(done),
        told = told_to_end() => {
            stop.cancel();
            let done = work.await;
            told.map(|()| done)
        }
    }
}
