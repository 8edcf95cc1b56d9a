//! Every window of the member table agrees with one full sort, in every order and direction.

use crate::support::{TestDb, account_with_owner, service};
use rollbook::{
    domain::{
        AccountId, Actor, Count, Cursor, Direction, Member, MemberQuery, Page, Reach, Role, Seek,
        Sort, UserId,
    },
    service::Service,
};
use std::cmp::Ordering;

const PEOPLE: usize = 41;
const WINDOW: i64 = 7;

#[tokio::test]
async fn r02_windows_agree_with_the_full_sort() {
    let (_db, service, account, operator) = with_people().await;
    for sort in [Sort::Email, Sort::LastLogin, Sort::Role] {
        for direction in [Direction::Ascending, Direction::Descending] {
            for search in ["", "PERSON-1", "pE"] {
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

#[tokio::test]
async fn r02_members_whose_login_is_outside_of_time_are_listed_once_each() {
    let (db, service, account, operator) = with_people().await;
    let sql = "UPDATE users SET last_login = CASE WHEN email_key < 'person-2' THEN 'infinity' ELSE '-infinity' END
        ::timestamptz WHERE email_key LIKE 'person-1%' OR email_key LIKE 'person-2%'";
    assert_eq!(db.client().await.execute(sql, &[]).await.unwrap(), 22);
    for direction in [Direction::Ascending, Direction::Descending] {
        let query = MemberQuery {
            sort: Sort::LastLogin,
            direction,
            search: String::new(),
        };
        let (mut place, mut seen) = (Seek::First, Vec::new());
        for _ in 0..PEOPLE {
            let page = service.list_members(&operator, account, &query, (&place, 3));
            let page = page.await.unwrap();
            let Some(last) = page.rows.last() else { break };
            place = Seek::After(Cursor::of(last));
            seen.extend(emails(&page.rows).into_iter().map(str::to_owned));
        }
        assert_eq!(seen.len(), PEOPLE + 1, "{direction:?}: {seen:?}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), PEOPLE + 1, "{direction:?}");
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
    let count = match query.search.as_str() {
        "" => PEOPLE + 1,
        "pE" => PEOPLE,
        _ => 11,
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
    from_each(service, actor, account, (query, &sorted)).await;
    located(service, actor, account, (query, &sorted)).await;
}

/// The page from each member on begins with that member.
async fn from_each(
    service: &Service,
    actor: &Actor,
    account: AccountId,
    (query, sorted): (&MemberQuery, &[Member]),
) {
    for (index, member) in sorted.iter().enumerate() {
        let seek = Seek::From(Cursor::of(member));
        let found = service.list_members(actor, account, query, (&seek, WINDOW));
        let page = found.await.unwrap();
        let until = sorted.len().min(index + usize::try_from(WINDOW).unwrap());
        assert_eq!(
            emails(&page.rows),
            emails(&sorted[index..until]),
            "{query:?}"
        );
        assert_eq!(page.more_after, until < sorted.len());
    }
}

/// Where each stands: counted where that is near, and everywhere when asked for.
async fn located(
    service: &Service,
    actor: &Actor,
    account: AccountId,
    (query, sorted): (&MemberQuery, &[Member]),
) {
    let near = 5;
    for (index, member) in sorted.iter().enumerate() {
        let cursor = Cursor::of(member);
        let place = async |reach| {
            let located = service.locate_member(actor, account, query, (&cursor, reach));
            located.await.unwrap()
        };
        let (before, after) = (index, sorted.len() - index - 1);
        let whole = place(Reach::Whole).await;
        let exactly = |rows: usize| Count::Exactly(i64::try_from(rows).unwrap());
        assert_eq!(
            (whole.before, whole.after),
            (exactly(before), exactly(after))
        );
        let found = place(Reach::Near(near)).await;
        for (count, rows) in [(found.before, before), (found.after, after)] {
            match count {
                Count::Exactly(_) => assert_eq!(count, exactly(rows), "{query:?}"),
                // Without statistics nothing is guessed.
                Count::About(_) | Count::Unknown => assert!(rows > 5, "{query:?} {rows}"),
            }
        }
    }
}

/// An estimate far from the ends is of the right size: a tenth of the list at most off, in every order.
#[tokio::test]
async fn a_far_place_is_guessed_about_right() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, operator) = account_with_owner(&service, "Acme", "owner@example.org").await;
    let client = db.client().await;
    let fill = "INSERT INTO users (id, email, email_key, name, password_hash, last_login)
             SELECT gen_random_uuid(), a, a, 'Person', 'x',
                 CASE WHEN n % 12 <> 0 THEN now() - make_interval(mins => n * 7919 % 20000) END
             FROM generate_series(1, 5000) n,
                 LATERAL (SELECT left(md5(n::text), 8) || n || '@example.com' AS a) x;
         INSERT INTO memberships (account_id, user_id, role)
             SELECT a.id, u.id, CASE WHEN random() < 0.2 THEN 'full' ELSE 'custom' END
             FROM accounts a, users u WHERE u.name = 'Person'";
    client.batch_execute(fill).await.unwrap();
    let far = async |cursor: &Cursor, query: &MemberQuery| {
        let place = (cursor, Reach::Near(100));
        let found = service.locate_member(&operator, account, query, place);
        found.await.unwrap()
    };
    let somewhere = Cursor::of_prefix("7", Direction::Ascending);
    let without_statistics = far(&somewhere, &MemberQuery::default()).await;
    assert_eq!(without_statistics.before, Count::Unknown);
    client.batch_execute("ANALYZE").await.unwrap();
    for sort in [Sort::Email, Sort::LastLogin, Sort::Role] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let query = MemberQuery {
                sort,
                direction,
                search: String::new(),
            };
            let list = service.list_members(&operator, account, &query, (&Seek::First, 5001));
            let rows = list.await.unwrap().rows;
            for index in [1000, 2400, 4000] {
                let cursor = Cursor::of(&rows[index]);
                let found = far(&cursor, &query).await;
                let share = |count| match count {
                    Count::About(rows) => rows,
                    other => panic!("{other:?} at {index}, {query:?}"),
                };
                let (before, after) = (share(found.before), share(found.after));
                let guess = before * 5001 / (before + after + 1);
                let off = (guess - i64::try_from(index).unwrap()).abs();
                assert!(off < 500, "{query:?} {index}: {found:?}");
            }
        }
    }
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
    match query.order() {
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

async fn with_people() -> (TestDb, Service, AccountId, Actor) {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, operator) = account_with_owner(&service, "Acme", "owner@example.org").await;
    people(&db, account).await;
    (db, service, account, operator)
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
