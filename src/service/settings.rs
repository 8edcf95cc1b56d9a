//! What an installation may set about the use cases.

use super::MailTruth;
use crate::{domain::PasswordPolicy, store::sessions::SessionLife};
use std::time::Duration;
use url::Url;

/// The settings of the use cases.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// How long an invitation's link works.
    pub invitation_life: Duration,
    pub limits: SendingLimits,
    pub passwords: PasswordPolicy,
    pub sessions: SessionLife,
    /// How long a removal or a change of permissions can be taken back.
    pub undo_for: Duration,
    /// What links start with; only ever from configuration.
    pub base_url: Option<Url>,
    pub mail: MailTruth,
}

/// How much may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingLimits {
    /// Mails per inviter in 10 minutes.
    pub per_inviter: i64,
    /// Mails per account in a day.
    pub per_account: i64,
    /// Mails per address in a day.
    pub per_address: i64,
    /// Pending invitations per account.
    pub pending: i64,
}

impl Default for SendingLimits {
    fn default() -> Self {
        Self {
            per_inviter: 30,
            per_account: 100,
            per_address: 5,
            pending: 200,
        }
    }
}

impl Default for ServiceSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            invitation_life: 7 * DAY,
            limits: SendingLimits::default(),
            passwords: PasswordPolicy::default(),
            sessions: SessionLife {
                idle: Duration::from_mins(30),
                absolute: Duration::from_hours(12),
            },
            undo_for: 30 * DAY,
            base_url: None,
            mail: MailTruth::Files {
                folder: "mail".into(),
            },
        }
    }
}
