//! A program in a pseudo-terminal: when its bytes came, how many, and what they show.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// The size that the figures are about.
pub(crate) const SIZE: (u16, u16) = (120, 40);
/// Nothing written for so long is an answer that has come to its end.
const QUIET: Duration = Duration::from_millis(40);
/// More than any figure may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What has come so far.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    last: Instant,
}

/// A terminal with a program in it.
pub(crate) struct Pty {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    /// Just before the program was started.
    pub(crate) started: Instant,
}

impl Pty {
    /// Starts a command with exactly its own environment.
    pub(crate) fn start(command: &Command) -> Self {
        let (cols, rows) = SIZE;
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap_or_default());
        }
        builder.env("TERM", "xterm-256color");
        builder.cwd("/");
        let now = Instant::now();
        let parser = vt100::Parser::new(rows, cols, 0);
        let seen = Seen {
            parser,
            bytes: Vec::new(),
            last: now,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&seen);
        thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let mut seen = shown.0.lock().unwrap();
                seen.last = Instant::now();
                seen.bytes.extend_from_slice(&bytes[..count]);
                seen.parser.process(&bytes[..count]);
                shown.1.notify_all();
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let started = Instant::now();
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        Self {
            seen,
            writer,
            child,
            _master: pair.master,
            started,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap()
    }

    /// Types; the instant before.
    pub(crate) fn keys(&mut self, keys: &str) -> Instant {
        let now = Instant::now();
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        now
    }

    /// How many bytes have come.
    pub(crate) fn count(&self) -> usize {
        self.lock().bytes.len()
    }

    /// When the first bytes with this after `from` came.
    pub(crate) fn comes(&self, marker: &str, from: usize) -> Instant {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.lock();
        let mut searched = from;
        loop {
            let fresh = &seen.bytes[searched.min(seen.bytes.len())..];
            if fresh
                .windows(marker.len())
                .any(|window| window == marker.as_bytes())
            {
                return seen.last;
            }
            searched = seen.bytes.len().saturating_sub(marker.len()).max(from);
            assert!(
                Instant::now() < until,
                "waited for {marker:?} in:\n{}",
                seen.parser.screen().contents()
            );
            seen = self
                .seen
                .1
                .wait_timeout(seen, Duration::from_secs(1))
                .unwrap()
                .0;
        }
    }

    /// Waits until something came after `from` and nothing more follows: when the last of it came, and
    /// how many bytes it was.
    pub(crate) fn settles(&self, from: usize) -> (Instant, usize) {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.lock();
        while seen.bytes.len() <= from || seen.last.elapsed() < QUIET {
            assert!(
                Instant::now() < until,
                "nothing came:\n{}",
                seen.parser.screen().contents()
            );
            seen = self.seen.1.wait_timeout(seen, QUIET / 4).unwrap().0;
        }
        (seen.last, seen.bytes.len() - from)
    }

    /// Waits until the screen shows this.
    pub(crate) fn see(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.lock();
        while !seen.parser.screen().contents().contains(text) {
            assert!(
                Instant::now() < until,
                "waited for {text:?} in:\n{}",
                seen.parser.screen().contents()
            );
            seen = self.seen.1.wait_timeout(seen, QUIET).unwrap().0;
        }
    }

    /// Each line as the bytes that draw it anew, and as text.
    pub(crate) fn lines(&self) -> Vec<(Vec<u8>, String)> {
        let seen = self.lock();
        let screen = seen.parser.screen();
        screen
            .rows_formatted(0, SIZE.0)
            .zip(screen.rows(0, SIZE.0))
            .collect()
    }

    /// Waits for the end of the program.
    pub(crate) fn ends(&mut self) -> Instant {
        self.child.wait().unwrap();
        Instant::now()
    }

    /// Where the system keeps what it knows about the process.
    pub(crate) fn process(&self) -> String {
        format!("/proc/{}", self.child.process_id().unwrap())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
