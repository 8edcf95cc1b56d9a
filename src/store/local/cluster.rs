//! One data directory and its server: initialise, start, stop. Blocking; the caller holds the turn.

use super::{LocalError, identity::Identity, programs::Programs};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nix::{sys::signal::kill, unistd::Pid};
use sha2::{Digest, Sha256};
use std::{
    fs,
    os::unix::{ffi::OsStrExt, net::UnixStream},
    path::{Path, PathBuf},
    process::Output,
    thread,
    time::{Duration, Instant},
};

/// The database role, which only this directory's server knows.
pub(super) const ROLE: &str = "rollbook";
/// `sockaddr_un` holds 104 bytes on macOS and 108 on Linux; the name takes the rest.
const SOCKET_DIR_BYTES: usize = 85;
/// How long the children of a killed server may live on.
const ORPHANS: Duration = Duration::from_secs(15);
const SOCKET: &str = ".s.PGSQL.5432";

/// What a power cut may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Nothing.
    Kept,
    /// Everything: the directory is thrown away anyway.
    ThrowAway,
}

/// A data directory with the programs and the user that serve it.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    dir: PathBuf,
    programs: Programs,
    identity: Identity,
    durability: Durability,
}

impl Cluster {
    /// The cluster below `dir`, which is made.
    pub(super) fn below(dir: &Path, durability: Durability) -> Result<Self, LocalError> {
        let dir = std::path::absolute(dir).map_err(LocalError::file("find", dir))?;
        let identity = Identity::find()?;
        let programs = Programs::find(&dir.join("data"))?;
        identity.make_reachable(&dir)?;
        Ok(Self {
            dir,
            programs,
            identity,
            durability,
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("data/server.log")
    }

    /// The path of one server program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.path(name)
    }

    /// Where the socket is: below the directory, or in /tmp when that path is too long for one.
    pub(super) fn socket_dir(&self) -> PathBuf {
        let near = self.dir.join("run");
        let bytes = near.as_os_str().as_bytes();
        // A comma would separate two hosts in a connection string.
        if bytes.len() <= SOCKET_DIR_BYTES && near.to_str().is_some() && !bytes.contains(&b',') {
            return near;
        }
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        let short: String = digest.chars().take(12).collect();
        Path::new("/tmp").join(format!("rollbook-{short}"))
    }

    /// Whether a server takes connections, be it ready for them or not.
    pub(super) fn answers(&self) -> bool {
        UnixStream::connect(self.socket_dir().join(SOCKET)).is_ok()
    }

    /// Runs `initdb` unless that was done. A half-made directory of a killed run is made anew.
    pub(super) fn initialise(&self) -> Result<(), LocalError> {
        let data = self.dir.join("data");
        if data.join("PG_VERSION").exists() {
            return Ok(());
        }
        let new = self.dir.join("data.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(LocalError::file("remove", &new))?;
        }
        self.identity.make_private(&new)?;
        let mut command = self.identity.command(&self.program("initdb"), &self.dir);
        command.args(["-D", "data.new", "-U", ROLE, "-E", "UTF8", "--no-locale"]);
        // The socket's directory admits nobody but its owner and root.
        command.args(["--auth=trust", "--no-instructions"]);
        if self.durability == Durability::ThrowAway {
            command.arg("--no-sync");
        }
        self.finish("initdb", command.output())?;
        fs::rename(&new, &data).map_err(LocalError::file("rename", &new))
    }

    /// Starts the server and waits until it is ready. `pg_ctl` puts it in a session of its own, so
    /// that it outlives our terminal.
    pub(super) fn start(&self) -> Result<(), LocalError> {
        let sockets = self.socket_dir();
        self.identity.make_private(&sockets)?;
        let crashed = self.crashed()?;
        // Relative to the data directory, so that no name of ours meets a shell's quoting.
        let socket_option = if sockets.starts_with(&self.dir) {
            "../run".to_owned()
        } else {
            sockets.display().to_string()
        };
        let mut options = format!(
            "-p 5432 -c listen_addresses= -c unix_socket_directories={socket_option} \
             -c unix_socket_permissions=0700"
        );
        if self.durability == Durability::ThrowAway {
            options.push_str(
                " -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
                 -c max_connections=200 -c shared_buffers=32MB",
            );
        }
        // After a kill -9 of the server, what is left of it needs a moment to notice and go.
        let until = Instant::now() + if crashed { ORPHANS } else { Duration::ZERO };
        loop {
            let mut command = self.identity.command(&self.program("pg_ctl"), &self.dir);
            command
                .args(["start", "-D", "data", "-l", "data/server.log"])
                .args(["-w", "-t", "60", "-s", "-o", &options]);
            let started = self.finish("pg_ctl start", command.output());
            if started.is_ok() || Instant::now() >= until {
                return started;
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Stops the server at once, letting it write everything down.
    pub(super) fn stop(&self) -> Result<(), LocalError> {
        let mut command = self.identity.command(&self.program("pg_ctl"), &self.dir);
        command.args(["stop", "-D", "data", "-m", "fast", "-w", "-t", "60", "-s"]);
        self.finish("pg_ctl stop", command.output())
    }

    /// Tells whether a pid file is left, of a server that did not stop in order. One whose number
    /// another process has by now is removed: PostgreSQL takes any living process for a server.
    fn crashed(&self) -> Result<bool, LocalError> {
        let path = self.dir.join("data/postmaster.pid");
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(false);
        };
        let number = text.lines().next().and_then(|line| line.parse().ok());
        if !number.is_some_and(|pid| is_postgres(Pid::from_raw(pid))) {
            fs::remove_file(&path).map_err(LocalError::file("remove", path))?;
        }
        Ok(true)
    }

    fn finish(
        &self,
        program: &'static str,
        output: std::io::Result<Output>,
    ) -> Result<(), LocalError> {
        let output = output.map_err(LocalError::file("run", self.program("pg_ctl")))?;
        if output.status.success() {
            return Ok(());
        }
        let mut words = String::from_utf8_lossy(&output.stderr).into_owned();
        if words.contains("log output") {
            words = fs::read_to_string(self.log()).unwrap_or(words);
        }
        let telling = |line: &&str| line.contains("FATAL:") || line.contains("error:");
        let last = words.lines().rfind(telling).or(words.lines().last());
        Err(LocalError::Program {
            program,
            reply: last.unwrap_or("no reason given").to_owned(),
        })
    }
}

/// Whether a process of this number is a `postgres`, and no zombie. Where /proc does not tell, any
/// living process is.
fn is_postgres(pid: Pid) -> bool {
    let alive = !matches!(kill(pid, None), Err(nix::errno::Errno::ESRCH));
    // "PID (COMMAND) STATE …", proc(5).
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    alive
        && stat.map_or(true, |stat| {
            stat.contains("(postgres) ") && !stat.contains(") Z ")
        })
}
