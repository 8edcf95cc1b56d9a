//! `config/keymap.toml` as a value: key texts, (context, key) to action, and the inverse for footer
//! and help. It knows no pane; which contexts apply is the caller's business.

mod key;
mod reader;

pub use key::{Key, types_text};
pub use reader::KeymapError;

use super::action::{ACTIONS, Action, Context};
use crossterm::event::KeyEvent;
use std::collections::HashMap;

/// The bindings in force.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    bindings: HashMap<(Context, Key), Action>,
    /// In file order, so that the first key of an action is the one shown.
    listed: Vec<(Context, Action, Key)>,
}

/// An action with its keys, as help lists them.
pub type Bound = (Action, Vec<Key>);

impl Keymap {
    /// What `key` means, the most specific of `contexts` first; [`Context::Global`] is always last.
    pub fn resolve(&self, contexts: &[Context], key: KeyEvent) -> Option<Action> {
        let key = Key::of(key);
        contexts
            .iter()
            .chain([&Context::Global])
            .find_map(|&context| self.bindings.get(&(context, key)).copied())
    }

    /// The key to show for `action`: its first binding in the first of `contexts` that has one.
    pub fn key_for(&self, contexts: &[Context], action: Action) -> Option<Key> {
        contexts
            .iter()
            .chain([&Context::Global])
            .find_map(|context| self.keys_in(*context, action).next())
    }

    /// All keys of `action` in `context`, as the file lists them.
    pub fn keys_in(&self, context: Context, action: Action) -> impl Iterator<Item = Key> {
        self.listed
            .iter()
            .filter(move |(c, a, _)| *c == context && *a == action)
            .map(|(_, _, key)| *key)
    }

    /// Rows for help and README: context, its actions in table order, their keys.
    pub fn table(&self) -> Vec<(Context, Vec<Bound>)> {
        let rows = |context: Context| {
            ACTIONS
                .iter()
                .map(|entry| (entry.action, self.keys_in(context, entry.action).collect()))
                .filter(|(_, keys): &Bound| !keys.is_empty())
                .collect()
        };
        Context::ALL
            .into_iter()
            .map(|context| (context, rows(context)))
            .filter(|(_, rows): &(Context, Vec<_>)| !rows.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Keymap;
    use crate::ui::action::{ACTIONS, Action, Context};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    pub(crate) const DEFAULT: &str = include_str!("../../../config/keymap.toml");

    #[test]
    fn the_default_keymap_is_sound() {
        let map = Keymap::parse(DEFAULT).unwrap();
        let key = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert_eq!(
            map.resolve(&[Context::Members, Context::Main], key),
            Some(Action::RemoveMember)
        );
        assert_eq!(map.resolve(&[Context::Dialog], key), None);
        let shifted = KeyEvent::new(KeyCode::Char('S'), KeyModifiers::SHIFT);
        assert_eq!(
            map.resolve(&[Context::Members], shifted),
            Some(Action::ReverseSort)
        );
    }

    #[test]
    fn every_action_has_one_row_and_ids_are_unique() {
        for entry in ACTIONS {
            assert_eq!(Action::from_id(entry.id), Some(entry.action));
            assert_eq!(entry.action.entry().map(|e| e.id), Some(entry.id));
        }
    }
}
