//! The second wall: what the application's role sees and may do, table by table, whatever is asked.

use crate::support::{
    APP_ROLE, TestDb, account_with_owner, custom, email, invite, join, operator, password, service,
    sign_in,
};
use rollbook::{domain::AccountId, service::Write};
use tokio_postgres::{Client, error::SqlState};
use uuid::Uuid;

/// Every table that carries an account, and the column that does.
const CARRIERS: [(&str, &str); 7] = [
    ("accounts", "id"),
    ("memberships", "account_id"),
    ("invitations", "account_id"),
    ("outbox", "account_id"),
    ("sessions", "account_id"),
    ("events", "account_id"),
    ("commands", "account_id"),
];

struct Two {
    db: TestDb,
    ours: AccountId,
    theirs: AccountId,
    our_user: Uuid,
}

/// Two accounts with everything that an account has.
async fn two_accounts() -> Two {
    let db = TestDb::new().await;
    let service = service(&db);
    let mut made = Vec::new();
    for (name, owner) in [
        ("Ours", "ada@ours.example"),
        ("Theirs", "bob@theirs.example"),
    ] {
        let (account, _) = account_with_owner(&service, name, owner).await;
        join(
            &service,
            account,
            &format!("member@{name}.example"),
            custom(&["domains.view"]),
        )
        .await;
        let write = Write::new(&operator(), account);
        invite(
            &service,
            &write,
            "guest@guests.example",
            custom(&["domains.view"]),
        )
        .await;
        let owner = sign_in(&service, owner).await;
        service.enter_account(&owner.actor, account).await.unwrap();
        made.push((account, owner.user.id));
    }
    let (ours, theirs, ada) = (made[0].0, made[1].0, made[0].1);
    // One's own membership in a third account is known, and that account's name: to switch to it.
    let (third, _) = account_with_owner(&service, "Third", "carl@third.example").await;
    db.client()
        .await
        .execute(
            "INSERT INTO memberships (account_id, user_id, role) VALUES ($1, $2, 'custom')",
            &[&third.0, &ada.0],
        )
        .await
        .unwrap();
    Two {
        db,
        ours,
        theirs,
        our_user: ada.0,
    }
}

impl Two {
    /// A connection as the application's role, in the scope of our account and our user.
    async fn inside(&self) -> Client {
        let client = self.outside().await;
        let sql = format!(
            "SET rollbook.account_id = '{}'; SET rollbook.user_id = '{}'",
            self.ours, self.our_user
        );
        client.batch_execute(&sql).await.unwrap();
        client
    }

    /// The same in no scope at all.
    async fn outside(&self) -> Client {
        let client = self.db.client().await;
        client
            .batch_execute(&format!("SET ROLE {APP_ROLE}"))
            .await
            .unwrap();
        client
    }
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_table_that_carries_an_account_is_walled() {
    let db = TestDb::new().await;
    let client = db.client().await;
    let sql = "SELECT DISTINCT c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled
        FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
            AND k.confrelid = 'accounts'::regclass
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
          AND (k.oid IS NOT NULL OR a.attname IS NOT NULL OR c.relname = 'accounts') ORDER BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    let mut found: Vec<String> = Vec::new();
    for row in rows {
        let name: String = row.get("name");
        assert!(
            row.get::<_, bool>("walled"),
            "{name} has no forced row-level security"
        );
        found.push(name);
    }
    let mut known: Vec<&str> = CARRIERS.iter().map(|(table, _)| *table).collect();
    known.sort_unstable();
    assert_eq!(found, known, "a new table needs a line in this test");
}

#[tokio::test]
async fn without_a_scope_no_row_is_seen_or_made() {
    let two = two_accounts().await;
    let (app, owner) = (two.outside().await, two.db.client().await);
    for (table, _) in CARRIERS {
        let all = format!("SELECT count(*) FROM {table}");
        assert!(
            count(&owner, &all).await > 0,
            "{table} is empty: nothing is shown by this"
        );
        assert_eq!(count(&app, &all).await, 0, "{table}");
    }
    for view in ["account_members", "account_authority"] {
        let all = format!("SELECT count(*) FROM {view}");
        assert_eq!(count(&app, &all).await, 0, "{view}");
    }
    let sql = format!(
        "INSERT INTO accounts (id, name) VALUES ('{}', 'Made')",
        Uuid::now_v7()
    );
    let refused = app.batch_execute(&sql).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

#[tokio::test]
async fn another_accounts_rows_are_not_read() {
    let two = two_accounts().await;
    let (app, owner) = (two.inside().await, two.db.client().await);
    for (table, column) in CARRIERS {
        let ours = format!(
            "SELECT count(*) FROM {table} WHERE {column} = '{}'",
            two.ours
        );
        assert!(count(&app, &ours).await > 0, "{table}: one's own is seen");
        let theirs = format!(
            "SELECT count(*) FROM {table} WHERE {column} = '{}'",
            two.theirs
        );
        assert!(count(&owner, &theirs).await > 0, "{table}");
        assert_eq!(count(&app, &theirs).await, 0, "{table}");
        // And not through the view that the member table reads.
        let seen = "SELECT count(*) FROM account_members WHERE account_id <> scope_account()";
        assert_eq!(count(&app, seen).await, 0);
        let everything = format!(
            "SELECT count(*) FROM {table} WHERE {column} <> '{}'",
            two.ours
        );
        let third = i64::from(["accounts", "memberships"].contains(&table));
        assert_eq!(count(&app, &everything).await, third, "{table}");
    }
}

#[tokio::test]
async fn nobodys_authority_is_seen_but_ones_own_and_in_the_account_of_the_scope() {
    let two = two_accounts().await;
    let app = two.inside().await;
    let held = "SELECT count(*) FROM account_authority WHERE held_role = 'owner'";
    assert_eq!(count(&app, held).await, 1, "our owner's one session");
    let all = "SELECT count(*) FROM account_authority";
    assert_eq!(count(&app, all).await, 1, "no session of anybody else");
    let elsewhere = format!("SET rollbook.account_id = '{}'", two.theirs);
    app.batch_execute(&elsewhere).await.unwrap();
    let nothing = "SELECT count(*) FROM account_authority WHERE held_role IS NULL
        AND held_permissions IS NULL";
    assert_eq!(
        count(&app, nothing).await,
        1,
        "a session, and no role there"
    );
}

#[tokio::test]
async fn another_accounts_rows_are_not_written() {
    let two = two_accounts().await;
    let (app, owner) = (two.inside().await, two.db.client().await);
    for (table, column) in CARRIERS {
        let before = format!(
            "SELECT count(*) FROM {table} t WHERE {column} = '{}' AND md5(t::text) = ANY ($1)",
            two.theirs
        );
        let prints: Vec<String> = owner
            .query(&format!("SELECT md5(t::text) FROM {table} t"), &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let rows: i64 = owner.query_one(&before, &[&prints]).await.unwrap().get(0);
        for sql in [
            format!(
                "UPDATE {table} SET {column} = {column} WHERE {column} = '{}'",
                two.theirs
            ),
            format!("DELETE FROM {table} WHERE {column} = '{}'", two.theirs),
            format!(
                "UPDATE {table} SET {column} = '{}' WHERE {column} = '{}'",
                two.theirs, two.ours
            ),
        ] {
            // Either it may not at all, or it finds nothing to change, or the new row is refused.
            if let Ok(changed) = app.execute(&sql, &[]).await {
                assert_eq!(changed, 0, "{sql}");
            }
        }
        let after: i64 = owner.query_one(&before, &[&prints]).await.unwrap().get(0);
        assert_eq!(rows, after, "{table}");
    }
    let smuggled = format!(
        "INSERT INTO memberships (account_id, user_id, role) VALUES ('{}', '{}', 'owner')",
        two.theirs,
        Uuid::now_v7()
    );
    assert!(app.batch_execute(&smuggled).await.is_err());
    let promoted = format!(
        "UPDATE memberships SET role = 'owner' WHERE account_id <> '{}' AND user_id = '{}'",
        two.ours, two.our_user
    );
    assert_eq!(
        app.execute(&promoted, &[]).await.unwrap(),
        0,
        "not even one's own"
    );
}

#[tokio::test]
async fn the_role_owns_nothing_and_may_only_add_to_the_audit_log() {
    let two = two_accounts().await;
    let app = two.inside().await;
    for sql in [
        "UPDATE events SET subject = 'mallory'",
        "DELETE FROM events",
        "TRUNCATE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "ALTER TABLE memberships DISABLE ROW LEVEL SECURITY",
        "DROP POLICY seen ON memberships",
        "UPDATE commands SET result = '{}'",
        "UPDATE account_members SET role = 'owner'",
        "DROP VIEW account_authority",
        "CREATE OR REPLACE VIEW account_members AS SELECT * FROM memberships",
        "DELETE FROM users",
        "CREATE TABLE mine (id int)",
        "UPDATE schema_migrations SET version = 99",
    ] {
        let refused = app.batch_execute(sql).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE),
            "{sql}: {refused}"
        );
    }
    let owned = format!("SELECT count(*) FROM pg_class WHERE relowner = '{APP_ROLE}'::regrole");
    assert_eq!(count(&app, &owned).await, 0);
}

#[tokio::test]
async fn a_temporary_table_stands_in_for_no_real_one() {
    let two = two_accounts().await;
    let app = two.inside().await;
    let sql = format!(
        "CREATE TEMP TABLE memberships (account_id uuid, user_id uuid, role text);
         CREATE TEMP TABLE accounts (id uuid);
         BEGIN;
         DELETE FROM public.memberships WHERE account_id = '{}' AND role = 'owner';
         COMMIT",
        two.ours
    );
    let refused = app.batch_execute(&sql).await.unwrap_err();
    assert_eq!(
        refused.code().map(SqlState::code),
        Some("RB001"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_service_runs_as_the_role() {
    let db = TestDb::new().await;
    let mut connection = db.store().connect().await.unwrap();
    let row = connection
        .client_mut()
        .unwrap()
        .query_one("SELECT current_user::text", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), APP_ROLE);
    // And a service on it works all the same.
    let service = service(&db);
    service
        .set_up(
            &operator(),
            "Ours",
            &email("ada@ours.example"),
            Some(&password()),
        )
        .await
        .unwrap();
}
