//! Pages over the corpus: everybody once, in either direction, whatever their address is.

use super::{corpus::corpus, plant};
use crate::support::{TestDb, account_with_owner, operator, service};
use rollbook::domain::{Cursor, Direction, MemberQuery, Seek, Sort, UserId};
use std::collections::BTreeSet;

const PAGE: i64 = 20;

#[tokio::test]
async fn r09_every_page_goes_on_where_the_last_one_ended() {
    let db = TestDb::new().await;
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Example Ltd", plant::OWNER).await;
    plant::members(&db.client().await, account).await;
    for (sort, direction) in [
        (Sort::Email, Direction::Ascending),
        (Sort::Email, Direction::Descending),
        (Sort::LastLogin, Direction::Ascending),
        (Sort::Role, Direction::Descending),
    ] {
        let query = MemberQuery {
            sort,
            direction,
            ..MemberQuery::default()
        };
        let mut shown: Vec<UserId> = Vec::new();
        let mut seek = Seek::First;
        loop {
            let page = service
                .list_members(&operator(), account, &query, (&seek, PAGE))
                .await
                .unwrap();
            shown.extend(page.rows.iter().map(|member| member.user));
            assert!(shown.len() <= corpus().len() + 1, "{sort:?} goes round");
            match page.rows.last() {
                Some(last) if page.more_after => seek = Seek::After(Cursor::of(last)),
                _ => break,
            }
        }
        let once: BTreeSet<uuid::Uuid> = shown.iter().map(|user| user.0).collect();
        assert_eq!((shown.len(), once.len()), (corpus().len() + 1, shown.len()));
    }
}
