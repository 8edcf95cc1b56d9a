//! Members: look, give and take permissions, remove, restore, hand ownership over.

use super::*;
use crate::domain::*;
use secrecy::SecretString;

impl Service {
    /// A page of members. Needs `members.view`.
    pub async fn list_members(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        seek: &Seek,
        limit: i64,
    ) -> Result<Page<Member>> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// How many members match the search, counted up to `cap`; without a search the exact number.
    pub async fn count_members(
        &self,
        actor: &Actor,
        account: AccountId,
        query: &MemberQuery,
        cap: i64,
    ) -> Result<i64> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// One member by address. A member may always look at themselves.
    pub async fn show_member(
        &self,
        actor: &Actor,
        account: AccountId,
        email: &Email,
    ) -> Result<Member> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Gives a member another grant (an owner may step down with this). `Role::Owner` on oneself accepts an ownership offer; by the operator it makes an owner outright; by an owner it is `offer_ownership`.
    pub async fn set_grant(&self, write: &Write, set: &SetGrant) -> Result<ChangedGrant> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Offers ownership to a member; nothing changes until they accept.
    pub async fn offer_ownership(&self, write: &Write, email: &Email) -> Result<Member> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Becomes an owner by an offer made to the actor.
    pub async fn accept_ownership(&self, write: &Write) -> Result<Member> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Ends a membership, its sessions on this account and the invitations it sent; on oneself this is leaving.
    pub async fn remove_member(
        &self,
        write: &Write,
        email: &Email,
        version: Option<i64>,
    ) -> Result<Removed> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// What removing would end, for the dialog: (live sessions, pending invitations sent).
    pub async fn removal_preview(
        &self,
        actor: &Actor,
        account: AccountId,
        email: &Email,
    ) -> Result<(i64, i64)> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }

    /// Takes back a removal with the exact old grant, within the time for undoing.
    pub async fn restore_member(&self, write: &Write, email: &Email) -> Result<Member> {
        Err(ServiceError::Unavailable("not built yet".to_owned()))
    }
}
