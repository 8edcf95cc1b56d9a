//! The real terminal: taken over, given back on every way out, and watched. A console whose
//! terminal is gone ends within two seconds and burns nothing meanwhile.

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, window_size,
};
use crossterm::{cursor, execute};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::dup2_stdin;
use ratatui::layout::Rect;
use std::io::{self, PipeWriter};
use std::os::fd::AsFd;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// The terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Clicks and the wheel in SGR coordinates, without the flood of mere movements.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";

/// Sizes above this are cut: a terminal that claims more would cost gigabytes of cells.
const LARGEST: (u16, u16) = (1000, 500);

/// Holds the terminal; dropping gives it back.
pub(super) struct Held {
    _watch_ends_with_this: PipeWriter,
}

impl Held {
    /// Takes the terminal over and starts watching it; `ended` is told when it is gone.
    pub(super) fn take(ended: mpsc::Sender<()>) -> io::Result<Self> {
        // A core file of a program with secrets in memory would be a copy of them.
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        let watch = watch(ended)?;
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let held = Self {
            _watch_ends_with_this: watch,
        };
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Print(MOUSE_ON),
            cursor::Hide
        )?;
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once; errors are of no use to anybody here.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let restored = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let cooked = disable_raw_mode();
    drop((restored, cooked));
}

/// The size by ioctl: crossterm's `size()` starts `tput` where that fails.
pub(super) fn area() -> Rect {
    window_size().map_or(Rect::new(0, 0, 80, 24), |size| {
        cut(Rect::new(0, 0, size.columns, size.rows))
    })
}

/// A screen no larger than anybody's.
fn cut(area: Rect) -> Rect {
    Rect::new(0, 0, area.width.min(LARGEST.0), area.height.min(LARGEST.1))
}

/// Blocks in poll(2), without waking, until the terminal hangs up. Then the loop has a moment to
/// leave in good order before the process ends anyway.
fn watch(ended: mpsc::Sender<()>) -> io::Result<PipeWriter> {
    let (alive, writer) = io::pipe()?;
    thread::Builder::new()
        .name("terminal-watch".to_owned())
        .spawn(move || {
            let stdin = io::stdin();
            loop {
                let mut watched = [
                    PollFd::new(stdin.as_fd(), PollFlags::empty()),
                    PollFd::new(alive.as_fd(), PollFlags::empty()),
                ];
                let polled = poll(&mut watched, PollTimeout::NONE);
                let [terminal, console] =
                    watched.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
                if !console.is_empty() {
                    return;
                }
                if polled.is_ok() && !terminal.is_empty() {
                    break;
                }
            }
            let _stays_empty = silence_input();
            // A full channel has the same news already.
            let _told = ended.try_send(());
            end_soon();
        })?;
    Ok(writer)
}

/// Puts a pipe in the place of a terminal that is gone: crossterm's reader would go on asking that
/// one, without a pause, for as long as a write takes to end. Nothing ever comes out of the pipe.
fn silence_input() -> io::Result<PipeWriter> {
    let (empty, writer) = io::pipe()?;
    dup2_stdin(&empty)?;
    Ok(writer)
}

/// Leaves the console a moment to end in good order, then ends the process.
fn end_soon() {
    thread::sleep(Duration::from_millis(1200));
    std::process::exit(129);
}

/// Wakes on every change of the terminal's size. crossterm watches the same signal, but its reader
/// returns after a key that came with it and then forgets that there was a signal too.
pub(super) fn size_changes() -> io::Result<Signal> {
    signal(SignalKind::window_change())
}

/// Waits for a signal that asks to end. Ctrl-Z's signal is taken and ignored: nobody is left with a
/// shell behind a signed-in console.
pub(super) async fn asked_to_end() -> io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut stop = signal(SignalKind::from_raw(nix::libc::SIGTSTP))?;
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = hangup.recv() => {
                // A shell that was killed may leave a terminal that looks alive.
                thread::Builder::new().spawn(end_soon)?;
                return Ok(());
            }
            _ = interrupt.recv() => return Ok(()),
            _ = quit.recv() => return Ok(()),
            _ = stop.recv() => {}
        }
    }
}
