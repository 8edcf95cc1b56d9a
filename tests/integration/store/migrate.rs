//! The schema's way to the newest version.

use crate::support::TestDb;
use rollbook::store::migrate;

#[tokio::test]
async fn several_starts_at_once_migrate_once() {
    let db = TestDb::unmigrated().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(db.client().await);
    }
    let runs = clients.iter_mut().map(migrate::run);
    let ran: Vec<usize> = futures_util::future::try_join_all(runs).await.unwrap();
    let client = db.client().await;
    let sql = "SELECT count(*) FROM schema_migrations";
    let all: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(
        i64::try_from(ran.iter().sum::<usize>()).unwrap(),
        all,
        "{ran:?}"
    );
    assert_eq!(migrate::version(&client).await.unwrap(), migrate::newest());
}
