//! Who uses a shared server: a shared lock on a file for as long as a console runs, and an
//! exclusive one while the server starts or stops. A killed process loses both by itself.

use super::LocalError;
use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Longer than the first start on a slow disk takes.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// A console's share in the server.
#[derive(Debug)]
pub(super) struct Lease {
    file: File,
}

/// The right to start or stop the server; ends when dropped.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Turn {
    /// Waits for the turn.
    pub(super) fn take(dir: &Path) -> Result<Self, LocalError> {
        let path = dir.join("start.lock");
        let file = open(&path)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(LocalError::Locked(dir.to_owned())),
                Err(TryLockError::Error(error)) => {
                    return Err(LocalError::file("lock", path)(error));
                }
            }
        }
    }
}

impl Lease {
    /// Takes a share, under a turn.
    pub(super) fn take(dir: &Path, _: &Turn) -> Result<Self, LocalError> {
        let path = dir.join("lease.lock");
        let file = open(&path)?;
        file.lock_shared().map_err(LocalError::file("lock", path))?;
        Ok(Self { file })
    }

    /// Gives the share back, under a turn; tells whether it was the last one.
    pub(super) fn give_back(&self, _: &Turn) -> bool {
        // Nobody else can take a share meanwhile: that needs the turn.
        self.file.unlock().is_ok() && self.file.try_lock().is_ok()
    }
}

fn open(path: &Path) -> Result<File, LocalError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(LocalError::file("open", path))
}
