//! Staying up to date with what others do: what to read again, and when. A burst of changes costs a
//! bounded number of reads, and what changed is marked for a moment.

use super::effect::{Effect, Feed, News, Topics};
use super::message::Place;
use super::model::{Model, Phase, Screen};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How often an open console looks whether it may still be open, where nobody tells it: with the answer's
/// way back within the two seconds in which one that may not has to be gone.
const WATCH: SignedDuration = SignedDuration::from_millis(1500);
/// After a session's end by itself, so that the look finds it ended.
const AFTER: SignedDuration = SignedDuration::from_millis(250);
/// The rest after a list was read, at least; a read that took long is followed by a rest twice as long.
const REST: SignedDuration = SignedDuration::from_millis(250);
/// How long a mark stays.
const MARKED: SignedDuration = SignedDuration::from_secs(3);

/// When to read a list again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Due {
    wanted: bool,
    asked: Option<Timestamp>,
    not_before: Timestamp,
}

impl Due {
    /// Something in it changed.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// It is being read now.
    pub fn ask(&mut self, now: Timestamp) {
        self.wanted = false;
        self.asked = Some(now);
    }

    /// The answer is there, or none will come.
    pub fn answered(&mut self, now: Timestamp) {
        let took = self.asked.take().map(|asked| now.duration_since(asked));
        let rest = took.map_or(REST, |took| took.saturating_mul(2).max(REST));
        self.not_before = now.checked_add(rest).unwrap_or(now);
    }

    /// When it is to be read; none when nothing changed, or while it is being read.
    pub fn at(&self) -> Option<Timestamp> {
        (self.wanted && self.asked.is_none()).then_some(self.not_before)
    }

    fn is_ripe(&self, now: Timestamp) -> bool {
        self.at().is_some_and(|at| at <= now)
    }
}

/// Rows that others changed, marked for a moment.
#[derive(Debug, Clone)]
pub struct Marks<Id> {
    ids: Vec<Id>,
    until: Option<Timestamp>,
}

impl<Id> Default for Marks<Id> {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            until: None,
        }
    }
}

impl<Id: PartialEq> Marks<Id> {
    /// Marks these rows; nothing changes the marks when there are none.
    pub fn set(&mut self, ids: Vec<Id>, now: Timestamp) {
        if !ids.is_empty() {
            self.ids = ids;
            self.until = now.checked_add(MARKED).ok();
        }
    }

    /// Whether a row is marked.
    pub fn has(&self, id: &Id) -> bool {
        self.ids.contains(id)
    }

    /// Takes the marks away when their time is over; tells whether there were any.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let over = self.until.is_some_and(|until| until <= now);
        if over {
            *self = Self::default();
        }
        over
    }

    /// When they go.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

/// When to look whether session and membership still hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vigil {
    #[default]
    Never,
    At(Timestamp),
    /// The answer is on its way.
    Asked,
    /// The same, and something changed since it was asked.
    AskedAgain,
}

impl Vigil {
    /// When to wake for it.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Never | Self::Asked | Self::AskedAgain => None,
        }
    }

    /// Something that it is about has changed now.
    pub fn hurry(&mut self, now: Timestamp) {
        *self = match *self {
            Self::Never => Self::Never,
            Self::At(_) => Self::At(now),
            Self::Asked | Self::AskedAgain => Self::AskedAgain,
        };
    }
}

impl Model {
    /// Plans the next look whether session and membership still hold: while somebody is in an account;
    /// at the session's end by itself, `left` from now, where all else is told, and before it where it
    /// is not.
    pub fn plan_watch(&mut self, left: Option<Duration>) {
        let Screen::Main(main) = &self.screen else {
            self.vigil = Vigil::Never;
            return;
        };
        let end = left.map(|left| {
            let left = SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX);
            left.saturating_add(AFTER)
        });
        let wait = match (main.feed, end) {
            (Some(Feed::Told), Some(end)) => end,
            (_, end) => end.map_or(WATCH, |end| end.min(WATCH)),
        };
        // Beyond the end of time is never.
        self.vigil = self
            .ctx
            .now
            .checked_add(wait)
            .map_or(Vigil::Never, Vigil::At);
    }
}

/// Applies what a watch brought.
pub(super) fn on_news(model: &mut Model, news: News) -> Vec<Effect> {
    model.phase = Phase::Unchanged;
    let now = model.ctx.now;
    match news {
        News::Feed(feed) => on_feed(model, feed),
        News::Changed(Topics {
            members,
            invitations,
            presence,
        }) => {
            if presence {
                model.vigil.hurry(now);
            }
            if let Some(main) = model.main_mut() {
                if members {
                    main.members.due.want();
                }
                if invitations {
                    main.invitations.due.want();
                }
            }
        }
    }
    // What one may do is known before what it is done to.
    let mut effects = look_due(model);
    effects.extend(read_due(model));
    effects
}

/// Looks whether session and membership still hold, when the time has come.
pub(super) fn look_due(model: &mut Model) -> Vec<Effect> {
    if model.vigil.at().is_none_or(|at| at > model.ctx.now) {
        return Vec::new();
    }
    model.vigil = Vigil::Asked;
    model.ctx.seat().map(Effect::StillIn).into_iter().collect()
}

fn on_feed(model: &mut Model, feed: Feed) {
    let ctx = model.ctx.clone();
    let Some(main) = model.main_mut() else {
        return;
    };
    if main.feed == Some(feed) {
        return;
    }
    main.feed = Some(feed);
    main.plan_poll(&ctx);
    // How often to look for the session hangs on whether its end is told.
    model.plan_watch(None);
    model.phase = Phase::Changed;
}

/// Reads the lists whose time has come.
pub(super) fn read_due(model: &mut Model) -> Vec<Effect> {
    let (ctx, now) = (model.ctx.clone(), model.ctx.now);
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    if main.members.due.is_ripe(now) {
        effects.extend(main.members.load(Place::Reload, &ctx));
    }
    if main.invitations.due.is_ripe(now) {
        effects.extend(main.invitations.load(&ctx));
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::{Due, Marks};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_burst_costs_a_bounded_number_of_reads() {
        let mut due = Due::default();
        let mut reads = 0;
        for millisecond in 0..10_000 {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millisecond);
            due.want();
            if due.at().is_some_and(|at| at <= now) {
                due.ask(now);
                reads += 1;
            } else if due
                .asked
                .is_some_and(|asked| now >= asked + SignedDuration::from_millis(30))
            {
                due.answered(now);
            }
        }
        assert!((30..=36).contains(&reads), "{reads}");
        assert!(due.wanted, "the last change is still to be read");
    }

    #[test]
    fn a_slow_answer_is_followed_by_a_longer_rest() {
        let mut due = Due::default();
        due.ask(Timestamp::UNIX_EPOCH);
        let answered = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(2);
        due.answered(answered);
        assert_eq!(due.at(), None);
        due.want();
        assert_eq!(due.at(), Some(answered + SignedDuration::from_secs(4)));
    }

    #[test]
    fn marks_go_by_themselves() {
        let start = Timestamp::UNIX_EPOCH;
        let mut marks = Marks::default();
        marks.set(vec![7], start);
        marks.set(vec![], start + SignedDuration::from_secs(1));
        assert!(marks.has(&7) && !marks.expire(start + SignedDuration::from_secs(2)));
        assert!(marks.expire(start + SignedDuration::from_secs(3)));
        assert!(!marks.has(&7) && marks.until().is_none());
    }
}
