//! A window over keyset pages: a few hundred rows in memory, a cursor that stays on its member, and
//! what to read next. It never knows the whole account.

use crate::domain::{Cursor, Member, Page, Seek, UserId};
use crate::ui::message::Place;

/// Rows asked for at once.
const PAGE: usize = 100;
/// Rows kept in memory.
const KEPT: usize = 300;

/// The rows in memory and the place of the cursor among them.
#[derive(Debug, Clone, Default)]
pub struct Window {
    rows: Vec<Member>,
    /// From where reading again gives the same first row: the first of all, or after a row that was
    /// left out.
    anchor: Seek,
    more_before: bool,
    more_after: bool,
    cursor: usize,
    top: usize,
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

    /// Whether rows exist above and below what is visible.
    pub fn more(&self, height: usize) -> (bool, bool) {
        let below = self.more_after || self.top + height < self.rows.len();
        (self.more_before || self.top > 0, below)
    }

    /// Where and how much to read for `place`.
    pub fn request(&self, place: Place) -> (Seek, i64) {
        let edge = |member: Option<&Member>| member.map(Cursor::of);
        let (seek, rows) = match place {
            Place::Fresh => (Seek::First, PAGE),
            Place::End => (Seek::Last, PAGE),
            Place::Reload => (self.anchor.clone(), self.rows.len().max(PAGE)),
            Place::After => (
                edge(self.rows.last()).map_or(Seek::First, Seek::After),
                PAGE,
            ),
            Place::Before => (
                edge(self.rows.first()).map_or(Seek::First, Seek::Before),
                PAGE,
            ),
        };
        (seek, i64::try_from(rows).unwrap_or(i64::MAX))
    }

    /// What should be read ahead of the cursor, if anything.
    pub fn read_ahead(&self, height: usize) -> Option<Place> {
        if self.more_after && self.rows.len() < self.cursor + 2 * height {
            Some(Place::After)
        } else if self.more_before && self.cursor < height {
            Some(Place::Before)
        } else {
            None
        }
    }

    /// Takes a page in; tells whether anything changed.
    pub fn arrive(&mut self, place: Place, page: Page<Member>, height: usize) -> bool {
        match place {
            Place::Fresh | Place::End => {
                *self = Self::default();
                self.take_whole(page);
                if place == Place::End {
                    self.set_anchor();
                    self.cursor = self.rows.len().saturating_sub(1);
                }
            }
            Place::Reload => {
                if page.rows == self.rows {
                    return false;
                }
                let person = self.selected().map(|member| member.user);
                let before = self.cursor;
                self.take_whole(page);
                self.find(person);
                // The row under the cursor stays where it is on the screen.
                self.top = (self.top + self.cursor).saturating_sub(before);
            }
            Place::After => {
                self.rows.extend(page.rows);
                self.more_after = page.more_after;
                self.drop_front();
            }
            Place::Before => self.prepend(page),
        }
        self.follow(height);
        true
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

    /// Leaves the first row out, so that the rest can be read again after it.
    fn set_anchor(&mut self) {
        if self.more_before && self.rows.len() > 1 {
            self.anchor = Seek::After(Cursor::of(&self.rows.remove(0)));
        } else {
            self.anchor = Seek::First;
        }
    }

    fn prepend(&mut self, page: Page<Member>) {
        let mut rows = page.rows;
        let added = rows.len();
        rows.append(&mut self.rows);
        self.rows = rows;
        self.more_before = page.more_before;
        let before = self.rows.len();
        self.set_anchor();
        let shift = added - (before - self.rows.len()).min(added);
        self.cursor += shift;
        self.top += shift;
        if self.rows.len() > KEPT {
            self.rows.truncate(KEPT);
            self.more_after = true;
        }
    }

    fn drop_front(&mut self) {
        let surplus = self.rows.len().saturating_sub(KEPT).min(self.top);
        if let Some(last) = self.rows.drain(..surplus).next_back() {
            self.anchor = Seek::After(Cursor::of(&last));
            self.more_before = true;
        }
        self.cursor -= surplus.min(self.cursor);
        self.top -= surplus;
    }

    /// Puts the cursor on a person where that person is among the rows.
    fn find(&mut self, person: Option<UserId>) {
        let found = self
            .rows
            .iter()
            .position(|member| Some(member.user) == person);
        self.cursor = found.unwrap_or(self.cursor);
    }

    /// Moves the cursor by `step` rows.
    pub fn step(&mut self, step: isize, height: usize) {
        self.cursor = self.cursor.saturating_add_signed(step);
        self.follow(height);
    }

    /// Moves cursor and window together by a screenful.
    pub fn page(&mut self, direction: isize, height: usize) {
        let step = direction.saturating_mul(isize::try_from(height).unwrap_or(1));
        self.cursor = self.cursor.saturating_add_signed(step);
        self.top = self.top.saturating_add_signed(step);
        self.follow(height);
    }

    /// Puts the cursor on a row.
    pub fn point_at(&mut self, row: usize, height: usize) {
        self.cursor = row;
        self.follow(height);
    }

    /// The place of a jump that needs no reading, or what to read for it.
    pub fn jump(&mut self, place: Place, height: usize) -> Option<Place> {
        let (unread, row) = match place {
            Place::End => (self.more_after, self.rows.len()),
            _ => (self.more_before, 0),
        };
        if unread {
            return Some(place);
        }
        self.point_at(row, height);
        None
    }

    /// Keeps the cursor on a row and in sight. At the edge the window moves by half a screenful: on a
    /// slow line a scroll of one line costs as much as that.
    fn follow(&mut self, height: usize) {
        let last = self.rows.len().saturating_sub(1);
        let height = height.max(1);
        self.cursor = self.cursor.min(last);
        if self.cursor < self.top || self.cursor >= self.top + height {
            self.top = self.cursor.saturating_sub(height / 2);
        }
        self.top = self.top.min(self.rows.len().saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, PAGE, Window};
    use crate::domain::{Email, Grant, Member, Page, Seek, UserId};
    use crate::ui::message::Place;
    use jiff::Timestamp;
    use uuid::Uuid;

    const TOTAL: usize = 1000;

    fn member(index: usize) -> Member {
        Member {
            user: UserId(Uuid::from_u128(index as u128)),
            email: Email::parse(&format!("m{index:04}@x.com")).unwrap(),
            name: "".into(),
            grant: Grant::full(),
            last_login: None,
            joined_at: Timestamp::UNIX_EPOCH,
            invited_by: None,
            ownership_offered: false,
            version: 1,
        }
    }

    /// What a database of a thousand members would answer.
    fn answer((seek, limit): (Seek, i64)) -> Page<Member> {
        let limit = usize::try_from(limit).unwrap();
        let index = |key: &str| {
            key.chars()
                .skip(1)
                .take(4)
                .collect::<String>()
                .parse::<usize>()
                .unwrap()
        };
        let (from, to) = match seek {
            Seek::First => (0, limit),
            Seek::Last => (TOTAL - limit, TOTAL),
            Seek::After(c) => (index(&c.email_key) + 1, index(&c.email_key) + 1 + limit),
            Seek::Before(c) => (
                index(&c.email_key).saturating_sub(limit),
                index(&c.email_key),
            ),
        };
        let to = to.min(TOTAL);
        Page {
            rows: (from..to).map(member).collect(),
            more_before: from > 0,
            more_after: to < TOTAL,
        }
    }

    fn read(window: &mut Window, place: Place) {
        let page = answer(window.request(place));
        window.arrive(place, page, 10);
    }

    #[test]
    fn every_member_is_reached_downwards_and_upwards_in_order() {
        let mut window = Window::default();
        read(&mut window, Place::Fresh);
        for expected in 0..TOTAL {
            assert_eq!(window.selected().unwrap().email, member(expected).email);
            assert!(window.rows().len() <= KEPT + PAGE);
            window.step(1, 10);
            if let Some(place) = window.read_ahead(10) {
                read(&mut window, place);
            }
        }
        for expected in (0..TOTAL).rev() {
            assert_eq!(window.selected().unwrap().email, member(expected).email);
            window.step(-1, 10);
            if let Some(place) = window.read_ahead(10) {
                read(&mut window, place);
            }
        }
    }

    #[test]
    fn a_reload_keeps_the_cursor_on_its_member() {
        let mut window = Window::default();
        read(&mut window, Place::End);
        window.step(-50, 10);
        let person = window.selected().unwrap().clone();
        let mut page = answer(window.request(Place::Reload));
        assert!(
            !window.arrive(Place::Reload, page.clone(), 10),
            "nothing changed"
        );
        page.rows.remove(3);
        assert!(window.arrive(Place::Reload, page, 10));
        assert_eq!(window.selected(), Some(&person));
    }

    #[test]
    fn jumps_read_only_what_is_not_there() {
        let mut window = Window::default();
        read(&mut window, Place::Fresh);
        window.step(5, 10);
        assert_eq!(window.jump(Place::Fresh, 10), None);
        assert_eq!(window.cursor(), 0);
        assert_eq!(window.jump(Place::End, 10), Some(Place::End));
    }
}
