//! What the member table reads and when: pages ahead of the cursor, jumps, counts, and where the window
//! stands.

use super::members::{Loaded, Members, Wish};
use crate::domain::{Count, Cursor, Member, MemberQuery, Page, Position, Reach, Seek};
use crate::ui::effect::{COUNT_CAP, Effect, ListMembers, LocateMember, Slot};
use crate::ui::message::{Place, Reply};
use crate::ui::model::Ctx;
use jiff::Timestamp;

/// Rows counted on each side of the cursor without being asked: a few pages' worth. In an account of
/// twice as many the place is always exact.
const NEAR: i64 = 500;

/// Another place of the list that is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Jump {
    First,
    Last,
    /// The first row at or after this place, on this row of the screen.
    To(Cursor, usize),
}

/// What is known of the pages that were asked for.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// A page is being read for this place; read-ahead waits meanwhile.
    page: Option<Place>,
    /// The jump that has not arrived.
    jump: Option<Jump>,
    /// What the rows in memory answer.
    shown: MemberQuery,
    position: Asked,
    pub(super) counted: Counted,
}

/// Whether it was asked where the window stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Asked {
    #[default]
    Not,
    Near,
    /// Somebody wants to know exactly, and waits.
    Exactly,
}

/// What the count says of the search that is on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Nothing yet: it is that of another.
    #[default]
    Other,
    ToTheCap,
    Whole,
}

impl Members {
    /// Asks for a page; the count comes along where the list itself changes.
    pub fn load(&mut self, place: Place, ctx: &Ctx) -> Vec<Effect> {
        match (place, &self.reading.jump) {
            (Place::Fresh, _) => self.anew(Jump::First, ctx),
            (Place::End, _) => self.go(Jump::Last, ctx),
            // Fresh rows are on their way already, or what was asked for last did not come.
            (Place::Reload, Some(_)) if self.reading.page.is_some() => self.recount(ctx),
            (Place::Reload, Some(jump)) => {
                let jump = jump.clone();
                self.anew(jump, ctx)
            }
            (Place::Reload, None) => {
                let mut effects = self.read(place, None, ctx);
                effects.extend(self.recount(ctx));
                effects
            }
            (Place::After | Place::Before | Place::Around(_), _) => self.read(place, None, ctx),
        }
    }

    /// Shows another list, from there.
    pub(super) fn anew(&mut self, jump: Jump, ctx: &Ctx) -> Vec<Effect> {
        if self.query.search != self.reading.shown.search {
            self.reading.counted = Counted::Other;
        }
        let mut effects = self.go(jump, ctx);
        effects.extend(self.recount(ctx));
        effects
    }

    /// Shows another list around the selected member, or from its first row.
    pub(super) fn anew_around_selected(&mut self, ctx: &Ctx) -> Vec<Effect> {
        let selected = self.window.selected().map(Cursor::of);
        let row = self.window.screen_row();
        let jump = selected.map_or(Jump::First, |cursor| Jump::To(cursor, row));
        self.anew(jump, ctx)
    }

    /// Shows another place of the list.
    pub(super) fn go(&mut self, jump: Jump, ctx: &Ctx) -> Vec<Effect> {
        let (place, seek, row) = match &jump {
            Jump::First => (Place::Fresh, None, 0),
            Jump::Last => (Place::End, None, 0),
            Jump::To(cursor, row) => (Place::Around(0), Some(Seek::From(cursor.clone())), *row),
        };
        self.reading.jump = Some(jump);
        self.window.leave(row);
        self.waiting.begin(ctx.now);
        self.read(place, seek, ctx)
    }

    fn read(&mut self, place: Place, from: Option<Seek>, ctx: &Ctx) -> Vec<Effect> {
        let Some(seat) = ctx.seat() else {
            return Vec::new();
        };
        let (seek, limit) = self.window.request(place, usize::from(ctx.area.height));
        self.reading.page = Some(place);
        self.due.ask(ctx.now);
        vec![Effect::ListMembers(Box::new(ListMembers {
            seat,
            query: self.query.clone(),
            seek: from.unwrap_or(seek),
            limit,
            place,
        }))]
    }

    fn recount(&self, ctx: &Ctx) -> Vec<Effect> {
        let seat = ctx.seat();
        let count = seat.map(|seat| Effect::CountMembers(seat, self.query.clone()));
        count.into_iter().collect()
    }

    /// A page arrived; tells whether the picture changed.
    pub fn on_loaded(
        &mut self,
        place: Place,
        page: Page<Member>,
        (height, now): (usize, Timestamp),
    ) -> bool {
        self.answered(now);
        let first = self.loaded == Loaded::NotYet;
        self.loaded = Loaded::Yes;
        match place {
            Place::Fresh | Place::End | Place::Around(_) => {
                self.reading.jump = None;
                self.reading.shown = self.query.clone();
                self.reading.position = Asked::Not;
            }
            Place::Reload => self.marks.set(self.window.changed(&page), now),
            Place::After | Place::Before => {}
        }
        let changed = self.window.arrive(place, page, height) || first;
        self.window.keep_place(self.total());
        changed
    }

    /// What follows from a page that arrived: the next one, and where the window stands.
    pub fn follow_up(&mut self, height: usize, ctx: &Ctx) -> Vec<Effect> {
        let mut effects = match self.ahead(height, ctx) {
            Wish::Effects(effects) => effects,
            _ => Vec::new(),
        };
        let unknown = self.window.before(self.total()) == Count::Unknown && !self.is_leaving();
        if unknown && self.is_counted() && self.reading.position == Asked::Not {
            effects.extend(self.locate(Reach::Near(NEAR), ctx));
        }
        effects
    }

    fn answered(&mut self, now: Timestamp) {
        self.waiting.end();
        self.reading.page = None;
        self.due.answered(now);
    }

    /// Whether the rows in memory are to be replaced by those of another place.
    pub(super) fn is_leaving(&self) -> bool {
        self.reading.jump.is_some()
    }

    /// Reading failed: the cursor stays; rows of another list than is shown are asked for again when the
    /// list is read again.
    pub fn on_failed(&mut self, now: Timestamp) {
        self.answered(now);
        self.window.remain();
        if self.reading.shown == self.query {
            self.reading.jump = None;
        }
    }

    /// The exact number of matches, where it is known.
    pub fn total(&self) -> Option<i64> {
        let whole = self.query.search.is_empty() || self.reading.counted == Counted::Whole;
        let exact = |count: &i64| self.is_counted() && (whole || *count < COUNT_CAP);
        self.count.filter(exact)
    }

    /// Whether the count is that of the search that is on.
    pub(super) fn is_counted(&self) -> bool {
        self.reading.counted != Counted::Other
    }

    /// The count arrived; tells whether the picture changed.
    pub fn on_counted(&mut self, count: &Reply<i64>) -> bool {
        let (before, total) = (self.count, self.total());
        if let Ok(count) = count {
            self.count = Some(*count);
            self.reading.counted = Counted::ToTheCap;
            if total.is_some() && total != self.total() {
                self.window.doubt_place();
            }
            self.window.keep_place(self.total());
        }
        self.count != before
    }

    /// Counts all that match, and how many of them stand before the selected member.
    pub(super) fn count_exactly(&mut self, ctx: &Ctx) -> Vec<Effect> {
        self.locate(Reach::Whole, ctx)
    }

    fn locate(&mut self, reach: Reach, ctx: &Ctx) -> Vec<Effect> {
        let (Some(seat), Some(cursor)) = (ctx.seat(), self.window.ask_place()) else {
            return Vec::new();
        };
        self.reading.position = match reach {
            Reach::Near(_) => Asked::Near,
            Reach::Whole => Asked::Exactly,
        };
        vec![Effect::LocateMember(Box::new(LocateMember {
            seat,
            query: self.query.clone(),
            cursor,
            reach,
        }))]
    }

    /// Whether somebody waits for an exact count.
    pub fn is_counting(&self) -> bool {
        self.reading.position == Asked::Exactly
    }

    /// Nobody waits for the count any more.
    pub(super) fn stop_counting(&mut self) -> Vec<Effect> {
        self.reading.position = Asked::Near;
        vec![Effect::GiveUp(Slot::Position)]
    }

    /// Where a member stands; tells whether somebody waited for it.
    pub fn on_located(&mut self, position: Option<Position>) -> bool {
        let waited = self.is_counting();
        if waited {
            self.reading.position = Asked::Near;
        }
        let Some(position) = position else {
            return waited;
        };
        if let (true, Count::Exactly(before), Count::Exactly(after)) =
            (waited, position.before, position.after)
        {
            self.count = Some(before + after + 1);
            self.reading.counted = Counted::Whole;
        }
        let total = self.total();
        self.window.on_located(position, total);
        waited
    }

    /// Reads on where the cursor comes near the end of what is in memory.
    pub fn ahead(&mut self, height: usize, ctx: &Ctx) -> Wish {
        if self.reading.jump.is_some() {
            return Wish::Nothing;
        }
        if self.window.owes() {
            self.waiting.begin(ctx.now);
        }
        match self.window.read_ahead(height) {
            Some(place) if self.reading.page.is_none() => Wish::Effects(self.load(place, ctx)),
            _ => Wish::Nothing,
        }
    }

    /// Home or End: at once where the rows are in memory.
    pub(super) fn jump(&mut self, place: Place, height: usize, ctx: &Ctx) -> Wish {
        match self.window.jump(place, height) {
            Some(Place::End) => Wish::Effects(self.go(Jump::Last, ctx)),
            Some(_) => Wish::Effects(self.go(Jump::First, ctx)),
            None => Wish::Nothing,
        }
    }
}
