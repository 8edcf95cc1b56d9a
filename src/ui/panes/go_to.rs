//! The line "Go to": each character typed moves the window to the first address that begins so.

use crate::domain::{Cursor, Direction, MemberQuery, Sort};
use crate::ui::widgets::text_input::{Mask, TextInput};

/// The line while it is open.
#[derive(Debug)]
pub struct GoTo {
    pub input: TextInput,
    /// Where the list stood before, for Esc.
    origin: Origin,
}

/// An order of the list, and a place in it.
#[derive(Debug, Clone)]
pub struct Origin {
    sort: Sort,
    direction: Direction,
    pub cursor: Option<Cursor>,
    /// On which row of the screen the cursor stood.
    pub row: usize,
}

impl GoTo {
    /// An empty line over a list with the cursor there, on that row of the screen.
    pub fn new(query: &MemberQuery, cursor: Option<Cursor>, row: usize) -> Self {
        Self {
            input: TextInput::new(Mask::Shown, 254),
            origin: Origin {
                sort: query.sort,
                direction: query.direction,
                cursor,
                row,
            },
        }
    }

    /// The place that the typed text leads to; none while there is no text. Only the order of addresses has
    /// such a place: the list changes to it.
    pub fn aim(&self, query: &mut MemberQuery) -> Option<Cursor> {
        if query.order() != Sort::Email {
            query.sort = Sort::Email;
            query.direction = Direction::Ascending;
        }
        let prefix = self.input.text().trim();
        (!prefix.is_empty()).then(|| Cursor::of_prefix(prefix, query.direction))
    }

    /// Whether an address begins as was typed.
    pub fn leads_to(&self, email_key: &str) -> bool {
        email_key.starts_with(&self.input.text().trim().to_lowercase())
    }

    /// Gives the list its order back, and tells where it stood.
    pub fn undo(self, query: &mut MemberQuery) -> Origin {
        query.sort = self.origin.sort;
        query.direction = self.origin.direction;
        self.origin
    }
}
