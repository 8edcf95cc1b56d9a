//! The same operations in accounts of a thousand members and ten times as many again, each in a database
//! of its own, in turn in one run: what grows with the account.

use crate::{
    asking::{ask, places},
    cases::{Case, Place, Work, by},
    database::{Database, Server},
    measure::{Quantiles, goes_on, timed},
    people::Person,
};
use rollbook::{
    domain::{Cursor, Direction, Email, Grant, Role, Sort},
    service::{SetGrant, Write},
};
use std::time::{Duration, Instant};

const SMALLEST: u64 = 1_000;
/// Bytes of the tables that grow with the members, and of their indexes.
const SIZES: &str =
    "SELECT c.relname::text || CASE WHEN i.indexrelid IS NULL THEN '' ELSE ' (index)' END,
        pg_relation_size(c.oid)
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE coalesce(i.indrelid, c.oid) IN ('users'::regclass, 'memberships'::regclass)
    ORDER BY i.indexrelid IS NOT NULL, 2 DESC";

/// One of the databases, with the places that are asked for.
struct Size {
    database: Database,
    places: Vec<Cursor>,
}

/// What is done.
enum Deed {
    Ask(Case),
    /// Somebody gets another set of permissions.
    SetGrant,
}

/// Prints how times and sizes grow from a thousand members to `largest`.
pub(crate) async fn run(server: &Server, largest: u64) {
    let mut sizes = Vec::new();
    let mut members = SMALLEST;
    while members <= largest {
        let database = server.database(members).await;
        let mut plain = database.plain().await;
        let places = places(plain.client_mut().unwrap(), database.large).await;
        drop(database.pool().await);
        sizes.push(Size { database, places });
        members *= 10;
    }
    let heads: Vec<String> = sizes
        .iter()
        .map(|size| size.database.members.to_string())
        .collect();
    println!(
        "\n| p50 in µs, and its ratio to the first | {} |",
        heads.join(" | ")
    );
    println!("| --- |{}", " --: |".repeat(sizes.len()));
    for (name, deed) in deeds() {
        let mut times: Vec<Vec<Duration>> = sizes.iter().map(|_| Vec::new()).collect();
        let began = Instant::now();
        let mut round = 0;
        while goes_on(round, began) {
            for (size, times) in sizes.iter().zip(&mut times) {
                times.push(once(size, &deed, round).await);
            }
            round += 1;
        }
        let medians: Vec<f64> = times
            .into_iter()
            .map(|times| Quantiles::of(times).p50)
            .collect();
        let cells: Vec<String> = medians
            .iter()
            .map(|p50| format!("{p50:.0} ({:.2}×)", p50 / medians.first().unwrap()))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    for size in &sizes {
        print_sizes(&size.database).await;
    }
}

fn deeds() -> Vec<(&'static str, Deed)> {
    let up = by(Sort::Email, Direction::Ascending);
    let newest = by(Sort::LastLogin, Direction::Descending);
    let page = |query: &_, place| {
        Deed::Ask(Case {
            name: String::new(),
            query: Clone::clone(query),
            work: Work::Page(place),
        })
    };
    let found = |needle: &str| rollbook::domain::MemberQuery {
        search: needle.to_lowercase(),
        ..up.clone()
    };
    vec![
        ("first page, e-mail ↑", page(&up, Place::First)),
        ("random page, e-mail ↑", page(&up, Place::After)),
        ("first page, last login ↓", page(&newest, Place::First)),
        ("random page, last login ↓", page(&newest, Place::After)),
        (
            "search, in 32 of 100",
            page(&found(crate::people::COMMON), Place::First),
        ),
        // The same person in each.
        (
            "search, one match",
            page(&found(&Person::number(333).email), Place::First),
        ),
        ("set grant", Deed::SetGrant),
    ]
}

async fn once(size: &Size, deed: &Deed, round: usize) -> Duration {
    let Size { database, places } = size;
    let at = &places[round % places.len()];
    match deed {
        Deed::Ask(case) => {
            let (took, rows) = timed(ask(database, database.large, case, at)).await;
            rows.unwrap();
            took
        }
        Deed::SetGrant => {
            let customs: Vec<&Cursor> =
                places.iter().filter(|at| at.role == Role::Custom).collect();
            let at = customs[round % customs.len()];
            let more = if round.is_multiple_of(2) {
                "tickets.open"
            } else {
                "emails.view"
            };
            let set = SetGrant {
                email: Email::parse(&at.email_key).unwrap(),
                to: Grant::custom(["products.view", more].into_iter().collect()),
                version: None,
            };
            let write = Write::new(&database.actor, database.large);
            let (took, done) = timed(database.service.set_grant(&write, &set)).await;
            done.unwrap();
            took
        }
    }
}

async fn print_sizes(database: &Database) {
    let mut plain = database.plain().await;
    let db = plain.client_mut().unwrap();
    let rows = db.query(SIZES, &[]).await.unwrap();
    let count = db
        .query_one("SELECT count(*) FROM memberships", &[])
        .await
        .unwrap();
    let count: i64 = count.get(0);
    println!(
        "\n{} members and {count} memberships, bytes a membership:",
        database.members
    );
    for row in rows {
        let bytes: i64 = row.get(1);
        println!("  {:>6}  {}", bytes / count, row.get::<_, &str>(0));
    }
}
