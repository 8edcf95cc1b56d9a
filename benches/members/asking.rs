//! What the service is asked, and about whom.

use crate::{
    bare::CAP,
    cases::{Case, Place, Work},
    database::Database,
    measure::{page_rows, rounds},
};
use deadpool_postgres::Object;
use rollbook::{
    domain::{AccountId, Cursor, Role, Seek},
    service::Result,
};

/// The service once: how many rows, or what it said instead.
pub(crate) async fn ask(
    database: &Database,
    account: AccountId,
    case: &Case,
    at: &Cursor,
) -> Result<usize> {
    let Database { service, actor, .. } = database;
    let place = match case.work {
        Work::Page(place) => place,
        Work::Count => {
            let count = service
                .count_members(actor, account, &case.query, CAP)
                .await;
            return Ok(usize::try_from(count?).unwrap());
        }
    };
    let seek = match place {
        Place::First => Seek::First,
        Place::Last => Seek::Last,
        Place::After => Seek::After(at.clone()),
        Place::From => Seek::From(at.clone()),
        Place::Before => Seek::Before(at.clone()),
    };
    let page = service
        .list_members(actor, account, &case.query, (&seek, page_rows()))
        .await;
    Ok(page?.rows.len())
}

/// So many places, with the pages that begin there, stay in the server's buffers while they are measured: 120 MB.
const PLACES: usize = 150;

/// Members at random.
pub(crate) async fn places(db: &Object, account: AccountId) -> Vec<Cursor> {
    let wanted = rounds().min(PLACES);
    let pages: f32 = db
        .query_one(
            "SELECT relpages::real FROM pg_class WHERE oid = 'memberships'::regclass",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    // As many blocks as places, and enough of a small table.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let percent = (wanted as f32 * 100.0 / pages.max(1.0)).clamp(0.001, 100.0);
    let sql = format!(
        "SELECT email_key, last_login, role FROM memberships TABLESAMPLE SYSTEM ({percent})
         WHERE account_id = $1 ORDER BY random() LIMIT $2"
    );
    let limit = i64::try_from(wanted).unwrap();
    let rows = db.query(&sql, &[&account.0, &limit]).await.unwrap();
    let cursor = |row: &tokio_postgres::Row| Cursor {
        email_key: row.get(0),
        last_login: row.get(1),
        role: Role::from_word(row.get(2)).unwrap(),
    };
    rows.iter().map(cursor).collect()
}

/// The places of a case: where a prefix is jumped to, three letters of somebody's address.
pub(crate) fn places_of(case: &Case, places: &[Cursor]) -> Vec<Cursor> {
    let at = |at: &Cursor| match case.work {
        Work::Page(Place::From) => Cursor {
            email_key: at.email_key.chars().take(3).collect(),
            ..at.clone()
        },
        _ => at.clone(),
    };
    places.iter().map(at).collect()
}
