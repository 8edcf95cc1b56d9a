//! What a list shows: its order, its search text, and where the window stands.

use super::{Member, Role};
use jiff::Timestamp;

/// By which column members are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sort {
    #[default]
    Email,
    LastLogin,
    Role,
}

impl Sort {
    /// The next one, for the key that cycles.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Email => Self::LastLogin,
            Self::LastLogin => Self::Role,
            Self::Role => Self::Email,
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    #[default]
    Ascending,
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// The whole key of one row in any order: a position between pages. "Never" comes last in both
/// directions of [`Sort::LastLogin`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub email_key: String,
    pub last_login: Option<Timestamp>,
    pub role: Role,
}

impl Cursor {
    /// The position of a member.
    pub fn of(member: &Member) -> Self {
        Self {
            email_key: member.email.key().to_owned(),
            last_login: member.last_login,
            role: member.grant.role,
        }
    }

    /// The position of the first address that begins with `prefix`, in the order of addresses; where
    /// none does, of the next. Addresses are compared byte by byte.
    pub fn of_prefix(prefix: &str, direction: Direction) -> Self {
        let mut email_key = prefix.to_lowercase().replace('\0', "");
        if direction == Direction::Descending {
            email_key.push(char::MAX);
        }
        Self {
            email_key,
            last_login: None,
            role: Role::Custom,
        }
    }
}

/// From where a page is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seek {
    /// The first rows.
    #[default]
    First,
    /// The last rows, in list order.
    Last,
    /// The rows after the cursor.
    After(Cursor),
    /// The rows before the cursor, in list order.
    Before(Cursor),
    /// The rows from the cursor on, with its own row where there is one.
    From(Cursor),
}

/// What a search looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needle<'a> {
    /// Nothing: everybody is found.
    None,
    /// Too short for an index over parts of words: how an address begins.
    Prefix(&'a str),
    /// A part of the address or the name.
    Part(&'a str),
}

/// Which members, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberQuery {
    pub sort: Sort,
    pub direction: Direction,
    /// What is searched for, any case; see [`MemberQuery::needle`].
    pub search: String,
}

impl MemberQuery {
    /// What the search text looks for.
    pub fn needle(&self) -> Needle<'_> {
        match self.search.as_str() {
            "" => Needle::None,
            text if has_trigram(text) => Needle::Part(text),
            text => Needle::Prefix(text),
        }
    }

    /// By which column the rows come: what is found by how the address begins comes by address, because
    /// only that order has the found rows side by side.
    pub fn order(&self) -> Sort {
        match self.needle() {
            Needle::Prefix(_) => Sort::Email,
            Needle::None | Needle::Part(_) => self.sort,
        }
    }
}

/// Whether a text has three letters or digits in a row, of which one may be the edge of a word inside it:
/// `PostgreSQL`'s trigram index finds nothing by less (its manual, F.35.4).
fn has_trigram(text: &str) -> bool {
    let mut run = 0;
    let mut word_begins_inside = false;
    for c in text.chars() {
        if c.is_alphanumeric() {
            run += 1;
            if run + usize::from(word_begins_inside) >= 3 {
                return true;
            }
        } else {
            if run >= 2 {
                return true;
            }
            run = 0;
            word_begins_inside = true;
        }
    }
    false
}

/// A number of rows, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Count {
    Exactly(i64),
    /// An estimate.
    About(i64),
    #[default]
    Unknown,
}

impl Count {
    /// The same, `rows` further on.
    #[must_use]
    pub fn moved(self, rows: i64) -> Self {
        match self {
            Self::Exactly(n) => Self::Exactly(n.saturating_add(rows).max(0)),
            Self::About(n) => Self::About(n.saturating_add(rows).max(0)),
            Self::Unknown => Self::Unknown,
        }
    }

    /// The same, no longer vouched for.
    #[must_use]
    pub fn doubted(self) -> Self {
        match self {
            Self::Exactly(n) => Self::About(n),
            other => other,
        }
    }
}

/// Where a row stands among all of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Rows before it.
    pub before: Count,
    /// Rows after it.
    pub after: Count,
}

/// How far rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// So many rows at most on each side; what is beyond is estimated.
    Near(i64),
    /// All of them, however long it takes.
    Whole,
}

/// A page of rows in list order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Whether rows exist before the first of this page.
    pub more_before: bool,
    /// Whether rows exist after the last of this page.
    pub more_after: bool,
}

#[cfg(test)]
mod tests {
    use super::{Count, Cursor, Direction, MemberQuery, Needle, Sort};

    fn query(search: &str) -> MemberQuery {
        MemberQuery {
            sort: Sort::LastLogin,
            search: search.to_owned(),
            ..MemberQuery::default()
        }
    }

    #[test]
    fn what_no_trigram_finds_is_the_beginning_of_an_address() {
        assert_eq!(query("").needle(), Needle::None);
        for short in ["a", "ad", "a.b", "@x", ".", "a-b-c", "ü1"] {
            assert_eq!(query(short).needle(), Needle::Prefix(short));
            assert_eq!(query(short).order(), Sort::Email);
        }
        for long in ["ada", "@mill", ".de", "ad@", "x.de", "a b cde", "жан"] {
            assert_eq!(query(long).needle(), Needle::Part(long));
            assert_eq!(query(long).order(), Sort::LastLogin);
        }
    }

    #[test]
    fn a_prefix_stands_before_all_that_begin_with_it() {
        let up = Cursor::of_prefix("Ad\0", Direction::Ascending).email_key;
        let down = Cursor::of_prefix("Ad", Direction::Descending).email_key;
        for key in ["ad", "ada@x.com", "adz\u{fffd}"] {
            assert!(up.as_str() <= key && key <= down.as_str());
        }
        assert!("ac~" < up.as_str() && down.as_str() < "ae");
    }

    #[test]
    fn a_count_is_never_below_nothing() {
        assert_eq!(Count::Exactly(5).moved(-9), Count::Exactly(0));
        assert_eq!(Count::Exactly(5).doubted().moved(1), Count::About(6));
        assert_eq!(Count::Unknown.moved(3), Count::Unknown);
    }
}
