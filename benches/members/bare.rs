//! The bare query of each operation: written for its index, prepared once, with the plan that a person
//! would choose who knows the data.

use crate::cases::{Case, Place, Work};
use crate::database::Database;
use crate::measure::page_rows;
use deadpool_postgres::Object;
use jiff::Timestamp;
use rollbook::{
    domain::{AccountId, Cursor, Direction, MemberQuery, Needle, Role, Sort},
    store::Connection,
};
use std::time::{Duration, Instant};
use tokio_postgres::{
    Row, Statement,
    types::{ToSql, Type},
};
use uuid::Uuid;

/// How far a screen counts.
pub(crate) const CAP: i64 = 1_001;

const COLUMNS: &str =
    "m.user_id, m.email, m.email_key, m.name, m.role, m.permissions, m.last_login,
    m.joined_at, m.invited_by, m.ownership_offered_by IS NOT NULL AS ownership_offered, m.version";
/// Address, last login, number of the role: the place of a page.
const TYPES: [Type; 3] = [Type::TEXT, Type::TIMESTAMPTZ, Type::INT2];

/// The connections that the bare queries have to themselves, one for each kind of plan.
pub(crate) struct Bare {
    free: Connection,
    /// Only walks the order.
    walking: Connection,
}

/// What may stand in a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    Free,
    Walk,
    /// By the trigram index first; on the same connection as [`Plan::Free`].
    Trigrams,
}

/// A bare query that is ready to run.
pub(crate) struct Ready {
    statement: Statement,
    sql: String,
    plan: Plan,
    /// What it takes to put whoever the trigrams find in order, where there is a needle.
    pub(crate) trigrams: Option<Duration>,
}

impl Bare {
    pub(crate) async fn on(database: &Database) -> Self {
        let (mut free, mut walking) = (database.plain().await, database.plain().await);
        // Planned once, for the literals that stand in it: nothing is planned while times are taken.
        let once = "SET plan_cache_mode = force_generic_plan; SET statement_timeout = 0";
        let walk = "SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off";
        free.client_mut()
            .unwrap()
            .batch_execute(once)
            .await
            .unwrap();
        let db = walking.client_mut().unwrap();
        db.batch_execute(&format!("{once}; {walk}")).await.unwrap();
        Self { free, walking }
    }

    /// A connection for what is not measured.
    pub(crate) fn db(&mut self) -> &mut Object {
        self.free.client_mut().unwrap()
    }

    fn of(&mut self, plan: Plan) -> &mut Object {
        let connection = match plan {
            Plan::Free | Plan::Trigrams => &mut self.free,
            Plan::Walk => &mut self.walking,
        };
        connection.client_mut().unwrap()
    }

    /// Prepares the quickest way to the same rows.
    pub(crate) async fn ready(&mut self, account: AccountId, case: &Case, at: &Cursor) -> Ready {
        let mut best: Option<(Duration, Ready)> = None;
        let mut trigrams = None;
        for (plan, sql) in ways(account, case) {
            let statement = self.of(plan).prepare_typed(&sql, &TYPES).await.unwrap();
            let ready = Ready {
                statement,
                sql,
                plan,
                trigrams: None,
            };
            let took = self.probe(&ready, at).await;
            if plan == Plan::Trigrams {
                trigrams = Some(took);
            }
            if best.as_ref().is_none_or(|(least, _)| took < *least) {
                best = Some((took, ready));
            }
        }
        Ready {
            trigrams,
            ..best.unwrap().1
        }
    }

    /// The best time of a few, five seconds where it takes longer; one that is cut off has warmed the cache
    /// for the next.
    async fn probe(&mut self, ready: &Ready, at: &Cursor) -> Duration {
        let db = self.of(ready.plan);
        let cut_off = "SET statement_timeout = '5s'";
        db.batch_execute(cut_off).await.unwrap();
        let mut best = Duration::from_secs(5);
        for _ in 0..4 {
            let start = Instant::now();
            let place = (&at.email_key, &at.last_login, &rank(at));
            let parameters: [&(dyn ToSql + Sync); 3] = [place.0, place.1, place.2];
            if db.query(&ready.statement, &parameters).await.is_ok() {
                best = best.min(start.elapsed());
            }
        }
        db.batch_execute("SET statement_timeout = 0").await.unwrap();
        best
    }

    /// Runs it as it is; what a row holds is not looked at.
    pub(crate) async fn run(&mut self, ready: &Ready, at: &Cursor) -> Vec<Row> {
        let place = (&at.email_key, &at.last_login, &rank(at));
        let db = self.of(ready.plan);
        db.query(&ready.statement, &[place.0, place.1, place.2])
            .await
            .unwrap()
    }

    /// The buffers that it touches at this place, and the indexes of its plan.
    pub(crate) async fn explain(&mut self, ready: &Ready, at: &Cursor) -> (i64, String) {
        let login = at
            .last_login
            .map_or("NULL".to_owned(), |at| format!("'{at}'"));
        let sql = format!(
            "PREPARE explained (text, timestamptz, smallint) AS {};
             EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained ('{}', {login}, {});",
            ready.sql,
            at.email_key,
            rank(at),
        );
        let db = self.of(ready.plan);
        let told = db.simple_query(&sql).await.unwrap();
        db.batch_execute("DEALLOCATE explained").await.unwrap();
        let text = told.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let plan: serde_json::Value = serde_json::from_str(text.unwrap()).unwrap();
        let plan = &plan[0]["Plan"];
        let blocks = |kind: &str| plan[kind].as_i64().unwrap_or_default();
        let mut indexes = Vec::new();
        scans(plan, &mut indexes);
        (
            blocks("Shared Hit Blocks") + blocks("Shared Read Blocks"),
            indexes.join(" + "),
        )
    }
}

/// Collects what a plan reads from.
fn scans(plan: &serde_json::Value, into: &mut Vec<String>) {
    if let Some(index) = plan["Index Name"].as_str() {
        into.push(index.to_owned());
    } else if plan["Node Type"] == "Seq Scan" {
        into.push(format!(
            "all of {}",
            plan["Relation Name"].as_str().unwrap_or("it")
        ));
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        scans(below, into);
    }
}

/// Reads every column of a page into values of one's own: what any program has to do with the rows.
pub(crate) fn read(rows: &[Row]) -> usize {
    type Columns = (
        (Uuid, String, String, String, String, Vec<String>),
        (Option<Timestamp>, Timestamp, Option<String>, bool, i64),
    );
    let owned: Vec<Columns> = rows
        .iter()
        .map(|r| {
            (
                (r.get(0), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5)),
                (r.get(6), r.get(7), r.get(8), r.get(9), r.get(10)),
            )
        })
        .collect();
    std::hint::black_box(owned).len()
}

/// The number that the column `role_rank` holds.
fn rank(at: &Cursor) -> i16 {
    match at.role {
        Role::Owner => 0,
        Role::Full => 1,
        Role::Custom => 2,
    }
}

/// The statements that give the rows; more than one where the needle decides which is quicker.
fn ways(account: AccountId, case: &Case) -> Vec<(Plan, String)> {
    let account = format!("m.account_id = '{}'", account.0);
    let literal = case.query.search.replace('\'', "''").replace('_', "\\_");
    let needle = match case.query.needle() {
        // As the list has it: how an address begins.
        Needle::Prefix(_) => {
            format!("m.email_key >= '{literal}' AND m.email_key < '{literal}\u{10ffff}'")
        }
        _ => format!("m.search LIKE '%{literal}%'"),
    };
    let place = match case.work {
        Work::Page(place) => place,
        Work::Count => return counts(&account, &case.query, &needle),
    };
    let order = Order::of(&case.query, place);
    let (beyond, order_by) = (order.beyond(place), order.by());
    let page = format!("{beyond} ORDER BY {order_by} LIMIT {}", page_rows());
    let plain = format!("SELECT {COLUMNS} FROM memberships m WHERE {account}");
    if case.query.search.is_empty() {
        return vec![(Plan::Free, format!("{plain} {page}"))];
    }
    let matching = "SELECT * FROM memberships m WHERE";
    vec![
        (Plan::Free, format!("{plain} AND {needle} {page}")),
        // Down the order, each row looked at.
        (Plan::Walk, format!("{plain} AND {needle} {page}")),
        // Whoever matches, by the trigram index, then put in order.
        (
            Plan::Trigrams,
            format!(
                "WITH m AS MATERIALIZED ({matching} {account} AND {needle})
                 SELECT {COLUMNS} FROM m WHERE true {page}"
            ),
        ),
    ]
}

fn counts(account: &str, query: &MemberQuery, needle: &str) -> Vec<(Plan, String)> {
    if query.search.is_empty() {
        let id = account.replace("m.account_id", "id");
        let sql = format!("SELECT member_count FROM accounts WHERE {id}");
        return vec![(Plan::Free, sql)];
    }
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM memberships m
         WHERE {account} AND {needle} LIMIT {CAP}) found"
    );
    vec![(Plan::Free, sql.clone()), (Plan::Walk, sql)]
}

/// How the index of an order is walked.
struct Order {
    key: &'static str,
    cursor: &'static str,
    down: bool,
}

impl Order {
    fn of(query: &MemberQuery, place: Place) -> Self {
        let (key, cursor) = match (query.order(), query.direction) {
            (Sort::Email, _) => ("", ""),
            (Sort::Role, _) => ("m.role_rank", "$3"),
            (Sort::LastLogin, Direction::Ascending) => (
                "coalesce(m.last_login, 'infinity'::timestamptz)",
                "coalesce($2, 'infinity'::timestamptz)",
            ),
            (Sort::LastLogin, Direction::Descending) => (
                "coalesce(m.last_login, '-infinity'::timestamptz)",
                "coalesce($2, '-infinity'::timestamptz)",
            ),
        };
        let backwards = matches!(place, Place::Last | Place::Before);
        Self {
            key,
            cursor,
            down: (query.direction == Direction::Descending) != backwards,
        }
    }

    fn by(&self) -> String {
        let word = if self.down { "DESC" } else { "ASC" };
        match self.key {
            "" => format!("m.email_key {word}"),
            key => format!("{key} {word}, m.email_key {word}"),
        }
    }

    fn beyond(&self, place: Place) -> String {
        let sign = match (place, self.down) {
            (Place::First | Place::Last, _) => return String::new(),
            (Place::From, _) => ">=",
            (_, true) => "<",
            (_, false) => ">",
        };
        match self.key {
            "" => format!("AND m.email_key {sign} $1"),
            key => format!("AND ({key}, m.email_key) {sign} ({}, $1)", self.cursor),
        }
    }
}
