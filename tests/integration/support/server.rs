//! A PostgreSQL server that a test may kill: on a unix socket and on loopback, durable, with a standby
//! where one is wanted.

use super::postmaster;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The server; stopped and removed with the value.
pub(crate) struct Server {
    dir: tempfile::TempDir,
    programs: PathBuf,
    pub(crate) port: u16,
}

/// PostgreSQL refuses root: as root it runs as the system's `postgres`, or as nobody.
fn user() -> Option<(u32, u32)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| nix::unistd::User::from_name(name).unwrap())
        .map(|user| (user.uid.as_raw(), user.gid.as_raw()))
}

fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten() {
        places.push(entry.unwrap().path().join("bin"));
    }
    let whole = |dir: &PathBuf| {
        ["initdb", "pg_ctl", "pg_basebackup"]
            .iter()
            .all(|name| dir.join(name).exists())
    };
    places.into_iter().find(whole).unwrap()
}

impl Server {
    fn empty(parent: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("rollbook-faults-")
            .tempdir_in(parent)
            .unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((uid, gid)) = user() {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Self {
            dir,
            programs: programs(),
            port,
        }
    }

    /// A fresh server, started.
    pub(crate) fn new() -> Self {
        Self::below(Path::new("/tmp"))
    }

    /// The same below a directory.
    pub(crate) fn below(parent: &Path) -> Self {
        let server = Self::empty(parent);
        server.run(
            "initdb",
            &["-D", "data", "-U", "rollbook", "--auth=trust", "-E", "UTF8"],
        );
        server.start();
        server
    }

    /// A standby of this server that it waits for before it acknowledges a commit.
    pub(crate) fn standby(&self) -> Self {
        let standby = Self::empty(Path::new("/tmp"));
        let port = self.port.to_string();
        standby.run(
            "pg_basebackup",
            &[
                "-D",
                "data",
                "-R",
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "rollbook",
                "-X",
                "stream",
            ],
        );
        standby.start();
        standby
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.dir.path());
        if let Some((uid, gid)) = user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn run(&self, program: &str, args: &[&str]) {
        let tried = self.tried(program, args);
        tried.unwrap_or_else(|words| panic!("{program} {args:?}: {words}"));
    }

    fn tried(&self, program: &str, args: &[&str]) -> Result<(), String> {
        let log = fs::File::create(self.dir.path().join(format!("{program}.log"))).unwrap();
        let mut command = self.command(program);
        command.args(args).stdout(Stdio::null()).stderr(log);
        let status = command.status().unwrap();
        if status.success() {
            return Ok(());
        }
        Err(fs::read_to_string(self.dir.path().join(format!("{program}.log"))).unwrap())
    }

    /// Starts it, as after a crash.
    pub(crate) fn start(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' \
             -c max_connections=200 -c shared_buffers=32MB",
            self.port,
            self.dir.path().display()
        );
        let args = [
            "start",
            "-D",
            "data",
            "-l",
            "server.log",
            "-w",
            "-t",
            "60",
            "-s",
            "-o",
            &options,
        ];
        // What is left of a killed one needs a moment to notice and go.
        let until = Instant::now() + Duration::from_secs(20);
        while let Err(words) = self.tried("pg_ctl", &args) {
            assert!(Instant::now() < until, "{words}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        self.run("pg_ctl", &["promote", "-D", "data", "-w", "-t", "60", "-s"]);
    }

    /// The connection string of a database, over the loopback.
    pub(crate) fn dsn(&self, database: &str) -> String {
        format!(
            "host=127.0.0.1 port={} user=rollbook dbname={database}",
            self.port
        )
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The postmaster and its children.
    pub(crate) fn processes(&self) -> Vec<Pid> {
        postmaster::processes(&self.data())
    }

    /// Signals all of its processes.
    pub(crate) fn tell(&self, signal: Signal) {
        postmaster::tell(&self.data(), signal);
    }

    /// kill -9 of everything, and waits until it is gone.
    pub(crate) fn kill(&self) {
        let all = self.processes();
        for pid in &all {
            kill(*pid, Signal::SIGKILL).ok();
        }
        let alive = |pid: &Pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.contains("(postgres)") && !stat.contains(") Z ")
        };
        while all.iter().any(alive) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tell(Signal::SIGCONT);
        self.kill();
    }
}
