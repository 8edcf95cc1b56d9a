//! Rows into domain values. Text is cleaned here, at the boundary; a word that this program does not
//! know is an error, never a guess.

use super::{StoreError, moment::Moment};
use crate::domain::{
    AccountId, Delivery, DeliveryState, DisplaySafe, Email, Grant, Invitation, InvitationId,
    InvitationStatus, Member, PermissionSet, Role, User, UserId,
};
use tokio_postgres::Row;

/// The columns that [`member`] reads, the first of their statement, for a `memberships` called `m`; the grant is
/// the first of them.
pub(super) const MEMBER: &str = "m.role, m.permissions, m.user_id, m.email, m.email_key, m.name, \
    m.last_login, m.joined_at, m.invited_by, m.ownership_offered_by IS NOT NULL AS ownership_offered, m.version";

/// The columns that [`invitation`] reads, for an `invitations` called `i` joined with the
/// `outbox` row `o` of its generation.
pub(super) const INVITATION: &str = "i.id, i.account_id, i.email, i.email_key, i.role, i.permissions, \
    CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired' ELSE i.status END AS status, \
    i.inviter_id, i.inviter_name, i.created_at, i.expires_at, i.generation, i.version, \
    o.state, o.attempts, o.last_reply, \
    CASE WHEN o.state = 'deferred' THEN o.next_attempt_at END AS next_attempt_at";

/// The columns that [`user`] reads, for a `users` called `u`.
pub(super) const USER: &str = "u.id, u.email, u.email_key, u.name, u.last_login, u.created_at";

/// How many columns such a list names; none of them may hold a comma of its own.
pub(super) const fn width(columns: &str) -> usize {
    let (bytes, mut at, mut width) = (columns.as_bytes(), 0, 1);
    while at < bytes.len() {
        if bytes[at] == b',' {
            width += 1;
        }
        at += 1;
    }
    width
}

/// Nothing in so many columns.
pub(super) fn nothing(columns: usize) -> String {
    vec!["NULL"; columns].join(", ")
}

pub(super) fn grant(row: &Row) -> Result<Grant, StoreError> {
    granted(row.get("role"), row.get("permissions"))
}

pub(super) fn granted(role: &str, keys: Vec<&str>) -> Result<Grant, StoreError> {
    let role = Role::from_word(role).ok_or(StoreError::Unreadable { what: "a role" })?;
    Ok(Grant {
        role,
        permissions: keys.into_iter().collect::<PermissionSet>(),
    })
}

/// By place, as a page has hundreds of rows, and a name is looked for in all columns.
pub(super) fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        grant: granted(row.get(0), row.get(1))?,
        user: UserId(row.get(2)),
        email: Email::of_row(row.get(3), row.get(4)),
        name: DisplaySafe::new(row.get(5)),
        last_login: row.get::<_, Option<Moment>>(6).map(|at| at.0),
        joined_at: row.get::<_, Moment>(7).0,
        invited_by: row.get::<_, Option<&str>>(8).map(DisplaySafe::new),
        ownership_offered: row.get(9),
        version: row.get(10),
    })
}

pub(super) fn user(row: &Row) -> User {
    User {
        id: UserId(row.get("id")),
        email: Email::of_row(row.get("email"), row.get("email_key")),
        name: DisplaySafe::new(row.get("name")),
        last_login: row.get::<_, Option<Moment>>("last_login").map(|at| at.0),
        created_at: row.get("created_at"),
    }
}

pub(super) fn invitation(row: &Row) -> Result<Invitation, StoreError> {
    let unreadable = |what| StoreError::Unreadable { what };
    let status = InvitationStatus::from_word(row.get("status"));
    let state = row
        .get::<_, Option<&str>>("state")
        .map_or(Some(DeliveryState::Failed), DeliveryState::from_word);
    Ok(Invitation {
        id: InvitationId(row.get("id")),
        account: AccountId(row.get("account_id")),
        email: Email::of_row(row.get("email"), row.get("email_key")),
        grant: grant(row)?,
        status: status.ok_or_else(|| unreadable("an invitation's status"))?,
        inviter: row.get::<_, Option<_>>("inviter_id").map(UserId),
        invited_by: DisplaySafe::new(row.get("inviter_name")),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        generation: row.get("generation"),
        version: row.get("version"),
        delivery: Delivery {
            state: state.ok_or_else(|| unreadable("a delivery's state"))?,
            attempts: row.get::<_, Option<i32>>("attempts").unwrap_or_default(),
            last_reply: row
                .get::<_, Option<&str>>("last_reply")
                .map(DisplaySafe::new),
            next_attempt_at: row.get("next_attempt_at"),
        },
    })
}

/// The keys of a set as a parameter for `text[]`.
pub(super) fn keys(set: &PermissionSet) -> Vec<&str> {
    set.iter().collect()
}
