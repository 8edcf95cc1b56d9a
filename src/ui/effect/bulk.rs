//! Work on many at once, carried out: verdicts beforehand, then batch after batch, whose progress is
//! passed on as it goes.

use super::{Effect, Failure, Seat};
use crate::domain::{CommandId, Member, MemberQuery, Roster, Seek, Verdict};
use crate::service::{
    BrokenOff, BulkDone, Course, Import, Limits, MemberChange, Progress, Service, Write, WriteMode,
};
use crate::ui::message::{Message, Reply};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// At most so many can be marked, pasted, or worked on at once; a file and a command take any number.
pub const MANY: usize = 10_000;

/// Rows a transaction: fewer than a command's, so that the bar moves and Esc is soon heeded.
const BATCH: NonZeroUsize = match NonZeroUsize::new(250) {
    Some(rows) => rows,
    None => NonZeroUsize::MIN,
};

/// Rows that are read at once when everybody found is marked.
const PAGE: i64 = 1000;

/// Progress is told at most so often.
const TOLD: Duration = Duration::from_millis(100);

/// What is to be done to many. The same work is judged first and then done.
#[derive(Debug, Clone)]
pub enum Work {
    /// Invite whom the list names.
    Invite(Arc<Roster>),
    /// The same act on each member.
    Change(Arc<[MemberChange]>),
}

/// Work under its command id: once more under the same id goes on where it was broken off.
#[derive(Debug, Clone)]
pub struct BulkRun {
    pub seat: Seat,
    pub command: CommandId,
    pub work: Work,
}

/// What came of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEnd {
    /// What became of the rows, from the first; fewer than there are where it was broken off.
    pub verdicts: Vec<Verdict>,
    /// Why the rest was not come to.
    pub broken_off: Option<Break>,
}

/// Why work ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    Asked,
    By(Failure),
}

impl Work {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Invite(roster) => roster.rows().len(),
            Self::Change(changes) => changes.len(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whom a row names.
    pub fn typed(&self, row: usize) -> &str {
        match self {
            Self::Invite(roster) => roster.rows().get(row).map_or("", |row| row.typed()),
            Self::Change(changes) => changes.get(row).map_or("", |change| change.email.as_str()),
        }
    }
}

/// Carries an effect out that reads for work on many; gives any other back.
pub(super) async fn on_many(effect: Effect, service: &Service) -> Result<Message, Box<Effect>> {
    Ok(match effect {
        Effect::PreviewBulk(seat, work) => {
            Message::BulkPreviewed(preview(&seat, &work, service).await)
        }
        Effect::FindEverybody(seat, query) => {
            Message::EverybodyFound(everybody(&seat, &query, service).await)
        }
        other => return Err(Box::new(other)),
    })
}

/// A verdict for each row; nothing is written.
async fn preview(seat: &Seat, work: &Work, service: &Service) -> Reply<Vec<Verdict>> {
    let verdicts = match work {
        Work::Invite(roster) => {
            let import = import(roster);
            let preview = service.preview_import(&seat.actor, seat.account, &import);
            preview.await?
        }
        Work::Change(changes) => {
            let preview = service.preview_changes(&seat.actor, seat.account, changes);
            preview.await?
        }
    };
    Ok(verdicts)
}

fn import(roster: &Roster) -> Import<'_> {
    Import {
        roster,
        limits: Limits::Enforced,
    }
}

/// Does the work, tells how far it is, and says what came of it. `stop` ends it before the next batch.
pub async fn run_bulk(
    run: BulkRun,
    service: &Service,
    (said, stop): (&mpsc::Sender<Message>, &CancellationToken),
) -> Message {
    let command = run.command;
    let total = run.work.len();
    let (tell, heard) = watch::channel(Progress { done: 0, total });
    let end = tokio::select! {
        biased;
        done = do_it(&run, service, (tell, stop)) => BulkEnd::from(done),
        () = pass_on(command, heard, said) => BulkEnd::nothing_known(),
        // Told to stop, and the server did not follow: the same command finds out what was done.
        () = service.given_up() => BulkEnd::nothing_known(),
    };
    Message::BulkEnded(command, end)
}

async fn do_it(
    run: &BulkRun,
    service: &Service,
    (tell, stop): (watch::Sender<Progress>, &CancellationToken),
) -> BulkDone {
    let write = Write {
        actor: run.seat.actor.clone(),
        account: run.seat.account,
        command: run.command,
        mode: WriteMode::Apply,
    };
    let mut progress = |progress: Progress| {
        tell.send_replace(progress);
    };
    let course = Course {
        batch: BATCH,
        progress: &mut progress,
        stop,
    };
    match &run.work {
        Work::Invite(roster) => {
            let import = import(roster);
            service.import_invitations(&write, &import, course).await
        }
        Work::Change(changes) => service.change_members(&write, changes, course).await,
    }
}

/// Passes progress on, the newest only, and never ends by itself.
async fn pass_on(
    command: CommandId,
    mut heard: watch::Receiver<Progress>,
    said: &mpsc::Sender<Message>,
) {
    while heard.changed().await.is_ok() {
        let progress = *heard.borrow_and_update();
        let told = Message::BulkProgressed(command, progress);
        if said.send(told).await.is_err() {
            break;
        }
        tokio::time::sleep(TOLD).await;
    }
    std::future::pending::<()>().await;
}

impl BulkEnd {
    fn nothing_known() -> Self {
        let unknown = Failure::from(crate::service::ServiceError::Unknown);
        Self {
            verdicts: Vec::new(),
            broken_off: Some(Break::By(unknown)),
        }
    }
}

impl From<BulkDone> for BulkEnd {
    fn from(done: BulkDone) -> Self {
        let broken_off = done.broken_off.map(|broken_off| match broken_off {
            BrokenOff::Asked => Break::Asked,
            BrokenOff::By(error) => Break::By(Failure::from(error)),
        });
        Self {
            verdicts: done.verdicts,
            broken_off,
        }
    }
}

/// Everybody who matches, unless they are more than [`MANY`]: then none.
async fn everybody(
    seat: &Seat,
    query: &MemberQuery,
    service: &Service,
) -> Reply<Option<Vec<Member>>> {
    let mut found: Vec<Member> = Vec::new();
    let mut seek = Seek::First;
    loop {
        let page = service.list_members(&seat.actor, seat.account, query, (&seek, PAGE));
        let page = page.await?;
        found.extend(page.rows);
        if found.len() > MANY {
            return Ok(None);
        }
        match found.last().filter(|_| page.more_after) {
            Some(last) => seek = Seek::After(crate::domain::Cursor::of(last)),
            None => return Ok(Some(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pass_on;
    use crate::domain::CommandId;
    use crate::service::Progress;
    use crate::ui::message::Message;
    use tokio::sync::{mpsc, watch};

    #[tokio::test]
    async fn a_burst_of_progress_is_one_message_with_the_newest() {
        let (said, mut heard) = mpsc::channel(16);
        let total = 10_000;
        let (tell, progress) = watch::channel(Progress { done: 0, total });
        let command = CommandId::new();
        for done in 1..=total {
            tell.send_replace(Progress { done, total });
        }
        let news = tokio::select! {
            news = heard.recv() => news,
            () = pass_on(command, progress, &said) => None,
        };
        let Some(Message::BulkProgressed(of, Progress { done, .. })) = news else {
            panic!("no news");
        };
        assert_eq!((of, done), (command, total));
        assert!(heard.try_recv().is_err());
    }
}
