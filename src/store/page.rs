//! Keyset pages of members: every order is one index, every page costs the page.

use super::{Db, StoreError, rows, scope::OF_ACCOUNT};
use crate::domain::{AccountId, Cursor, Direction, Member, MemberQuery, Page, Seek, Sort};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

/// One order of the list: the expression of its index, and how a cursor is compared with it. The
/// address breaks ties in the same direction, so that a page's place is one row comparison.
struct Order {
    /// Sort key before the address; empty when the address is the order.
    key: &'static str,
    /// The same key of the cursor, from its parameters.
    cursor: &'static str,
    direction: Direction,
}

impl Order {
    fn of(query: &MemberQuery) -> Self {
        let (key, cursor) = match (query.sort, query.direction) {
            (Sort::Email, _) => ("", ""),
            (Sort::Role, _) => ("m.role_rank", "$4"),
            (Sort::LastLogin, Direction::Descending) => (
                "coalesce(m.last_login, '-infinity'::timestamptz)",
                "coalesce($5, '-infinity'::timestamptz)",
            ),
            (Sort::LastLogin, Direction::Ascending) => (
                "coalesce(m.last_login, 'infinity'::timestamptz)",
                "coalesce($5, 'infinity'::timestamptz)",
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

    fn order_by(&self, backwards: bool) -> String {
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

    /// The rows beyond the cursor.
    fn beyond(&self, backwards: bool) -> String {
        let sign = if self.is_down(backwards) { "<" } else { ">" };
        if self.key.is_empty() {
            format!("m.email_key {sign} $3")
        } else {
            format!("({}, m.email_key) {sign} ({}, $3)", self.key, self.cursor)
        }
    }
}

/// The literal text of a page's statement; it sets its own scope. All parts are this file's own words.
pub fn statement(query: &MemberQuery, seek: &Seek) -> String {
    let backwards = matches!(seek, Seek::Last | Seek::Before(_));
    let order = Order::of(query);
    let beyond = match seek {
        Seek::First | Seek::Last => String::new(),
        Seek::After(_) | Seek::Before(_) => format!("AND {}", order.beyond(backwards)),
    };
    let search = if query.search.is_empty() {
        ""
    } else {
        "AND m.search LIKE $6"
    };
    let (columns, order_by) = (rows::MEMBER, order.order_by(backwards));
    format!(
        "{OF_ACCOUNT} SELECT page.* FROM scope CROSS JOIN LATERAL (
            SELECT {columns} FROM account_members m
            WHERE m.account_id = scope.account_id {search} {beyond}
            ORDER BY {order_by} LIMIT $2) page"
    )
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
    let text = statement(query, seek);
    let at = At::of(seek);
    let needle = like(&query.search);
    let wanted = limit + 1;
    let parameters: [&(dyn ToSql + Sync); 6] = [
        &account.0,
        &wanted,
        &at.email_key,
        &at.role_rank,
        &at.last_login,
        &needle,
    ];
    let found = if query.search.is_empty() {
        db.query(&text, &parameters).await?
    } else {
        // Rare and common needles want different plans.
        db.query_anew(&text, &parameters).await?
    };
    let mut members = found
        .iter()
        .map(rows::member)
        .collect::<Result<Vec<_>, _>>()?;
    let more = members.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    members.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(in_list_order(members, seek, more))
}

fn in_list_order(mut rows: Vec<Member>, seek: &Seek, more: bool) -> Page<Member> {
    match seek {
        Seek::First => Page {
            rows,
            more_before: false,
            more_after: more,
        },
        Seek::After(_) => Page {
            rows,
            more_before: true,
            more_after: more,
        },
        Seek::Last => {
            rows.reverse();
            Page {
                rows,
                more_before: more,
                more_after: false,
            }
        }
        Seek::Before(_) => {
            rows.reverse();
            Page {
                rows,
                more_before: more,
                more_after: true,
            }
        }
    }
}

/// The cursor's parameters; nothing where the page has none.
#[derive(Default)]
struct At {
    email_key: Option<String>,
    role_rank: Option<i16>,
    last_login: Option<Timestamp>,
}

impl At {
    fn of(seek: &Seek) -> Self {
        let (Seek::After(cursor) | Seek::Before(cursor)) = seek else {
            return Self::default();
        };
        Self {
            email_key: Some(cursor.email_key.clone()),
            role_rank: Some(rank(cursor)),
            last_login: cursor.last_login,
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

/// A `LIKE` pattern that finds `needle` anywhere, in any case, with `%`, `_` and `\` taken literally.
/// NUL is left out: PostgreSQL's text has none, and refuses a parameter that has one.
pub fn like(needle: &str) -> String {
    let mut pattern = String::from("%");
    for c in needle.to_lowercase().chars().filter(|c| *c != '\0') {
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
