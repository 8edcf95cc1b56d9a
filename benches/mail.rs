//! Mails through the pool of connections beside a bare SMTP writer, to the same sink on loopback in the same
//! run: `cargo bench --bench mail`.
//!
//! The sink is a thread that speaks the protocol and keeps nothing. The bare writer sends one mail's bytes
//! again and again over 4 connections, with one write for each step of the protocol and no PIPELINING. The
//! mailer composes each of its mails, with and without PIPELINING offered. Both run on one thread. The worker
//! line is the whole way: rows of the outbox in a throw-away PostgreSQL (without fsync), claimed, composed,
//! sent and settled. `ROLLBOOK_BENCH_MAILS` mails a round (10,000 unless set).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use rollbook::{
    config,
    domain::{AccountId, Email, InvitationId, TokenKey},
    mail::{Letter, MailConfig, Mailer, Verdict},
    service::{Parts, Service, ServiceSettings},
    store::{dsn::ConnectPlan, local::LocalServer, migrate, roles},
};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const CONNECTIONS: usize = 4;
const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mails = std::env::var("ROLLBOOK_BENCH_MAILS").ok();
    let mails: usize = mails.and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let sink = Sink::start();
    let content = content().await;
    println!(
        "{mails} mails of {} bytes a round, {CONNECTIONS} connections",
        content.len()
    );
    let columns = ["bare", "mailer", "ratio", "pipelining", "ratio"];
    println!(
        "{:>10} {:>10} {:>7} {:>10} {:>7}",
        columns[0], columns[1], columns[2], columns[3], columns[4]
    );
    let letters: Vec<Letter> = (0..mails).map(|_| letter()).collect();
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = speed(mails, bare(sink.at, &content, mails)).await;
        sink.pipelining.store(false, Ordering::SeqCst);
        let plain = speed(mails, through_pool(sink.at, &letters)).await;
        sink.pipelining.store(true, Ordering::SeqCst);
        let piped = speed(mails, through_pool(sink.at, &letters)).await;
        println!(
            "{bare:>8.0}/s {plain:>8.0}/s {:>6.2}× {piped:>8.0}/s {:>6.2}×",
            plain / bare,
            piped / bare
        );
        ratios.push((plain / bare, piped / bare, bare));
    }
    let median = |mut of: Vec<f64>| {
        of.sort_unstable_by(f64::total_cmp);
        of[ROUNDS / 2]
    };
    println!(
        "median of {ROUNDS}: {:.2}×, with PIPELINING {:.2}×",
        median(ratios.iter().map(|round| round.0).collect()),
        median(ratios.iter().map(|round| round.1).collect())
    );
    let bare = median(ratios.iter().map(|round| round.2).collect());
    worker(&sink, mails, bare).await;
}

async fn speed(mails: usize, work: impl Future<Output = ()>) -> f64 {
    let start = Instant::now();
    work.await;
    f64::from(u32::try_from(mails).unwrap()) / start.elapsed().as_secs_f64()
}

/// Takes every mail, on a thread of its own.
struct Sink {
    at: SocketAddr,
    pipelining: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
}

impl Sink {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let sink = Self {
            at: listener.local_addr().unwrap(),
            pipelining: Arc::default(),
            taken: Arc::default(),
        };
        let (pipelining, taken) = (Arc::clone(&sink.pipelining), Arc::clone(&sink.taken));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let mut conversations = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).unwrap();
                    let (pipelining, taken) = (Arc::clone(&pipelining), Arc::clone(&taken));
                    conversations.spawn(async move {
                        converse(stream, &pipelining, &taken).await.ok();
                    });
                }
            });
        });
        sink
    }
}

async fn converse(
    stream: TcpStream,
    pipelining: &AtomicBool,
    taken: &AtomicUsize,
) -> std::io::Result<()> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let (mut line, mut answers) = (Vec::new(), Vec::new());
    stream.write_all(b"220 sink\r\n").await?;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            b"EHLO" if pipelining.load(Ordering::SeqCst) => {
                b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            }
            b"EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            b"DATA" => b"354 go on\r\n",
            _ => b"250 2.0.0 ok\r\n",
        };
        answers.extend_from_slice(answer);
        // Several commands at once are answered at once, as servers do that offer it (RFC 2920, 3.2).
        if stream.buffer().is_empty() {
            stream.write_all(&answers).await?;
            answers.clear();
        }
        if answer.starts_with(b"354") {
            while line != b".\r\n" {
                line.clear();
                if stream.read_until(b'\n', &mut line).await? == 0 {
                    return Ok(());
                }
            }
            taken.fetch_add(1, Ordering::SeqCst);
            stream.write_all(b"250 2.0.0 taken\r\n").await?;
        }
    }
}

/// The least that the protocol asks for.
async fn bare(at: SocketAddr, content: &[u8], mails: usize) {
    let mut writers = FuturesUnordered::new();
    for _ in 0..CONNECTIONS {
        writers.push(async move {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut answer = [0; 512];
            assert!(stream.read(&mut answer).await.unwrap() > 0);
            let mut steps: Vec<&[u8]> = vec![b"EHLO bare\r\n"];
            let mail: [&[u8]; 4] = [
                b"MAIL FROM:<rollbook@r.example>\r\n",
                b"RCPT TO:<guest@example.com>\r\n",
                b"DATA\r\n",
                content,
            ];
            for _ in 0..mails / CONNECTIONS {
                steps.extend(mail);
                for step in steps.drain(..) {
                    stream.write_all(step).await.unwrap();
                    let read = stream.read(&mut answer).await.unwrap();
                    assert!(matches!(answer[..read], [b'2' | b'3', ..]));
                }
            }
        });
    }
    while writers.next().await.is_some() {}
}

async fn through_pool(at: SocketAddr, letters: &[Letter]) {
    let mailer = mailer(Some(at));
    let mut in_hand = FuturesUnordered::new();
    for letter in letters {
        if in_hand.len() == CONNECTIONS {
            in_hand.next().await.unwrap();
        }
        in_hand.push(async {
            let verdict = mailer.deliver(letter).await;
            assert!(matches!(verdict, Verdict::Sent { .. }), "{verdict:?}");
        });
    }
    while in_hand.next().await.is_some() {}
    drop(in_hand);
    mailer.close().await;
}

fn config(at: Option<SocketAddr>) -> MailConfig {
    MailConfig {
        smtp_url: at.map(|at| format!("smtp://{at}").into()),
        from: "Rollbook <rollbook@r.example>".to_owned(),
        reply_to: None,
        subject: "You are invited to {account}".to_owned(),
        root_cert: None,
        folder: std::env::temp_dir().join(format!("rollbook-bench-{}", std::process::id())),
        connections: CONNECTIONS,
        rate: 0.0,
    }
}

fn mailer(at: Option<SocketAddr>) -> Mailer {
    Mailer::new(&config(at)).unwrap()
}

fn letter() -> Letter {
    Letter {
        invitation: InvitationId::new(),
        generation: 1,
        to: Email::parse("guest@example.com").unwrap(),
        account: "Mill & Sons".into(),
        inviter: "Ada Lovelace (ada@lovelace.example)".into(),
        permissions: vec![
            "View Products & Services".into(),
            "View & Pay Invoices".into(),
        ],
        link: "https://r.example/invite/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            .to_owned()
            .into(),
        expires_at: Timestamp::UNIX_EPOCH,
    }
}

/// A mail as the mailer writes it, ready for the wire.
async fn content() -> Vec<u8> {
    let folder = config(None).folder;
    assert!(matches!(
        mailer(None).deliver(&letter()).await,
        Verdict::Sent { .. }
    ));
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let text = text.replace("\r\n.", "\r\n..");
    format!("{text}\r\n.\r\n").into_bytes()
}

/// From the rows of the outbox to the server's words in them.
async fn worker(sink: &Sink, mails: usize, bare: f64) {
    let server = LocalServer::throw_away().await.unwrap();
    server.ensure_database("bench").await.unwrap();
    let way = ConnectPlan::parse(&server.dsn("bench")).unwrap();
    let mut owner = way.connect().await.unwrap().unwrap();
    let db = owner.client_mut().unwrap();
    migrate::run(db).await.unwrap();
    roles::prepare(db, "rollbook_app").await.unwrap();
    db.batch_execute("SET statement_timeout = 0").await.unwrap();
    let key = TokenKey::new([7; 32]);
    let service = Service::new(Parts {
        store: way.store(4, Some("rollbook_app")).unwrap(),
        catalogue: config::catalogue(Path::new("embedded"), config::DEFAULT_CATALOGUE).unwrap(),
        token_keys: TokenKey::new([7; 32]).into(),
        settings: ServiceSettings {
            base_url: Some("https://r.example".parse().unwrap()),
            ..ServiceSettings::default()
        },
    });
    for pipelining in [false, true] {
        fill(db, &key, mails).await;
        sink.pipelining.store(pipelining, Ordering::SeqCst);
        sink.taken.store(0, Ordering::SeqCst);
        let (mailer, stop) = (mailer(Some(sink.at)), CancellationToken::new());
        let (mut halfway, start) = (None, Instant::now());
        let watch = async {
            loop {
                let taken = sink.taken.load(Ordering::SeqCst);
                if taken >= mails / 2 && halfway.is_none() {
                    halfway = Some(start.elapsed());
                }
                if taken >= mails {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            stop.cancel();
        };
        tokio::join!(service.run_outbox(&mailer, stop.clone()), watch);
        let took = start.elapsed();
        let sent = "SELECT count(*) FROM outbox WHERE state = 'sent' AND attempts = 1";
        let sent: i64 = db.query_one(sent, &[]).await.unwrap().get(0);
        let speed = f64::from(u32::try_from(sent).unwrap()) / took.as_secs_f64();
        println!(
            "worker, PIPELINING {pipelining}: {sent} sent once, {speed:.0}/s ({:.2}× bare); the first half in {:.0?} of {took:.0?}",
            speed / bare,
            halfway.unwrap()
        );
    }
    drop((service, owner));
    server.stop().await;
}

/// An account's import whose mails wait.
async fn fill(db: &deadpool_postgres::Object, key: &TokenKey, mails: usize) {
    db.batch_execute("TRUNCATE accounts CASCADE").await.unwrap();
    let account = AccountId::new();
    let sql = "INSERT INTO accounts (id, name) VALUES ($1, 'Mill & Sons')";
    db.execute(sql, &[&account.0]).await.unwrap();
    let ids: Vec<Uuid> = (0..mails).map(|_| Uuid::now_v7()).collect();
    let digest = |id: &Uuid| key.token(InvitationId(*id), 1).digest().as_bytes().to_vec();
    let digests: Vec<Vec<u8>> = ids.iter().map(digest).collect();
    let sql = "INSERT INTO invitations (id, account_id, email, email_key, role, permissions, inviter_name,
            token_digest, expires_at)
        SELECT id, $1, a, a, 'custom', '{products.view,invoices.pay}', 'Ada', digest, now() + interval '7 days'
        FROM unnest($2::uuid[], $3::bytea[]) u(id, digest),
            LATERAL (SELECT 'guest-' || id || '@example.com' AS a) x";
    db.execute(sql, &[&account.0, &ids, &digests])
        .await
        .unwrap();
    let sql = "INSERT INTO outbox (id, account_id, invitation_id, generation, bulk)
        SELECT gen_random_uuid(), account_id, id, 1, true FROM invitations";
    db.execute(sql, &[]).await.unwrap();
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
}
