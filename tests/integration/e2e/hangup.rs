//! The terminal goes away, in four ways, on every screen and during a commit: the process is gone
//! within two seconds and burns nothing, its database sessions are gone within five.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use std::{
    ffi::OsStr,
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio_postgres::Client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const OWNER: &str = "owner@example.com";
const GONE: Duration = Duration::from_secs(2);
const SESSIONS_GONE: Duration = Duration::from_secs(5);
/// In seconds of the processor.
const BURNT: f64 = 0.2;

/// What the screen shows when the terminal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    SignIn,
    Main,
    Dialog,
    FirstRun,
    ChooseAccount,
    DatabaseDown,
    /// A write waits for a lock that the test holds.
    Commit,
}

const SCREENS: [Screen; 7] = [
    Screen::SignIn,
    Screen::Main,
    Screen::Dialog,
    Screen::FirstRun,
    Screen::ChooseAccount,
    Screen::DatabaseDown,
    Screen::Commit,
];

impl Screen {
    async fn installation(self) -> Installation {
        let mut installation = match self {
            Self::FirstRun => Installation::new().await,
            _ => Installation::with_account("Example Ltd", OWNER).await,
        };
        if self == Self::ChooseAccount {
            let second = installation.run(&["account", "create", "Second", "--owner", OWNER]);
            assert_eq!(second.code, 0, "{}", second.err);
        }
        if self == Self::DatabaseDown {
            installation.set("ROLLBOOK_DATABASE__URL", "postgres://u@127.0.0.1:1/x");
        }
        if !matches!(self, Self::SignIn | Self::FirstRun | Self::DatabaseDown) {
            installation.set("ROLLBOOK_PASSWORD", PASSWORD);
        }
        installation
    }

    fn args(self) -> &'static [&'static str] {
        match self {
            Self::SignIn | Self::FirstRun | Self::DatabaseDown => &[],
            _ => &["--as", OWNER],
        }
    }

    /// Types until the screen is there.
    fn reach(self, terminal: &mut Terminal) {
        match self {
            Self::SignIn => terminal.see("Password"),
            Self::Main => terminal.see("1 user"),
            Self::FirstRun => terminal.see("create the first account"),
            Self::ChooseAccount => terminal.see("which one?"),
            Self::DatabaseDown => terminal.see("does not answer"),
            Self::Dialog | Self::Commit => {
                terminal.see("1 user");
                terminal.keys("i");
                terminal.see("▸ E-mail");
                terminal.keys("new@example.com\t ");
                terminal.see("[▸Send Invite ]");
                terminal.keys("\r");
                terminal.see("Review the invitation");
            }
        }
    }
}

/// How the terminal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The shell that leads the session is killed; its terminal stays.
    LeaderDies,
    /// The terminal is closed over a shell that ignores the hangup, as its children then do.
    HangupIgnored,
    /// The processes of a real sshd are killed.
    SshdKilled,
    /// The terminal is closed over the console alone.
    Closed,
}

/// The console in its terminal, and what keeps that.
struct Console {
    terminal: Terminal,
    pid: Pid,
    sshd: Option<Sshd>,
}

impl Console {
    fn start(way: Way, screen: Screen, installation: &Installation) -> Self {
        let mut program = installation.command(Path::new(PROGRAM));
        program.args(screen.args());
        let shell = |script: &str| {
            let mut shell = Command::new("/bin/sh");
            shell
                .args(["-c", script, "sh", PROGRAM])
                .args(screen.args());
            shell.env_clear();
            shell.envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            shell
        };
        let sshd = (way == Way::SshdKilled).then(|| Sshd::start(installation.home.path()));
        let command = match way {
            // Another command follows, so that the shell stays.
            Way::LeaderDies => shell("\"$@\"; exit 0"),
            Way::HangupIgnored => shell("trap '' HUP; \"$@\"; exit 0"),
            Way::SshdKilled => sshd.as_ref().unwrap().client(&program),
            Way::Closed => program,
        };
        let mut terminal = Terminal::start(&command, (100, 30));
        screen.reach(&mut terminal);
        let pid = process_of(installation);
        Self {
            terminal,
            pid,
            sshd,
        }
    }

    fn hang_up(&mut self, way: Way) {
        match way {
            Way::LeaderDies => kill(self.terminal.pid(), Signal::SIGKILL).unwrap(),
            Way::HangupIgnored | Way::Closed => self.terminal.close(),
            Way::SshdKilled => self.sshd.as_ref().unwrap().kill_all(),
        }
    }
}

/// The console's process: the one that runs the program with this installation's key.
fn process_of(installation: &Installation) -> Pid {
    let mark = installation.home.path().join("token.key");
    let mark = mark.to_str().unwrap().as_bytes();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let runs = fs::read_link(process.join("exe")).is_ok_and(|exe| exe == Path::new(PROGRAM));
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        if runs && environment.windows(mark.len()).any(|window| window == mark) {
            let number = entry.file_name();
            return Pid::from_raw(number.to_str().unwrap().parse().unwrap());
        }
    }
    panic!("the console does not run");
}

/// State and seconds of the processor of a process; none when it is gone.
fn usage(pid: Pid) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    (fields[0] != "Z").then_some(ticks / 100.0)
}

/// Waits until the process is gone; how long that took, and the processor's time meanwhile.
fn ends(pid: Pid, before: f64) -> (Duration, f64) {
    let since = Instant::now();
    let mut last = before;
    while let Some(now) = usage(pid) {
        last = now;
        assert!(
            since.elapsed() < GONE,
            "still there, {:.2} s burnt",
            last - before
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    (since.elapsed(), last - before)
}

/// Waits until the console's database sessions are gone, and their locks.
async fn leaves(client: &Client) -> Duration {
    let since = Instant::now();
    let sql = "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'rollbook')
        + (SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.pid <> pg_backend_pid() AND l.mode LIKE '%Exclusive%'
                AND l.pid NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'holder'))";
    while client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(
            since.elapsed() < SESSIONS_GONE,
            "the database still serves it"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.elapsed()
}

async fn goes(way: Way, screen: Screen) {
    let installation = screen.installation().await;
    let (client, holder) = (
        installation.db.client().await,
        installation.db.client().await,
    );
    let mut console = Console::start(way, screen, &installation);
    if screen == Screen::Commit {
        let hold = "SET application_name = 'holder'; BEGIN; SELECT 1 FROM accounts FOR UPDATE";
        holder.batch_execute(hold).await.unwrap();
        console.terminal.keys("\r");
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'rollbook' AND wait_event_type = 'Lock'";
        let until = Instant::now() + Duration::from_secs(2);
        while client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            assert!(
                Instant::now() < until,
                "the write does not wait for the lock"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let before = usage(console.pid).unwrap();
    console.hang_up(way);
    let (took, burnt) = ends(console.pid, before);
    assert!(burnt <= BURNT, "{way:?} on {screen:?}: {burnt:.2} s burnt");
    let left = leaves(&client).await;
    eprintln!(
        "{way:?} on {screen:?}: gone after {took:.2?}, {burnt:.2} s burnt, sessions gone {left:.2?} later"
    );
    if screen == Screen::Commit {
        holder.batch_execute("ROLLBACK").await.unwrap();
        let kept = "SELECT count(*) FROM invitations";
        assert_eq!(
            client.query_one(kept, &[]).await.unwrap().get::<_, i64>(0),
            0
        );
    }
}

async fn goes_on_every_screen(way: Way) {
    for screen in SCREENS {
        goes(way, screen).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_s_leader_dies() {
    goes_on_every_screen(Way::LeaderDies).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_closed_and_the_hangup_ignored() {
    goes_on_every_screen(Way::HangupIgnored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_closed() {
    goes_on_every_screen(Way::Closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sshd_is_killed() {
    let there = |path: &str| Path::new(path).exists();
    if !there("/usr/sbin/sshd") || !there("/usr/bin/ssh") {
        eprintln!("SKIPPED: sshd or ssh is not installed, so no console is run over a real one");
        return;
    }
    goes_on_every_screen(Way::SshdKilled).await;
}

/// An sshd of the test's own, for the user who runs it.
struct Sshd {
    daemon: Child,
    port: u16,
    key: String,
    user: String,
}

impl Sshd {
    fn start(home: &Path) -> Self {
        let path = |name: &str| home.join(name).display().to_string();
        for name in ["host_key", "user_key"] {
            let args = ["-q", "-t", "ed25519", "-N", "", "-f", &path(name)];
            assert!(
                Command::new("ssh-keygen")
                    .args(args)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        if geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n",
            path("host_key"),
            path("user_key.pub"),
        );
        fs::write(path("sshd_config"), config).unwrap();
        let log = fs::File::create(path("sshd.log")).unwrap();
        let daemon = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", &path("sshd_config")])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            daemon,
            port,
            key: path("user_key"),
            user: User::from_uid(geteuid()).unwrap().unwrap().name,
        }
    }

    /// `ssh` that runs this command in a terminal of the server's.
    fn client(&self, program: &Command) -> Command {
        let quoted = |text: &OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', "'\\''"));
        let set = |(name, value): (&OsStr, Option<&OsStr>)| {
            format!("{}={}", name.to_str().unwrap(), quoted(value.unwrap()))
        };
        let mut words = vec!["exec env -i TERM=xterm-256color".to_owned()];
        words.extend(program.get_envs().map(set));
        words.push(quoted(program.get_program()));
        words.extend(program.get_args().map(quoted));
        let mut ssh = Command::new("/usr/bin/ssh");
        ssh.args([
            "-tt",
            "-F",
            "none",
            "-i",
            &self.key,
            "-p",
            &self.port.to_string(),
        ])
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args(["-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"])
        .arg(format!("{}@127.0.0.1", self.user))
        .arg(words.join(" "));
        ssh
    }

    /// Kills the listener and the processes of its connections, and nothing below them.
    fn kill_all(&self) {
        let listener = Pid::from_raw(i32::try_from(self.daemon.id()).unwrap());
        let mut doomed = vec![listener];
        let mut next = 0;
        while let Some(parent) = doomed.get(next).copied() {
            next += 1;
            for (pid, above, name) in processes() {
                if above == parent && name.starts_with("sshd") {
                    doomed.push(pid);
                }
            }
        }
        assert!(doomed.len() > 1, "nobody is connected");
        for pid in doomed {
            kill(pid, Signal::SIGKILL).unwrap();
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have been killed already.
        self.daemon.kill().ok();
        self.daemon.wait().ok();
    }
}

/// Every process with its parent and its name.
fn processes() -> Vec<(Pid, Pid, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((head, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let (pid, name) = head.split_once(" (").unwrap();
        let parent = rest.split(' ').nth(1).unwrap();
        let pid_of = |text: &str| Pid::from_raw(text.parse().unwrap());
        found.push((pid_of(pid), pid_of(parent), name.to_owned()));
    }
    found
}
