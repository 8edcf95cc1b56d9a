//! Delivery of what waits in the outbox: claims mails that are due, writes the letter, hands it over,
//! writes down what became of it. [`super::worker`] does so without end.

use super::{
    Operation, Result, Service,
    acceptance::OPERATOR,
    entrance::{as_worker, done},
};
use crate::{
    domain::DeliveryState,
    mail::{Letter, Mailer, Verdict, backoff},
    store::{
        Db,
        claim::{self, Claimed, Place},
        outbox::{self, Hold, Outcome},
    },
};
use std::time::Duration;
use uuid::Uuid;

/// The shortest: what is due may be in another worker's hand.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// What one transaction of a worker is to do.
#[derive(Default)]
pub(super) struct Turn {
    /// What became of mails.
    pub(super) outcomes: Vec<Outcome>,
    /// Mails that it goes on holding.
    pub(super) renew: Vec<Hold>,
    /// Mails that it gives back without having begun them.
    pub(super) release: Vec<Hold>,
    /// How many mails to claim.
    pub(super) claim: usize,
    pub(super) walks: Walks,
    /// There was something to claim the last time, so nobody asks before whether there is.
    pub(super) busy: bool,
    /// How long to sleep at most while nothing is due.
    pub(super) longest: Duration,
}

/// Where the walks through the accounts are: mails sent one at a time, then those of imports.
#[derive(Clone, Copy)]
pub(super) struct Walks([Walk; 2]);

#[derive(Clone, Copy)]
struct Walk {
    start: Place,
    place: Place,
    /// Mails met on the way from the first account to the place.
    met: usize,
    /// The last walk over all accounts met none.
    vain: bool,
}

impl Default for Walks {
    fn default() -> Self {
        Self([Place::SINGLE, Place::BULK].map(|start| Walk {
            start,
            place: start,
            met: 0,
            vain: false,
        }))
    }
}

/// What a turn came to.
pub(super) struct Taken {
    pub(super) claimed: Vec<Claimed>,
    /// Of those to renew, the ones that are still this worker's.
    pub(super) renewed: Vec<Uuid>,
    pub(super) walks: Walks,
    pub(super) busy: bool,
    /// When to look again.
    pub(super) pause: Duration,
}

impl Service {
    /// Delivers one mail that is due; none when nothing is due.
    ///
    /// # Errors
    /// [`super::ServiceError::Unavailable`]; then the lease runs out and the mail is tried again.
    pub async fn deliver_next(&self, mailer: &Mailer) -> Result<Option<Verdict>> {
        let mut turn = Turn {
            claim: 1,
            ..Turn::default()
        };
        loop {
            let taken = self.take_turn(&turn).await?;
            if let Some(claimed) = taken.claimed.into_iter().next() {
                let (outcome, verdict) = self.deliver(mailer, claimed).await;
                turn.claim = 0;
                turn.outcomes = vec![outcome];
                self.take_turn(&turn).await?;
                return Ok(Some(verdict));
            }
            if !taken.pause.is_zero() {
                return Ok(None);
            }
            turn.walks = taken.walks;
        }
    }

    /// One transaction with the database; no connection is held while the mail server takes its time.
    pub(super) async fn take_turn(&self, turn: &Turn) -> Result<Taken> {
        let mut connection = self.connect().await?;
        let tx = as_worker(Operation::Deliver, &mut connection).await?;
        let mut taken = Taken {
            claimed: Vec::new(),
            renewed: Vec::new(),
            walks: turn.walks,
            busy: false,
            pause: Duration::ZERO,
        };
        if !turn.outcomes.is_empty() {
            outbox::settle(&tx, &turn.outcomes).await?;
        }
        if !turn.release.is_empty() {
            outbox::release(&tx, &turn.release).await?;
        }
        if !turn.renew.is_empty() {
            taken.renewed = outbox::renew(&tx, &turn.renew).await?;
        }
        if turn.claim > 0 {
            claim(&tx, turn, &mut taken).await?;
        }
        done(tx, taken).await
    }

    /// Sends a claimed mail; what to write down about it.
    pub(super) async fn deliver(&self, mailer: &Mailer, claimed: Claimed) -> (Outcome, Verdict) {
        let verdict = self.hand_over(mailer, &claimed).await;
        let (state, reply) = match &verdict {
            Verdict::Sent { reply } => (DeliveryState::Sent, reply),
            Verdict::Deferred { reply } => (DeliveryState::Deferred, reply),
            Verdict::Failed { reply } => (DeliveryState::Failed, reply),
        };
        let outcome = Outcome {
            hold: claimed.hold,
            state,
            reply: reply.clone(),
            retry_in: backoff::wait(claimed.attempts, jitter()),
        };
        (outcome, verdict)
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

async fn claim(db: &impl Db, turn: &Turn, taken: &mut Taken) -> Result<()> {
    if !turn.busy {
        let due = outbox::next_due(db).await?;
        if due != Some(Duration::ZERO) {
            let due = due.unwrap_or(turn.longest);
            taken.pause = due.min(turn.longest).max(SHORTEST_SLEEP);
            return Ok(());
        }
    }
    for walk in &mut taken.walks.0 {
        let most = turn.claim.saturating_sub(taken.claimed.len());
        if most == 0 {
            break;
        }
        let claim = claim::mails(db, most, walk.place).await?;
        let met = claim.mails.len() + claim.over;
        walk.met += met;
        walk.vain = claim.next.is_none() && walk.met == 0;
        walk.place = claim.next.unwrap_or_else(|| {
            walk.met = 0;
            walk.start
        });
        taken.busy |= met > 0;
        taken.claimed.extend(claim.mails);
    }
    let vain = taken.walks.0.iter().all(|walk| walk.vain);
    if !turn.busy && !taken.busy && vain {
        taken.pause = SHORTEST_SLEEP;
    }
    Ok(())
}

/// From 0 to 1; plain 0 where the system has no randomness.
fn jitter() -> f64 {
    let mut byte = [0_u8; 1];
    getrandom::fill(&mut byte).map_or(0.0, |()| f64::from(byte[0]) / 255.0)
}
