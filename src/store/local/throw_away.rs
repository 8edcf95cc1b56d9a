//! A server in a fresh directory that vanishes with this process, however that ends: a watchdog
//! waits on a pipe that only this process holds open, then stops the server and removes all.

use super::{
    LocalError,
    cluster::{Cluster, Durability},
    identity::Identity,
};
use nix::unistd::geteuid;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

/// Runs until its input ends. `$1` is `pg_ctl`, `$2` the directory.
const WATCHDOG: &str = "cat >/dev/null
    \"$1\" stop -D \"$2/data\" -m immediate -w -s 2>/dev/null
    rm -rf \"$2\"";

/// The watchdog over a throw-away server.
#[derive(Debug)]
pub(super) struct ThrowAway {
    watchdog: Child,
}

impl ThrowAway {
    /// Initialises and starts a server in a fresh directory. Blocking.
    pub(super) fn start() -> Result<(Self, Cluster), LocalError> {
        let dir = fresh_dir();
        Identity::find()?.make_private(&dir)?;
        let cluster = Cluster::below(&dir, Durability::ThrowAway)?;
        let shell = Path::new("/bin/sh");
        let mut command = cluster.identity().command(shell, &dir);
        command
            .args(["-c", WATCHDOG, "rollbook-watchdog"])
            .arg(cluster.program("pg_ctl"))
            .arg(&dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let watchdog = command.spawn().map_err(LocalError::file("run", shell))?;
        let throw_away = Self { watchdog };
        cluster.initialise()?;
        cluster.start()?;
        Ok((throw_away, cluster))
    }

    /// Lets the watchdog clean up, and waits for it.
    pub(super) fn end(&mut self) {
        drop(self.watchdog.stdin.take());
        // It has nothing to report: what it can't remove it can't mend.
        self.watchdog.wait().ok();
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        self.end();
    }
}

/// Short, because of the socket; for root in /tmp, which the server's user can reach.
fn fresh_dir() -> PathBuf {
    let name = format!("rollbook-{}", uuid::Uuid::new_v4().simple());
    let parent = if geteuid().is_root() {
        PathBuf::from("/tmp")
    } else {
        env::temp_dir()
    };
    parent.join(name)
}
