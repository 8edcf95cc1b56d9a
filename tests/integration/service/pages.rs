//! Every window of the member table agrees with one full sort, in every order and direction.

use crate::support::{TestDb, account_with_owner, service};
use rollbook::{
    domain::{
        AccountId, Actor, Cursor, Direction, Member, MemberQuery, Page, Role, Seek, Sort, UserId,
    },
    service::Service,
};
use std::cmp::Ordering;

const PEOPLE: usize = 41;
const WINDOW: i64 = 7;

#[tokio::test]
async fn r02_windows_agree_with_the_full_sort() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, operator) = account_with_owner(&service, "Acme", "owner@example.org").await;
    people(&db, account).await;
    for sort in [Sort::Email, Sort::LastLogin, Sort::Role] {
        for direction in [Direction::Ascending, Direction::Descending] {
            for search in ["", "PERSON-1"] {
                let query = MemberQuery {
                    sort,
                    direction,
                    search: search.to_owned(),
                };
                check(&service, &operator, account, &query).await;
            }
        }
    }
}

async fn check(service: &Service, actor: &Actor, account: AccountId, query: &MemberQuery) {
    let page = async |seek: Seek, limit| -> Page<Member> {
        let found = service.list_members(actor, account, query, (&seek, limit));
        found.await.unwrap()
    };
    let whole = page(Seek::First, 1000).await;
    assert!(!whole.more_before && !whole.more_after);
    let mut sorted = whole.rows.clone();
    sorted.sort_by(|a, b| expected(a, b, query));
    assert_eq!(emails(&whole.rows), emails(&sorted), "{query:?}");
    let count = if query.search.is_empty() {
        PEOPLE + 1
    } else {
        11
    };
    assert_eq!(whole.rows.len(), count, "{query:?}");

    let mut forwards = page(Seek::First, WINDOW).await;
    let mut seen = forwards.rows.clone();
    while forwards.more_after {
        let last = Cursor::of(forwards.rows.last().unwrap());
        forwards = page(Seek::After(last), WINDOW).await;
        seen.extend(forwards.rows.clone());
    }
    assert_eq!(emails(&seen), emails(&sorted), "forwards, {query:?}");

    let mut backwards = page(Seek::Last, WINDOW).await;
    let mut seen = backwards.rows.clone();
    while backwards.more_before {
        let first = Cursor::of(backwards.rows.first().unwrap());
        backwards = page(Seek::Before(first), WINDOW).await;
        seen.splice(0..0, backwards.rows.clone());
    }
    assert_eq!(emails(&seen), emails(&sorted), "backwards, {query:?}");
}

fn emails(rows: &[Member]) -> Vec<&str> {
    rows.iter().map(|member| member.email.key()).collect()
}

/// The order as a person would say it: the column, then the address; "Never" last both ways. All else
/// turns around whole, addresses too: a page's place is one row comparison.
fn expected(a: &Member, b: &Member, query: &MemberQuery) -> Ordering {
    let down = query.direction == Direction::Descending;
    let turned = |order: Ordering| if down { order.reverse() } else { order };
    let by_email = a.email.key().cmp(b.email.key());
    match query.sort {
        Sort::Email => turned(by_email),
        Sort::Role => turned(rank(a).cmp(&rank(b)).then(by_email)),
        Sort::LastLogin => {
            let never = a.last_login.is_none().cmp(&b.last_login.is_none());
            never
                .then(turned(a.last_login.cmp(&b.last_login)))
                .then(turned(by_email))
        }
    }
}

fn rank(member: &Member) -> usize {
    let order = [Role::Owner, Role::Full, Role::Custom];
    order
        .iter()
        .position(|role| *role == member.grant.role)
        .unwrap()
}

/// Members with equal and missing logins, equal roles, and addresses that sort differently by
/// bytes than by letters.
async fn people(db: &TestDb, account: AccountId) {
    let client = db.client().await;
    for n in 0..PEOPLE {
        let user = UserId::new();
        let key = format!("person-{n}{}@example.org", ["", "_x", ".y"][n % 3]);
        let role = ["full", "custom", "custom", "owner"][n % 4];
        client
            .execute(
                "INSERT INTO users (id, email, email_key, name, password_hash, last_login)
                 VALUES ($1, $2, $2, 'Somebody', 'none', CASE WHEN $3 % 5 = 0 THEN NULL
                     ELSE timestamptz '2026-01-01' + make_interval(days => $3 % 6) END)",
                &[&user.0, &key, &i32::try_from(n).unwrap()],
            )
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO memberships (account_id, user_id, role, permissions)
                 VALUES ($1, $2, $3, '{}')",
                &[&account.0, &user.0, &role],
            )
            .await
            .unwrap();
    }
}
