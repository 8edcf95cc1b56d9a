//! Pages of members, each with the authority of who asks for it.

use super::{
    Operation, Result, Service, ServiceError, SignInFault, entrance::judged, replica::Reading,
};
use crate::{
    domain::{AccountId, Actor, Cursor, Member, MemberQuery, Needle, Page, Seek},
    store::{Connection, StoreError, authority, members, sessions::Live},
};

/// Members before a place, and from it on.
type Around = (Page<Member>, Page<Member>);

impl Service {
    /// A page of members. Needs `members.view`.
    ///
    /// # Errors
    /// [`ServiceError::Denied`], [`ServiceError::NotSignedIn`], [`ServiceError::Unavailable`].
    pub async fn list_members(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        (seek, limit): (&Seek, i64),
    ) -> Result<Page<Member>> {
        let list = List(account, query, limit);
        let who = (Operation::ListMembers, actor, account);
        if let Some(page) = self.read_apart(who, &Listing(list, seek)).await? {
            return Ok(page);
        }
        let mut connection = self.connect().await?;
        let (live, page) = self.admitted(actor, list, seek, &connection).await?;
        self.note_act(actor, live, &mut connection).await?;
        Ok(page)
    }

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
    ) -> Result<Around> {
        let (before, from) = (Seek::Before(cursor.clone()), Seek::From(cursor.clone()));
        let list = List(account, query, limit);
        let who = (Operation::ListMembers, actor, account);
        let meeting = Meeting(list, &before, &from);
        if let Some(pages) = self.read_apart(who, &meeting).await? {
            return Ok(pages);
        }
        let mut connection = self.connect().await?;
        let (admitted, from) = tokio::join!(
            self.admitted(actor, list, &before, &connection),
            list.page(&from, &connection),
        );
        let (live, before) = admitted?;
        self.note_act(actor, live, &mut connection).await?;
        Ok((before, from?))
    }

    /// A page for who may look at it. They are asked for together: what may not be seen is thrown away.
    async fn admitted(
        &self,
        actor: &Actor,
        list: List<'_>,
        seek: &Seek,
        connection: &Connection,
    ) -> Result<(Live, Page<Member>)> {
        let operation = Operation::ListMembers;
        let List(account, query, limit) = list;
        let viewer = self.viewer(actor);
        // A page that is planned anew would have the authority planned anew as well.
        let Some(viewer) = viewer.filter(|_| !matches!(query.needle(), Needle::Part(_))) else {
            let (admitted, page) = tokio::join!(
                self.admit(operation, actor, account, connection),
                list.page(seek, connection),
            );
            return Ok((admitted?, page?));
        };
        let found = authority::page(connection, account, &viewer, query, (seek, limit)).await?;
        let (found, page) = found.ok_or(ServiceError::NotSignedIn(SignInFault::Ended))?;
        let (standing, live) = judged(&viewer, found)?;
        self.may_look(operation, &standing)?;
        Ok((live, page))
    }
}

/// A list of an account's members, and how many of them at a time.
#[derive(Clone, Copy)]
struct List<'a>(AccountId, &'a MemberQuery, i64);

impl List<'_> {
    async fn page(
        self,
        seek: &Seek,
        connection: &Connection,
    ) -> std::result::Result<Page<Member>, StoreError> {
        let Self(account, query, limit) = self;
        members::list(connection, account, query, seek, limit).await
    }
}

struct Listing<'a>(List<'a>, &'a Seek);

impl Reading for Listing<'_> {
    type Found = Page<Member>;

    async fn on(
        &self,
        connection: &mut Connection,
    ) -> std::result::Result<Page<Member>, StoreError> {
        self.0.page(self.1, connection).await
    }
}

/// Two pages that meet.
struct Meeting<'a>(List<'a>, &'a Seek, &'a Seek);

impl Reading for Meeting<'_> {
    type Found = Around;

    async fn on(&self, connection: &mut Connection) -> std::result::Result<Around, StoreError> {
        let Self(list, before, from) = *self;
        tokio::try_join!(list.page(before, connection), list.page(from, connection))
    }
}
