//! Starts effects as tasks and hands their answers back. A read makes an older one of its slot
//! pointless and stops it, on the server too; a write runs to its end, and leaving waits for it up to a
//! limit.

use super::effect::{
    Connect, Effect, Failure, FailureKind, Here, Seat, Slot, Watch, look_around, perform, run_bulk,
};
use super::message::{Found, Message, Reply};
use super::slots::Slots;
use crate::clock::Clock;
use crate::domain::Secret256;
use crate::service::Service;
use color_eyre::eyre::eyre;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long leaving waits for writes that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// After so long without an answer the person is told that there is none.
const SILENCE: Duration = Duration::from_secs(3);
/// The same for what takes its time.
const LONG: Duration = Duration::from_mins(3);
/// Words that wait to be looked at.
const QUEUE: usize = 16;

/// The tasks under way.
pub(super) struct Runtime {
    connect: Connect,
    here: Arc<Here>,
    session_file: Option<PathBuf>,
    service: Option<Service>,
    connecting: bool,
    tasks: JoinSet<Finished>,
    /// What is asked of the service, each with the handle by which it can be stopped.
    reads: Slots<Service>,
    writes: HashMap<u64, Service>,
    tickets: u64,
    watch: Watch,
    stops: JoinSet<()>,
    /// Ends the work on many before its next batch.
    bulk: CancellationToken,
    said: (mpsc::Sender<Message>, mpsc::Receiver<Message>),
}

struct Finished {
    kind: Kind,
    message: Option<Message>,
    /// A fresh connection.
    service: Option<Service>,
}

#[derive(Clone, Copy)]
enum Kind {
    Connect,
    Read(Slot, u64),
    Write(u64),
}

impl Runtime {
    pub(super) fn new(connect: Connect, here: Here, session_file: Option<PathBuf>) -> Self {
        Self {
            connect,
            here: Arc::new(here),
            session_file,
            service: None,
            connecting: false,
            tasks: JoinSet::new(),
            reads: Slots::default(),
            writes: HashMap::new(),
            tickets: 0,
            watch: Watch::default(),
            stops: JoinSet::new(),
            bulk: CancellationToken::new(),
            said: mpsc::channel(QUEUE),
        }
    }

    /// Starts an effect.
    pub(super) fn start(&mut self, effect: Effect) {
        match effect {
            Effect::Connect if self.connecting => {}
            Effect::Connect => {
                self.connecting = true;
                let (connecting, clock) = ((self.connect)(), self.here.clock);
                self.tasks
                    .spawn(async move { connected(connecting.await, clock).await });
            }
            Effect::KeepSession(secret) => self.keep(secret.as_ref()),
            Effect::Stop => {
                let running = self.reads.iter().chain(self.writes.values());
                for service in running.cloned().collect::<Vec<_>>() {
                    self.stop(service);
                }
            }
            Effect::GiveUp(slot) => {
                if let Some(read) = self.reads.give_up(slot) {
                    self.stop(read);
                }
            }
            Effect::StopBulk => self.bulk.cancel(),
            effect => self.call(effect),
        }
    }

    /// Keeps watching what changes where this person is, or nothing.
    pub(super) fn watch(&mut self, seat: Option<Seat>) {
        self.watch.turn(seat, self.service.as_ref(), &self.said.0);
    }

    /// Asks the server to end what this handle is doing; the answer says what came of it.
    fn stop(&mut self, service: Service) {
        while self.stops.try_join_next().is_some() {}
        self.stops.spawn(async move { service.stop().await });
    }

    fn call(&mut self, effect: Effect) {
        let Some(service) = self.service.as_ref().map(Service::stoppable) else {
            return;
        };
        let slot = effect.slot();
        self.tickets += 1;
        let ticket = self.tickets;
        let kind = slot.map_or(Kind::Write(ticket), |slot| Kind::Read(slot, ticket));
        let handle = service.clone();
        if let Effect::RunBulk(_) = effect {
            self.bulk = CancellationToken::new();
        }
        let (here, said) = (Arc::clone(&self.here), self.said.0.clone());
        let stop = self.bulk.clone();
        self.tasks.spawn(async move {
            let message = match effect {
                Effect::RunBulk(run) => Some(run_bulk(*run, &service, (&said, &stop)).await),
                effect => answer(effect, (&service, &here), &said).await,
            };
            Finished {
                kind,
                message,
                service: None,
            }
        });
        match slot {
            Some(slot) => {
                if let Some(older) = self.reads.begin(slot, ticket, handle) {
                    self.stop(older);
                }
            }
            None => drop(self.writes.insert(ticket, handle)),
        }
    }

    /// The next answer, or what was said without being asked; waits for ever while nothing is under way.
    ///
    /// # Errors
    /// A task panicked.
    pub(super) async fn next(&mut self) -> color_eyre::Result<Message> {
        loop {
            let joined = tokio::select! {
                Some(joined) = self.tasks.join_next() => joined,
                Some(message) = self.said.1.recv() => return Ok(message),
            };
            if let Some(message) = self.settle(joined)? {
                return Ok(message);
            }
        }
    }

    fn settle(
        &mut self,
        joined: Result<Finished, JoinError>,
    ) -> color_eyre::Result<Option<Message>> {
        let finished = joined.map_err(|error| eyre!("a task of the console failed: {error}"))?;
        match finished.kind {
            Kind::Connect => self.connecting = false,
            Kind::Write(ticket) => drop(self.writes.remove(&ticket)),
            Kind::Read(slot, ticket) if self.reads.end(slot, ticket) => {}
            Kind::Read(..) => return Ok(None),
        }
        if finished.service.is_some() {
            self.service = finished.service;
            self.watch = Watch::default();
        }
        Ok(finished.message)
    }

    /// Waits until no write is under way, at most five seconds; then drops the rest. Of work on many the
    /// batch that is under way is the last.
    pub(super) async fn finish(mut self) {
        self.bulk.cancel();
        let writes_end = async {
            while !self.writes.is_empty() {
                match self.tasks.join_next().await {
                    Some(joined) => drop(self.settle(joined)),
                    None => return,
                }
            }
        };
        if tokio::time::timeout(PATIENCE, writes_end).await.is_err() {
            tracing::warn!("left while a write was still under way");
        }
    }

    fn keep(&self, secret: Option<&Secret256>) {
        let Some(path) = &self.session_file else {
            return;
        };
        let kept = match secret {
            Some(secret) => write_private(path, secret.expose()),
            None => match fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            },
        };
        if let Err(error) = kept {
            tracing::warn!(%error, path = %path.display(), "can't keep the session");
        }
    }
}

/// Carries an effect out. Silence is told once; who was stopped and still gets no answer gets one made
/// here.
async fn answer(
    effect: Effect,
    (service, here): (&Service, &Here),
    said: &mpsc::Sender<Message>,
) -> Option<Message> {
    let otherwise = effect.given_up();
    let patience = if effect.takes_time() { LONG } else { SILENCE };
    let performed = perform(effect, service, here);
    tokio::pin!(performed);
    if let Ok(message) = tokio::time::timeout(patience, &mut performed).await {
        return message;
    }
    service.start_afresh();
    // Nobody receives it any more where the console is ending.
    let _ending = said.send(Message::Unanswered).await;
    match otherwise {
        Some(otherwise) => tokio::select! {
            message = performed => message,
            () = service.given_up() => Some(otherwise),
        },
        None => performed.await,
    }
}

async fn connected(reached: Result<Service, String>, clock: Clock) -> Finished {
    let (message, service) = match reached {
        Ok(service) => match found(&service, clock).await {
            Ok(found) => (Ok(found), Some(service)),
            Err(failure) => (Err(failure), None),
        },
        Err(words) => (Err(Failure::new(FailureKind::Unavailable, &words)), None),
    };
    Finished {
        kind: Kind::Connect,
        message: Some(Message::Connected(message)),
        service,
    }
}

/// Looks around, but not for ever: a connection that is dead at the other end only gives no answer.
async fn found(service: &Service, clock: Clock) -> Reply<Found> {
    let asking = service.stoppable();
    let looking = look_around(&asking, clock);
    tokio::pin!(looking);
    if let Ok(found) = tokio::time::timeout(SILENCE, &mut looking).await {
        return found;
    }
    asking.stop().await;
    service.start_afresh();
    let words = "The database does not answer";
    Err(Failure::new(FailureKind::Unavailable, words))
}

/// Writes a file that only this user reads, whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::write_private;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_kept_session_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/session");
        write_private(&path, "secret").unwrap();
        write_private(&path, "newer").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "newer");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
