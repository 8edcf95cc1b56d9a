//! What a page costs the server: in every order and direction, at every place and under every search it is
//! read by an index, and costs no more among 50,000 members than among 2,000.
//! `ROLLBOOK_TEST_ROWS=1000000 cargo test store::plans` takes a million.

use crate::support::{APP_ROLE, TestDb};
use rollbook::{
    domain::{AccountId, Cursor, Direction, MemberQuery, Needle, Role, Seek, Sort},
    store::{
        authority, page,
        position::{self, Side},
    },
};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

const FEW: i64 = 2_000;
/// Unless `ROLLBOOK_TEST_ROWS` says more.
const MANY: i64 = 50_000;
/// Rows of a page, and the one that tells whether there are more.
const ROWS: i64 = 51;
/// A row may be on a page of its own, and a little stands around: the account, the index's upper pages.
const BUFFERS: i64 = 3 * ROWS + 20;
/// What is counted without being asked.
const NEAR: i64 = 501;

fn many() -> i64 {
    let rows = std::env::var("ROLLBOOK_TEST_ROWS").ok();
    rows.map_or(MANY, |rows| rows.parse().unwrap())
}

/// Of an owner, who looks.
const SESSION: &str = "01900000-0000-7000-8000-000000000001";

/// An account with so many members.
struct Filled {
    db: TestDb,
    account: AccountId,
    count: i64,
}

impl Filled {
    async fn new(count: i64) -> Self {
        let (db, account) = (TestDb::new().await, AccountId::new());
        let client = db.client().await;
        let sql = format!(
            "INSERT INTO accounts (id, name) VALUES ('{id}', 'Plans');
             INSERT INTO users (id, email, email_key, name, password_hash, last_login)
             SELECT gen_random_uuid(), a, a, 'Person ' || n, 'x', CASE WHEN n % 12 <> 0
                 THEN timestamptz '2026-01-01' - make_interval(mins => (n * 7919 % {count} / 3)::int) END
             FROM generate_series(0, {count}::bigint - 1) n,
                 LATERAL (SELECT 'user' || lpad(n::text, 6, '0') || '@example.com' AS a) x;
             INSERT INTO memberships (account_id, user_id, role, permissions)
             SELECT '{id}', id, CASE WHEN n % 1000 = 0 THEN 'owner' WHEN n % 10 = 0 THEN 'full'
                 ELSE 'custom' END, ARRAY['products.view', 'invoices.pay']
             FROM (SELECT id, row_number() OVER (ORDER BY md5(email_key)) AS n FROM users) u;
             INSERT INTO sessions (id, user_id, token_digest, source, expires_at)
             SELECT '{SESSION}', user_id, sha256('s'), 'plans', now() + interval '1 day'
             FROM memberships WHERE role = 'owner' ORDER BY user_id LIMIT 1;
             ANALYZE",
            id = account.0
        );
        client.batch_execute(&sql).await.unwrap();
        client
            .batch_execute("VACUUM (ANALYZE) memberships")
            .await
            .unwrap();
        Self { db, account, count }
    }

    /// A member in the middle of the addresses; every twelfth has never logged in.
    fn middle(&self, last_login: Option<jiff::Timestamp>) -> Cursor {
        Cursor {
            email_key: format!("user{:06}@example.com", self.count / 2),
            last_login,
            role: Role::Custom,
        }
    }

    /// The plan of a statement that was run as the program runs it, prepared and in an account's scope.
    async fn plan(&self, text: &str, values: &[String], types: &str, mode: &str) -> Value {
        let client = self.db.client().await;
        let sql = format!(
            "BEGIN; SET LOCAL ROLE {APP_ROLE}; SET LOCAL rollbook.account_id = '{}';
             SET LOCAL rollbook.user_id = ''; SET LOCAL rollbook.secret = '';
             SET LOCAL rollbook.reach = ''; SET LOCAL plan_cache_mode = {mode};
             PREPARE page (uuid, text, int2, timestamptz, text, {types}) AS {text};
             EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ({})",
            self.account.0,
            values.join(", ")
        );
        let answers = client.simple_query(&sql).await.unwrap();
        let lines = answers.iter().filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) if row.columns()[0].name() == "QUERY PLAN" => row.get(0),
            _ => None,
        });
        let plan: Value = serde_json::from_str(&lines.collect::<String>()).unwrap();
        plan[0]["Plan"].clone()
    }

    /// The plan of a page as somebody with a session gets it, with their authority.
    async fn viewed(&self, (query, seek, at): (&MemberQuery, &Seek, &Cursor), mode: &str) -> Value {
        let text = authority::page_statement(query, seek, ROWS);
        let mut values = self.values(query, at);
        let owner = format!("(SELECT user_id FROM sessions WHERE id = '{SESSION}')");
        let client = self.db.client().await;
        let user: uuid::Uuid = client.query_one(&owner, &[]).await.unwrap().get(0);
        let who = [
            format!("'{user}'"),
            format!("'{SESSION}'"),
            "3600".into(),
            "900".into(),
        ];
        values.extend(who);
        let types = "uuid, uuid, float8, float8";
        let plan = self.plan(&text, &values, types, mode).await;
        assert_ne!(plan["Actual Rows"], 0, "not even an authority");
        plan
    }

    /// The same as anybody gets it who is let in another way.
    async fn plain(&self, (query, seek, at): (&MemberQuery, &Seek, &Cursor), mode: &str) -> Value {
        let text = page::statement(query, seek, ROWS);
        let mut values = self.values(query, at);
        values.push(ROWS.to_string());
        self.plan(&text, &values, "int8", mode).await
    }

    /// The parameters of a page as the program gives them.
    fn values(&self, query: &MemberQuery, cursor: &Cursor) -> Vec<String> {
        let needle = match query.needle() {
            Needle::None => String::new(),
            Needle::Prefix(text) => text.to_owned(),
            Needle::Part(text) => page::like(text),
        };
        let rank = match cursor.role {
            Role::Owner => 0,
            Role::Full => 1,
            Role::Custom => 2,
        };
        let login = cursor.last_login.map(|at| format!("'{at}'"));
        vec![
            format!("'{}'", self.account.0),
            format!("'{}'", cursor.email_key),
            rank.to_string(),
            login.unwrap_or_else(|| "NULL".to_owned()),
            format!("'{needle}'"),
        ]
    }
}

/// A plan's faults: a table read whole, or more rows sorted than a page has.
fn faults(plan: &Value, found: &mut Vec<String>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let inputs = plan["Plans"].as_array().map_or(&[][..], Vec::as_slice);
    // Of one row, which stand in one block.
    let small = ["sessions", "accounts"].map(Value::from);
    if kind == "Seq Scan" && !small.contains(&plan["Relation Name"]) {
        found.push(format!("reads all of {}", plan["Relation Name"]));
    }
    if kind.ends_with("Sort") {
        let rows = inputs
            .iter()
            .filter_map(|input| input["Actual Rows"].as_f64());
        let rows = rows.fold(0.0, f64::max);
        if rows > 51.0 {
            found.push(format!("sorts {rows} rows"));
        }
    }
    for input in inputs {
        faults(input, found);
    }
}

fn buffers(plan: &Value) -> i64 {
    let blocks = |name: &str| plan[name].as_i64().unwrap_or(0);
    blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
}

/// Every order in every direction, without a search and with each kind of it.
fn queries() -> Vec<MemberQuery> {
    let mut queries = Vec::new();
    for sort in [Sort::Email, Sort::LastLogin, Sort::Role] {
        for direction in [Direction::Ascending, Direction::Descending] {
            // Nobody in particular; how many addresses begin; nearly everybody; one person.
            for search in ["", "u", "us", "example", "001999@"] {
                queries.push(MemberQuery {
                    sort,
                    direction,
                    search: search.to_owned(),
                });
            }
        }
    }
    queries
}

fn seeks(filled: &Filled) -> Vec<(Seek, Cursor)> {
    let login = "2025-12-31T12:00:00Z".parse().unwrap();
    let mut seeks = vec![
        (Seek::First, filled.middle(None)),
        (Seek::Last, filled.middle(None)),
    ];
    for cursor in [filled.middle(Some(login)), filled.middle(None)] {
        for seek in [Seek::After, Seek::Before, Seek::From] {
            seeks.push((seek(cursor.clone()), cursor.clone()));
        }
    }
    seeks
}

/// The plans that the program gets: of its cached statements the one for any parameters too.
fn modes(query: &MemberQuery) -> &'static [&'static str] {
    match query.needle() {
        Needle::Part(_) => &["force_custom_plan"],
        Needle::None | Needle::Prefix(_) => &["force_custom_plan", "force_generic_plan"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_read_by_an_index_at_a_price_that_does_not_grow() {
    let (few, many) = (Filled::new(FEW).await, Filled::new(many()).await);
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for query in queries() {
        for mode in modes(&query) {
            for ((seek, at), (_, at_few)) in seeks(&many).into_iter().zip(seeks(&few)) {
                let (large, small) = ((&query, &seek, &at), (&query, &seek, &at_few));
                let mut plans = vec![(many.plain(large, mode).await, few.plain(small, mode).await)];
                if !matches!(query.needle(), Needle::Part(_)) {
                    plans.push((
                        many.viewed(large, mode).await,
                        few.viewed(small, mode).await,
                    ));
                }
                for (much, little) in plans {
                    looked_at += 1;
                    let found = too_dear(&much, &little);
                    if !found.is_empty() {
                        wrong.push(format!("{query:?} {seek:?} {mode}: {}", found.join(", ")));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {looked_at}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(looked_at > 600, "{looked_at}");
}

/// What is wrong with the plan of a page among many, beside that among few.
fn too_dear(plan: &Value, small: &Value) -> Vec<String> {
    let mut found = Vec::new();
    faults(plan, &mut found);
    let (much, little) = (buffers(plan), buffers(small));
    let alike = plan["Actual Rows"] == small["Actual Rows"];
    if much > BUFFERS || (alike && much > 2 * little + 20) {
        found.push(format!("{much} buffers, {little} among few"));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_counted_at_a_price_that_does_not_grow() {
    let many = Filled::new(many()).await;
    let mut wrong = Vec::new();
    for query in queries().into_iter().filter(|q| q.search.is_empty()) {
        for side in [Side::Before, Side::After] {
            let text = position::statement(&query, side);
            let mut values = many.values(&query, &many.middle(None));
            values.push(NEAR.to_string());
            let plan = many.plan(&text, &values, "int8", "force_custom_plan").await;
            let mut found = Vec::new();
            faults(&plan, &mut found);
            let much = buffers(&plan);
            if much > NEAR + 20 {
                found.push(format!("{much} buffers"));
            }
            if !found.is_empty() {
                wrong.push(format!("{query:?} {side:?}: {}", found.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
