//! The built program in a pseudo-terminal: type, and wait for what the screen shows.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    fs,
    io::{Read, Write},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a screen may take; the machines of CI are slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// Nothing written for so long is an answer that has come to its end.
const QUIET: Duration = Duration::from_millis(60);

/// A terminal with the program in it.
pub(crate) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    /// Every byte that came, whatever a terminal makes of it.
    raw: Arc<Mutex<Vec<u8>>>,
    writer: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    reading: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Starts a command, with its arguments and environment, in a terminal of this size.
    pub(crate) fn start(command: &Command, (columns, rows): (u16, u16)) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
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
        builder.cwd(std::env::temp_dir());
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        let raw = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&raw);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let reading = thread::spawn(move || {
            let mut bytes = [0; 8192];
            let mut rest = Vec::new();
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
                rest.extend_from_slice(&bytes[..count]);
                let whole = whole_characters(&mut rest);
                shown.lock().unwrap().process(whole.as_bytes());
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            screen,
            raw,
            writer: Some(writer),
            master: Some(pair.master),
            child,
            reading: Some(reading),
            stop,
        }
    }

    /// The screen as text.
    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// The bytes that the program has written so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// The screen's cells, row by row; the right half of a wide character is empty.
    pub(crate) fn cells(&self) -> Vec<Vec<String>> {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let text = |row, column| {
            let cell = screen.cell(row, column);
            match cell {
                Some(cell) if cell.has_contents() || cell.is_wide_continuation() => {
                    cell.contents().to_owned()
                }
                // Erased, or never drawn.
                _ => " ".to_owned(),
            }
        };
        (0..rows)
            .map(|row| (0..columns).map(|column| text(row, column)).collect())
            .collect()
    }

    /// Whether the program waits for something to happen: one that a busy machine keeps from running has
    /// not had its say.
    fn waits(&self) -> bool {
        let Some(pid) = self.child.process_id() else {
            return true;
        };
        let threads = fs::read_dir(format!("/proc/{pid}/task"));
        threads.into_iter().flatten().flatten().all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            !stat.contains(") R ") && !stat.contains(") D ")
        })
    }

    /// Waits until nothing has been done or written for a moment.
    pub(crate) fn settle(&self) {
        let until = Instant::now() + PATIENCE;
        let (mut length, mut since) = (0, Instant::now());
        while since.elapsed() < QUIET {
            let now = self.raw.lock().unwrap().len();
            if now != length || !self.waits() {
                (length, since) = (now, Instant::now());
            }
            assert!(Instant::now() < until, "it never rests:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Waits until the screen shows this.
    pub(crate) fn see(&self, text: &str) {
        self.wait_until(|screen| screen.contains(text), &format!("{text:?} to come"));
    }

    /// Waits until the screen no longer shows this.
    pub(crate) fn see_gone(&self, text: &str) {
        self.wait_until(|screen| !screen.contains(text), &format!("{text:?} to go"));
    }

    fn wait_until(&self, done: impl Fn(&str) -> bool, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !done(&self.text()) {
            assert!(
                Instant::now() < until,
                "waited for {what} in:\n{}",
                self.text()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Changes the terminal's size. What it showed is lost.
    pub(crate) fn resize(&self, (columns, rows): (u16, u16)) {
        // First an empty screen: what is drawn for the new size must find it.
        *self.screen.lock().unwrap() = vt100::Parser::new(rows, columns, 0);
        self.tell_size((columns, rows));
    }

    /// Tells the program another size, without the screen following: vt100 does not survive what was
    /// drawn for a larger one when it is a single cell.
    pub(crate) fn tell_size(&self, (columns, rows): (u16, u16)) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// The process that was started in it.
    pub(crate) fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap())
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid(), signal).unwrap();
    }

    /// Takes the terminal away from under the program. The reader has a handle of its own; it lets go
    /// after the next thing that is drawn, and another size is drawn on every screen.
    pub(crate) fn close(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.tell_size((79, 23));
        self.reading.take().unwrap().join().unwrap();
        self.writer = None;
        self.master = None;
    }

    /// Waits for the program to end within this time; its exit code.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> u32 {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "still running:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the program has given the terminal back: main screen, visible cursor, no mouse, no
    /// bracketed paste.
    pub(crate) fn is_given_back(&self) -> bool {
        // Its last words may still be on their way.
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until && !self.looks_given_back() {
            thread::sleep(Duration::from_millis(10));
        }
        self.looks_given_back()
    }

    fn looks_given_back(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

/// Takes the whole characters out of what came. vt100 gives no column to U+FFFD, where terminals give
/// one, so another character of that width stands for it.
fn whole_characters(bytes: &mut Vec<u8>) -> String {
    let end = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    let whole: Vec<u8> = bytes.drain(..end).collect();
    String::from_utf8_lossy(&whole).replace('\u{FFFD}', "¤")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
    }
}
