//! What is measured on: an account with members, its owner with a kept session, and the commands.

use crate::pty::Pty;
use rollbook::store::{dsn::ConnectPlan, local::LocalServer};
use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const ACCOUNT: &str = "Bench";
/// Sorts before everybody else.
const OWNER: &str = "ada@example.com";
const PASSWORD: &str = "a bench is no place to sit";

/// A database with an account, and a home of its own.
pub(crate) struct Place {
    server: Option<LocalServer>,
    home: tempfile::TempDir,
    url: String,
    owner: String,
    password: String,
    account: String,
    /// The first members by address: address, days since the last login, number of permissions.
    pub(crate) rows: Vec<(String, i64, i64)>,
}

impl Place {
    /// The installation that `ROLLBOOK_BENCH_URL`, `ROLLBOOK_BENCH_AS`, `ROLLBOOK_ACCOUNT` and
    /// `ROLLBOOK_PASSWORD` name, or a throw-away one with so many members.
    pub(crate) async fn find(members: i64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let set =
            |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
        let mut place = Self {
            server: None,
            home,
            url: set("ROLLBOOK_BENCH_URL", ""),
            owner: set("ROLLBOOK_BENCH_AS", OWNER),
            password: set("ROLLBOOK_PASSWORD", PASSWORD),
            account: set("ROLLBOOK_ACCOUNT", ACCOUNT),
            rows: Vec::new(),
        };
        if place.url.is_empty() {
            let server = LocalServer::throw_away().await.unwrap();
            server.ensure_database("bench").await.unwrap();
            place.url = server.dsn("bench");
            place.server = Some(server);
            place.set_up();
            place.fill(members).await;
        }
        place.rows = place.read().await;
        place
    }

    async fn read(&self) -> Vec<(String, i64, i64)> {
        let plan = ConnectPlan::parse(&self.url).unwrap();
        let mut connection = plan.connect().await.unwrap().unwrap();
        let db = connection.client_mut().unwrap();
        let sql = "SELECT m.email, coalesce(extract(day FROM now() - m.last_login), 0)::bigint,
                cardinality(m.permissions)::bigint
            FROM memberships m WHERE m.account_id = (SELECT id FROM accounts WHERE name = $1)
            ORDER BY m.email_key LIMIT 300";
        let rows = db.query(sql, &[&self.account]).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    }

    /// The address of a member: the first is number 0.
    pub(crate) fn email(&self, number: usize) -> &str {
        &self.rows[number].0
    }

    fn set_up(&self) {
        let mut command = self.console();
        command.args([
            "setup",
            "--account",
            &self.account,
            "--owner",
            &self.owner,
            "--password-stdin",
        ]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", self.password).unwrap();
        assert!(child.wait().unwrap().success());
    }

    async fn fill(&self, members: i64) {
        let plan = ConnectPlan::parse(&self.url).unwrap();
        let mut connection = plan.connect().await.unwrap().unwrap();
        let db = connection.client_mut().unwrap();
        db.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
            .await
            .unwrap();
        let users = "INSERT INTO users (id, email, email_key, name, password_hash, last_login)
            SELECT gen_random_uuid(), a, a, initcap(substr(h, 1, 5)) || ' ' || initcap(substr(h, 9, 7)), 'x',
                CASE WHEN n % 12 <> 0 THEN now() - make_interval(days => 2 + (n * 7919 % 360)::int) END
            FROM generate_series(1, $1::bigint) n, LATERAL (SELECT md5(n::text) AS h) m,
                LATERAL (SELECT 'm' || substr(h, 1, 2 + (n % 6)::int) || '.' || substr(h, 9, 3 + (n % 9)::int)
                    || n || (ARRAY['@example.com', '@mills.example', '@partner.example'])[1 + n % 3] AS a) x";
        db.execute(users, &[&(members - 1)]).await.unwrap();
        let memberships = "INSERT INTO memberships (account_id, user_id, role, permissions)
            SELECT a.id, u.id, CASE WHEN n % 10 = 0 THEN 'full' ELSE 'custom' END,
                CASE WHEN n % 10 = 0 THEN '{}' ELSE (ARRAY['products.view', 'invoices.pay', 'domains.view',
                    'emails.view'])[1:(1 + n % 4)::int] END
            FROM (SELECT id, row_number() OVER (ORDER BY email_key) AS n FROM users
                WHERE email_key <> $2) u, accounts a WHERE a.name = $1";
        db.execute(memberships, &[&self.account, &self.owner])
            .await
            .unwrap();
        db.batch_execute("VACUUM ANALYZE").await.unwrap();
    }

    /// The program; alone it is the console.
    pub(crate) fn console(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        let home = self.home.path();
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("ROLLBOOK_DATABASE__URL", &self.url)
            .env("ROLLBOOK_SECRETS__TOKEN_KEY_FILE", home.join("token.key"))
            .env("ROLLBOOK_MAIL__SMTP_URL", "smtp://127.0.0.1:1?tls=none")
            .env("ROLLBOOK_ACCOUNT", &self.account);
        command
    }

    /// Signs in once and stays signed in, so that the console opens on the member table.
    pub(crate) fn sign_in(&self) {
        let mut pty = Pty::start(&self.console());
        pty.see("Password");
        pty.keys(&format!("{}\t{}\t ", self.owner, self.password));
        pty.see("[x]");
        pty.keys("\t\r");
        pty.see("Last login");
        pty.settles(0);
        pty.keys("\x03");
        pty.ends();
    }

    /// psql with one statement, printing plainly.
    pub(crate) fn psql(&self, statement: &str) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-P", "pager=off", "-c", statement, &self.url])
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8");
        command
    }

    /// The statement of the console's first page.
    pub(crate) fn first_page(&self) -> String {
        format!(
            "SELECT m.email, m.last_login, m.role, m.permissions FROM memberships m
             WHERE m.account_id = (SELECT id FROM accounts WHERE name = '{}' LIMIT 1)
             ORDER BY m.email_key LIMIT 50",
            self.account
        )
    }

    /// A file with the first members as the reference shows them.
    pub(crate) fn plain_rows(&self) -> PathBuf {
        let file = self.home.path().join("rows");
        let lines = self.rows.iter().map(|(email, days, permissions)| {
            let login = match days {
                0 => "Never".to_owned(),
                1..30 => format!("{days} d ago"),
                _ => format!("{} mo ago", days / 30),
            };
            let role = match permissions {
                0 => "● All permissions".to_owned(),
                some => format!("○ Custom · {some} of 13"),
            };
            format!("{email}\t{login}\t{role}\tManage  Remove\n")
        });
        fs::write(&file, lines.collect::<String>()).unwrap();
        file
    }

    /// Ends the throw-away server.
    pub(crate) async fn leave(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
