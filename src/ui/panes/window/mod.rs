//! A window over keyset pages: a few hundred rows in memory, a cursor that stays on its member, and
//! what to read next. It never knows the whole account. Where the cursor is sent beyond what is read, the
//! window stops at the last known row and owes the rest, which is gone when the rows are there.

mod pages;

use super::whereabouts::Whereabouts;
use crate::domain::{Count, Cursor, Member, Position, Seek};
use crate::ui::message::Place;

/// Rows asked for at once, at least.
const PAGE: usize = 100;
/// So many screenfuls are known on either side of the cursor before somebody asks for them.
const AHEAD: usize = 4;
/// Pages kept in memory.
const KEPT: usize = 3;

/// The rows in memory and the place of the cursor among them.
#[derive(Debug, Clone, Default)]
pub struct Window {
    rows: Vec<Member>,
    /// From where reading again gives the same first row.
    anchor: Seek,
    more_before: bool,
    more_after: bool,
    cursor: usize,
    top: usize,
    owed: Owed,
    /// The list is to stand elsewhere, and the rows of that place are not there yet.
    leaving: Option<Landing>,
    place: Whereabouts,
}

/// How far cursor and top still have to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Owed {
    cursor: isize,
    top: isize,
}

/// On which row of the screen the cursor is to stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Landing(usize);

/// Rows asked for at once where `height` of them are seen: enough that a held key does not outrun them.
fn page_rows(height: usize) -> usize {
    PAGE.max(AHEAD * height)
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

fn long(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

impl Window {
    /// The rows in memory.
    pub fn rows(&self) -> &[Member] {
        &self.rows
    }

    /// The member under the cursor.
    pub fn selected(&self) -> Option<&Member> {
        self.rows.get(self.cursor)
    }

    /// The cursor's place among the rows.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first visible row.
    pub fn top(&self) -> usize {
        self.top
    }

    /// On which row of the screen the cursor stands.
    pub fn screen_row(&self) -> usize {
        self.cursor.saturating_sub(self.top)
    }

    /// Whether rows exist before and after those in memory.
    pub fn more(&self) -> (bool, bool) {
        (self.more_before, self.more_after)
    }

    /// Whether the cursor waits for rows.
    pub fn owes(&self) -> bool {
        self.owed.cursor != 0
    }

    /// The list is going to stand elsewhere, with the cursor on this row of the screen: movements from
    /// now on count from there.
    pub fn leave(&mut self, screen_row: usize) {
        self.owed = Owed::default();
        self.leaving = Some(Landing(screen_row));
    }

    /// The cursor stays where it is: what it was sent to did not come, or is not wanted any more.
    pub fn stay(&mut self) {
        self.owed = Owed::default();
    }

    /// What the window was to be replaced by did not come: movements count from where it stands.
    pub fn remain(&mut self) {
        self.stay();
        self.leaving = None;
    }

    /// How many rows stand before the first in memory; known at either end, where `total` is exact.
    pub fn before(&self, total: Option<i64>) -> Count {
        match total {
            _ if !self.more_before => Count::Exactly(0),
            Some(total) if !self.more_after => {
                Count::Exactly(total.saturating_sub(long(self.rows.len())).max(0))
            }
            _ => self.place.before(),
        }
    }

    /// Keeps in mind what is known of the place, for when the window moves on.
    pub fn keep_place(&mut self, total: Option<i64>) {
        let before = self.before(total);
        self.place.set(before);
    }

    /// What is known of the place may have changed.
    pub fn doubt_place(&mut self) {
        self.place.doubt();
    }

    /// Asks where the row under the cursor stands.
    pub fn ask_place(&mut self) -> Option<Cursor> {
        let cursor = Cursor::of(self.selected()?);
        self.place.ask(long(self.cursor));
        Some(cursor)
    }

    /// The place of the row that was asked about; the window may have moved since.
    pub fn on_located(&mut self, position: Position, total: Option<i64>) {
        self.place.on_located(position, total);
    }

    /// Moves the cursor by `step` rows.
    pub fn step(&mut self, step: isize, height: usize) {
        self.owed.cursor = self.owed.cursor.saturating_add(step);
        self.settle(height);
    }

    /// Moves cursor and window together by a screenful.
    pub fn page(&mut self, direction: isize, height: usize) {
        let step = direction.saturating_mul(signed(height));
        self.owed.top = self.owed.top.saturating_add(step);
        self.step(step, height);
    }

    /// Puts the cursor on a row.
    pub fn point_at(&mut self, row: usize, height: usize) {
        self.stay();
        self.cursor = row;
        self.settle(height);
    }

    /// The place of a jump that needs no reading, or what to read for it.
    pub fn jump(&mut self, place: Place, height: usize) -> Option<Place> {
        let (unread, row) = match place {
            Place::End => (self.more_after, self.rows.len()),
            _ => (self.more_before, 0),
        };
        if unread || self.leaving.is_some() {
            return Some(place);
        }
        self.point_at(row, height);
        None
    }

    /// Moves cursor and top as far as rows are known, and keeps the cursor in sight. At the edge the
    /// window moves by half a screenful: on a slow line a scroll of one line costs as much as that.
    fn settle(&mut self, height: usize) {
        if self.leaving.is_some() {
            return;
        }
        let (len, height) = (signed(self.rows.len()), signed(height.max(1)));
        let last = (len - 1).max(0);
        let mut at = signed(self.cursor).saturating_add(self.owed.cursor);
        let mut top = signed(self.top).saturating_add(self.owed.top);
        if !self.more_after {
            at = at.min(last);
        }
        if !self.more_before {
            at = at.max(0);
        }
        if at < top || at >= top.saturating_add(height) {
            top = at - height / 2;
        }
        if !self.more_after {
            top = top.min(len - height);
        }
        if !self.more_before {
            top = top.max(0);
        }
        let seen = (at.clamp(0, last), top.clamp(0, (len - height).max(0)));
        self.owed = Owed {
            cursor: at - seen.0,
            top: top - seen.1,
        };
        self.cursor = seen.0.unsigned_abs();
        self.top = seen.1.unsigned_abs();
    }
}

#[cfg(test)]
mod tests;
