//! A real pgbouncer in transaction mode in front of a test's database.

use super::TestDb;
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The pooler, with two connections to the server; ends with the value.
pub(crate) struct Pooler {
    program: Child,
    dir: tempfile::TempDir,
    database: String,
}

impl Pooler {
    /// Starts one that lets these roles in; none, said aloud, where the machine has no pgbouncer.
    pub(crate) fn start(db: &TestDb, roles: &[&str]) -> Option<Self> {
        let found = ["pgbouncer", "/usr/sbin/pgbouncer"]
            .into_iter()
            .find(|name| {
                let asked = Command::new(name).arg("--version").output();
                asked.is_ok_and(|done| done.status.success())
            });
        let Some(found) = found else {
            eprintln!("SKIPPED: pgbouncer is not on this machine; apt-get install pgbouncer");
            return None;
        };
        let dsn = db.dsn();
        let server = dsn.split('\'').nth(1).unwrap();
        let dir = tempfile::Builder::new()
            .prefix("rollbook-pooler-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let place = dir.path().display();
        let users: Vec<String> = roles
            .iter()
            .map(|role| format!("\"{role}\" \"\""))
            .collect();
        fs::write(dir.path().join("users.txt"), users.join("\n") + "\n").unwrap();
        let settings = format!(
            "[databases]\n{name} = host={server} port=5432\n[pgbouncer]\nlisten_addr =\n\
             unix_socket_dir = {place}\nlisten_port = 6432\nauth_type = trust\n\
             auth_file = {place}/users.txt\npool_mode = transaction\ndefault_pool_size = 2\n\
             max_client_conn = 100\nlogfile = {place}/log\n",
            name = db.name(),
        );
        fs::write(dir.path().join("pgbouncer.ini"), settings).unwrap();
        let mut command = Command::new(found);
        command
            .arg(dir.path().join("pgbouncer.ini"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It refuses root, and only the server's own user reaches the server's socket.
        if nix::unistd::geteuid().is_root() {
            let owner = fs::metadata(format!("{server}/.s.PGSQL.5432")).unwrap();
            chown(dir.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
            command.uid(owner.uid()).gid(owner.gid());
        }
        let pooler = Self {
            program: command.spawn().unwrap(),
            dir,
            database: db.name().to_owned(),
        };
        let until = Instant::now() + Duration::from_secs(10);
        // The socket's file is there a moment before it is listened on.
        while UnixStream::connect(pooler.dir.path().join(".s.PGSQL.6432")).is_err() {
            let log = fs::read_to_string(pooler.dir.path().join("log"));
            assert!(Instant::now() < until, "{log:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(pooler)
    }

    /// The connection string through it.
    pub(crate) fn dsn_as(&self, role: &str) -> String {
        let place = self.dir.path().display();
        let name = &self.database;
        format!("host='{place}' port=6432 user={role} dbname='{name}'")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            eprintln!("{log}{:?}", self.program.try_wait());
        }
        self.program.kill().ok();
        self.program.wait().ok();
    }
}
