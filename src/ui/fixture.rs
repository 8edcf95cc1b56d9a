//! What unit tests of panes and dialogs start from.

use super::effect::Session;
use super::keymap::Keymap;
use super::model::{Ctx, Mail};
use crate::domain::{
    AccountId, AccountSummary, Actor, Catalogue, Email, Grant, Member, Origin, PasswordPolicy,
    Permission, Secret256, SessionId, User, UserId, Who,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::layout::Rect;
use std::sync::Arc;
use uuid::Uuid;

/// A catalogue of five.
pub(crate) fn small() -> Catalogue {
    let permission = |key: &str, requires: &[&str], administrative| Permission {
        key: key.to_owned(),
        label: key.into(),
        description: "".into(),
        group: "Group".into(),
        requires: requires.iter().map(|&key| key.to_owned()).collect(),
        administrative,
    };
    Catalogue::new(vec![
        permission("products.view", &[], false),
        permission("products.manage", &["products.view"], false),
        permission("invoices.pay", &[], false),
        permission("members.view", &[], true),
        permission("members.manage", &["members.view"], true),
    ])
    .unwrap()
}

/// Somebody with this grant sits at the console.
pub(crate) fn ctx(grant: Grant) -> Ctx {
    let (id, email) = (UserId(Uuid::max()), Email::parse("me@x.com").unwrap());
    let session = Session {
        actor: Actor {
            who: Who::User {
                id,
                email: email.clone(),
                session: SessionId(Uuid::nil()),
            },
            origin: Origin::new("test"),
        },
        user: User {
            id,
            email,
            name: "".into(),
            last_login: None,
            created_at: Timestamp::UNIX_EPOCH,
        },
        secret: Secret256::from_bytes([1; 32]),
        accounts: Vec::new(),
    };
    let account = AccountSummary {
        id: AccountId(Uuid::nil()),
        name: "Mill".into(),
        members: 9,
        grant,
        ownership_offered: false,
        last_used: false,
    };
    Ctx {
        now: Timestamp::UNIX_EPOCH,
        ahead: SignedDuration::ZERO,
        zone: TimeZone::UTC,
        area: Rect::new(0, 0, 80, 24),
        keymap: Arc::new(Keymap::default()),
        catalogue: Arc::new(small()),
        passwords: PasswordPolicy::default(),
        mail: Mail::Unknown,
        session: Some(Box::new(session)),
        account: Some(Box::new(account)),
    }
}

/// A member, told apart by a number.
pub(crate) fn member(index: usize) -> Member {
    Member {
        user: UserId(Uuid::from_u128(index as u128)),
        email: Email::parse(&format!("m{index:06}@x.com")).unwrap(),
        name: "".into(),
        grant: Grant::full(),
        last_login: None,
        joined_at: Timestamp::UNIX_EPOCH,
        invited_by: None,
        ownership_offered: false,
        version: 1,
    }
}
