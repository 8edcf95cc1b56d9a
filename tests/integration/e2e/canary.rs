//! No secret is anywhere but where it belongs. Passwords, an invitation's token and the mail server's
//! password go through everything that people do, with every log at its most talkative; then all
//! that is left behind is searched.

use crate::support::{
    pty::Terminal,
    smtp::{SECRET, TestSmtp},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rollbook::{
    domain::InvitationToken,
    store::local::{LocalError, LocalServer},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const FIRST: &str = "Kanarienvogel!eins!Zwitschert";
const CHANGED: &str = "Kanarienvogel!zwei!Zwitschert";
const WRONG: &str = "Kanarienvogel!falsch!Schweigt";
const BY_PAGE: &str = "Kanarienvogel!drei!Zwitschert";
const BY_COMMAND: &str = "Kanarienvogel!vier!Zwitschert";
/// Everything that the database can be made to write down.
const TALKATIVE: &str = "
    ALTER SYSTEM SET log_statement = 'all';
    ALTER SYSTEM SET log_min_duration_statement = 0;
    ALTER SYSTEM SET log_parameter_max_length = -1;
    ALTER SYSTEM SET log_parameter_max_length_on_error = -1;
    ALTER SYSTEM SET log_min_messages = 'debug1';
    ALTER SYSTEM SET log_connections = on;
    ALTER SYSTEM SET log_lock_waits = on;
    ALTER SYSTEM SET wal_level = 'logical'";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What is searched for: every secret in the forms in which it could have been written down.
#[derive(Default)]
struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    fn add(&mut self, name: &str, secret: &[u8]) {
        self.0.push((format!("{name} as it is"), secret.to_vec()));
        self.0
            .push((format!("{name} as hex"), hex(secret).into_bytes()));
        // base64 of something longer with the secret in it, at each of the three alignments; the
        // characters at both ends belong to the neighbours too.
        for shift in 0..3 {
            let shifted = [vec![0; shift], secret.to_vec()].concat();
            let text = STANDARD.encode(&shifted);
            let whole = secret.len() + shift;
            let inner = &text.as_bytes()[if shift == 0 { 0 } else { 4 }..whole / 3 * 4];
            let form = format!("{name} as base64 at {shift}");
            self.0.push((form, inner.to_vec()));
        }
        if let Ok(text) = std::str::from_utf8(secret) {
            let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            self.0.push((format!("{name} in a form"), encoded.into()));
            let debug = text.replace(' ', "%20");
            self.0.push((format!("{name} in a URL"), debug.into()));
        }
    }

    fn of_token(&mut self, name: &str, token: &InvitationToken) {
        self.add(name, token.expose().as_bytes());
        let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.expose());
        self.add(&format!("{name}'s bytes"), &raw.unwrap());
    }

    /// The names of what is in there.
    fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let mut by_first: BTreeMap<u8, Vec<&(String, Vec<u8>)>> = BTreeMap::new();
        for needle in &self.0 {
            by_first.entry(needle.1[0]).or_default().push(needle);
        }
        let table: Vec<Option<&Vec<_>>> = (0..=255).map(|byte| by_first.get(&byte)).collect();
        let mut found = Vec::new();
        for (at, byte) in bytes.iter().enumerate() {
            let Some(candidates) = table[usize::from(*byte)] else {
                continue;
            };
            let here = candidates.iter().filter(|n| bytes[at..].starts_with(&n.1));
            found.extend(here.map(|needle| needle.0.clone()));
        }
        found.sort();
        found.dedup();
        found
    }

    fn assert_absent(&self, place: &str, bytes: &[u8]) {
        let found = self.found_in(bytes);
        assert!(found.is_empty(), "in {place}: {found:?}");
    }
}

/// Ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).unwrap();
        let term = nix::sys::signal::Signal::SIGTERM;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), term).ok();
        self.0.wait().ok();
    }
}

struct House {
    home: tempfile::TempDir,
    port: u16,
    smtp: TestSmtp,
}

impl House {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        // As root the private server runs as another user, who has to get there.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let house = Self {
            home,
            port: free.local_addr().unwrap().port(),
            smtp: TestSmtp::start().await,
        };
        drop(free);
        let server = house.server().await.unwrap();
        house.talk(&server, TALKATIVE).await;
        server.stop().await;
        house
    }

    async fn server(&self) -> Result<LocalServer, LocalError> {
        LocalServer::start(&self.home.path().join("postgres")).await
    }

    async fn talk(&self, server: &LocalServer, sql: &str) {
        let dsn = server.dsn("postgres");
        let (client, connection) = tokio_postgres::connect(&dsn, tokio_postgres::NoTls)
            .await
            .unwrap();
        let work = async move {
            for statement in sql.split(';') {
                client.batch_execute(statement).await.unwrap();
            }
        };
        let ((), ended) = tokio::join!(work, connection);
        ended.unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let base = format!("http://127.0.0.1:{}", self.port);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollbook"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("RUST_BACKTRACE", "full")
            .env("RUST_LOG", "trace")
            .env("ROLLBOOK_LOG__FILTER", "trace")
            .env("ROLLBOOK_LOG__FILE", self.path("program.log"))
            .env("ROLLBOOK_MAIL__SMTP_URL", self.smtp.url())
            .env("ROLLBOOK_MAIL__ROOT_CERT", self.smtp.root_cert())
            .env(
                "ROLLBOOK_WEB__LISTEN",
                base.strip_prefix("http://").unwrap(),
            )
            .env("ROLLBOOK_WEB__BASE_URL", &base)
            .env("ROLLBOOK_DATABASE__PRIVATE_DIR", self.path("postgres"));
        command
    }

    fn run(&self, args: &[&str], password: &str) -> Output {
        let mut command = self.command(args);
        command.env("ROLLBOOK_PASSWORD", password);
        command.output().unwrap()
    }

    fn serve(&self) -> Running {
        let to = |name: &str| Stdio::from(fs::File::create(self.path(name)).unwrap());
        let mut command = self.command(&["serve"]);
        command.stdout(to("serve.out")).stderr(to("serve.err"));
        let running = Running(command.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "serve does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    /// The token in the newest mail to an address.
    fn mailed(&self, address: &str) -> InvitationToken {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            for raw in self.smtp.received().iter().rev() {
                let mail = mail_parser::MessageParser::default()
                    .parse(raw.as_bytes())
                    .unwrap();
                let to = mail.to().and_then(|to| to.first()?.address()).unwrap();
                if to == address {
                    let text = mail.body_text(0).unwrap();
                    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
                    return InvitationToken::from_link(link).unwrap();
                }
            }
            assert!(Instant::now() < until, "no mail to {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// One request of a browser.
    fn http(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let (port, length) = (self.port, body.len());
        write!(
            stream,
            "{head}Host: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Opens an invitation's page and sends one of its forms.
    fn page(&self, token: &InvitationToken, action: &str, fields: &[(&str, &str)]) -> String {
        let token = token.expose();
        let page = self.http(&format!("GET /invite/{token} HTTP/1.1\r\n"), "");
        let cookie = page
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.unwrap().split(';').next().unwrap();
        let csrf = cookie.split_once('=').unwrap().1;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", csrf).append_pair("token", token);
        body.extend_pairs(fields);
        let head = format!(
            "POST /invite/{token}/{action} HTTP/1.1\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        self.http(&head, &body.finish())
    }

    /// Everything below the home, with the names.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let bytes = fs::read(&path).unwrap();
                    files.push((path, bytes));
                }
            }
        }
        files
    }
}

/// The arguments of all processes, and the environments of all but the program itself, here or in
/// another checkout, which was given secrets in its own.
fn processes() -> Vec<(String, Vec<u8>)> {
    let mut read = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.path();
        let [arguments, environment] = ["cmdline", "environ"].map(|name| process.join(name));
        let look = |path: &Path| {
            let bytes = fs::read(path).ok()?;
            Some((path.display().to_string(), bytes))
        };
        read.extend(look(&arguments));
        // Who it is comes last: a test's child may become the program between the two.
        let environment = look(&environment);
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        let name = program.file_name().unwrap_or_default();
        let itself = name.to_string_lossy().starts_with("rollbook");
        read.extend(environment.filter(|_| !itself));
    }
    read
}

fn types(terminal: &mut Terminal, fields: &[&str]) {
    terminal.keys(&format!("{}\r", fields.join("\t")));
}

/// First run, wrong and right sign-in, an invitation, a changed password: in the console.
fn in_the_console(house: &House) -> Vec<u8> {
    let mut terminal = Terminal::start(&house.command(&[]), (100, 30));
    terminal.see("create the first account");
    let owner = "owner@example.com";
    types(&mut terminal, &["Lovelace Mills", owner, FIRST, FIRST]);
    terminal.see("1 user");
    terminal.keys("i");
    terminal.see("▸ E-mail");
    terminal.keys("page@example.com\t ");
    terminal.see("[▸Send Invite ]");
    terminal.keys("\r");
    terminal.see("Review the invitation");
    terminal.keys("\r");
    terminal.see_gone("Review the invitation");
    terminal.keys("\x1b");
    terminal.see("▸ 1 user");
    terminal.keys("p");
    terminal.see("Change password");
    terminal.keys("jjj\r");
    terminal.see("Current password");
    types(&mut terminal, &[WRONG, CHANGED, CHANGED]);
    terminal.see("not right");
    terminal.keys("\x1b");
    terminal.see_gone("Current password");
    terminal.keys("p");
    terminal.see("Change password");
    terminal.keys("jjj\r");
    terminal.see("Current password");
    types(&mut terminal, &[FIRST, CHANGED, CHANGED]);
    terminal.see_gone("Current password");
    terminal.keys("q");
    terminal.ends_within(Duration::from_secs(10));
    terminal.raw()
}

/// Signs in on the screen, first with a wrong password.
fn signs_in(house: &House) -> Terminal {
    let mut terminal = Terminal::start(&house.command(&[]), (100, 30));
    terminal.see("Sign in");
    types(&mut terminal, &["owner@example.com", WRONG]);
    terminal.see("do not match");
    terminal.keys(&"\x7f".repeat(WRONG.len()));
    terminal.keys(&format!("{CHANGED}\r"));
    terminal.see("1 user");
    terminal
}

/// Registers on the page, after a password that is too short; then opens the dead link again.
fn registers_on_the_page(house: &House, token: &InvitationToken) {
    let registration = |password| {
        [
            ("name", "Page"),
            ("password", password),
            ("again", password),
        ]
    };
    let short = house.page(token, "register", &registration("Kanarienvogel"));
    assert!(short.contains("15 characters"), "{short}");
    let joined = house.page(token, "register", &registration(BY_PAGE));
    assert!(joined.contains("You are a member of"), "{joined}");
    let again = house.http(&format!("GET /invite/{} HTTP/1.1\r\n", token.expose()), "");
    assert!(again.contains("accepted"), "{again}");
}

/// Accepts with commands, right and wrong; what they printed.
fn accepts_with_commands(house: &House, token: &InvitationToken) -> Vec<u8> {
    let mut printed = Vec::new();
    let link = format!("http://x.example/invite/{}", token.expose());
    let accept = ["invite", "accept", &link, "--name", "Command", "--json"];
    let list = ["--as", "command@example.com", "member", "list"];
    for (args, password, code) in [
        (&accept[..], "Kanarienvogel", 2),
        (&accept[..5], "Kanarienvogel", 2),
        (&accept[..], BY_COMMAND, 0),
        (&accept[..], BY_COMMAND, 5),
        (&accept[..5], BY_COMMAND, 5),
        (&list[..], WRONG, 3),
        (&list[..], BY_COMMAND, 3),
    ] {
        let done = house.run(args, password);
        assert_eq!(done.status.code(), Some(code), "{args:?} {done:?}");
        printed.extend([done.stdout, done.stderr].concat());
    }
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_nowhere_but_where_they_belong() {
    let house = House::new().await;
    let mut needles = Needles::default();
    for password in [FIRST, CHANGED, WRONG, BY_PAGE, BY_COMMAND, SECRET] {
        needles.add(password, password.as_bytes());
    }
    let mut printed = in_the_console(&house);
    let serving = house.serve();
    let mut terminal = signs_in(&house);
    let token = house.mailed("page@example.com");
    needles.of_token("the first token", &token);
    registers_on_the_page(&house, &token);
    let invite = [
        "invite",
        "send",
        "command@example.com",
        "--all",
        "--show-link",
    ];
    let sent = house.run(&invite, WRONG);
    let mailed = house.mailed("command@example.com");
    needles.of_token("the second token", &mailed);
    // The one place besides the mail: asked for in so many words.
    let shown = String::from_utf8(sent.stdout).unwrap();
    assert!(shown.contains(mailed.expose()), "{shown}");
    needles.assert_absent("what `invite send` said of itself", &sent.stderr);
    printed.extend(accepts_with_commands(&house, &mailed));
    terminal.see("3 users");

    let server = house.server().await.unwrap();
    house.talk(&server, "CHECKPOINT").await;
    for (place, bytes) in processes() {
        needles.assert_absent(&place, &bytes);
    }
    let dump = Command::new("pg_dump").arg(server.dsn("rollbook")).output();
    let dump = dump.unwrap();
    assert!(dump.status.success(), "{dump:?}");
    terminal.keys("q");
    terminal.ends_within(Duration::from_secs(10));
    printed.extend(terminal.raw());
    drop(serving);
    server.stop().await;

    let left = Left {
        files: house.files(),
        dump: dump.stdout,
        mails: house.smtp.received().concat(),
    };
    needles.assert_absent("the dump", &left.dump);
    needles.assert_absent("what was printed", &printed);
    for (path, bytes) in &left.files {
        needles.assert_absent(&path.display().to_string(), bytes);
    }
    proves_that_the_search_finds((&needles, &token), &left);
}

/// What is there when all programs have ended.
struct Left {
    files: Vec<(PathBuf, Vec<u8>)>,
    dump: Vec<u8>,
    mails: String,
}

/// The search finds what is there: the addresses wherever work was done, the token in the mail, and
/// a form of each secret where it is put on purpose.
fn proves_that_the_search_finds(
    (needles, token): (&Needles, &InvitationToken),
    Left { files, dump, mails }: &Left,
) {
    let file = |name: &str| {
        let ends = |path: &Path| path.ends_with(name);
        let found = files.iter().find(|(path, _)| ends(path));
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    let mut address = Needles::default();
    address.add("an address", b"page@example.com");
    assert!(!address.found_in(dump).is_empty());
    assert!(!address.found_in(file("server.log")).is_empty());
    let wal = files
        .iter()
        .filter(|(path, _)| path.components().any(|part| part.as_os_str() == "pg_wal"));
    let in_wal = wal.map(|(_, bytes)| address.found_in(bytes).len()).max();
    assert!(in_wal > Some(0), "the log of changes was not read");
    let log = String::from_utf8_lossy(file("program.log"));
    assert!(log.contains("TRACE"), "the program's log is not at trace");
    let statements = String::from_utf8_lossy(file("server.log"));
    assert!(statements.contains("INSERT INTO logins"));
    assert!(mails.contains(token.expose()), "the mail has no link");
    assert!(!needles.found_in(mails.as_bytes()).is_empty());
    for text in [
        STANDARD.encode(format!("x{FIRST}y")),
        STANDARD.encode(format!("\0rollbook\0{SECRET}")),
        format!("[{}]", hex(CHANGED.as_bytes())),
        format!("password={}&", BY_PAGE.replace('!', "%21")),
    ] {
        assert!(!needles.found_in(text.as_bytes()).is_empty(), "{text}");
    }
}
