//! Futures dropped in the middle, wherever that is: no transaction stays open, and the next call works.

use crate::{
    count,
    load::service_on,
    support::{TestDb, account_with_owner, custom, email, join, operator, service},
};
use rollbook::{
    domain::{Grant, MemberQuery, Seek},
    service::{Limits, SendInvitation, ServiceError, SetGrant, Write},
};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn dropped_calls_leave_no_open_transaction_and_no_spoilt_connection() {
    let calls = count(300, 10_000);
    let db = TestDb::new().await;
    let (account, actor) = account_with_owner(&service(&db), "Acme", "ada@acme.example").await;
    join(&service(&db), account, "bob@acme.example", Grant::full()).await;
    // One connection: whatever a dropped call leaves behind, the next one meets.
    let service = service_on(&db.dsn(), 1);
    let client = db.client().await;
    let query = MemberQuery::default();
    let (mut dropped, mut open) = (0, 0);
    for number in 0..calls {
        let write = Write::new(&actor, account);
        let limit = Duration::from_micros(20 * (number as u64 * 7919 % 97));
        let call = async {
            match number % 3 {
                0 => {
                    let set = SetGrant {
                        email: email("bob@acme.example"),
                        to: custom(&["domains.view"]),
                        version: None,
                    };
                    service.set_grant(&write, &set).await.map(drop)
                }
                1 => {
                    let send = SendInvitation {
                        email: email(&format!("guest{number}@guests.example")),
                        grant: Grant::full(),
                        limits: Limits::Lifted,
                    };
                    service.send_invitation(&write, &send).await.map(drop)
                }
                _ => service
                    .list_members(&actor, account, &query, (&Seek::First, 50))
                    .await
                    .map(drop),
            }
        };
        match timeout(limit, call).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("call {number}: {error}"),
            Err(_) => dropped += 1,
        }
        let after = service.list_invitations(&operator(), account).await;
        let spoilt = |error: ServiceError| panic!("after call {number}: {error}");
        after.unwrap_or_else(spoilt);
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 second'";
        open += client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    eprintln!(
        "faults: {calls} calls, {dropped} dropped in the middle, {open} transactions left open"
    );
    assert_eq!(open, 0);
    assert!(dropped > calls / 4, "{dropped} of {calls} were dropped");
}
