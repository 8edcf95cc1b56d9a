//! Where a row stands among all of its list: counted where that is near, estimated by the planner where
//! it is far.

use super::{
    StoreError,
    page::{self, At, Order},
};
use crate::domain::{AccountId, Cursor, MemberQuery};
use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::types::{ToSql, Type};

/// On which side of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// How long a count that somebody waits for may take on the server.
const PATIENCE: &str = "2min";

/// The types of a statement's parameters; not every order and search uses every one.
const TYPES: [Type; 6] = [
    Type::UUID,
    Type::INT8,
    Type::TEXT,
    Type::INT2,
    Type::TIMESTAMPTZ,
    Type::TEXT,
];

/// The literal text of a count's statement: the nearest rows first, so that a capped count reads no more
/// than the cap.
pub fn statement(query: &MemberQuery, side: Side) -> String {
    let order = Order::of(query);
    let backwards = side == Side::Before;
    let (search, beyond) = (page::matching(query), order.beyond(backwards));
    let order_by = order.order_by(backwards);
    format!(
        "SELECT count(*) FROM (
             SELECT 1 FROM account_members m WHERE m.account_id = $1 {search} AND {beyond}
             ORDER BY {order_by} LIMIT $2) beside"
    )
}

/// How many rows stand on one side of a row, counted up to `cap`.
///
/// # Errors
/// What the database says.
pub async fn count(
    db: &impl GenericClient,
    (account, query): (AccountId, &MemberQuery),
    (cursor, side): (&Cursor, Side),
    cap: i64,
) -> Result<i64, StoreError> {
    let (at, needle) = (At::a_row(cursor), page::needle(query));
    let parameters: [&(dyn ToSql + Sync); 6] = [
        &account.0,
        &cap,
        &at.email_key,
        &at.role_rank,
        &at.last_login,
        &needle,
    ];
    // Prepared anew, so planned for this needle and this cap.
    let statement = db.prepare_typed(&statement(query, side), &TYPES).await?;
    Ok(db.query_one(&statement, &parameters).await?.get(0))
}

/// How many rows the planner expects on one side of a row, from its statistics alone; none where the
/// server does not tell.
///
/// # Errors
/// What the database says.
pub async fn estimate(
    db: &impl GenericClient,
    (account, query): (AccountId, &MemberQuery),
    (cursor, side): (&Cursor, Side),
) -> Result<Option<i64>, StoreError> {
    let (at, needle) = (At::a_row(cursor), page::needle(query));
    let parameters: [&(dyn ToSql + Sync); 6] = [
        &account.0,
        &0_i64,
        &at.email_key,
        &at.role_rank,
        &at.last_login,
        &needle,
    ];
    let order = Order::of(query);
    let (search, beyond) = (
        page::matching(query),
        order.beyond_by_column(side == Side::Before),
    );
    let text = format!(
        "EXPLAIN (FORMAT JSON)
         SELECT 1 FROM account_members m WHERE m.account_id = $1 {search} AND {beyond}"
    );
    let statement = db.prepare_typed(&text, &TYPES).await?;
    let plan: Value = db.query_one(&statement, &parameters).await?.get(0);
    let rows = plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rows fit, and it is a guess"
    )]
    let rows = rows.map(|rows| rows as i64);
    Ok(rows)
}

/// Lets this transaction's statements take longer than others: somebody waits, and can end them.
///
/// # Errors
/// What the database says.
pub async fn take_time(db: &impl GenericClient) -> Result<(), StoreError> {
    let sql = "SELECT set_config('statement_timeout', $1, true)";
    let statement = db.prepare_cached(sql).await?;
    db.query_one(&statement, &[&PATIENCE]).await?;
    Ok(())
}
