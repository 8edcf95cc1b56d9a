//! How much may be sent: counted under the account's lock, so that no race gets past a limit.

use super::{Limits, Result, Service, ServiceError, unit::Unit};
use crate::{
    domain::{Email, Standing},
    store::invitations::{self, Usage},
};

impl Service {
    /// Refuses a mail too many. The operator may lift the limits.
    pub(super) async fn within_limits(
        &self,
        unit: &Unit<'_>,
        email: &Email,
        limits: Limits,
    ) -> Result<()> {
        if limits == Limits::Lifted && unit.standing == Standing::Operator {
            return Ok(());
        }
        let usage =
            invitations::usage(&unit.tx, unit.account.id, unit.standing.user(), email).await?;
        self.exceeded(usage)
            .map_or(Ok(()), |words| Err(ServiceError::Limited(words)))
    }

    fn exceeded(&self, usage: Usage) -> Option<String> {
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
