//! Every list operation: what the service is asked, from which places, and in what words.

use crate::people::{COMMON, Person, RARE, VERY_RARE};
use rollbook::domain::{Direction, MemberQuery, Sort};

/// Where a page stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Last,
    /// After or before somebody, another one each time.
    After,
    Before,
    /// From a prefix of addresses on, another one each time.
    From,
}

/// One list operation.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) query: MemberQuery,
    pub(crate) work: Work,
}

/// What is done with the query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Page(Place),
    /// Counted no further than a screen shows.
    Count,
}

const SORTS: [(Sort, &str); 3] = [
    (Sort::Email, "e-mail"),
    (Sort::LastLogin, "last login"),
    (Sort::Role, "role"),
];
const PLACES: [(Place, &str); 4] = [
    (Place::First, "first"),
    (Place::Last, "last"),
    (Place::After, "after somebody"),
    (Place::Before, "before somebody"),
];

/// Every order, both ways, from every place.
pub(crate) fn orders() -> Vec<Case> {
    let mut cases = Vec::new();
    for (sort, column) in SORTS {
        for direction in [Direction::Ascending, Direction::Descending] {
            for (place, word) in PLACES {
                let arrow = if direction == Direction::Ascending {
                    "↑"
                } else {
                    "↓"
                };
                cases.push(Case {
                    name: format!("{column} {arrow}, {word}"),
                    query: by(sort, direction),
                    work: Work::Page(place),
                });
            }
        }
    }
    cases.push(Case {
        name: "e-mail ↑, from a prefix".to_owned(),
        query: by(Sort::Email, Direction::Ascending),
        work: Work::Page(Place::From),
    });
    cases
}

/// Searches in an account of so many members.
pub(crate) fn searches(members: u64) -> Vec<Case> {
    let one = Person::number(members / 3).email;
    let local = one.split_once('@').map_or(one.as_str(), |(local, _)| local);
    let needles = [
        ("in 32 of 100", COMMON),
        ("in 8 of 1,000", RARE),
        ("in 5 of 100,000", VERY_RARE),
        ("one match", local),
        ("one address", &one),
        ("no match", "nobody-at-all"),
        ("1 letter", "k"),
        ("2 letters, common", "ar"),
        ("2 letters, rare", "zz"),
    ];
    let (up, newest) = (
        by(Sort::Email, Direction::Ascending),
        by(Sort::LastLogin, Direction::Descending),
    );
    let mut cases = Vec::new();
    for (words, needle) in needles {
        let first = Work::Page(Place::First);
        cases.push(found(format!("search {words}, first"), needle, &up, first));
        cases.push(found(
            format!("search {words}, last login ↓, first"),
            needle,
            &newest,
            first,
        ));
    }
    for (words, needle) in &needles[..2] {
        let after = Work::Page(Place::After);
        cases.push(found(
            format!("search {words}, after somebody"),
            needle,
            &up,
            after,
        ));
    }
    for (words, needle) in &needles[..6] {
        cases.push(found(
            format!("count {words}, to 1,001"),
            needle,
            &up,
            Work::Count,
        ));
    }
    cases.push(Case {
        name: "count of all".to_owned(),
        query: up,
        work: Work::Count,
    });
    cases
}

fn found(name: String, needle: &str, query: &MemberQuery, work: Work) -> Case {
    Case {
        name,
        query: MemberQuery {
            search: needle.to_lowercase(),
            ..query.clone()
        },
        work,
    }
}

/// Everybody in an order.
pub(crate) fn by(sort: Sort, direction: Direction) -> MemberQuery {
    MemberQuery {
        sort,
        direction,
        search: String::new(),
    }
}
