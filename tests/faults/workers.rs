//! Delivery workers that die with a mail in hand, at each step of the conversation.

use crate::{
    count,
    support::{
        PASSWORD, TestDb, account_with_owner, operator, service_with, settings,
        smtp::{Stage, TestSmtp},
    },
};
use mail_parser::MessageParser;
use rollbook::{
    domain::Grant,
    service::{Limits, SendInvitation, SendingLimits, ServiceSettings, Write},
};
use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A claim that a dead worker left behind is free after this.
const LEASE: Duration = Duration::from_mins(1);

const STEPS: [Stage; 7] = [
    Stage::Connected,
    Stage::Greeted,
    Stage::Mail,
    Stage::Recipient,
    Stage::Data,
    Stage::Dot,
    Stage::Taken,
];

/// `rollbook serve`, several times.
struct Workers {
    db: TestDb,
    home: tempfile::TempDir,
    smtp: TestSmtp,
    running: Vec<Child>,
}

impl Workers {
    async fn start(number: usize) -> Self {
        let mut workers = Self {
            db: TestDb::new().await,
            home: tempfile::tempdir().unwrap(),
            smtp: TestSmtp::start().await,
            running: Vec::new(),
        };
        for _ in 0..number {
            let worker = workers.worker();
            workers.running.push(worker);
        }
        workers
    }

    fn worker(&self) -> Child {
        let home = self.home.path();
        fs::write(home.join("token.key"), key_file()).unwrap();
        Command::new(env!("CARGO_BIN_EXE_rollbook"))
            .arg("serve")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("ROLLBOOK_DATABASE__URL", self.db.dsn())
            .env("ROLLBOOK_SECRETS__TOKEN_KEY_FILE", home.join("token.key"))
            .env("ROLLBOOK_MAIL__SMTP_URL", self.smtp.url())
            .env("ROLLBOOK_MAIL__ROOT_CERT", self.smtp.root_cert())
            .env("ROLLBOOK_WEB__LISTEN", "127.0.0.1:0")
            .env("ROLLBOOK_WEB__BASE_URL", "http://127.0.0.1:7655")
            .env("ROLLBOOK_PASSWORD", PASSWORD)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// kill -9 of the worker at the other end of a connection, and another in its place.
    fn kill(&mut self, port: u16) -> bool {
        let holds = |child: &Child| holds_port(child.id(), port);
        let Some(index) = self.running.iter().position(holds) else {
            return false;
        };
        let mut dead = self.running.swap_remove(index);
        dead.kill().unwrap();
        dead.wait().unwrap();
        let next = self.worker();
        self.running.push(next);
        true
    }

    /// Invites so many people.
    async fn invite(&self, number: usize) {
        let unlimited = SendingLimits {
            per_inviter: 1_000_000,
            per_account: 1_000_000,
            per_address: 1_000_000,
            pending: 1_000_000,
        };
        let service = service_with(
            &self.db,
            ServiceSettings {
                limits: unlimited,
                ..settings()
            },
        );
        let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
        for guest in 0..number {
            let send = SendInvitation {
                email: crate::support::email(&format!("guest{guest}@guests.example")),
                grant: Grant::full(),
                limits: Limits::Lifted,
            };
            let write = Write::new(&operator(), account);
            service.send_invitation(&write, &send).await.unwrap();
        }
    }

    /// How many mails are not sent yet.
    async fn waiting(&self) -> i64 {
        let client = self.db.client().await;
        let sql = "SELECT count(*) FROM outbox WHERE state <> 'sent'";
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until all are sent.
    async fn all_sent(&self, limit: Duration) -> Duration {
        let began = Instant::now();
        while self.waiting().await > 0 {
            assert!(
                began.elapsed() < limit,
                "{} mails are stuck",
                self.waiting().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.running {
            worker.kill().ok();
            worker.wait().ok();
        }
    }
}

/// The key that the service of the tests derives its links from.
fn key_file() -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(crate::support::TOKEN_KEY)
}

/// Whether a process has a socket with this local port: proc(5), `/proc/net/tcp` and `fd`.
fn holds_port(process: u32, port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!(":{port:04X}");
    let sockets: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| {
            fields
                .get(1)
                .is_some_and(|address| address.ends_with(&local))
        })
        .filter_map(|fields| Some(format!("socket:[{}]", fields.get(9)?)))
        .collect();
    let open = fs::read_dir(Path::new("/proc").join(process.to_string()).join("fd"));
    open.into_iter().flatten().flatten().any(|entry| {
        let link = fs::read_link(entry.path()).unwrap_or_default();
        sockets
            .iter()
            .any(|socket| link.as_os_str() == socket.as_str())
    })
}

/// The mails by recipient: how many came, and whether all copies are the same mail.
fn copies(received: &[String]) -> HashMap<String, (usize, bool)> {
    let mut seen: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for raw in received {
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        let to = mail
            .to()
            .unwrap()
            .first()
            .unwrap()
            .address()
            .unwrap()
            .to_owned();
        let id = mail.message_id().unwrap().to_owned();
        let text = mail.body_text(0).unwrap();
        let link = text
            .lines()
            .find(|line| line.starts_with("http"))
            .unwrap()
            .to_owned();
        seen.entry(to).or_default().push((id, link));
    }
    let same = |mails: &[(String, String)]| mails.windows(2).all(|pair| pair[0] == pair[1]);
    seen.into_iter()
        .map(|(to, mails)| (to, (mails.len(), same(&mails))))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_without_faults_two_workers_send_each_mail_once() {
    let mails = count(60, 1000);
    let workers = Workers::start(2).await;
    workers.invite(mails).await;
    let took = workers.all_sent(Duration::from_mins(2)).await;
    let copies = copies(&workers.smtp.received());
    let once = copies.values().filter(|(number, _)| *number == 1).count();
    eprintln!("faults: {mails} mails by two workers in {took:?}: {once} sent exactly once");
    assert_eq!((copies.len(), once), (mails, mails));
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_workers_killed_at_every_step_lose_no_mail() {
    // What a killed worker had claimed waits for its lease, so more mails than kills are needed.
    let (kills, mails) = (count(14, 200), count(60, 2000));
    let mut workers = Workers::start(2).await;
    let mut stages = workers.smtp.stages();
    workers.invite(mails).await;
    let mut killed: HashMap<Stage, usize> = HashMap::new();
    let each = 4;
    let mut passed = 0;
    while killed.values().sum::<usize>() < kills {
        // What dead workers had in hand is free again after their lease.
        let limit = LEASE + Duration::from_secs(10);
        let next = tokio::time::timeout(limit, stages.recv()).await;
        let Ok(Some((stage, port, go_on))) = next else {
            break;
        };
        let wanted = STEPS[killed.values().sum::<usize>() % STEPS.len()];
        passed += usize::from(stage == Stage::Connected || stage == Stage::Mail);
        if stage == wanted && passed >= each && workers.kill(port) {
            *killed.entry(stage).or_default() += 1;
            passed = 0;
        }
        // Nobody waits any more where the connection went with its worker.
        go_on.send(()).ok();
    }
    drop(stages);
    let total: usize = killed.values().sum();
    let took = workers.all_sent(LEASE + Duration::from_secs(25)).await;
    let copies = copies(&workers.smtp.received());
    let twice = copies.values().filter(|(number, _)| *number > 1).count();
    let different = copies.values().filter(|(_, same)| !same).count();
    eprintln!(
        "faults: {total} workers killed at {} steps over {mails} mails: lost {}, stuck 0, sent again {twice}, of these different {different}; all sent {took:?} after the last kill",
        killed.len(),
        mails - copies.len(),
    );
    assert_eq!((copies.len(), different), (mails, 0));
    assert!(killed.len() == STEPS.len() && total >= kills, "{killed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_a_worker_that_is_told_to_end_finishes_the_mail_in_hand() {
    let mut workers = Workers::start(1).await;
    let mut stages = workers.smtp.stages();
    workers.invite(1).await;
    loop {
        let (stage, _, go_on) = tokio::time::timeout(Duration::from_secs(30), stages.recv())
            .await
            .unwrap()
            .unwrap();
        if stage == Stage::Data {
            let process = i32::try_from(workers.running[0].id()).unwrap();
            let process = nix::unistd::Pid::from_raw(process);
            nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            go_on.send(()).unwrap();
            break;
        }
        go_on.send(()).unwrap();
    }
    drop(stages);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = workers.running[0].try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{status}");
    assert_eq!(workers.waiting().await, 0);
    assert_eq!(workers.smtp.received().len(), 1);
}
