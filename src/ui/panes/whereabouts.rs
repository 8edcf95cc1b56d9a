//! How many rows stand before those in memory: counted on from an end, or asked for after a jump.

use crate::domain::{Count, Position};

/// The place of the first row in memory among all of the list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Whereabouts {
    before: Count,
    /// The row whose place was asked for, counted from the first in memory.
    asked: Option<i64>,
}

impl Whereabouts {
    /// How many rows stand before the first in memory.
    pub(super) fn before(self) -> Count {
        self.before
    }

    /// So many do.
    pub(super) fn set(&mut self, before: Count) {
        self.before = before;
    }

    /// Rows may have come or gone before it.
    pub(super) fn doubt(&mut self) {
        self.before = self.before.doubted();
    }

    /// The first row in memory is another one, `rows` further on.
    pub(super) fn shift(&mut self, rows: i64) {
        self.before = self.before.moved(rows);
        self.asked = self.asked.map(|asked| asked - rows);
    }

    /// The place of this row is asked for.
    pub(super) fn ask(&mut self, row: i64) {
        self.asked = Some(row);
    }

    /// The place of the row that was asked about, in a list of so many rows.
    pub(super) fn on_located(&mut self, position: Position, total: Option<i64>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let before = match (position.before, position.after, total) {
            (Count::Exactly(before), ..) => Count::Exactly(before),
            (_, Count::Exactly(after), Some(total)) => Count::Exactly(total - after - 1),
            (Count::About(before), Count::About(after), Some(total)) => {
                Count::About(share(before, after, total))
            }
            _ => Count::Unknown,
        };
        self.before = before.moved(-asked);
    }
}

/// The part of `total` that a row's guessed surroundings say is before it.
fn share(before: i64, after: i64, total: i64) -> i64 {
    let all = i128::from(before) + i128::from(after) + 1;
    let part = i128::from(total) * i128::from(before) / all.max(1);
    i64::try_from(part).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Whereabouts;
    use crate::domain::{Count, Position};

    fn located(before: Count, after: Count, total: Option<i64>) -> Count {
        let mut place = Whereabouts::default();
        place.ask(10);
        place.on_located(Position { before, after }, total);
        place.before()
    }

    #[test]
    fn what_is_counted_on_either_side_is_exact_and_the_rest_a_share() {
        use Count::{About, Exactly, Unknown};
        assert_eq!(located(Exactly(30), Unknown, None), Exactly(20));
        assert_eq!(located(About(7), Exactly(30), Some(100)), Exactly(59));
        assert_eq!(located(About(300), About(99), Some(4000)), About(3000 - 10));
        assert_eq!(located(About(300), About(99), None), Unknown);
        assert_eq!(located(Unknown, About(99), Some(4000)), Unknown);
    }

    #[test]
    fn an_answer_that_nobody_asked_for_changes_nothing() {
        let mut place = Whereabouts::default();
        place.set(Count::Exactly(5));
        let position = Position {
            before: Count::Exactly(70),
            after: Count::Unknown,
        };
        place.on_located(position, None);
        assert_eq!(place.before(), Count::Exactly(5));
    }
}
