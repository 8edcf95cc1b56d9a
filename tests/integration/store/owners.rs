//! The wall behind the service: even bare SQL on two connections can't leave an account ownerless.

use crate::support::{TestDb, account_with_owner, service};
use tokio_postgres::Client;

async fn leave(client: &Client, address: &str) -> Result<(), tokio_postgres::Error> {
    let sql = format!(
        "BEGIN; DELETE FROM memberships WHERE email_key = '{address}'; SELECT pg_sleep(0.01); COMMIT"
    );
    let left = client.batch_execute(&sql).await;
    if left.is_err() {
        client.batch_execute("ROLLBACK").await?;
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_deleted_at_once_leave_one() {
    let db = TestDb::new().await;
    let service = service(&db);
    account_with_owner(&service, "Acme", "ada@example.org").await;
    let (first, second) = (db.client().await, db.client().await);
    let bob = "INSERT INTO users (id, email, email_key, name, password_hash)
        VALUES (gen_random_uuid(), 'bob@example.org', 'bob@example.org', 'Bob', 'none')";
    first.batch_execute(bob).await.unwrap();
    for _ in 0..20 {
        let both = "INSERT INTO memberships (account_id, user_id, role)
            SELECT a.id, u.id, 'owner' FROM accounts a, users u ON CONFLICT DO NOTHING";
        first.batch_execute(both).await.unwrap();
        let (ada, bob) = tokio::join!(
            leave(&first, "ada@example.org"),
            leave(&second, "bob@example.org")
        );
        assert!(ada.is_ok() != bob.is_ok(), "{ada:?} {bob:?}");
        let refused = ada.err().or(bob.err()).unwrap();
        assert_eq!(
            refused.code().map(|state| state.code().to_owned()),
            Some("RB001".to_owned())
        );
    }
}
