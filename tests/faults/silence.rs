//! A server or a line that says nothing: no key waits, it is told, and everything is back at once.

use crate::{
    count, is_full,
    load::{connected, installation},
    proxy::{Line, Proxy},
    support::server::Server,
    support::{PASSWORD, PROMPT, no_key_waited, pty::Terminal},
};
use nix::sys::signal::Signal;
use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

const OWNER: &str = "owner0@acme.example";

fn console(dsn: &str, home: &Path) -> Terminal {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollbook"));
    command
        .args(["--as", OWNER])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env("ROLLBOOK_PASSWORD", PASSWORD)
        .env("ROLLBOOK_DATABASE__URL", dsn)
        .env("ROLLBOOK_SECRETS__TOKEN_KEY_FILE", home.join("token.key"));
    let terminal = Terminal::start(&command, (100, 30));
    terminal.see("6 users");
    terminal.settle();
    terminal
}

fn key_to_frame(terminal: &mut Terminal) -> Duration {
    let before = terminal.raw().len();
    let pressed = Instant::now();
    terminal.keys("\t");
    while terminal.raw().len() == before {
        assert!(pressed.elapsed() < Duration::from_secs(5), "no frame");
        thread::sleep(Duration::from_millis(1));
    }
    pressed.elapsed()
}

/// Asks for something, types on while nothing is answered, and comes back. Returns the frames' times, and
/// how long it took to tell and to be back.
fn silence(
    terminal: &mut Terminal,
    begin: impl FnOnce(),
    end: impl FnOnce(),
) -> (Vec<Duration>, Duration, Duration) {
    // The member table has the focus.
    terminal.keys("\x1b");
    terminal.settle();
    begin();
    let since = Instant::now();
    // Something is asked: the list is read again.
    terminal.keys("R");
    let mut frames = Vec::new();
    while !terminal.text().contains("answer") {
        frames.push(key_to_frame(terminal));
        terminal.settle();
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "{}",
            terminal.text()
        );
    }
    let told = since.elapsed();
    end();
    let ended = Instant::now();
    while terminal.text().contains("answer") {
        frames.push(key_to_frame(terminal));
        terminal.settle();
        assert!(
            ended.elapsed() < Duration::from_secs(20),
            "{}",
            terminal.text()
        );
    }
    (frames, told, ended.elapsed())
}

fn judge(what: &str, mut all: Vec<(Vec<Duration>, Duration, Duration)>) {
    let told = all.iter().map(|round| round.1).max().unwrap();
    let back = all.iter().map(|round| round.2).max().unwrap();
    let mut frames: Vec<Duration> = all.iter_mut().flat_map(|round| round.0.drain(..)).collect();
    frames.sort();
    let p99 = frames[frames.len() * 99 / 100];
    eprintln!(
        "faults: {what}, {} rounds: {} keys, key to frame p99 {p99:?}; told after at most {told:?}, back after at most {back:?}",
        all.len(),
        frames.len(),
    );
    if is_full() {
        assert!(p99 < PROMPT, "{p99:?}");
    }
    no_key_waited(frames);
    assert!(told < Duration::from_secs(5), "{told:?}");
    assert!(back < Duration::from_secs(5), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_holds_up_no_key() {
    let server = Server::new();
    let dsn = server.dsn("postgres");
    installation(&dsn).await;
    let home = tempfile::tempdir().unwrap();
    let mut terminal = console(&dsn, home.path());
    let rounds = (0..count(2, 100)).map(|_| {
        let stop = || server.tell(Signal::SIGSTOP);
        silence(&mut terminal, stop, || server.tell(Signal::SIGCONT))
    });
    judge("server stopped", rounds.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_line_holds_up_no_key() {
    let server = Server::new();
    installation(&server.dsn("postgres")).await;
    let proxy = Proxy::to(server.port).await;
    let dsn = format!(
        "host=127.0.0.1 port={} user=rollbook dbname=postgres",
        proxy.port
    );
    let home = tempfile::tempdir().unwrap();
    let mut terminal = console(&dsn, home.path());
    for line in [Line::Silent, Line::Cut, Line::HalfOpen] {
        let rounds = (0..count(1, 30)).map(|_| {
            silence(
                &mut terminal,
                || proxy.make(line),
                || proxy.make(Line::Good),
            )
        });
        judge(&format!("line {line:?}"), rounds.collect());
    }
    // A slow line is slow, and nothing else.
    proxy.make(Line::Slow(Duration::from_millis(40)));
    terminal.keys("R");
    no_key_waited((0..20).map(|_| key_to_frame(&mut terminal)).collect());
    terminal.settle();
    assert!(!terminal.text().contains("answer"), "{}", terminal.text());
    drop(connected(&server.dsn("postgres")).await);
}
