//! What the window shows, asks for and forgets as it moves.

use super::{KEPT, Window, page_rows, pages::MOST};
use crate::domain::{Count, Member, Page, Position, Seek};
use crate::ui::fixture::member;
use crate::ui::message::Place;

const HEIGHT: usize = 10;

fn index(key: &str) -> usize {
    key.get(1..7).unwrap().parse().unwrap()
}

/// What a database of so many members would answer.
fn answer(total: usize, (seek, limit): (Seek, i64)) -> Page<Member> {
    let limit = usize::try_from(limit).unwrap();
    let (from, to) = match seek {
        Seek::First => (0, limit),
        Seek::Last => (total - limit.min(total), total),
        Seek::After(c) => (index(&c.email_key) + 1, index(&c.email_key) + 1 + limit),
        Seek::From(c) => (index(&c.email_key), index(&c.email_key) + limit),
        Seek::Before(c) => (
            index(&c.email_key).saturating_sub(limit),
            index(&c.email_key),
        ),
    };
    let to = to.min(total);
    Page {
        rows: (from..to).map(member).collect(),
        more_before: from > 0,
        more_after: to < total,
    }
}

/// A window and a database with a thousand members that answers at once.
struct Console(Window);

impl Console {
    const TOTAL: usize = 1000;

    fn read(&mut self, place: Place) {
        let page = answer(Self::TOTAL, self.0.request(place, HEIGHT));
        self.0.arrive(place, page, HEIGHT);
        self.0.keep_place(Some(1000));
    }

    fn at(place: Place) -> Self {
        let mut console = Self(Window::default());
        console.read(place);
        console
    }

    fn around(row: usize, screen_row: usize) -> Self {
        let mut console = Self(Window::default());
        console.0.leave(screen_row);
        let from = row.saturating_sub(100);
        let page = Page {
            rows: (from..(row + 100).min(Self::TOTAL)).map(member).collect(),
            more_before: from > 0,
            more_after: row + 100 < Self::TOTAL,
        };
        console.0.arrive(Place::Around(row - from), page, HEIGHT);
        console
    }

    fn step(&mut self, step: isize) {
        self.0.step(step, HEIGHT);
        while let Some(place) = self.0.read_ahead(HEIGHT) {
            self.read(place);
        }
    }

    fn here(&self) -> usize {
        index(self.0.selected().unwrap().email.key())
    }
}

#[test]
fn every_member_is_reached_downwards_and_upwards_in_order() {
    let mut console = Console::at(Place::Fresh);
    for expected in 0..Console::TOTAL {
        assert_eq!(console.here(), expected);
        assert!(console.0.rows().len() <= (KEPT + 1) * page_rows(HEIGHT));
        console.step(1);
    }
    for expected in (0..Console::TOTAL).rev() {
        assert_eq!(console.here(), expected);
        console.step(-1);
    }
}

#[test]
fn the_place_is_exact_while_one_scrolls_from_an_end() {
    for (place, step) in [(Place::Fresh, 7), (Place::End, -7)] {
        let mut console = Console::at(place);
        for _ in 0..200 {
            console.step(step);
            let first = index(console.0.rows()[0].email.key());
            let exactly = Count::Exactly(i64::try_from(first).unwrap());
            assert_eq!(console.0.before(Some(1000)), exactly);
        }
    }
}

#[test]
fn a_place_that_is_counted_late_is_that_of_the_row_that_was_asked_about() {
    let mut console = Console::around(500, 0);
    assert_eq!(console.0.before(Some(1000)), Count::Unknown);
    console.0.ask_place().unwrap();
    for _ in 0..150 {
        console.step(-1);
    }
    let counted = Position {
        before: Count::Exactly(500),
        after: Count::Unknown,
    };
    console.0.on_located(counted, Some(1000));
    let first = index(console.0.rows()[0].email.key());
    let exactly = Count::Exactly(i64::try_from(first).unwrap());
    assert_eq!(console.0.before(Some(1000)), exactly);
}

#[test]
fn a_guess_stays_a_guess_until_an_end_is_reached() {
    let mut console = Console::around(500, 0);
    console.0.ask_place().unwrap();
    let guessed = Position {
        before: Count::About(40),
        after: Count::About(60),
    };
    console.0.on_located(guessed, Some(1000));
    // Row 500 is guessed to be about number 396 of 1,000; the first in memory stands 100 before it.
    assert_eq!(console.0.before(Some(1000)), Count::About(296));
    for _ in 0..600 {
        console.step(-1);
    }
    assert_eq!(console.here(), 0);
    assert_eq!(console.0.before(Some(1000)), Count::Exactly(0));
}

#[test]
fn a_jump_lands_on_its_row_of_the_screen() {
    let console = Console::around(500, 4);
    assert_eq!((console.here(), console.0.screen_row()), (500, 4));
    let near_the_start = Console::around(2, 4);
    assert_eq!((near_the_start.here(), near_the_start.0.top()), (2, 0));
    let near_the_end = Console::around(999, 0);
    let last_screenful = near_the_end.0.rows().len() - HEIGHT;
    assert_eq!(
        (near_the_end.here(), near_the_end.0.top()),
        (999, last_screenful)
    );
}

#[test]
fn keys_during_a_jump_count_from_where_it_lands() {
    let mut console = Console::at(Place::Fresh);
    console.0.leave(0);
    console.0.step(-3, HEIGHT);
    assert_eq!(console.here(), 0, "nothing moves before the rows are there");
    console.read(Place::End);
    assert_eq!(console.here(), 996);
    console.0.leave(0);
    console.0.step(5, HEIGHT);
    console.0.remain();
    console.step(0);
    assert_eq!(
        console.here(),
        996,
        "a jump that failed takes its keys along"
    );
}

#[test]
fn a_reload_keeps_the_cursor_on_its_member() {
    let mut console = Console::at(Place::End);
    console.step(-50);
    let person = console.here();
    let mut page = answer(Console::TOTAL, console.0.request(Place::Reload, HEIGHT));
    let same = console.0.arrive(Place::Reload, page.clone(), HEIGHT);
    assert!(!same, "nothing changed");
    page.rows.remove(3);
    assert!(console.0.arrive(Place::Reload, page, HEIGHT));
    assert_eq!(console.here(), person);
}

#[test]
fn jumps_read_only_what_is_not_there() {
    let mut window = Console::at(Place::Fresh).0;
    window.step(5, HEIGHT);
    assert_eq!(window.jump(Place::Fresh, HEIGHT), None);
    assert_eq!(window.cursor(), 0);
    assert_eq!(window.jump(Place::End, HEIGHT), Some(Place::End));
}

/// A page key held down, thirty times a second, over a database that takes `latency` keys to answer.
struct Held {
    total: usize,
    window: Window,
    height: usize,
    latency: usize,
    reading: Option<(usize, Place, (Seek, i64))>,
    /// Keys after which the cursor had to wait for rows.
    waits: usize,
}

impl Held {
    fn new(total: usize, (height, latency): (usize, usize), place: Place) -> Self {
        let mut window = Window::default();
        let page = answer(total, window.request(place, height));
        window.arrive(place, page, height);
        Self {
            total,
            window,
            height,
            latency,
            reading: None,
            waits: 0,
        }
    }

    /// Reads as the pane does.
    fn ask(&mut self, now: usize) {
        if self.reading.is_none()
            && let Some(place) = self.window.read_ahead(self.height)
        {
            let request = self.window.request(place, self.height);
            self.reading = Some((now + self.latency, place, request));
        }
    }

    fn tick(&mut self, now: usize, key: Option<isize>) {
        if let Some((_, place, request)) = self.reading.take_if(|(due, ..)| *due <= now) {
            let page = answer(self.total, request);
            self.window.arrive(place, page, self.height);
            self.ask(now);
        }
        if let Some(direction) = key {
            self.window.page(direction, self.height);
            self.ask(now);
        }
        self.waits += usize::from(self.window.owes());
        let (top, rows) = (self.window.top(), self.window.rows());
        let seen = &rows[top..(top + self.height).min(rows.len())];
        assert_eq!(seen.len(), self.height, "a gap at {now}");
        let numbers: Vec<usize> = seen.iter().map(|m| index(m.email.key())).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        let cursor = self.window.cursor();
        assert!((top..top + self.height).contains(&cursor), "out of sight");
        let most = (KEPT + 2) * page_rows(self.height) + MOST;
        assert!(rows.len() <= most, "{} rows in memory", rows.len());
    }

    /// Holds the key for so many presses, then lets what is owed come.
    fn hold(&mut self, presses: usize, direction: isize) {
        for now in 0..presses {
            self.tick(now, Some(direction));
        }
        for now in presses.. {
            if !self.window.owes() && self.reading.is_none() {
                break;
            }
            self.tick(now, None);
        }
    }

    fn here(&self) -> usize {
        index(self.window.selected().unwrap().email.key())
    }
}

#[test]
fn holding_a_page_key_shows_no_gap_and_counts_every_key() {
    // A key is 33 ms: answers within 33 ms, 100 ms, one second.
    let screens = [(10, 1), (10, 3), (35, 1), (35, 3), (120, 3), (35, 30)];
    for screen in screens {
        // The hundred thousand rows once; the rest is the same with fewer.
        let total = if screen == (35, 3) { 100_000 } else { 8_000 };
        let (height, latency) = screen;
        let presses = total / height - 2;
        let mut down = Held::new(total, screen, Place::Fresh);
        down.hold(presses, 1);
        assert_eq!(down.here(), presses * height);
        let mut up = Held::new(total, screen, Place::End);
        up.hold(presses, -1);
        assert_eq!(up.here(), total - 1 - presses * height);
        let waits = down.waits + up.waits;
        assert!(latency > 3 || waits == 0, "{waits} waits at {height}");
    }
}

#[test]
fn a_held_key_ends_at_the_ends() {
    let mut held = Held::new(5_000, (35, 3), Place::Fresh);
    held.hold(300, 1);
    assert_eq!(held.here(), 4_999);
    held.hold(300, -1);
    assert_eq!(held.here(), 0);
}

#[test]
fn another_key_ends_the_way_to_rows_that_are_not_there() {
    let mut held = Held::new(5_000, (35, 30), Place::Fresh);
    for now in 0..20 {
        held.tick(now, Some(1));
    }
    assert!(held.window.owes());
    let here = held.here();
    held.window.stay();
    held.hold(0, 1);
    assert_eq!(held.here(), here);
}
