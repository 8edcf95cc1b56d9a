//! Where a member stands in a list: who is around, and how many, for a scroll bar that says no more than is
//! known.

use super::{Operation, Result, Service, entrance::done, replica::Reading};
use crate::{
    domain::{AccountId, Actor, Count, Cursor, Member, MemberQuery, Page, Position, Reach, Seek},
    store::{
        Connection, Db, StoreError, members,
        position::{self, Side},
    },
};

impl Service {
    /// The members before a place in a list, and those from it on, at most `limit` on each side; asked for
    /// together on one connection.
    ///
    /// # Errors
    /// As [`Service::list_members`].
    pub async fn list_members_around(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        (cursor, limit): (&Cursor, i64),
    ) -> Result<(Page<Member>, Page<Member>)> {
        let list = Operation::ListMembers;
        let (before, from) = (Seek::Before(cursor.clone()), Seek::From(cursor.clone()));
        let around = Around(account, query, (&before, &from), limit);
        if let Some(pages) = self.read_apart((list, actor, account), &around).await? {
            return Ok(pages);
        }
        let mut connection = self.connect().await?;
        let (admitted, pages) = tokio::join!(
            self.admit(list, actor, account, &connection),
            around.within(&connection),
        );
        self.note_act(actor, admitted?, &mut connection).await?;
        Ok(pages?)
    }

    /// How many members stand before and after a place in a list. Near ones are counted, so that the
    /// cost is bounded; what is farther is the planner's estimate, of which only the ratio says something.
    ///
    /// # Errors
    /// As [`Service::list_members`].
    pub async fn locate_member(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        (cursor, reach): (&Cursor, Reach),
    ) -> Result<Position> {
        let mut connection = self.connect().await?;
        let locate = Operation::LocateMember;
        let (tx, _) = self.look(locate, actor, account, &mut connection).await?;
        if reach == Reach::Whole {
            position::take_time(&tx).await?;
        }
        let list = (account, query);
        let before = rows(&tx, list, (cursor, Side::Before), reach).await?;
        let after = rows(&tx, list, (cursor, Side::After), reach).await?;
        done(tx, believed(Position { before, after })).await
    }
}

/// Two pages that meet.
struct Around<'a>(AccountId, &'a MemberQuery, (&'a Seek, &'a Seek), i64);

impl Around<'_> {
    async fn within(
        &self,
        connection: &Connection,
    ) -> std::result::Result<(Page<Member>, Page<Member>), StoreError> {
        let Self(account, query, (before, from), limit) = *self;
        tokio::try_join!(
            members::list(connection, account, query, before, limit),
            members::list(connection, account, query, from, limit),
        )
    }
}

impl Reading for Around<'_> {
    type Found = (Page<Member>, Page<Member>);

    async fn on(
        &self,
        connection: &mut Connection,
    ) -> std::result::Result<Self::Found, StoreError> {
        self.within(connection).await
    }
}

/// A planner without statistics takes the same share for either side: that is no estimate.
fn believed(position: Position) -> Position {
    match (position.before, position.after) {
        (Count::About(before), Count::About(after)) if before == after => Position {
            before: Count::Unknown,
            after: Count::Unknown,
        },
        _ => position,
    }
}

async fn rows(
    db: &impl Db,
    list: (AccountId, &MemberQuery),
    place: (&Cursor, Side),
    reach: Reach,
) -> std::result::Result<Count, StoreError> {
    let cap = match reach {
        Reach::Near(most) => most.saturating_add(1),
        Reach::Whole => i64::MAX,
    };
    let counted = position::count(db, list, place, cap).await?;
    if counted < cap {
        return Ok(Count::Exactly(counted));
    }
    let expected = position::estimate(db, list, place).await?;
    // More than the cap are known to be there.
    Ok(expected.map_or(Count::Unknown, |rows| Count::About(rows.max(counted))))
}
