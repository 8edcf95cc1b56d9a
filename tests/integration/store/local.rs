//! The private server: shared, adopted, restarted, stopped by the last to leave.

use rollbook::store::local::{LocalError, LocalServer};
use std::{
    fs,
    io::{BufRead, BufReader, Lines, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

/// A directory that the server's user reaches, also when root runs the tests.
fn place() -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("rb")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// A directory there that is root's alone.
fn roots_alone(place: &TempDir, name: &str) -> PathBuf {
    let dir = place.path().join(name);
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

/// The first column of the only row, as text.
async fn ask(server: &LocalServer, sql: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&server.dsn("postgres"), NoTls)
        .await
        .unwrap();
    let work = async move { client.query_one(sql, &[]).await.unwrap().get(0) };
    tokio::join!(work, connection).0
}

fn postmaster(dir: &Path) -> Option<i32> {
    let text = fs::read_to_string(dir.join("data/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

fn kill(pid: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn five_at_once_share_one_server_and_the_last_to_leave_stops_it() {
    let place = place();
    let dir = place.path().join("pg");
    let mut starts = JoinSet::new();
    for _ in 0..5 {
        let dir = dir.clone();
        starts.spawn(async move {
            let server = LocalServer::start(&dir).await.unwrap();
            server.ensure_database("rollbook").await.unwrap();
            server
        });
    }
    let mut servers = starts.join_all().await;
    let mut started = Vec::new();
    for server in &servers {
        started.push(ask(server, "SELECT pg_postmaster_start_time()::text").await);
    }
    started.dedup();
    assert_eq!(started.len(), 1);
    let last = servers.pop().unwrap();
    for server in servers {
        server.stop().await;
    }
    assert_eq!(ask(&last, "SHOW listen_addresses").await, "");
    assert_eq!(ask(&last, "SHOW fsync").await, "on");
    last.stop().await;
    assert_eq!(postmaster(&dir), None);
    assert!(UnixStream::connect(dir.join("run/.s.PGSQL.5432")).is_err());
    let private = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((private("data"), private("run")), (0o700, 0o700));
}

#[tokio::test]
async fn dropping_leaves_too() {
    let place = place();
    let dir = place.path().join("pg");
    drop(LocalServer::start(&dir).await.unwrap());
    assert_eq!(postmaster(&dir), None);
}

#[tokio::test]
async fn a_killed_server_comes_back_with_everything() {
    let place = place();
    let dir = place.path().join("pg");
    let first = LocalServer::start(&dir).await.unwrap();
    first.ensure_database("kept").await.unwrap();
    kill(postmaster(&dir).unwrap());
    let second = LocalServer::start(&dir).await.unwrap();
    let found = "SELECT count(*)::text FROM pg_database WHERE datname = 'kept'";
    assert_eq!(ask(&second, found).await, "1");
    first.stop().await;
    assert_eq!(ask(&second, found).await, "1", "the first was not the last");
    second.stop().await;
    assert_eq!(postmaster(&dir), None);
}

#[tokio::test]
async fn a_pid_file_of_somebody_elses_number_is_stale() {
    let place = place();
    let dir = place.path().join("pg");
    LocalServer::start(&dir).await.unwrap().stop().await;
    // This process lives, but is no PostgreSQL.
    let data = fs::canonicalize(dir.join("data")).unwrap();
    let words = format!("{}\n{}\n0\n5432\n", std::process::id(), data.display());
    fs::write(data.join("postmaster.pid"), words).unwrap();
    let server = LocalServer::start(&dir).await.unwrap();
    assert_eq!(ask(&server, "SELECT 'up'").await, "up");
    server.stop().await;
}

#[tokio::test]
async fn a_long_path_with_odd_characters_gets_a_short_socket() {
    let place = place();
    let dir: PathBuf = place
        .path()
        .join("a directory, with a comma, 'quotes' and $signs")
        .join("and a name that is much longer than a socket's address may be")
        .join("pg");
    let server = LocalServer::start(&dir).await.unwrap();
    server.ensure_database("it's \"odd\"").await.unwrap();
    assert_eq!(ask(&server, "SHOW listen_addresses").await, "");
    let sockets = ask(&server, "SHOW unix_socket_directories").await;
    assert!(sockets.starts_with("/tmp/rollbook-"), "{sockets}");
    server.stop().await;
    fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn a_throw_away_server_leaves_nothing() {
    let server = LocalServer::throw_away().await.unwrap();
    let data = PathBuf::from(ask(&server, "SHOW data_directory").await);
    assert!(data.join("PG_VERSION").exists());
    server.stop().await;
    assert!(!data.parent().unwrap().exists());
}

#[tokio::test]
async fn another_major_version_is_named() {
    let place = place();
    let dir = place.path().join("pg");
    fs::create_dir_all(dir.join("data")).unwrap();
    fs::write(dir.join("data/PG_VERSION"), "7\n").unwrap();
    let error = LocalServer::start(&dir).await.unwrap_err();
    assert!(
        matches!(&error, LocalError::OtherVersion { version, .. } if version == "7"),
        "{error}"
    );
}

#[tokio::test]
async fn as_root_an_unreachable_directory_is_said_at_once() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = place();
    let private = roots_alone(&place, "private");
    let error = LocalServer::start(&private.join("pg")).await.unwrap_err();
    assert!(matches!(error, LocalError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn as_root_mails_that_came_first_do_not_shut_the_server_out() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = place();
    let ours = roots_alone(&place, "rollbook");
    let server = LocalServer::start(&ours.join("postgres")).await.unwrap();
    assert_eq!(ask(&server, "SELECT 'up'").await, "up");
    let mode = fs::metadata(&ours).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o711, "got through, not looked into");
    server.stop().await;
}

#[tokio::test]
async fn a_console_killed_leaves_the_server_to_the_next() {
    let place = place();
    let dir = place.path().join("pg");
    let mut console = Console::open(&dir, None);
    assert_eq!(console.word(), "up");
    let before = postmaster(&dir).unwrap();
    console.kill();
    assert_eq!(postmaster(&dir), Some(before));
    let next = LocalServer::start(&dir).await.unwrap();
    let up = ask(&next, "SELECT 'up'").await;
    assert_eq!((up.as_str(), postmaster(&dir)), ("up", Some(before)));
    next.stop().await;
    assert_eq!(postmaster(&dir), None, "nobody else was left");
}

#[tokio::test]
async fn a_console_that_lives_keeps_the_server() {
    let place = place();
    let dir = place.path().join("pg");
    let mut console = Console::open(&dir, None);
    assert_eq!(console.word(), "up");
    let other = LocalServer::start(&dir).await.unwrap();
    other.stop().await;
    assert!(UnixStream::connect(dir.join("run/.s.PGSQL.5432")).is_ok());
    console.kill();
    LocalServer::start(&dir).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_throw_away_server_goes_when_its_console_is_killed() {
    let mut console = Console::open(Path::new(""), None);
    let dir = PathBuf::from(console.word());
    assert!(dir.join("data/PG_VERSION").exists());
    console.kill();
    for _ in 0..500 {
        if !dir.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is still there", dir.display());
}

#[tokio::test]
async fn an_ordinary_user_has_one_and_a_nameless_one_is_told() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = place();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let dir = place.path().join("pg");
    let mut console = Console::open(&dir, Some(nobody.uid.as_raw()));
    assert_eq!(console.word(), "up");
    assert_eq!(
        fs::metadata(dir.join("data")).unwrap().uid(),
        nobody.uid.as_raw()
    );
    let left = postmaster(&dir).unwrap();
    console.kill();
    kill(left);

    let mut console = Console::open(&place.path().join("other"), Some(54_321));
    let words = console.word();
    assert!(
        words.contains("54321") && words.contains("/etc/passwd"),
        "{words}"
    );
}

/// Another process of this program that holds a server.
struct Console {
    child: Child,
    words: Lines<BufReader<ChildStdout>>,
    /// Keeps the copy of the program until it has ended.
    _program: TempDir,
}

impl Console {
    /// Joins the server of `dir`, or a throw-away one when that is empty.
    fn open(dir: &Path, uid: Option<u32>) -> Self {
        // Another user may not reach the directory in which the tests were built.
        let place = place();
        let program = place.path().join("console");
        let built = std::env::current_exe().unwrap();
        if fs::hard_link(&built, &program).is_err() {
            fs::copy(&built, &program).unwrap();
        }
        let mut command = Command::new(&program);
        command
            .args([
                "--exact",
                "store::local::console",
                "--ignored",
                "--nocapture",
            ])
            .env("ROLLBOOK_TEST_DIR", dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        let mut child = command.spawn().unwrap();
        let words = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            words,
            _program: place,
        }
    }

    /// What it says next, after the words of the test harness.
    fn word(&mut self) -> String {
        let said = |line: std::io::Result<String>| {
            let line = line.unwrap();
            Some(line.split_once("console says: ")?.1.to_owned())
        };
        self.words.by_ref().find_map(said).unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
#[ignore = "the other process of the tests above"]
async fn console() {
    let dir = PathBuf::from(std::env::var_os("ROLLBOOK_TEST_DIR").unwrap());
    let mut out = std::io::stdout();
    let throw_away = dir.as_os_str().is_empty();
    let server = if throw_away {
        LocalServer::throw_away().await
    } else {
        LocalServer::start(&dir).await
    };
    match server {
        Err(error) => writeln!(out, "console says: {error}").unwrap(),
        Ok(server) if throw_away => {
            let data = ask(&server, "SHOW data_directory").await;
            let dir = Path::new(&data).parent().unwrap();
            writeln!(out, "console says: {}", dir.display()).unwrap();
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        Ok(_server) => {
            writeln!(out, "console says: up").unwrap();
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
    }
}
