//! The delivery worker: several mails in hand, each on a connection of its own; a few more claimed ahead;
//! what became of those that are done is written down together with the next claim. Any number of workers
//! may run.
//!
//! It is one task. Nothing waits for the database but the database's own turn, and no mail for another.

use super::{
    Feed, Result, Service,
    outbox::{Taken, Turn, Walks},
};
use crate::{
    domain::DeliveryState,
    mail::{Mailer, Pace},
    store::{
        claim::Claimed,
        outbox::{Hold, LEASE, Outcome},
    },
};
use futures_util::{FutureExt, StreamExt, future::FusedFuture, stream::FuturesUnordered};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The wait after the database did not answer.
const OUTAGE: Duration = Duration::from_secs(2);
/// How often a mail that is still in hand is held for another lease.
const RENEWAL: Duration = Duration::from_secs(20);
/// The longest sleep while nothing is due: another program may queue a mail at any time.
const ASKING: Duration = Duration::from_secs(1);
/// The same where the database tells of each mail that is queued.
const TOLD: Duration = Duration::from_mins(5);
/// How often kept connections are looked at that nobody uses.
const TIDYING: Duration = Duration::from_secs(10);
/// So many milliseconds' worth of mails are claimed ahead, and at most so many mails: what a worker that is
/// killed has claimed waits until its leases run out.
const AHEAD: usize = 20;
const MOST_AHEAD: usize = 64;
/// Over how long the speed is measured.
const MEASURE: Duration = Duration::from_millis(100);

impl Service {
    /// Delivers until `stop`; the mails in hand are finished first, those claimed ahead given back.
    /// Survives outages of the database.
    pub async fn run_outbox(&self, mailer: &Mailer, stop: CancellationToken) {
        let (mut desk, mut pace) = (Desk::new(mailer.connections()), mailer.pace());
        let (mut in_hand, mut turn) = (FuturesUnordered::new(), FuturesUnordered::new());
        let mut tidying = FuturesUnordered::new();
        let (ring, mut bell) = mpsc::channel(1);
        let listening = self.listen_for_mail(ring).fuse();
        tokio::pin!(listening);
        loop {
            if desk.tidy.take_if(|at| *at <= Instant::now()).is_some() {
                tidying.push(mailer.tidy());
            }
            while !desk.stopping && in_hand.len() < desk.connections {
                let Some(claimed) = desk.begin(&mut pace) else {
                    break;
                };
                in_hand.push(self.deliver(mailer, claimed));
            }
            if turn.is_empty() {
                if let Some(next) = desk.turn(in_hand.len()) {
                    turn.push(self.turned(next));
                } else if desk.stopping && in_hand.is_empty() {
                    break;
                }
            }
            let wake = desk.wake(&pace, (in_hand.len(), turn.len()));
            tokio::select! {
                () = stop.cancelled(), if !desk.stopping => desk.stopping = true,
                Some((outcome, _)) = in_hand.next() => desk.done(outcome),
                Some((was, taken)) = turn.next() => desk.turned(was, taken),
                Some(true) = tidying.next() => desk.tidy = Some(Instant::now() + TIDYING),
                Some(feed) = bell.recv() => desk.rung(feed),
                () = &mut listening, if !listening.is_terminated() => {}
                () = sleep_until(wake) => {}
            }
        }
        mailer.close().await;
    }

    async fn turned(&self, turn: Turn) -> (Turn, Result<Taken>) {
        let taken = self.take_turn(&turn).await;
        (turn, taken)
    }
}

/// A mail that this worker holds, and since when.
struct Held {
    hold: Hold,
    since: Instant,
}

/// What a worker has before it.
struct Desk {
    connections: usize,
    stopping: bool,
    /// Claimed and not begun.
    ready: VecDeque<Claimed>,
    /// Claimed and not done.
    held: HashMap<Uuid, Held>,
    /// Done and not written down.
    outcomes: Vec<Outcome>,
    walks: Walks,
    busy: bool,
    /// When to look for mails again.
    look: Instant,
    /// How it learns of mails that are queued.
    feed: Feed,
    /// Something may have become due since the turn under way began.
    rung: bool,
    /// When kept connections are to be looked at.
    tidy: Option<Instant>,
    /// When the database may be asked again after an outage.
    again: Instant,
    /// When the turn under way began.
    turn_began: Instant,
    /// Mails done since the speed was measured, when that was, and how many it allows to claim ahead.
    finished: usize,
    measured: Instant,
    ahead: usize,
}

impl Desk {
    fn new(connections: usize) -> Self {
        let now = Instant::now();
        Self {
            connections,
            stopping: false,
            ready: VecDeque::new(),
            held: HashMap::new(),
            outcomes: Vec::new(),
            walks: Walks::default(),
            busy: false,
            look: now,
            feed: Feed::Asking,
            rung: false,
            tidy: None,
            again: now,
            turn_began: now,
            finished: 0,
            measured: now,
            ahead: 0,
        }
    }

    /// The next mail that may go now.
    fn begin(&mut self, pace: &mut Pace) -> Option<Claimed> {
        // After an outage of the database it may be another worker's.
        while let Some(next) = self.ready.front() {
            let held = self.held.get(&next.hold.id);
            if held.is_some_and(|held| held.since.elapsed() + RENEWAL < LEASE) {
                break;
            }
            self.held.remove(&next.hold.id);
            self.ready.pop_front();
        }
        if self.ready.is_empty() || !pace.go() {
            return None;
        }
        self.ready.pop_front()
    }

    /// A mail was queued, or whether that is told has changed.
    fn rung(&mut self, feed: Feed) {
        self.feed = feed;
        self.rung = true;
        self.look = Instant::now();
    }

    fn done(&mut self, outcome: Outcome) {
        if outcome.state == DeliveryState::Deferred {
            // It may be due before what was to be looked for.
            self.rung(self.feed);
        }
        self.tidy = self.tidy.or_else(|| Some(Instant::now() + TIDYING));
        self.held.remove(&outcome.hold.id);
        self.outcomes.push(outcome);
        self.finished += 1;
        let elapsed = self.measured.elapsed();
        if elapsed >= MEASURE {
            let elapsed = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
            self.ahead = (self.finished * AHEAD / elapsed).min(MOST_AHEAD);
            self.finished = 0;
            self.measured = Instant::now();
        }
    }

    /// How many mails it could take.
    fn room(&self, in_hand: usize) -> usize {
        if self.stopping || self.ready.len() > self.ahead / 2 {
            return 0;
        }
        let most = self.connections + self.ahead;
        most.saturating_sub(in_hand + self.ready.len())
    }

    /// What there is to do at the database now.
    fn turn(&mut self, in_hand: usize) -> Option<Turn> {
        let now = Instant::now();
        if now < self.again && !self.stopping {
            return None;
        }
        let due = |held: &&Held| now.duration_since(held.since) >= RENEWAL;
        let mut turn = Turn {
            outcomes: std::mem::take(&mut self.outcomes),
            renew: self.held.values().filter(due).map(|h| h.hold).collect(),
            release: Vec::new(),
            claim: self.room(in_hand),
            walks: self.walks,
            busy: self.busy,
            longest: match self.feed {
                Feed::Told => TOLD,
                Feed::Asking => ASKING,
            },
        };
        if now < self.look {
            turn.claim = 0;
        }
        if turn.claim > 0 {
            self.rung = false;
        }
        if self.stopping {
            turn.release = self.ready.drain(..).map(|claimed| claimed.hold).collect();
            for hold in &turn.release {
                self.held.remove(&hold.id);
            }
            turn.renew.retain(|hold| self.held.contains_key(&hold.id));
        }
        self.turn_began = now;
        let nothing = turn.outcomes.is_empty() && turn.renew.is_empty() && turn.release.is_empty();
        (!nothing || turn.claim > 0).then_some(turn)
    }

    fn turned(&mut self, turn: Turn, taken: Result<Taken>) {
        let since = self.turn_began;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "mail delivery waits");
                self.again = Instant::now() + OUTAGE;
                if self.stopping && !turn.outcomes.is_empty() {
                    let mails = turn.outcomes.len();
                    tracing::warn!(mails, "mails will be sent twice, or refusals met again");
                } else {
                    self.outcomes.extend(turn.outcomes);
                }
                return;
            }
        };
        for hold in turn.renew {
            if taken.renewed.contains(&hold.id) {
                if let Some(held) = self.held.get_mut(&hold.id) {
                    held.since = since;
                }
            } else {
                self.held.remove(&hold.id);
            }
        }
        for claimed in taken.claimed {
            let hold = claimed.hold;
            self.held.insert(hold.id, Held { hold, since });
            self.ready.push_back(claimed);
        }
        if turn.claim > 0 {
            self.look = Instant::now();
            if !self.rung {
                self.look += taken.pause;
            }
            self.walks = taken.walks;
            self.busy = taken.busy;
        }
    }

    /// When there is something to do again that no answer tells.
    fn wake(&self, pace: &Pace, (in_hand, turns): (usize, usize)) -> Instant {
        let mut wake = Instant::now() + TOLD;
        if let Some(tidy) = self.tidy {
            wake = wake.min(tidy);
        }
        if !self.ready.is_empty() && in_hand < self.connections && !self.stopping {
            wake = wake.min(pace.next());
        }
        if turns == 0 && self.room(in_hand) > 0 {
            wake = wake.min(self.look.max(self.again));
        }
        if turns == 0 && !self.outcomes.is_empty() {
            wake = wake.min(self.again);
        }
        wake
    }
}
