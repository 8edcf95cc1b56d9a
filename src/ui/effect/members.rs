//! What the member table reads, carried out.

use super::perform::reply;
use super::{Failure, ListMembers, LocateMember, Seat};
use crate::domain::{Page, Seek};
use crate::service::Service;
use crate::ui::message::{Message, Place};

/// A page; where a place is to be shown with its surroundings, a page on either side of it.
pub(super) async fn list_members(list: &ListMembers, service: &Service) -> Message {
    let Seat { actor, account } = &list.seat;
    let (Place::Around(_), Seek::From(cursor)) = (list.place, &list.seek) else {
        let page = service.list_members(actor, *account, &list.query, (&list.seek, list.limit));
        return Message::MembersLoaded(list.place, reply(page.await));
    };
    let place = (cursor, list.limit);
    let pages = service.list_members_around(actor, *account, &list.query, place);
    match pages.await {
        Ok((before, after)) => {
            let place = Place::Around(before.rows.len());
            let rows = before.rows.into_iter().chain(after.rows).collect();
            let page = Page {
                rows,
                more_before: before.more_before,
                more_after: after.more_after,
            };
            Message::MembersLoaded(place, Ok(page))
        }
        Err(error) => Message::MembersLoaded(list.place, Err(Failure::from(error))),
    }
}

/// Where a member stands in the list.
pub(super) async fn locate_member(locate: &LocateMember, service: &Service) -> Message {
    let Seat { actor, account } = &locate.seat;
    let place = (&locate.cursor, locate.reach);
    let located = service.locate_member(actor, *account, &locate.query, place);
    Message::MemberLocated(reply(located.await))
}
