//! The queue that workers claim from: whose turn it is, what a claim costs, what a lease proves; and the
//! worker's pace.

use super::{Office, config};
use crate::support::{TestDb, account_with_owner, counted, service};
use rollbook::{
    domain::{AccountId, DeliveryState},
    mail::Mailer,
    store::{
        Connection, Db, Scope, Tx,
        claim::{self, Claimed, Place},
        outbox::{self, Outcome},
    },
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Pending invitations with their mails, due since so many minutes.
async fn fill(db: &TestDb, account: AccountId, (mails, bulk, minutes): (i32, bool, i32)) {
    let sql = "WITH made AS (
            INSERT INTO invitations (id, account_id, email, email_key, role, permissions, inviter_name,
                token_digest, expires_at)
            SELECT gen_random_uuid(), $1, a, a, 'full', '{}', 'Ada', sha256(a::bytea), now() + interval '7 days'
            FROM (SELECT 'guest' || n || '-' || gen_random_uuid() || '@example.com' AS a
                FROM generate_series(1, $2) n) g RETURNING id)
        INSERT INTO outbox (id, account_id, invitation_id, generation, bulk, next_attempt_at)
        SELECT gen_random_uuid(), $1, id, 1, $3, now() - make_interval(mins => $4) FROM made";
    let client = db.client().await;
    client
        .execute(sql, &[&account.0, &mails, &bulk, &minutes])
        .await
        .unwrap();
}

async fn claim(connection: &mut Connection, most: usize, from: Place) -> claim::Claim {
    let tx = connection.begin(&Scope::installation()).await.unwrap();
    let claim = claim::mails(&tx, most, from).await.unwrap();
    tx.commit().await.unwrap();
    claim
}

fn by_account(mails: &[Claimed]) -> BTreeMap<AccountId, usize> {
    let mut count = BTreeMap::new();
    for mail in mails {
        *count.entry(mail.invitation.account).or_default() += 1;
    }
    count
}

async fn accounts(db: &TestDb, number: usize) -> Vec<AccountId> {
    let service = service(db);
    let mut made = Vec::new();
    for at in 0..number {
        let owner = format!("owner{at}@example.com");
        made.push(
            account_with_owner(&service, &format!("Account {at}"), &owner)
                .await
                .0,
        );
    }
    made
}

#[tokio::test]
async fn b05_an_import_holds_up_no_other_account() {
    let db = TestDb::new().await;
    let accounts = accounts(&db, 3).await;
    fill(&db, accounts[0], (500, false, 60)).await;
    fill(&db, accounts[1], (1, false, 0)).await;
    fill(&db, accounts[2], (40, false, 5)).await;
    let mut connection = db.store().connect().await.unwrap();
    let claimed = claim(&mut connection, 24, Place::SINGLE).await;
    let wanted = BTreeMap::from([(accounts[0], 8), (accounts[1], 1), (accounts[2], 8)]);
    assert_eq!(by_account(&claimed.mails), wanted);
    assert_eq!(claimed.next, None, "that were all accounts");
}

#[tokio::test]
async fn b05_the_walk_goes_on_where_it_stopped_and_meets_every_account() {
    let db = TestDb::new().await;
    let accounts = accounts(&db, 7).await;
    for account in &accounts {
        fill(&db, *account, (2, false, 1)).await;
    }
    let mut connection = db.store().connect().await.unwrap();
    let (mut seen, mut place, mut claims) = (BTreeMap::new(), Place::SINGLE, 0);
    loop {
        let claimed = claim(&mut connection, 3, place).await;
        for (account, number) in by_account(&claimed.mails) {
            *seen.entry(account).or_insert(0) += number;
        }
        claims += 1;
        match claimed.next {
            Some(next) => place = next,
            None => break,
        }
    }
    assert_eq!((seen.len(), claims), (7, 3), "{seen:?}");
}

#[tokio::test]
async fn b05_an_import_waits_for_its_own_accounts_single_invitations() {
    let office = Office::open().await;
    fill(&office.db, office.account, (50, true, 60)).await;
    office.invite("ada@example.com").await;
    office.deliver().await.unwrap();
    assert_eq!(
        office.smtp.envelopes()[0].1,
        ["RCPT TO:<ada@example.com>"],
        "it came last, and nobody waits for the others at a screen"
    );
}

#[tokio::test]
async fn b04_what_waits_for_later_is_passed_over() {
    let db = TestDb::new().await;
    let accounts = accounts(&db, 6).await;
    for account in &accounts[..5] {
        fill(&db, *account, (3, false, -30)).await;
    }
    fill(&db, accounts[5], (3, false, 1)).await;
    let mut connection = db.store().connect().await.unwrap();
    let claimed = claim(&mut connection, 2, Place::SINGLE).await;
    assert_eq!(
        by_account(&claimed.mails),
        BTreeMap::from([(accounts[5], 2)])
    );
    let tx = connection.begin(&Scope::installation()).await.unwrap();
    assert_eq!(outbox::next_due(&tx).await.unwrap(), Some(Duration::ZERO));
    drop(tx);
    claim(&mut connection, 2, Place::SINGLE).await;
    let tx = connection.begin(&Scope::installation()).await.unwrap();
    let wait = outbox::next_due(&tx).await.unwrap().unwrap();
    assert!(
        (Duration::from_secs(30)..=outbox::LEASE).contains(&wait),
        "the claimed ones are in hand until their leases run out: {wait:?}"
    );
}

#[tokio::test]
async fn b04_mails_of_invitations_that_are_over_leave_the_queue() {
    let db = TestDb::new().await;
    let account = accounts(&db, 1).await[0];
    fill(&db, account, (10, true, 10)).await;
    let client = db.client().await;
    let over = "UPDATE invitations SET status = 'cancelled' WHERE id IN (SELECT id FROM invitations LIMIT 6)";
    client.execute(over, &[]).await.unwrap();
    let mut connection = db.store().connect().await.unwrap();
    let claimed = claim(&mut connection, 64, Place::BULK).await;
    assert_eq!((claimed.mails.len(), claimed.over), (4, 6));
    let sql = "SELECT count(*) FROM outbox o JOIN invitations i ON i.id = o.invitation_id
        WHERE i.status = 'cancelled' AND o.state = 'failed' AND o.attempts = 0
            AND o.last_reply LIKE 'not sent%'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 6);
}

#[tokio::test]
async fn b04_a_lease_proves_the_claim_until_it_is_lost() {
    let db = TestDb::new().await;
    let account = accounts(&db, 1).await[0];
    fill(&db, account, (3, false, 1)).await;
    let mut connection = db.store().connect().await.unwrap();
    let first = claim(&mut connection, 3, Place::SINGLE).await.mails;
    assert!(
        claim(&mut connection, 3, Place::SINGLE)
            .await
            .mails
            .is_empty()
    );
    // One lease runs out, and the mail is another worker's.
    let client = db.client().await;
    let lost = first[0].hold;
    let sql = "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE id = $1";
    client.execute(sql, &[&lost.id]).await.unwrap();
    let second = claim(&mut connection, 3, Place::SINGLE).await.mails;
    assert_eq!(second.len(), 1);
    assert_eq!((second[0].hold.id, second[0].attempts), (lost.id, 2));
    let tx = connection.begin(&Scope::installation()).await.unwrap();
    let holds: Vec<_> = first.iter().map(|mail| mail.hold).collect();
    let mut still = outbox::renew(&tx, &holds).await.unwrap();
    still.sort();
    let mut wanted = vec![holds[1].id, holds[2].id];
    wanted.sort();
    assert_eq!(still, wanted);
    let outcomes = [0, 1].map(|at: usize| Outcome {
        hold: holds[at],
        state: DeliveryState::Sent,
        reply: format!("250 {at}"),
        retry_in: Duration::ZERO,
    });
    outbox::settle(&tx, &outcomes).await.unwrap();
    outbox::release(&tx, &holds[2..]).await.unwrap();
    tx.commit().await.unwrap();
    let sql = "SELECT state, attempts, lease IS NULL, last_reply FROM outbox WHERE id = $1";
    let mut found = Vec::new();
    for hold in &holds {
        let row = client.query_one(sql, &[&hold.id]).await.unwrap();
        let reply: Option<String> = row.get(3);
        found.push((
            row.get::<_, String>(0),
            row.get::<_, i32>(1),
            row.get::<_, bool>(2),
            reply,
        ));
    }
    assert_eq!(
        found[0],
        ("queued".to_owned(), 2, false, None),
        "the other's still"
    );
    assert_eq!(
        found[1],
        ("sent".to_owned(), 1, true, Some("250 1".to_owned()))
    );
    assert_eq!(
        found[2],
        ("queued".to_owned(), 0, true, None),
        "given back untried"
    );
}

/// A claim reads what it claims, not what waits: tenfold the mails and accounts, the same pages.
#[tokio::test]
async fn b05_a_claim_costs_the_same_however_many_wait() {
    let mut cost = Vec::new();
    for many in [2_000, 20_000] {
        let db = TestDb::new().await;
        let account = accounts(&db, 1).await[0];
        fill(&db, account, (many, true, 10)).await;
        let client = db.client().await;
        let others = "INSERT INTO accounts (id, name) SELECT gen_random_uuid(), 'Account ' || n
            FROM generate_series(1, $1::int / 20) n";
        client.execute(others, &[&many]).await.unwrap();
        let waiting =
            "WITH made AS (INSERT INTO invitations (id, account_id, email, email_key, role,
                permissions, inviter_name, token_digest, expires_at)
            SELECT gen_random_uuid(), id, 'a@example.com', 'a@example.com', 'full', '{}', 'Ada',
                sha256(id::text::bytea), now() + interval '7 days' FROM accounts WHERE id <> $1
            RETURNING id, account_id)
            INSERT INTO outbox (id, account_id, invitation_id, generation, bulk)
            SELECT gen_random_uuid(), account_id, id, 1, true FROM made";
        client.execute(waiting, &[&account.0]).await.unwrap();
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        let mut connection = db.store().connect().await.unwrap();
        // Often enough that the server may settle on a plan that fits every parameter.
        let mut place = Place::BULK;
        for _ in 0..8 {
            let claimed = claim(&mut connection, 8, place).await;
            assert!(!claimed.mails.is_empty());
            place = claimed.next.unwrap();
        }
        let tx = connection.begin(&Scope::installation()).await.unwrap();
        let before = scanned(&tx).await;
        claim::mails(&tx, 8, place).await.unwrap();
        let after = scanned(&tx).await;
        assert_eq!(before.0, after.0, "no table is read whole");
        cost.push(after.1 - before.1);
    }
    assert!(cost[1] <= cost[0] * 2, "{cost:?} rows fetched");
}

/// Rows read by sequential scans, and rows fetched through indexes, in this transaction.
async fn scanned(tx: &Tx<'_>) -> (i64, i64) {
    let sql = "SELECT sum(seq_tup_read)::bigint, sum(idx_tup_fetch)::bigint
        FROM pg_stat_xact_user_tables WHERE relname IN ('outbox', 'invitations')";
    let row = tx.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

fn paced(office: &Office, rate: f64) -> Mailer {
    let mut config = config(Some(office.smtp.url()), Some(office.smtp.root_cert()));
    config.rate = rate;
    Mailer::new(&config).unwrap()
}

#[tokio::test]
async fn b05_mails_go_out_no_faster_than_configured() {
    let office = Office::open().await;
    for guest in 0..8 {
        office.invite(&format!("guest{guest}@example.com")).await;
    }
    let (mailer, stop) = (paced(&office, 20.0), CancellationToken::new());
    let began = Instant::now();
    let watch = async {
        while office.smtp.received().len() < 8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    tokio::join!(office.service.run_outbox(&mailer, stop.clone()), watch);
    // Seven gaps of 50 ms; a slow machine only makes it longer.
    assert!(
        began.elapsed() >= Duration::from_millis(330),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn b05_a_worker_that_ends_gives_back_what_it_has_not_begun() {
    let office = Office::open().await;
    for guest in 0..8 {
        office.invite(&format!("guest{guest}@example.com")).await;
    }
    let (mailer, stop) = (paced(&office, 0.1), CancellationToken::new());
    let client = office.db.client().await;
    let watch = async {
        // One goes; others are claimed and wait for their time.
        let claimed = "SELECT count(*) FROM outbox WHERE lease IS NOT NULL";
        loop {
            let held: i64 = client.query_one(claimed, &[]).await.unwrap().get(0);
            if office.smtp.received().len() == 1 && held > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    tokio::join!(office.service.run_outbox(&mailer, stop.clone()), watch);
    let sql = "SELECT count(*) FILTER (WHERE state = 'sent'),
        count(*) FILTER (WHERE state = 'queued' AND lease IS NULL AND attempts = 0) FROM outbox";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 7));
}

#[tokio::test]
async fn b06_an_idle_worker_asks_nothing_and_hears_of_a_mail_at_once() {
    let office = Office::open().await;
    let (mailer, stop) = (paced(&office, 1000.0), CancellationToken::new());
    let client = office.db.client().await;
    let watch = async {
        let listens = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND query LIKE '%LISTEN \"rollbook_mail\"%' AND pid <> pg_backend_pid()";
        counted(&client, listens).await;
        let asked = async || -> String {
            let sql = "SELECT max(query_start)::text FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            client.query_one(sql, &[]).await.unwrap().get(0)
        };
        // The look at what was there before it listened.
        let (mut before, mut last) = (asked().await, String::new());
        while before != last {
            tokio::time::sleep(Duration::from_millis(300)).await;
            last = std::mem::replace(&mut before, asked().await);
        }
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let after = asked().await;
        assert_eq!(before, after, "a statement was run meanwhile");
        office.invite("guest@example.com").await;
        let queued = Instant::now();
        while office.smtp.received().is_empty() {
            assert!(queued.elapsed() < Duration::from_secs(20), "nobody heard");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    tokio::join!(office.service.run_outbox(&mailer, stop.clone()), watch);
}
