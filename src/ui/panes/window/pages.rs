//! Which rows to ask for, and what becomes of the window when they arrive.

use super::{AHEAD, KEPT, Owed, Window, long, page_rows, signed};
use crate::domain::{Cursor, Member, Page, Seek, UserId};
use crate::ui::message::Place;

/// Rows asked for at once, at most.
pub(super) const MOST: usize = 1000;

impl Window {
    /// Where and how much to read for `place`, where `height` rows are seen at most.
    pub fn request(&self, place: Place, height: usize) -> (Seek, i64) {
        let edge = |member: Option<&Member>| member.map(Cursor::of);
        let page = page_rows(height);
        let further = (page + self.owed.cursor.unsigned_abs()).min(MOST).max(page);
        let (seek, rows) = match place {
            Place::Fresh | Place::Around(_) => (Seek::First, page),
            Place::End => (Seek::Last, page),
            Place::Reload => (self.anchor.clone(), self.rows.len().max(page)),
            Place::After => (
                edge(self.rows.last()).map_or(Seek::First, Seek::After),
                further,
            ),
            Place::Before => (
                edge(self.rows.first()).map_or(Seek::First, Seek::Before),
                further,
            ),
        };
        (seek, long(rows))
    }

    /// What should be read ahead of the cursor, if anything.
    pub fn read_ahead(&self, height: usize) -> Option<Place> {
        let (at, ahead) = (
            signed(self.cursor) + self.owed.cursor,
            signed(AHEAD * height),
        );
        if self.more_after && signed(self.rows.len()) < at.saturating_add(ahead) {
            Some(Place::After)
        } else if self.more_before && at < ahead {
            Some(Place::Before)
        } else {
            None
        }
    }

    /// Takes a page in; tells whether anything changed.
    pub fn arrive(&mut self, place: Place, page: Page<Member>, height: usize) -> bool {
        match place {
            Place::Fresh | Place::End | Place::Around(_) => self.land(place, page),
            Place::Reload => {
                let more = (page.more_before, page.more_after);
                if page.rows == self.rows && more == self.more() {
                    return false;
                }
                self.reread(page);
            }
            Place::After => {
                self.rows.extend(page.rows);
                self.more_after = page.more_after;
            }
            Place::Before => self.prepend(page),
        }
        self.settle(height);
        match place {
            Place::After => self.drop_front(height),
            Place::Before => self.drop_back(height),
            Place::Fresh | Place::End | Place::Reload | Place::Around(_) => {}
        }
        true
    }

    fn land(&mut self, place: Place, page: Page<Member>) {
        let (moved, landing) = (self.owed, self.leaving.unwrap_or_default());
        *self = Self::default();
        self.take_whole(page);
        let last = self.rows.len().saturating_sub(1);
        self.cursor = match place {
            Place::End => last,
            Place::Around(before) => before.min(last),
            _ => 0,
        };
        self.top = self.cursor;
        self.owed = Owed {
            cursor: moved.cursor,
            top: moved.top - signed(landing.0),
        };
        self.set_anchor();
    }

    fn reread(&mut self, page: Page<Member>) {
        let order = |rows: &[Member]| rows.iter().map(|m| m.user).collect::<Vec<_>>();
        // Who came or went before these rows is not known.
        if order(&self.rows) != order(&page.rows) {
            self.place.doubt();
        }
        let person = self.selected().map(|member| member.user);
        let before = self.cursor;
        self.take_whole(page);
        self.find(person);
        // The row under the cursor stays where it is on the screen.
        self.top = (self.top + self.cursor).saturating_sub(before);
    }

    /// Who is new or different in the same rows read again. What only moved up from below is neither.
    pub fn changed(&self, page: &Page<Member>) -> Vec<UserId> {
        let last = self.rows.last().map(|member| member.user);
        let reaches = |index: usize| {
            let rest = page.rows.iter().skip(index);
            !self.more_after || rest.clone().any(|member| Some(member.user) == last)
        };
        let differs = |(index, member): &(usize, &Member)| {
            let before = self.rows.iter().find(|before| before.user == member.user);
            before.map_or_else(|| reaches(*index), |before| before != *member)
        };
        let changed = page.rows.iter().enumerate().filter(differs);
        changed.map(|(_, member)| member.user).collect()
    }

    fn take_whole(&mut self, page: Page<Member>) {
        self.rows = page.rows;
        self.more_before = page.more_before;
        self.more_after = page.more_after;
    }

    fn set_anchor(&mut self) {
        let first = self.rows.first().filter(|_| self.more_before);
        self.anchor = first.map_or(Seek::First, |first| Seek::From(Cursor::of(first)));
    }

    fn prepend(&mut self, page: Page<Member>) {
        let mut rows = page.rows;
        let added = rows.len();
        rows.append(&mut self.rows);
        self.rows = rows;
        self.more_before = page.more_before;
        self.set_anchor();
        self.cursor += added;
        self.top += added;
        self.place.shift(-long(added));
    }

    fn drop_front(&mut self, height: usize) {
        let page = page_rows(height);
        let room = self.top.saturating_sub(page);
        let surplus = self.rows.len().saturating_sub(KEPT * page).min(room);
        if surplus == 0 {
            return;
        }
        self.rows.drain(..surplus);
        self.more_before = true;
        self.set_anchor();
        self.cursor -= surplus.min(self.cursor);
        self.top -= surplus;
        self.place.shift(long(surplus));
    }

    fn drop_back(&mut self, height: usize) {
        let page = page_rows(height);
        let kept = (KEPT * page).max(self.top + height + page);
        if self.rows.len() > kept {
            self.rows.truncate(kept);
            self.more_after = true;
        }
    }

    /// Puts the cursor on a person where that person is among the rows.
    fn find(&mut self, person: Option<UserId>) {
        let found = self
            .rows
            .iter()
            .position(|member| Some(member.user) == person);
        self.cursor = found.unwrap_or(self.cursor);
    }
}
