//! Where a member stands in a list, for a scroll bar that says no more than is known.

use super::{Operation, Result, Service, entrance::done};
use crate::{
    domain::{AccountId, Actor, Count, Cursor, MemberQuery, Position, Reach},
    store::{
        Db, StoreError,
        position::{self, Side},
    },
};

impl Service {
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
