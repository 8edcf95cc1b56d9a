//! A console whose clock is wrong: the database's decides, and words are corrected.

use crate::support::{PASSWORD, TestDb, program::Installation, pty::Terminal, service};
use rollbook::{clock::Clock, ui::effect::look_around};
use secrecy::ExposeSecret;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const OWNER: &str = "ada@acme.example";
const YEAR_OFF: [&str; 2] = ["-365d", "+365d"];

/// The library that gives a program another time; Debian's package faketime.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    let library = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    let found = folders
        .map(|entry| library(entry.path()))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: faketime is not installed, so no program runs with a wrong clock");
    }
    found
}

/// The same program under another clock.
fn wrong(mut command: Command, library: &Path, offset: &str) -> Command {
    command.env("LD_PRELOAD", library).env("FAKETIME", offset);
    // Timers go on as they do on a machine whose clock is merely set wrong.
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

async fn installation() -> Installation {
    let mut installation = Installation::with_account("Acme", OWNER).await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    installation.set("ROLLBOOK_WEB__BASE_URL", "http://127.0.0.1:7655");
    installation
}

fn command(installation: &Installation, args: &[&str]) -> Command {
    let mut command = installation.command(Path::new(PROGRAM));
    command.args(args);
    command
}

#[tokio::test]
async fn the_difference_between_the_clocks_is_measured_at_connect() {
    let db = TestDb::new().await;
    let service = service(&db);
    let now = Clock::System.now();
    for hours in [-365 * 24, 0, 365 * 24] {
        let off = jiff::SignedDuration::from_hours(hours);
        let clock = Clock::Fixed(now.checked_add(off).unwrap());
        let measured = look_around(&service, clock).await.unwrap().ahead;
        let error = measured.as_secs() + off.as_secs();
        assert!((0..5).contains(&error), "{measured} at {off}");
    }
    let measured = look_around(&service, Clock::steady()).await.unwrap().ahead;
    assert!(
        measured.abs() < jiff::SignedDuration::from_millis(500),
        "{measured}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_clock_a_year_off_the_words_are_right() {
    let Some(library) = faketime() else { return };
    let installation = installation().await;
    installation.run(&["invite", "send", "guest@x.example", "--all"]);
    let aged = "UPDATE users SET last_login = now() - interval '185 minutes';
        UPDATE invitations SET created_at = now() - interval '25 hours'";
    for offset in YEAR_OFF {
        // That a program believes what it is told.
        let date = || Command::new("date");
        let today = |mut date: Command| date.arg("+%F").output().unwrap().stdout;
        assert_ne!(today(wrong(date(), &library, offset)), today(date()));
        let args = ["--as", OWNER];
        let mut terminal = Terminal::start(
            &wrong(command(&installation, &args), &library, offset),
            (120, 30),
        );
        terminal.see("1 user");
        terminal.see("in 6 d");
        installation
            .db
            .client()
            .await
            .batch_execute(aged)
            .await
            .unwrap();
        terminal.keys("R");
        terminal.see("3 h ago");
        terminal.see("1 d ago");
        assert!(!terminal.text().contains(" mo"), "{}", terminal.text());
        terminal.keys("q");
        terminal.ends_within(Duration::from_secs(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_clock_a_year_off_a_link_ends_when_the_database_says() {
    let Some(library) = faketime() else { return };
    let installation = installation().await;
    for (number, offset) in YEAR_OFF.into_iter().enumerate() {
        for (name, left, code) in [("before", "20", 0), ("at", "0", 5), ("after", "-1", 5)] {
            let address = format!("{name}{number}@x.example");
            let invite = ["invite", "send", &address, "--all", "--show-link", "--json"];
            let invite = wrong(command(&installation, &invite), &library, offset)
                .output()
                .unwrap();
            let sent: serde_json::Value = serde_json::from_slice(&invite.stdout).unwrap();
            let link = sent["link"].as_str().unwrap();
            let ends = format!(
                "UPDATE invitations SET expires_at = clock_timestamp() + interval '{left} s' WHERE email = '{address}'"
            );
            installation
                .db
                .client()
                .await
                .batch_execute(&ends)
                .await
                .unwrap();
            let accept = ["invite", "accept", link, "--name", "Guest"];
            let accepted = wrong(command(&installation, &accept), &library, offset)
                .output()
                .unwrap();
            assert_eq!(
                accepted.status.code(),
                Some(code),
                "{offset} {name}: {accepted:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_clock_a_year_off_the_authenticator_s_code_is_right() {
    let Some(library) = faketime() else { return };
    let mut installation = installation().await;
    let house = crate::support::service_of(
        &installation.db,
        rollbook::cli::key_file::KeyFile::at(installation.home.path().join("token.key"))
            .source()
            .unwrap(),
    );
    let ada = crate::support::sign_in(&house, OWNER).await;
    let secret = house.begin_second_factor(&ada.actor).await.unwrap().secret;
    let secret = secret.expose_secret().replace('-', "");
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = || {
        totp.generate(u64::try_from(Clock::System.now().as_second()).unwrap())
            .to_string()
    };
    house
        .confirm_second_factor(&ada.actor, &code().into())
        .await
        .unwrap();
    for offset in YEAR_OFF {
        let again = "UPDATE second_factors SET last_step = 0";
        installation
            .db
            .client()
            .await
            .batch_execute(again)
            .await
            .unwrap();
        installation.set("ROLLBOOK_CODE", &code());
        let list = command(&installation, &["--as", OWNER, "member", "list"]);
        let listed = wrong(list, &library, offset).output().unwrap();
        assert_eq!(listed.status.code(), Some(0), "{offset}: {listed:?}");
    }
}

/// The clock is set back while the console is open: its timers run on what has passed.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_stalls_no_timer() {
    let Some(library) = faketime() else { return };
    let installation = installation().await;
    let file = installation.home.path().join("clock");
    fs::write(&file, "+0\n").unwrap();
    let mut console = wrong(command(&installation, &["--as", OWNER]), &library, "+0");
    console
        .env_remove("FAKETIME")
        .env("FAKETIME_TIMESTAMP_FILE", &file)
        .env("FAKETIME_NO_CACHE", "1");
    let terminal = Terminal::start(&console, (100, 30));
    terminal.see("1 user");
    fs::write(&file, "-365d\n").unwrap();
    let end = "UPDATE sessions SET ended_at = now()";
    installation
        .db
        .client()
        .await
        .batch_execute(end)
        .await
        .unwrap();
    let since = Instant::now();
    terminal.see("Your session has ended");
    assert!(
        since.elapsed() < Duration::from_secs(4),
        "{:?}",
        since.elapsed()
    );
}
