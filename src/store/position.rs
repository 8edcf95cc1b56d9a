//! Where a row stands among all of its list: counted where that is near, estimated by the planner where
//! it is far.

use super::{
    Db, StoreError,
    page::{self, At, Bound, Order},
};
use crate::domain::{AccountId, Cursor, MemberQuery};
use serde_json::Value;

/// On which side of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// How long a count that somebody waits for may take on the server.
const PATIENCE: &str = "2min";

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
             ORDER BY {order_by} LIMIT $6) beside"
    )
}

/// How many rows stand on one side of a row, counted up to `cap`.
///
/// # Errors
/// What the database says.
pub async fn count(
    db: &impl Db,
    (account, query): (AccountId, &MemberQuery),
    (cursor, side): (&Cursor, Side),
    cap: i64,
) -> Result<i64, StoreError> {
    let bound = Bound::new(account, query, At::a_row(cursor));
    let mut parameters = bound.parameters().to_vec();
    parameters.push(&cap);
    // Planned for this needle and this cap.
    let rows = db.query_anew(&statement(query, side), &parameters).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// How many rows the planner expects on one side of a row, from its statistics alone; none where the
/// server does not tell.
///
/// # Errors
/// What the database says.
pub async fn estimate(
    db: &impl Db,
    (account, query): (AccountId, &MemberQuery),
    (cursor, side): (&Cursor, Side),
) -> Result<Option<i64>, StoreError> {
    let bound = Bound::new(account, query, At::a_row(cursor));
    let order = Order::of(query);
    let (search, beyond) = (
        page::matching(query),
        order.beyond_by_column(side == Side::Before),
    );
    let text = format!(
        "EXPLAIN (FORMAT JSON)
         SELECT 1 FROM account_members m WHERE m.account_id = $1 {search} AND {beyond}"
    );
    let explained = db.query_anew(&text, &bound.parameters()).await?;
    let plan: Option<Value> = explained.first().map(|row| row.get(0));
    let rows = plan
        .as_ref()
        .and_then(|plan| plan.pointer("/0/Plan/Plan Rows")?.as_f64());
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
pub async fn take_time(db: &impl Db) -> Result<(), StoreError> {
    let sql = "SELECT set_config('statement_timeout', $1, true)";
    db.query_one(sql, &[&PATIENCE]).await?;
    Ok(())
}
