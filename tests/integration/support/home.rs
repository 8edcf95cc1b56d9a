//! The built program on its own private server.

use super::{PASSWORD, postmaster};
use nix::sys::signal::Signal;
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

/// A home without a database: the program brings its own.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // As root the private server runs as another user, who has to get there.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(dir)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollbook"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("ROLLBOOK_PASSWORD", PASSWORD)
            .env("ROLLBOOK_WEB__LISTEN", "127.0.0.1:0")
            .env("ROLLBOOK_WEB__BASE_URL", "http://127.0.0.1:7655")
            .env(
                "ROLLBOOK_DATABASE__PRIVATE_DIR",
                self.0.path().join("postgres"),
            );
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> String {
        let done = self.command(args).output().unwrap();
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// The link in the only mail.
    pub(crate) fn link(&self) -> String {
        let mails: Vec<PathBuf> = fs::read_dir(self.0.path().join("mail"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let raw = fs::read(mails.first().unwrap()).unwrap();
        let mail = mail_parser::MessageParser::default().parse(&raw).unwrap();
        let text = mail.body_text(0).unwrap();
        text.lines()
            .find(|line| line.starts_with("http"))
            .unwrap()
            .to_owned()
    }

    /// Signals all processes of the private server.
    pub(crate) fn tell_server(&self, signal: Signal) {
        postmaster::tell(&self.0.path().join("postgres/data"), signal);
    }
}

impl Drop for Home {
    /// A test that failed may have left the server running, or stopped.
    fn drop(&mut self) {
        self.tell_server(Signal::SIGCONT);
        self.tell_server(Signal::SIGKILL);
    }
}
