//! One function per figure, each printed as a line: ours, the reference, their ratio.

use crate::{place::Place, pty::Pty};
use std::{
    env, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The last bytes of a frame.
const FRAME: &str = "\x1b[?2026l";
const DOWN: &str = "\x1b[B";
const PAGE_DOWN: &str = "\x1b[6~";
const PAGE_UP: &str = "\x1b[5~";
/// Rows of the held key.
const HELD: usize = 200;

/// The median and the 99th percentile of some samples.
struct Quantiles(f64, f64);

impl Quantiles {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: usize| samples.get(samples.len() * share / 100).copied();
        let most = samples.last().copied().unwrap_or_default();
        Self(at(50).unwrap_or(most), at(99).unwrap_or(most))
    }
}

/// The heading over the lines.
pub(crate) fn heading() {
    println!(
        "{:<60} {:>8} {:>8} {:>8} {:>8} {:>7}  to reach",
        "what", "p50", "p99", "ref p50", "ref p99", "ratio"
    );
}

fn line(what: &str, ours: &Quantiles, reference: Option<&Quantiles>, to_reach: &str) {
    let compared = match reference {
        Some(Quantiles(p50, p99)) => format!("{p50:>8.1} {p99:>8.1} {:>6.2}×", ours.0 / p50),
        None => " ".repeat(25),
    };
    println!(
        "{what:<60} {:>8.1} {:>8.1} {compared}  {to_reach}",
        ours.0, ours.1
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the counts of a bench are small"
)]
fn number(count: usize) -> f64 {
    count as f64
}

/// From exec to the first painted frame, and to the member table, against psql as a whole process.
pub(crate) fn start(place: &Place) {
    let rounds = 40;
    let (mut frame, mut select, mut table, mut page) = (vec![], vec![], vec![], vec![]);
    let psql = |statement: &str| {
        let mut pty = Pty::start(&place.psql(statement));
        let ended = pty.ends();
        milliseconds(ended - pty.started)
    };
    let (one, first_page) = ("select 1", place.first_page());
    for _ in 0..rounds {
        let mut pty = Pty::start(&place.console());
        frame.push(milliseconds(pty.comes(FRAME, 0) - pty.started));
        table.push(milliseconds(pty.comes(place.email(9), 0) - pty.started));
        pty.settles(0);
        pty.keys("\x03");
        pty.ends();
        select.push(psql(one));
        page.push(psql(&first_page));
    }
    let ours = Quantiles::of(frame);
    line(
        "exec to first frame, ms (ref: psql -c 'select 1')",
        &ours,
        Some(&Quantiles::of(select)),
        "≤ 1.0×",
    );
    let ours = Quantiles::of(table);
    line(
        "exec to member table, ms (ref: psql prints the page)",
        &ours,
        Some(&Quantiles::of(page)),
        "≤ 1.5×",
    );
}

fn open(command: &Command, shows: &str) -> Pty {
    let pty = Pty::start(command);
    pty.see(shows);
    pty.settles(0);
    // What comes in the first moments: the count, the feed, a toast that goes.
    thread::sleep(Duration::from_millis(500));
    pty
}

/// One cursor-down inside the window against the two rows that it changes.
pub(crate) fn cursor_down(place: &Place, speed: &str) {
    let mut command = place.console();
    command.env("ROLLBOOK_UI__CONNECTION_SPEED", speed);
    let mut pty = open(&command, place.email(20));
    let (mut bytes, mut rows, mut times) = (vec![], vec![], vec![]);
    for row in 1..=20 {
        let from = pty.count();
        let pressed = pty.keys(DOWN);
        let (settled, count) = pty.settles(from);
        times.push(milliseconds(settled - pressed));
        bytes.push(number(count));
        // The last one is the owner's; the first row of the table stands on line 3.
        let lines = pty.lines();
        rows.push(number(lines[2 + row].0.len() + lines[3 + row].0.len()));
    }
    let what = format!("bytes of a cursor-down, {speed} (ref: the two rows)");
    line(
        &what,
        &Quantiles::of(bytes),
        Some(&Quantiles::of(rows)),
        "≤ 1.5×",
    );
    line(
        &format!("key to settled, cursor-down, {speed}, ms"),
        &Quantiles::of(times),
        None,
        "",
    );
}

/// Holding Down through 200 rows, against ratatui's own table.
pub(crate) fn held_down(place: &Place, speed: &str) {
    let mut ours = place.console();
    ours.env("ROLLBOOK_UI__CONNECTION_SPEED", speed);
    let mut plain = Command::new(env::current_exe().unwrap());
    plain
        .arg(crate::PLAIN)
        .arg(place.plain_rows())
        .env("PATH", env::var_os("PATH").unwrap_or_default());
    let held = |command: &Command| {
        let mut pty = open(command, place.email(9));
        let begin = pty.count();
        for _ in 0..HELD {
            let from = pty.count();
            pty.keys(DOWN);
            pty.settles(from);
        }
        Quantiles::of(vec![number(pty.count() - begin)])
    };
    let what = format!("bytes of Down held for {HELD} rows, {speed} (ref: ratatui's table)");
    line(&what, &held(&ours), Some(&held(&plain)), "≤ 0.25×");
}

/// Two hundred keys at once: a burst is applied before it is drawn.
pub(crate) fn burst(place: &Place) {
    let mut pty = open(&place.console(), place.email(9));
    let from = pty.count();
    let pressed = pty.keys(&DOWN.repeat(HELD));
    let (settled, bytes) = pty.settles(from);
    let time = Quantiles::of(vec![milliseconds(settled - pressed)]);
    line(&format!("{HELD} Downs in one burst, ms"), &time, None, "");
    line(
        "the same, bytes",
        &Quantiles::of(vec![number(bytes)]),
        None,
        "",
    );
}

/// From a page-down to the settled screen, while the next page has been read already.
pub(crate) fn page_down(place: &Place) {
    let mut pty = open(&place.console(), place.email(9));
    let (mut times, mut bytes) = (vec![], vec![]);
    for round in 0..200 {
        let key = if round / 25 % 2 == 0 {
            PAGE_DOWN
        } else {
            PAGE_UP
        };
        let from = pty.count();
        let pressed = pty.keys(key);
        let (settled, count) = pty.settles(from);
        times.push(milliseconds(settled - pressed));
        bytes.push(number(count));
    }
    line(
        "key to settled, page down or up, read ahead, ms",
        &Quantiles::of(times),
        None,
        "≤ 16 ms p99",
    );
    line("bytes of a page down", &Quantiles::of(bytes), None, "");
}

/// Left alone: bytes, wake-ups, processor time; and memory.
pub(crate) fn idle(place: &Place) {
    let seconds = env::var("ROLLBOOK_BENCH_IDLE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(60);
    let pty = open(&place.console(), place.email(9));
    thread::sleep(Duration::from_secs(8));
    let process = pty.process();
    let (bytes, before) = (pty.count(), Usage::of(&process));
    let since = Instant::now();
    thread::sleep(Duration::from_secs(seconds));
    let after = Usage::of(&process);
    let over = since.elapsed().as_secs();
    let say = |what: &str, value: f64, to_reach: &str| {
        line(
            &format!("idle for {over} s: {what}"),
            &Quantiles::of(vec![value]),
            None,
            to_reach,
        );
    };
    say("bytes written", number(pty.count() - bytes), "0");
    say(
        "processor time, ms",
        after.milliseconds - before.milliseconds,
        "< 10",
    );
    say("wake-ups", after.wake_ups - before.wake_ups, "0");
    line(
        "resident memory, MiB",
        &Quantiles::of(vec![after.resident]),
        None,
        "< 40",
    );
}

/// What a process has used, over all its threads (proc(5)).
struct Usage {
    milliseconds: f64,
    wake_ups: f64,
    resident: f64,
}

impl Usage {
    fn of(process: &str) -> Self {
        let field = |text: &str, name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            word.unwrap_or_default()
        };
        let status = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let mut usage = Self {
            milliseconds: 0.0,
            wake_ups: 0.0,
            resident: field(&status, "VmRSS:") / 1024.0,
        };
        for thread in fs::read_dir(format!("{process}/task")).unwrap() {
            let thread = thread.unwrap().path();
            let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
            usage.wake_ups += field(&status, "voluntary_ctxt_switches:");
            let times = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
            let ran = times
                .split_whitespace()
                .next()
                .and_then(|n| n.parse::<f64>().ok());
            usage.milliseconds += ran.unwrap_or_default() / 1e6;
        }
        usage
    }
}
