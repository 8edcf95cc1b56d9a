//! Keyset pages of members: every order is one index, every page costs the page.

use super::{Db, StoreError, moment::Moment, rows, scope::OF_ACCOUNT};
use crate::domain::{AccountId, Cursor, Direction, Member, MemberQuery, Needle, Page, Seek, Sort};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// One order of the list: the expression of its index, and how a cursor is compared with it. The
/// address breaks ties in the same direction, so that a page's place is one row comparison.
pub(super) struct Order {
    /// Sort key before the address; empty when the address is the order.
    key: &'static str,
    /// The same key of the cursor, from its parameters.
    cursor: &'static str,
    direction: Direction,
}

impl Order {
    pub(super) fn of(query: &MemberQuery) -> Self {
        let (key, cursor) = match (query.order(), query.direction) {
            (Sort::Email, _) => ("", ""),
            (Sort::Role, _) => ("m.role_rank", "$3"),
            (Sort::LastLogin, Direction::Descending) => (
                "coalesce(m.last_login, '-infinity'::timestamptz)",
                "coalesce($4, '-infinity'::timestamptz)",
            ),
            (Sort::LastLogin, Direction::Ascending) => (
                "coalesce(m.last_login, 'infinity'::timestamptz)",
                "coalesce($4, 'infinity'::timestamptz)",
            ),
        };
        Self {
            key,
            cursor,
            direction: query.direction,
        }
    }

    /// Whether the index is walked downwards.
    fn is_down(&self, backwards: bool) -> bool {
        (self.direction == Direction::Descending) != backwards
    }

    pub(super) fn order_by(&self, backwards: bool) -> String {
        let word = if self.is_down(backwards) {
            "DESC"
        } else {
            "ASC"
        };
        if self.key.is_empty() {
            format!("m.email_key {word}")
        } else {
            format!("{} {word}, m.email_key {word}", self.key)
        }
    }

    /// The rows beyond the cursor. Where the address only breaks ties the cursor's own row is taken out
    /// by it: of a strict comparison the planner takes the first column alone, sees nothing beyond the
    /// last role or "never", and reads the whole account for a search (PostgreSQL 15, `rowcomparesel`).
    pub(super) fn beyond(&self, backwards: bool) -> String {
        match (self.key.is_empty(), self.is_down(backwards)) {
            (true, true) => self.compared("<"),
            (true, false) => self.compared(">"),
            (false, true) => format!("{} AND m.email_key <> $2", self.compared("<=")),
            (false, false) => format!("{} AND m.email_key <> $2", self.compared(">=")),
        }
    }

    /// The same column by column: what an index can't follow, but the planner can guess.
    pub(super) fn beyond_by_column(&self, backwards: bool) -> String {
        let sign = if self.is_down(backwards) { "<" } else { ">" };
        if self.key.is_empty() {
            return self.compared(sign);
        }
        let (key, cursor) = (self.key, self.cursor);
        format!("({key} {sign} {cursor} OR ({key} = {cursor} AND m.email_key {sign} $2))")
    }

    /// The cursor's own row, and the rows after it.
    fn from(&self) -> String {
        self.compared(if self.is_down(false) { "<=" } else { ">=" })
    }

    fn compared(&self, sign: &str) -> String {
        if self.key.is_empty() {
            format!("m.email_key {sign} $2")
        } else {
            format!("({}, m.email_key) {sign} ({}, $2)", self.key, self.cursor)
        }
    }
}

/// The literal text of a page's statement; it sets its own scope.
pub fn statement(query: &MemberQuery, seek: &Seek, limit: i64) -> String {
    let page = select(query, seek, limit, "scope.account_id");
    format!("{OF_ACCOUNT} SELECT page.* FROM scope CROSS JOIN LATERAL ({page}) page")
}

/// The rows of a page of the account that `scope` names. All parts are this file's own words. The limit is part
/// of it: of a parameter the server assumes a tenth of the table, and plans anew each time.
pub(super) fn select(query: &MemberQuery, seek: &Seek, limit: i64, scope: &str) -> String {
    let backwards = matches!(seek, Seek::Last | Seek::Before(_));
    let order = Order::of(query);
    let beyond = match seek {
        Seek::First | Seek::Last => String::new(),
        Seek::After(_) | Seek::Before(_) => format!("AND {}", order.beyond(backwards)),
        Seek::From(_) => format!("AND {}", order.from()),
    };
    let search = matching(query);
    let (columns, order_by) = (rows::MEMBER, order.order_by(backwards));
    format!(
        "SELECT {columns} FROM account_members m WHERE m.account_id = {scope} {search} {beyond}
         ORDER BY {order_by} LIMIT {limit}"
    )
}

/// The condition of the search; its parameter is [`needle`].
pub(super) fn matching(query: &MemberQuery) -> &'static str {
    match query.needle() {
        Needle::None => "",
        // The last character that there is stands behind all that begin so.
        Needle::Prefix(_) => "AND m.email_key >= $5 AND m.email_key < $5 || chr(1114111)",
        // Planned anew: the account is named, so that the planner knows how large it is.
        Needle::Part(_) => "AND m.account_id = $1 AND m.search LIKE $5",
    }
}

/// What the condition of the search compares with.
fn needle(query: &MemberQuery) -> String {
    match query.needle() {
        Needle::None => String::new(),
        Needle::Prefix(text) => plain(text),
        Needle::Part(text) => like(text),
    }
}

/// A page of an account's members, in one statement that sets its own scope.
///
/// # Errors
/// What the database says.
pub async fn members(
    db: &impl Db,
    account: AccountId,
    query: &MemberQuery,
    seek: &Seek,
    limit: i64,
) -> Result<Page<Member>, StoreError> {
    let text = statement(query, seek, texts_limit(limit));
    let bound = Bound::new(account, query, At::of(seek));
    let parameters = bound.parameters();
    let found = match query.needle() {
        Needle::None | Needle::Prefix(_) => db.query(&text, &parameters).await?,
        // Rare and common needles want different plans.
        Needle::Part(_) => db.query_anew(&text, &parameters).await?,
    };
    let rows = found.iter().map(rows::member).collect::<Result<_, _>>()?;
    Ok(in_list_order(rows, seek, limit))
}

/// One row more than asked for tells whether there are more. Few different limits are few statements for the
/// server to remember.
pub(super) fn texts_limit(limit: i64) -> i64 {
    (limit.max(1) + 49) / 50 * 50 + 1
}

/// As many rows as a text with this limit gives at most; no more than anybody's screen has.
pub(super) fn room(limit: i64) -> usize {
    usize::try_from(texts_limit(limit)).map_or(0, |rows| rows.min(1_024))
}

/// The page that the rows beyond a place are, read away from it.
pub(super) fn in_list_order(mut rows: Vec<Member>, seek: &Seek, limit: i64) -> Page<Member> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let backwards = matches!(seek, Seek::Last | Seek::Before(_));
    if backwards {
        rows.reverse();
    }
    let (more_before, more_after) = match seek {
        Seek::First => (false, more),
        Seek::After(_) | Seek::From(_) => (true, more),
        Seek::Last => (more, false),
        Seek::Before(_) => (more, true),
    };
    Page {
        rows,
        more_before,
        more_after,
    }
}

/// What the statements of a list are given: its account, the cursor's keys, and the needle of its search.
pub(super) struct Bound {
    account: Uuid,
    at: At,
    needle: String,
}

impl Bound {
    pub(super) fn new(account: AccountId, query: &MemberQuery, at: At) -> Self {
        let needle = needle(query);
        Self {
            account: account.0,
            at,
            needle,
        }
    }

    /// `$1` to `$5`; not every order and search uses every one.
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 5] {
        let At {
            email_key,
            role_rank,
            last_login,
        } = &self.at;
        [
            &self.account,
            email_key,
            role_rank,
            last_login,
            &self.needle,
        ]
    }
}

/// The cursor's parameters; nothing where the page has none.
#[derive(Default)]
pub(super) struct At {
    email_key: Option<String>,
    role_rank: Option<i16>,
    last_login: Option<Moment>,
}

impl At {
    pub(super) fn of(seek: &Seek) -> Self {
        match seek {
            Seek::First | Seek::Last => Self::default(),
            Seek::After(cursor) | Seek::Before(cursor) | Seek::From(cursor) => Self::a_row(cursor),
        }
    }

    pub(super) fn a_row(cursor: &Cursor) -> Self {
        Self {
            email_key: Some(cursor.email_key.clone()),
            role_rank: Some(rank(cursor)),
            last_login: cursor.last_login.map(Moment),
        }
    }
}

/// The number that `memberships.role_rank` computes.
fn rank(cursor: &Cursor) -> i16 {
    use crate::domain::Role::{Custom, Full, Owner};
    match cursor.role {
        Owner => 0,
        Full => 1,
        Custom => 2,
    }
}

/// The text as it is stored: in lower case, and without what PostgreSQL's text can't hold.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('\0', "")
}

/// A `LIKE` pattern that finds `needle` anywhere, in any case, with `%`, `_` and `\` taken literally.
/// NUL is left out: PostgreSQL's text has none, and refuses a parameter that has one.
pub fn like(needle: &str) -> String {
    let mut pattern = String::from("%");
    for c in plain(needle).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn wild_cards_are_literal() {
        assert_eq!(like("50%_Off\\"), "%50\\%\\_off\\\\%");
    }

    #[test]
    fn what_the_server_can_not_take_is_left_out() {
        assert_eq!(like("a\0b"), "%ab%");
    }
}
