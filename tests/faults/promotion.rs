//! The primary dies, the standby takes over: a connection string with both finds the one that writes.

use crate::{
    count,
    ledger::{Ledger, invariants},
    load::{connected, installation, load, service_on},
    support::{counted, server::Server},
};
use rollbook::service::Service;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// Makes a commit acknowledged only when the standby has it.
async fn acknowledged_by_both(primary: &Server) {
    let admin = connected(&primary.dsn("postgres")).await;
    for sql in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        admin.batch_execute(sql).await.unwrap();
    }
    let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    counted(&admin, synchronous).await;
}

/// The primary dies and the standby is promoted; how long until the service is back.
async fn take_over(primary: &Server, standby: &Server, service: &Service) -> Duration {
    let died = Instant::now();
    tokio::task::block_in_place(|| {
        primary.kill();
        standby.promote();
    });
    // It must not wait for a standby of its own.
    let admin = connected(&standby.dsn("postgres")).await;
    for sql in [
        "ALTER SYSTEM RESET synchronous_standby_names",
        "SELECT pg_reload_conf()",
    ] {
        admin.batch_execute(sql).await.unwrap();
    }
    while service.ready().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    died.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_has_everything_that_was_acknowledged() {
    let promotions = count(1, 50);
    let per_round = 250;
    let mut primary = Server::new();
    let (_, accounts) = installation(&primary.dsn("postgres")).await;
    let mut ledger = Ledger::default();
    let begun = AtomicUsize::new(0);
    let mut slowest = Duration::ZERO;
    for round in 1..=promotions {
        let standby = tokio::task::block_in_place(|| primary.standby());
        acknowledged_by_both(&primary).await;
        let both = format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=rollbook dbname=postgres target_session_attrs=read-write",
            primary.port, standby.port
        );
        let service = service_on(&both, 12);
        let total = round * per_round;
        begun.fetch_min(total - per_round, Ordering::Relaxed);
        let breaking = async {
            while begun.load(Ordering::Relaxed) < total - per_round / 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            take_over(&primary, &standby, &service).await
        };
        let (told, back) = tokio::join!(load(&service, &accounts, (&begun, total)), breaking);
        ledger.merge(told);
        slowest = slowest.max(back);
        primary = standby;
        let client = connected(&primary.dsn("postgres")).await;
        let verdict = ledger.check(&client).await;
        assert_eq!(
            (verdict.lost, verdict.duplicated),
            (0, 0),
            "promotion {round}: {verdict}"
        );
        invariants(&client, &service, &accounts).await;
    }
    let verdict = ledger
        .check(&connected(&primary.dsn("postgres")).await)
        .await;
    eprintln!("faults: {promotions} promotions: {verdict}; writes back after at most {slowest:?}");
    assert!(verdict.resolved > 0, "{verdict}");
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
}
