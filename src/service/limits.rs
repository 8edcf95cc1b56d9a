//! How much may be sent: counted under the account's lock, so that no race gets past a limit.

use super::{Limits, Result, Service, ServiceError, unit::Unit};
use crate::{
    domain::{AccountId, Email, Standing, UserId},
    store::invitations::{self, Usage},
};
use deadpool_postgres::GenericClient;

/// What has been sent lately, and what is about to be sent with it.
pub(super) struct Sending {
    usage: Usage,
    by_user: bool,
}

impl Sending {
    /// What has been sent lately; to one address, which [`Sending::usage`] replaces.
    pub(super) async fn lately(
        db: &impl GenericClient,
        account: AccountId,
        inviter: Option<UserId>,
        address: &Email,
    ) -> Result<Self> {
        Ok(Self {
            usage: invitations::usage(db, account, inviter, address).await?,
            by_user: inviter.is_some(),
        })
    }

    /// The usage before the next mail, to an address that has had so many.
    pub(super) fn usage(&self, to_address: i64) -> Usage {
        Usage {
            to_address,
            ..self.usage
        }
    }

    /// One more mail goes out.
    pub(super) fn one_more(&mut self) {
        self.usage.by_inviter += i64::from(self.by_user);
        self.usage.by_account += 1;
        self.usage.pending += 1;
    }
}

/// Whether anything is counted: not where the operator lifted the limits.
pub(super) fn hold(limits: Limits, standing: &Standing) -> bool {
    limits == Limits::Enforced || *standing != Standing::Operator
}

impl Service {
    /// Refuses a mail too many. The operator may lift the limits.
    pub(super) async fn within_limits(
        &self,
        unit: &Unit<'_>,
        email: &Email,
        limits: Limits,
    ) -> Result<()> {
        if !hold(limits, &unit.standing) {
            return Ok(());
        }
        let usage =
            invitations::usage(&unit.tx, unit.account.id, unit.standing.user(), email).await?;
        self.exceeded(usage)
            .map_or(Ok(()), |words| Err(ServiceError::Limited(words)))
    }

    /// Which limit one more mail would pass, in words.
    pub(super) fn exceeded(&self, usage: Usage) -> Option<String> {
        let limits = self.0.settings.limits;
        if usage.by_inviter >= limits.per_inviter {
            let most = limits.per_inviter;
            return Some(format!(
                "You have sent {most} invitations in 10 minutes; wait a little"
            ));
        }
        if usage.to_address >= limits.per_address {
            let most = limits.per_address;
            return Some(format!(
                "This address has been sent {most} mails today; try again tomorrow"
            ));
        }
        if usage.by_account >= limits.per_account {
            let most = limits.per_account;
            return Some(format!(
                "This account has sent {most} invitations today; try again tomorrow"
            ));
        }
        (usage.pending >= limits.pending).then(|| {
            format!(
                "{} invitations are pending; cancel some that are no longer needed",
                limits.pending
            )
        })
    }
}
