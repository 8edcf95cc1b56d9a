//! What somebody may do in an account, as of now: read in one statement that sets its own scope, alone or with
//! a page of members.

use super::{
    Db, StoreError, page, rows,
    sessions::{self, Live, SessionLife},
};
use crate::domain::{AccountId, Grant, Member, MemberQuery, Page, Seek, SessionId, UserId};
use std::sync::LazyLock;
use tokio_postgres::{Row, types::ToSql};

/// A live session, and what its user holds in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub live: Live,
    /// None for who is no member.
    pub grant: Option<Grant>,
    /// Whether the account asks everybody for two factors.
    pub second_factor_required: bool,
}

/// Who looks at an account, and through which session.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub user: UserId,
    pub session: SessionId,
    pub life: SessionLife,
}

/// The columns that [`Authority::of_row`] reads of `authority`, the first of their statement: those of the grant
/// stand where a member's do, and what else there is takes two.
const GRANT: &str = "held_role, held_permissions";
const REST: &str = "ARRAY[stale, second_factor, fresh, coalesce(second_factor_required, false)] AS facts, remaining";
/// Where `facts` stands behind a member's columns; only an authority has them.
const FACTS: usize = rows::width(rows::MEMBER);

/// How a statement begins that finds `authority`: one row, or none when the session has ended. $1 is the
/// account, and the scope is set before anything is looked at, as in [`super::scope`].
fn opening([user, session, idle, fresh]: [&str; 4]) -> String {
    let (vouched, is_live) = (sessions::vouched(idle, fresh), sessions::is_live(idle));
    format!(
        "WITH authority AS MATERIALIZED (
            SELECT scope.account_id, s.* FROM (SELECT
                set_config('rollbook.account_id', $1::uuid::text, true)::uuid AS account_id,
                set_config('rollbook.user_id', {user}::uuid::text, true) OFFSET 0) scope
            CROSS JOIN LATERAL (
                SELECT {vouched}, s.held_role, s.held_permissions, s.second_factor_required
                FROM account_authority s WHERE s.session_id = {session} AND {is_live} LIMIT 1) s)"
    )
}

/// The authority of a user through a session, alone.
static ALONE: LazyLock<String> = LazyLock::new(|| {
    let opening = opening(["$2", "$3", "$4", "$5"]);
    format!("{opening} SELECT {GRANT}, {REST} FROM authority")
});

/// How a page's statement begins: the authority of who asks for it, which comes in a row of its own. A column
/// that only this row has costs something in every other: seven instead of two took 12 µs of a hundred rows.
static BEFORE_A_PAGE: LazyLock<String> = LazyLock::new(|| {
    let opening = opening(["$6", "$7", "$8", "$9"]);
    let no_member = rows::nothing(rows::width(rows::MEMBER) - rows::width(GRANT));
    format!(
        "{opening} SELECT {GRANT}, {no_member}, {REST} FROM authority
         UNION ALL SELECT page.*, NULL, NULL FROM authority CROSS JOIN LATERAL ("
    )
});

/// How it ends: nobody but a member is shown any row.
const AFTER_A_PAGE: &str = ") page WHERE authority.held_role IS NOT NULL";

/// The authority of a user through a session; none when the session has ended.
///
/// # Errors
/// What the database says.
pub async fn read(
    db: &impl Db,
    account: AccountId,
    viewer: &Viewer,
) -> Result<Option<Authority>, StoreError> {
    let (idle, fresh) = sessions::spans(viewer.life);
    let row = db
        .query_opt(
            &ALONE,
            &[&account.0, &viewer.user.0, &viewer.session.0, &idle, &fresh],
        )
        .await?;
    row.as_ref().map(Authority::of_row).transpose()
}

/// The literal text of a page with the authority of who asks for it. $1 to $5 are those of the page.
pub fn page_statement(query: &MemberQuery, seek: &Seek, limit: i64) -> String {
    let page = page::select(query, seek, limit, "authority.account_id");
    [BEFORE_A_PAGE.as_str(), &page, AFTER_A_PAGE].concat()
}

/// A page of an account's members with the authority of who asks, as of the same moment; none when the session
/// has ended. Whether they may see the page is for the caller to say.
///
/// # Errors
/// What the database says.
pub async fn page(
    db: &impl Db,
    account: AccountId,
    viewer: &Viewer,
    query: &MemberQuery,
    (seek, limit): (&Seek, i64),
) -> Result<Option<(Authority, Page<Member>)>, StoreError> {
    let text = page_statement(query, seek, page::texts_limit(limit));
    let bound = page::Bound::new(account, query, page::At::of(seek));
    let (idle, fresh) = sessions::spans(viewer.life);
    let who: [&(dyn ToSql + Sync); 4] = [&viewer.user.0, &viewer.session.0, &idle, &fresh];
    let parameters = [&bound.parameters()[..], &who[..]].concat();
    let mut found = None;
    let mut rows = Vec::with_capacity(page::room(limit));
    db.query_each(&text, &parameters, |row| {
        if row.get::<_, Option<Vec<bool>>>(FACTS).is_some() {
            found = Some(Authority::of_row(row)?);
        } else {
            rows.push(rows::member(row)?);
        }
        Ok(())
    })
    .await?;
    Ok(found.map(|authority| (authority, page::in_list_order(rows, seek, limit))))
}

impl Authority {
    fn of_row(row: &Row) -> Result<Self, StoreError> {
        let held = row.get::<_, Option<&str>>(0);
        let grant = held.map(|role| rows::granted(role, row.get(1))).transpose();
        let what = "an authority";
        let facts = <[bool; 4]>::try_from(row.get::<_, Vec<bool>>("facts"));
        let [stale, second_factor, fresh, second_factor_required] =
            facts.map_err(|_other| StoreError::Unreadable { what })?;
        Ok(Self {
            live: Live::of([stale, second_factor, fresh], row.get("remaining")),
            grant: grant?,
            second_factor_required,
        })
    }
}
