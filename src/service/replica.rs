//! The member list from a standby that is fresh enough. Who may look is always asked on the primary, and
//! nothing else is read here. Freshness is a place in the primary's log, so no two clocks are compared: a
//! page counts where the standby had replayed, before the page was read, what the primary had written
//! `staleness` ago, and all that one wrote oneself or was told of.

use super::{Operation, Result, Service, ServiceError};
use crate::{
    domain::{AccountId, Actor},
    store::{
        Connection, Store, StoreError,
        wal::{self, Place},
    },
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// How long the standby may take for a page.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it may catch up before it is asked a second time.
const CATCH_UP: Duration = Duration::from_millis(5);
/// How long it is left alone when it was of no use.
const REST: Duration = Duration::from_secs(3);
/// How many places of the primary are kept over the time that a page may be behind.
const SAMPLES: u32 = 16;

/// What is read of an account's members; it sets its own scope.
pub(super) trait Reading: Sync {
    type Found: Send;

    fn on(
        &self,
        connection: &mut Connection,
    ) -> impl Future<Output = std::result::Result<Self::Found, StoreError>> + Send;
}

/// A standby, and what is known of it.
pub(super) struct Replica {
    store: Store,
    staleness: Duration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    freshness: Freshness,
    rests_until: Option<Instant>,
}

/// Where the primary was, and what has to be in a page.
#[derive(Default)]
struct Freshness {
    samples: VecDeque<(Instant, Place)>,
    /// No page from before this counts.
    floor: Option<Place>,
    /// How many changes were made or told of.
    changes: u64,
    /// How many of them lie before the floor.
    covered: u64,
}

/// A page that is being asked for.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    changes: u64,
}

impl Freshness {
    fn ask(&self, at: Instant) -> Asked {
        let changes = self.changes;
        Asked { at, changes }
    }

    /// How far the standby must have been for a page, with the place where the primary was since that page
    /// was asked for.
    fn wanted(&mut self, asked: Asked, written: Place, staleness: Duration) -> Place {
        if asked.changes > self.covered {
            self.covered = asked.changes;
            self.floor = self.floor.max(Some(written));
        }
        let before = |at: &Instant| asked.at.saturating_duration_since(*at);
        self.samples.retain(|(at, _)| before(at) <= staleness);
        let last = self.samples.back().map(|(at, _)| before(at));
        if last.is_none_or(|last| last >= staleness / SAMPLES) {
            self.samples.push_back((asked.at, written));
        }
        // Each of them was true at a time that a page may be from.
        let oldest = self.samples.iter().map(|(_, place)| *place).min();
        let bound = oldest.map_or(written, |oldest| oldest.min(written));
        self.floor.map_or(bound, |floor| floor.max(bound))
    }
}

impl Replica {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_awake(&self) -> bool {
        let until = self.known().rests_until;
        until.is_none_or(|until| until <= Instant::now())
    }

    fn rest(&self, why: &str) {
        tracing::info!(why, "lists are read on the primary for a while");
        self.known().rests_until = Some(Instant::now() + REST);
    }
}

/// A write under way; when it is over, one way or the other, lists have to show it.
pub(super) struct Writing(Option<Arc<Replica>>);

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(replica) = &self.0 {
            replica.known().freshness.changes += 1;
        }
    }
}

impl Service {
    /// The same service, whose member lists come from a standby where that is at most so far behind.
    #[must_use]
    pub fn with_replica(self, store: Store, staleness: Duration) -> Self {
        let replica = Replica {
            store,
            staleness,
            known: Mutex::default(),
        };
        Self(self.0, self.1, Some(Arc::new(replica)))
    }

    /// Notes a write when the result is dropped.
    pub(super) fn writing(&self) -> Writing {
        Writing(self.2.clone())
    }

    /// What `reading` finds on the standby, for who may look; none where it has to be read on the primary.
    pub(super) async fn read_apart<R: Reading>(
        &self,
        who: (Operation, &Actor, AccountId),
        reading: &R,
    ) -> Result<Option<R::Found>> {
        match self.2.as_deref().filter(|replica| replica.is_awake()) {
            // Large, and most installations have no standby.
            Some(replica) => Box::pin(self.read_on(replica, who, reading)).await,
            None => Ok(None),
        }
    }

    async fn read_on<R: Reading>(
        &self,
        replica: &Replica,
        (operation, actor, account): (Operation, &Actor, AccountId),
        reading: &R,
    ) -> Result<Option<R::Found>> {
        let mut connection = self.connect().await?;
        let asked = replica.known().freshness.ask(Instant::now());
        let primary = async {
            let (admitted, written) = tokio::join!(
                self.admit_on(operation, actor, account, &connection),
                wal::written(&connection)
            );
            Result::Ok((admitted?, written?))
        };
        let ((live, written), mut found) = tokio::try_join!(primary, self.tried(replica, reading))?;
        self.note_act(actor, live, &mut connection).await?;
        drop(connection);
        let staleness = replica.staleness;
        let wanted = replica.known().freshness.wanted(asked, written, staleness);
        if matches!(&found, Some((place, _)) if *place < wanted) {
            sleep(CATCH_UP).await;
            found = self.tried(replica, reading).await?;
        }
        match found {
            Some((place, _)) if place < wanted => {
                replica.rest("the replica is behind");
                Ok(None)
            }
            found => Ok(found.map(|(_, page)| page)),
        }
    }

    /// A page with the place that it is not older than; none when the standby was of no use.
    async fn tried<R: Reading>(
        &self,
        replica: &Replica,
        reading: &R,
    ) -> Result<Option<(Place, R::Found)>> {
        let read = async {
            let mut connection = match &self.1 {
                Some(canceller) => replica.store.connect_under(canceller).await?,
                None => replica.store.connect().await?,
            };
            let Some(place) = wal::replayed(&connection).await? else {
                return Ok(None);
            };
            Ok(Some((place, reading.on(&mut connection).await?)))
        };
        let why = match timeout(PATIENCE, read).await {
            Ok(Ok(Some(found))) => return Ok(Some(found)),
            Ok(Err(StoreError::Cancelled)) => return Err(ServiceError::Stopped),
            Ok(Ok(None)) => "the replica is no standby".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the replica does not answer".to_owned(),
        };
        replica.rest(&why);
        replica.store.forget_idle();
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Freshness, Instant, Place};

    const STALENESS: Duration = Duration::from_secs(1);

    /// The place that a page needs which is asked for after so many milliseconds, with the primary there.
    fn wanted(freshness: &mut Freshness, start: Instant, after: u64, written: i64) -> i64 {
        let asked = freshness.ask(start + Duration::from_millis(after));
        freshness.wanted(asked, Place(written), STALENESS).0
    }

    #[test]
    fn a_page_may_be_as_old_as_the_oldest_place_within_the_bound() {
        let (mut freshness, start) = (Freshness::default(), Instant::now());
        assert_eq!(wanted(&mut freshness, start, 0, 100), 100);
        assert_eq!(wanted(&mut freshness, start, 400, 200), 100);
        assert_eq!(wanted(&mut freshness, start, 1_000, 300), 100);
        assert_eq!(wanted(&mut freshness, start, 1_001, 310), 200);
        // After a pause nothing that was known says how old a page is.
        assert_eq!(wanted(&mut freshness, start, 60_000, 900), 900);
    }

    #[test]
    fn what_was_written_or_told_is_in_the_next_page() {
        let (mut freshness, start) = (Freshness::default(), Instant::now());
        assert_eq!(wanted(&mut freshness, start, 0, 100), 100);
        let before = freshness.ask(start + Duration::from_millis(10));
        freshness.changes += 1;
        // A page that was asked for before need not show it.
        assert_eq!(freshness.wanted(before, Place(150), STALENESS).0, 100);
        assert_eq!(wanted(&mut freshness, start, 20, 200), 200);
        // The floor stays where it is.
        assert_eq!(wanted(&mut freshness, start, 30, 300), 200);
        freshness.changes += 1;
        assert_eq!(wanted(&mut freshness, start, 40, 400), 400);
        assert_eq!(wanted(&mut freshness, start, 5_000, 400), 400);
    }

    #[test]
    fn many_pages_keep_few_places() {
        let (mut freshness, start) = (Freshness::default(), Instant::now());
        for number in 0..10_000 {
            let now = i64::try_from(number).unwrap();
            let needs = wanted(&mut freshness, start, number, now);
            assert!(now - needs <= 1_000, "{needs} at {now}");
        }
        assert!(freshness.samples.len() <= 18, "{}", freshness.samples.len());
    }
}
