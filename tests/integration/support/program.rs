//! The built program, run as a person or a script runs it, on a test's database.

use super::TestDb;
use serde_json::Value;
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The one JSON document of a run that worked.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    /// The code word of a run that failed in JSON mode.
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.out, "");
        let error: Value = serde_json::from_str(&self.err).unwrap();
        error["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// An installation: a database, and a home of its own.
pub(crate) struct Installation {
    pub(crate) db: TestDb,
    pub(crate) home: tempfile::TempDir,
    pub(crate) variables: Vec<(String, String)>,
}

impl Installation {
    /// A migrated database without an account.
    pub(crate) async fn new() -> Self {
        Self::on(TestDb::new().await)
    }

    /// An empty database.
    pub(crate) async fn unmigrated() -> Self {
        Self::on(TestDb::unmigrated().await)
    }

    /// A test's own database.
    pub(crate) fn on(db: TestDb) -> Self {
        Self {
            db,
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// The same with an account and its owner, made by the program.
    pub(crate) async fn with_account(name: &str, owner: &str) -> Self {
        let installation = Self::new().await;
        let args = [
            "setup",
            "--account",
            name,
            "--owner",
            owner,
            "--password-stdin",
        ];
        let ran = installation.run_with(&args, &format!("{}\n", super::PASSWORD));
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        installation
    }

    /// Sets an environment variable for the runs that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The program with this installation's environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let key = self.home.path().join("token.key");
        let mail = self.home.path().join("mail");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("ROLLBOOK_DATABASE__URL", self.db.dsn())
            .env("ROLLBOOK_SECRETS__TOKEN_KEY_FILE", key)
            .env("ROLLBOOK_MAIL__FOLDER", mail)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(Path::new(env!("CARGO_BIN_EXE_rollbook")))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input has closed it already.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let done = child.wait_with_output().unwrap();
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }
}
