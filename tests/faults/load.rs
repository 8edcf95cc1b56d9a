//! kill -9 of the whole server, or of backends, under writes that many clients make.

use crate::{
    count,
    ledger::{Ledger, Told, invariants, is_unknown},
    support::server::Server,
    support::{APP_ROLE, TOKEN_KEY, custom, email, latest, operator, password, settings},
};
use rollbook::{
    config,
    domain::{AccountId, Grant, TokenKey},
    service::{
        Limits, Parts, SendInvitation, SendingLimits, Service, ServiceSettings, SetGrant, Write,
    },
    store::{dsn::ConnectPlan, migrate, roles},
};
use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio_postgres::{Client, NoTls};

const CLIENTS: usize = 8;
const ACCOUNTS: usize = 4;
const MEMBERS: usize = 5;
/// How long an unknown write is asked for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A service on a server of the test's own, with accounts and members.
pub(crate) async fn installation(dsn: &str) -> (Service, Vec<AccountId>) {
    let mut owner = connected(dsn).await;
    migrate::run(&mut owner).await.unwrap();
    roles::prepare(&owner, APP_ROLE).await.unwrap();
    let service = service_on(dsn, 12);
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        let owner = email(&format!("owner{number}@acme.example"));
        let name = format!("Account {number}");
        let (who, secret) = (operator(), password());
        let made = service.set_up(&who, &name, &owner, Some(&secret)).await;
        accounts.push(made.unwrap().account.id);
    }
    // The same people in every account: no hash for each.
    let sql = "INSERT INTO users (id, email, email_key, name, password_hash)
            SELECT gen_random_uuid(), a, a, 'Somebody', 'none'
            FROM (SELECT 'member' || n || '@acme.example' AS a FROM generate_series(0, $1::int - 1) n) x";
    owner
        .execute(sql, &[&i32::try_from(MEMBERS).unwrap()])
        .await
        .unwrap();
    let sql = "INSERT INTO memberships (account_id, user_id, role, permissions)
        SELECT a.id, u.id, 'custom', '{domains.view}' FROM accounts a, users u
        WHERE u.email LIKE 'member%'";
    owner.execute(sql, &[]).await.unwrap();
    (service, accounts)
}

/// The service as the application's role.
pub(crate) fn service_on(dsn: &str, size: usize) -> Service {
    let text = include_str!("../../config/permissions.toml");
    let unlimited = SendingLimits {
        per_inviter: 1_000_000,
        per_account: 1_000_000,
        per_address: 1_000_000,
        pending: 1_000_000,
    };
    Service::new(Parts {
        store: ConnectPlan::parse(dsn)
            .unwrap()
            .store(size, Some(APP_ROLE))
            .unwrap(),
        catalogue: config::catalogue(Path::new("permissions.toml"), text).unwrap(),
        token_keys: TokenKey::new(TOKEN_KEY).into(),
        settings: ServiceSettings {
            limits: unlimited,
            ..settings()
        },
    })
}

/// A plain connection, tried until the server is there.
pub(crate) async fn connected(dsn: &str) -> Client {
    let until = Instant::now() + PATIENCE;
    loop {
        match tokio_postgres::connect(dsn, NoTls).await {
            Ok((client, connection)) => {
                tokio::runtime::Handle::current().spawn(connection);
                return client;
            }
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One write of a mixture, asked for until it is known what became of it.
async fn one(service: &Service, account: AccountId, number: usize, ledger: &mut Ledger) {
    let write = Write::new(&operator(), account);
    let member = email(&format!("member{}@acme.example", number % MEMBERS));
    let until = Instant::now() + PATIENCE;
    let mut asked_again = false;
    loop {
        let done = match number % 5 {
            0 => {
                let send = SendInvitation {
                    email: email(&format!("guest{number}@guests.example")),
                    grant: Grant::full(),
                    limits: Limits::Lifted,
                };
                service.send_invitation(&write, &send).await.map(drop)
            }
            1 | 2 => {
                let keys = [
                    "domains.view",
                    "orders.place",
                    "invoices.pay",
                    "emails.view",
                ];
                let set = SetGrant {
                    email: member.clone(),
                    to: custom(&[keys[number / 5 % keys.len()]]),
                    version: None,
                };
                service.set_grant(&write, &set).await.map(drop)
            }
            3 => service.remove_member(&write, &member, None).await.map(drop),
            _ => {
                let restore = latest(member.as_str());
                service.restore_member(&write, &restore).await.map(drop)
            }
        };
        let told = match done {
            Ok(()) => Told::Done,
            Err(error) if is_unknown(&error) => {
                assert!(Instant::now() < until, "never resolved: {error}");
                asked_again = true;
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            Err(_) => Told::Refused,
        };
        ledger.told(write.command.0, told, asked_again);
        return;
    }
}

/// Clients that write until `total` writes were begun.
pub(crate) async fn load(
    service: &Service,
    accounts: &[AccountId],
    (begun, total): (&AtomicUsize, usize),
) -> Ledger {
    let clients = (0..CLIENTS).map(async |_| {
        let mut ledger = Ledger::default();
        loop {
            let number = begun.fetch_add(1, Ordering::Relaxed);
            if number >= total {
                return ledger;
            }
            let account = accounts[number / 7 % accounts.len()];
            one(service, account, number, &mut ledger).await;
        }
    });
    let mut all = Ledger::default();
    for ledger in futures_util::future::join_all(clients).await {
        all.merge(ledger);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_nothing_that_was_acknowledged_and_do_nothing_twice() {
    let (rounds, per_round) = (count(4, 200), 250);
    let server = Server::new();
    let dsn = server.dsn("postgres");
    let (service, accounts) = installation(&dsn).await;
    let mut ledger = Ledger::default();
    let begun = AtomicUsize::new(0);
    let mut slowest = Duration::ZERO;
    for round in 1..=rounds {
        let total = round * per_round;
        begun.fetch_min(total - per_round, Ordering::Relaxed);
        let breaking = async {
            // Somewhere in the middle, elsewhere each time.
            let from = total - per_round + round * 37 % (per_round / 2) + 10;
            while begun.load(Ordering::Relaxed) < from {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if round % 3 == 0 {
                let admin = connected(&dsn).await;
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
                admin.execute(cut, &[]).await.unwrap();
                return Duration::ZERO;
            }
            tokio::task::block_in_place(|| {
                server.kill();
                server.start();
            });
            let up = Instant::now();
            while service.ready().await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            up.elapsed()
        };
        let (told, back) = tokio::join!(load(&service, &accounts, (&begun, total)), breaking);
        slowest = slowest.max(back);
        ledger.merge(told);
        let client = connected(&dsn).await;
        let verdict = ledger.check(&client).await;
        assert_eq!(
            (verdict.lost, verdict.duplicated),
            (0, 0),
            "round {round}: {verdict}"
        );
        invariants(&client, &service, &accounts).await;
    }
    let verdict = ledger.check(&connected(&dsn).await).await;
    eprintln!("faults: kill -9, {rounds} rounds: {verdict}; back after at most {slowest:?}");
    assert!(
        verdict.acknowledged > rounds * per_round / 2 && verdict.resolved > 0,
        "{verdict}"
    );
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}
