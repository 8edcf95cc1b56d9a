//! The log: to a file while the console owns the screen, to stderr otherwise. It never fails the
//! program, and no secret has a type that prints.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::PathBuf, sync::Mutex};
use tracing_subscriber::EnvFilter;

/// Where the log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    Stderr,
    /// Appended to, mode 0600; without it where it can't be opened.
    File(PathBuf),
}

/// Starts logging; a second call changes nothing.
pub fn start(sink: &Sink, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_unreadable| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    let started = match sink {
        Sink::Stderr => builder.with_writer(std::io::stderr).try_init(),
        Sink::File(path) => {
            if let Some(folder) = path.parent() {
                // Without its folder the file can't be opened, which is handled below.
                drop(std::fs::create_dir_all(folder));
            }
            match OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path)
            {
                Ok(file) => builder.with_writer(Mutex::new(file)).try_init(),
                Err(_) => builder.with_writer(std::io::sink).try_init(),
            }
        }
    };
    // An earlier subscriber, as in tests, stays.
    drop(started);
}
