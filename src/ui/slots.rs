//! Reads under way, the newest of each slot.

use super::effect::Slot;
use std::collections::HashMap;

/// What stands for the newest read of each slot, while it is under way.
#[derive(Debug)]
pub(super) struct Slots<T>(HashMap<Slot, (u64, T)>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Slots<T> {
    /// A read begins; gives the older one, which is pointless now.
    pub(super) fn begin(&mut self, slot: Slot, ticket: u64, read: T) -> Option<T> {
        self.0.insert(slot, (ticket, read)).map(|(_, older)| older)
    }

    /// A read has ended; tells whether its answer is the one that is waited for. An older one may slip through,
    /// even after the newest.
    pub(super) fn end(&mut self, slot: Slot, ticket: u64) -> bool {
        let newest = self
            .0
            .get(&slot)
            .is_some_and(|(newest, _)| *newest == ticket);
        if newest {
            self.0.remove(&slot);
        }
        newest
    }

    /// Nobody waits for the answer any more; gives what stands for the read.
    pub(super) fn give_up(&mut self, slot: Slot) -> Option<T> {
        self.0.remove(&slot).map(|(_, read)| read)
    }

    /// All that are waited for.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(|(_, read)| read)
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;
    use crate::ui::effect::Slot::{Count, Members};

    #[test]
    fn the_newest_answers_whichever_ends_first() {
        let mut slots = Slots::default();
        assert_eq!(slots.begin(Members, 1, "p"), None);
        assert_eq!(slots.begin(Count, 2, "all"), None);
        assert_eq!(slots.begin(Members, 3, "p1"), Some("p"));
        assert!(!slots.end(Members, 1));
        assert!(slots.end(Members, 3));

        slots.begin(Members, 4, "p");
        slots.begin(Members, 5, "p1");
        assert!(slots.end(Members, 5));
        assert!(!slots.end(Members, 4), "the older one ended last");
        assert_eq!(slots.iter().collect::<Vec<_>>(), [&"all"]);
    }

    #[test]
    fn what_was_given_up_does_not_answer() {
        let mut slots = Slots::default();
        slots.begin(Count, 1, "all");
        assert_eq!(slots.give_up(Count), Some("all"));
        assert!(!slots.end(Count, 1));
        assert_eq!(slots.give_up(Count), None);
    }
}
