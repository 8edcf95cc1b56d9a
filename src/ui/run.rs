//! The loop: waits for answers, input, the time the model asked for, or the end; applies all that
//! is queued, then draws once, and only when something changed.

use super::effect::{Connect, Effect, Here};
use super::frames::Frames;
use super::keymap::{Keymap, KeymapError};
use super::message::Message;
use super::model::{Ctx, Mail, Model, Opening, Phase};
use super::runtime::Runtime;
use super::terminal::{Held, area, asked_to_end, size_changes};
use super::theme::{Charset, Decoration, Depth, Erasing, Styles};
use super::update::{start, update};
use super::view::view;
use crate::clock::Clock;
use crate::domain::{Catalogue, PasswordPolicy};
use color_eyre::eyre::eyre;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;

/// Everything the console needs. `cli` fills it.
pub struct Console {
    pub connect: Connect,
    pub catalogue: Catalogue,
    pub passwords: PasswordPolicy,
    /// The text of `keymap.toml`.
    pub keymap: String,
    /// The text of a theme file.
    pub theme: String,
    pub depth: Depth,
    pub erasing: Erasing,
    pub charset: Charset,
    pub decoration: Decoration,
    pub clock: Clock,
    pub here: Here,
    pub opening: Opening,
    /// Where "stay signed in on this terminal" keeps the session; none where there is no such place.
    pub session_file: Option<PathBuf>,
}

/// Runs the console on the terminal until the person leaves or the terminal is gone.
///
/// # Errors
/// A keymap or theme that can't be read, a terminal that can't be taken over or written to, or a
/// task that panicked.
pub async fn run(console: Console) -> color_eyre::Result<()> {
    let styles = Styles::parse(&console.theme, console.depth).map_err(|e| eyre!("theme: {e}"))?;
    let styles = match console.decoration {
        Decoration::Full => styles,
        Decoration::Sparse => styles.sparse(),
    };
    let keymap =
        Keymap::parse(&console.keymap).map_err(|faults| eyre!("keymap: {}", told(&faults)))?;
    let (ended, gone) = mpsc::channel(1);
    let (clock, charset) = (console.clock, console.charset);
    // Before the size is read for the first time, so that no change falls in between.
    let resized = size_changes()?;
    let erasing = console.erasing;
    let (model, runtime) = begin(console, keymap);
    let held = Held::take(ended)?;
    // Not through the standard library's buffer, which parts what is written at its size and at lines.
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let stage = Stage::new(Frames::new(out, erasing), (styles, charset))?;
    let result = drive(
        stage,
        (EventStream::new(), resized),
        (model, runtime),
        (clock, gone),
    )
    .await;
    drop(held);
    result
}

fn told(faults: &[KeymapError]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// The first model.
fn begin(console: Console, keymap: Keymap) -> (Model, Runtime) {
    let runtime = Runtime::new(console.connect, console.here, console.session_file);
    let ctx = Ctx {
        now: console.clock.now(),
        ahead: SignedDuration::ZERO,
        zone: TimeZone::system(),
        area: area(),
        keymap: Arc::new(keymap),
        catalogue: Arc::new(console.catalogue),
        passwords: console.passwords,
        mail: Mail::Unknown,
        session: None,
        account: None,
    };
    let mut model = Model::new(ctx, console.opening);
    model.decoration = console.decoration;
    (model, runtime)
}

/// What is drawn on.
struct Stage<W: Write> {
    terminal: Terminal<Frames<W>>,
    looks: (Styles, Charset),
}

impl<W: Write> Stage<W> {
    fn new(frames: Frames<W>, looks: (Styles, Charset)) -> io::Result<Self> {
        let viewport = Viewport::Fixed(area());
        Ok(Self {
            terminal: Terminal::with_options(frames, TerminalOptions { viewport })?,
            looks,
        })
    }

    /// One frame, in one write. `anew` draws every cell: a terminal that was small for a moment, and is
    /// as before when its size is read, has lost what it showed.
    fn draw(&mut self, model: &Model, anew: bool) -> io::Result<()> {
        if anew || self.terminal.get_frame().area() != model.ctx.area {
            self.terminal.resize(model.ctx.area)?;
        }
        let (styles, charset) = &self.looks;
        self.terminal
            .draw(|frame| view(model, frame, (styles, *charset)))?;
        self.terminal.backend_mut().send()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let words = CopyToClipboard::to_clipboard_from(text);
        self.terminal.backend_mut().say(&words)
    }
}

/// At most so many queued messages are applied before a frame.
const BATCH: usize = 500;

async fn drive<W: Write, S>(
    mut stage: Stage<W>,
    (mut input, mut resized): (S, Signal),
    (mut model, mut runtime): (Model, Runtime),
    (clock, mut gone): (Clock, mpsc::Receiver<()>),
) -> color_eyre::Result<()>
where
    S: Stream<Item = io::Result<Event>> + Unpin,
{
    let asked_to_end = asked_to_end();
    tokio::pin!(asked_to_end);
    let mut effects = start();
    let (mut changed, mut anew) = (true, false);
    loop {
        for effect in effects.drain(..) {
            match effect {
                Effect::CopyText(text) => stage.copy(&text)?,
                effect => runtime.start(effect),
            }
        }
        runtime.watch(model.watched());
        if (changed || anew)
            && let Err(gone) = stage.draw(&model, anew)
        {
            // A write that is under way still gets its time.
            leave(stage, runtime, effects).await?;
            return Err(gone.into());
        }
        let message = tokio::select! {
            biased;
            message = runtime.next() => message?,
            Some(()) = resized.recv() => Message::Resized(area().as_size()),
            event = input.next() => from_input(event),
            () = sleep_until(model.next_tick(), clock.now()) => Message::Tick,
            _ = gone.recv() => Message::Ended,
            _ = &mut asked_to_end => Message::Ended,
        };
        (changed, anew) = (false, false);
        let mut queued = Some(message);
        for _ in 0..BATCH {
            let Some(message) = queued.take() else { break };
            anew |= matches!(message, Message::Resized(_));
            effects.extend(update(&mut model, message, clock.now()));
            changed |= model.phase == Phase::Changed;
            if model.phase == Phase::Quitting {
                return leave(stage, runtime, effects).await;
            }
            // An effect goes out before the next input is looked at, so that slots stay in order.
            if effects.is_empty() {
                queued = at_hand(&mut input).await.map(from_input);
            }
        }
    }
}

async fn leave<W: Write>(
    stage: Stage<W>,
    mut runtime: Runtime,
    effects: Vec<Effect>,
) -> color_eyre::Result<()> {
    for effect in effects {
        runtime.start(effect);
    }
    runtime.finish().await;
    drop(stage);
    Ok(())
}

/// What is queued already. Asked with this task's own waker: crossterm's stream keeps the waker of
/// the first poll that finds nothing, and one that wakes nobody would leave the console asleep.
async fn at_hand<I>(input: &mut I) -> Option<Option<io::Result<Event>>>
where
    I: Stream<Item = io::Result<Event>> + Unpin,
{
    match poll_fn(|cx| Poll::Ready(input.poll_next_unpin(cx))).await {
        Poll::Ready(event) => Some(event),
        Poll::Pending => None,
    }
}

/// A broken or ended input is a terminal that is gone. Of a resize only the news counts: the size in
/// the event may be older than one that was read since.
fn from_input(event: Option<io::Result<Event>>) -> Message {
    match event {
        Some(Ok(Event::Resize(..))) => Message::Resized(area().as_size()),
        Some(Ok(event)) => Message::Input(event),
        Some(Err(_)) | None => Message::Ended,
    }
}

/// Sleeps until the model wants to be woken, for ever when it does not.
async fn sleep_until(at: Option<Timestamp>, now: Timestamp) {
    match at {
        None => std::future::pending().await,
        Some(at) => {
            let wait = at.duration_since(now).as_millis().max(1);
            let wait = u64::try_from(wait).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }
}
