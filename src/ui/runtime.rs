//! Starts effects as tasks and hands their answers back. A read makes an older one of its slot
//! pointless and aborts it; a write runs to its end, and leaving waits for it up to a limit.

use super::effect::{Connect, Effect, Failure, FailureKind, Here, Slot, look_around, perform};
use super::message::Message;
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
use tokio::task::{AbortHandle, JoinError, JoinSet};

/// How long leaving waits for writes that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tasks under way.
pub(super) struct Runtime {
    connect: Connect,
    here: Arc<Here>,
    session_file: Option<PathBuf>,
    service: Option<Service>,
    tasks: JoinSet<Finished>,
    slots: HashMap<Slot, (u64, AbortHandle)>,
    tickets: u64,
    writes: usize,
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
    Write,
}

impl Runtime {
    pub(super) fn new(connect: Connect, here: Here, session_file: Option<PathBuf>) -> Self {
        Self {
            connect,
            here: Arc::new(here),
            session_file,
            service: None,
            tasks: JoinSet::new(),
            slots: HashMap::new(),
            tickets: 0,
            writes: 0,
        }
    }

    /// Starts an effect.
    pub(super) fn start(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => {
                let connecting = (self.connect)();
                self.tasks
                    .spawn(async move { connected(connecting.await).await });
            }
            Effect::KeepSession(secret) => self.keep(secret.as_ref()),
            effect => self.call(effect),
        }
    }

    fn call(&mut self, effect: Effect) {
        let Some(service) = self.service.clone() else {
            return;
        };
        let here = Arc::clone(&self.here);
        let slot = effect.slot();
        self.tickets += 1;
        let ticket = self.tickets;
        let kind = slot.map_or(Kind::Write, |slot| Kind::Read(slot, ticket));
        let handle = self.tasks.spawn(async move {
            Finished {
                kind,
                message: perform(effect, &service, &here).await,
                service: None,
            }
        });
        match slot {
            Some(slot) => {
                if let Some((_, older)) = self.slots.insert(slot, (ticket, handle)) {
                    older.abort();
                }
            }
            None => self.writes += 1,
        }
    }

    /// The next answer; waits for ever while nothing is under way.
    ///
    /// # Errors
    /// A task panicked.
    pub(super) async fn next(&mut self) -> color_eyre::Result<Message> {
        loop {
            let Some(joined) = self.tasks.join_next().await else {
                std::future::pending::<()>().await;
                continue;
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
        let finished = match joined {
            Ok(finished) => finished,
            Err(error) if error.is_cancelled() => return Ok(None),
            Err(error) => return Err(eyre!("a task of the console failed: {error}")),
        };
        if let Kind::Write = finished.kind {
            self.writes = self.writes.saturating_sub(1);
        }
        if let Kind::Read(slot, ticket) = finished.kind {
            // An answer that slipped through after a newer request went out.
            if self
                .slots
                .get(&slot)
                .is_some_and(|(newest, _)| *newest != ticket)
            {
                return Ok(None);
            }
            self.slots.remove(&slot);
        }
        if finished.service.is_some() {
            self.service = finished.service;
        }
        Ok(finished.message)
    }

    /// Waits until no write is under way, at most five seconds; then drops the rest.
    pub(super) async fn finish(mut self) {
        let writes_end = async {
            while self.writes > 0 {
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

async fn connected(reached: Result<Service, String>) -> Finished {
    let (message, service) = match reached {
        Ok(service) => match look_around(&service).await {
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
