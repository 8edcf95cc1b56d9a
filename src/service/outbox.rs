//! The delivery worker: claims mails that are due, writes the letter, hands it over, writes down what
//! became of it. Any number of workers may run.

use super::{
    Operation, Result, Service, ServiceError,
    acceptance::OPERATOR,
    entrance::{as_worker, done},
};
use crate::{
    domain::DeliveryState,
    mail::{Letter, Mailer, Verdict, backoff},
    store::outbox::{self, Claimed, Outcome},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails of one worker that are handed over at the same time, each on a connection of its own.
const AT_ONCE: usize = 4;
/// The longest sleep while nothing is due: another program may queue a mail at any time.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// The wait after the database did not answer.
const OUTAGE: Duration = Duration::from_secs(2);

impl Service {
    /// Delivers the mail that is due longest; none when nothing is due.
    ///
    /// # Errors
    /// [`super::ServiceError::Unavailable`]; then the lease runs out and the mail is tried again.
    pub async fn deliver_next(&self, mailer: &Mailer) -> Result<Option<Verdict>> {
        match self.claim().await? {
            Some(claimed) => self.deliver(mailer, claimed).await.map(Some),
            None => Ok(None),
        }
    }

    async fn deliver(&self, mailer: &Mailer, claimed: Claimed) -> Result<Verdict> {
        let verdict = self.hand_over(mailer, &claimed).await;
        let (state, reply) = match &verdict {
            Verdict::Sent { reply } => (DeliveryState::Sent, reply),
            Verdict::Deferred { reply } => (DeliveryState::Deferred, reply),
            Verdict::Failed { reply } => (DeliveryState::Failed, reply),
        };
        let outcome = Outcome {
            state,
            reply,
            retry_in: backoff::wait(claimed.attempts, jitter()),
        };
        let mut connection = self.connect().await?;
        let tx = as_worker(Operation::Deliver, &mut connection).await?;
        outbox::settle(&tx, (claimed.id, claimed.lease), &outcome).await?;
        done(tx, verdict).await
    }

    /// No connection is held while the mail server takes its time.
    async fn claim(&self) -> Result<Option<Claimed>> {
        let mut connection = self.connect().await?;
        let tx = as_worker(Operation::Deliver, &mut connection).await?;
        let claimed = outbox::claim(&tx).await?;
        done(tx, claimed).await
    }

    /// Delivers until `stop`, several mails at a time, so that one that takes long holds up no other; the
    /// mails in hand are finished first. Survives outages of the database.
    pub async fn run_outbox(&self, mailer: &Mailer, stop: CancellationToken) {
        let mut in_hand = FuturesUnordered::new();
        while !stop.is_cancelled() {
            let pause = match self.claim().await {
                Ok(Some(claimed)) => {
                    in_hand.push(self.deliver(mailer, claimed));
                    Duration::ZERO
                }
                Ok(None) => self.until_due().await,
                Err(error) => waits(&error),
            };
            if pause.is_zero() && in_hand.len() < AT_ONCE {
                continue;
            }
            let pause = pause.max(Duration::from_millis(1));
            tokio::select! {
                () = stop.cancelled() => {}
                Some(delivered) = in_hand.next() => told(delivered),
                () = tokio::time::sleep(pause), if in_hand.len() < AT_ONCE => {}
            }
        }
        while let Some(delivered) = in_hand.next().await {
            told(delivered);
        }
    }

    async fn until_due(&self) -> Duration {
        let due = async {
            let mut connection = self.connect().await?;
            let tx = as_worker(Operation::Deliver, &mut connection).await?;
            let wait = outbox::next_due(&tx).await?;
            done(tx, wait).await
        };
        match due.await {
            Ok(Some(wait)) => wait.clamp(Duration::from_millis(50), LONGEST_SLEEP),
            Ok(None) | Err(_) => LONGEST_SLEEP,
        }
    }

    async fn hand_over(&self, mailer: &Mailer, claimed: &Claimed) -> Verdict {
        let invitation = &claimed.invitation;
        let link = match self.link((invitation.id, invitation.generation), claimed.digest) {
            Ok(link) => link,
            Err(error) => {
                return Verdict::Deferred {
                    reply: error.to_string(),
                };
            }
        };
        let inviter = claimed.inviter.as_ref().map_or_else(
            || OPERATOR.into(),
            |(name, address)| format!("{name} ({address})").into(),
        );
        mailer
            .deliver(&Letter {
                invitation: invitation.id,
                generation: invitation.generation,
                to: invitation.email.clone(),
                account: claimed.account_name.clone(),
                inviter,
                permissions: self.permission_labels(&invitation.grant),
                link,
                expires_at: invitation.expires_at,
            })
            .await
    }
}

fn waits(error: &ServiceError) -> Duration {
    tracing::warn!(%error, "mail delivery waits");
    OUTAGE
}

/// What became of a mail could not be written down: its lease runs out, and it is sent again.
fn told(delivered: Result<Verdict>) {
    if let Err(error) = delivered {
        tracing::warn!(%error, "a mail will be sent twice, or a refusal met again");
    }
}

/// From 0 to 1; plain 0 where the system has no randomness.
fn jitter() -> f64 {
    let mut byte = [0_u8; 1];
    getrandom::fill(&mut byte).map_or(0.0, |()| f64::from(byte[0]) / 255.0)
}
