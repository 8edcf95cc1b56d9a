//! `config/keymap.toml` as a value: key texts, (context, key) to action, and the inverse for footer
//! and help. It knows no pane; which contexts apply is the caller's business.

use super::action::{ACTIONS, Action, Context};
use crate::domain::DisplaySafe;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::HashMap;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The bindings in force.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    bindings: HashMap<(Context, Key), Action>,
    /// In file order, so that the first key of an action is the one shown.
    listed: Vec<(Context, Action, Key)>,
}

/// An action with its keys, as help lists them.
pub type Bound = (Action, Vec<Key>);

/// A fault in `keymap.toml`; the line counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct KeymapError {
    pub line: usize,
    pub text: String,
}

impl Keymap {
    /// Reads the text of `keymap.toml`.
    ///
    /// # Errors
    /// Every fault of the file, in file order.
    pub fn parse(text: &str) -> Result<Self, Vec<KeymapError>> {
        let table = DeTable::parse(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            vec![fault(text, at, e.message().to_owned())]
        })?;
        let mut reader = Reader {
            text,
            map: Self::default(),
            faults: Vec::new(),
        };
        for (name, value) in table.get_ref() {
            reader.context(name.get_ref(), name.span().start, value.get_ref());
        }
        reader.unreachable_basics();
        let Reader {
            map, mut faults, ..
        } = reader;
        if faults.is_empty() {
            return Ok(map);
        }
        faults.sort_by_key(|fault| fault.line);
        Err(faults)
    }

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

struct Reader<'t> {
    text: &'t str,
    map: Keymap,
    faults: Vec<KeymapError>,
}

impl Reader<'_> {
    fn fail(&mut self, at: usize, text: String) {
        self.faults.push(fault(self.text, at, text));
    }

    fn context(&mut self, name: &str, at: usize, value: &DeValue<'_>) {
        let Some(context) = Context::ALL.into_iter().find(|c| c.id() == name) else {
            let ids = Context::ALL.map(Context::id);
            return self.fail(
                at,
                format!("no context is called {name:?}{}", nearest(name, &ids)),
            );
        };
        let DeValue::Table(actions) = value else {
            return self.fail(at, format!("[{name}] must be a table of action = [keys]"));
        };
        let mut rows: Vec<_> = actions.iter().collect();
        rows.sort_by_key(|(id, _)| id.span().start);
        for (id, keys) in rows {
            self.action(context, id.get_ref(), id.span().start, keys.get_ref());
        }
    }

    fn action(&mut self, context: Context, id: &str, at: usize, value: &DeValue<'_>) {
        let Some(action) = Action::from_id(id) else {
            let ids: Vec<&str> = ACTIONS.iter().map(|entry| entry.id).collect();
            return self.fail(
                at,
                format!("no action is called {id:?}{}", nearest(id, &ids)),
            );
        };
        let allowed = action
            .entry()
            .is_some_and(|e| e.contexts.contains(&context));
        if !allowed {
            let text = format!("{id:?} can't be bound in [{}]", context.id());
            return self.fail(at, text);
        }
        let DeValue::Array(keys) = value else {
            return self.fail(
                at,
                format!("{id} must be a list of keys, as in {id} = [\"x\"]"),
            );
        };
        for key in keys {
            let at = key.span().start;
            match key.get_ref().as_str().map(Key::parse) {
                Some(Some(key)) => self.bind((context, action), key, at),
                _ => self.fail(at, format!("{id}: {} is no key", shown(key.get_ref()))),
            }
        }
    }

    fn bind(&mut self, (context, action): (Context, Action), key: Key, at: usize) {
        if key == Key::QUIT_ALWAYS {
            return self.fail(at, "ctrl-c always quits; it can't be bound".to_owned());
        }
        if let Some(other) = self.map.bindings.insert((context, key), action) {
            let other = other.entry().map_or("", |entry| entry.id);
            let text = format!("{key} already means {other} in [{}]", context.id());
            return self.fail(at, text);
        }
        self.map.listed.push((context, action, key));
    }

    /// A console that can't be left or steered is no console.
    fn unreachable_basics(&mut self) {
        for action in [
            Action::Quit,
            Action::Back,
            Action::Confirm,
            Action::Up,
            Action::Down,
            Action::Next,
        ] {
            if self.map.key_for(&[], action).is_none() {
                let id = action.entry().map_or("", |entry| entry.id);
                self.fail(0, format!("[global] must bind {id}"));
            }
        }
    }
}

fn shown(value: &DeValue<'_>) -> String {
    value
        .as_str()
        .map_or_else(|| "this".to_owned(), |text| format!("{text:?}"))
}

fn fault(text: &str, at: usize, message: String) -> KeymapError {
    let before = text.bytes().take(at).filter(|&byte| byte == b'\n').count();
    KeymapError {
        line: before + 1,
        text: message,
    }
}

fn nearest(word: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, word), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, known)| {
            format!("; did you mean {known:?}?")
        })
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("backspace", KeyCode::Backspace),
];

impl Key {
    const QUIT_ALWAYS: Self = Self {
        code: KeyCode::Char('c'),
        modifiers: KeyModifiers::CONTROL,
    };

    /// The key of an event; Shift is dropped where the character or code already tells it.
    pub fn of(event: KeyEvent) -> Self {
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Self {
            code,
            modifiers: event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT),
        }
    }

    /// Whether this is Ctrl-C, which no keymap can take away.
    pub fn quits_always(self) -> bool {
        self == Self::QUIT_ALWAYS
    }

    /// Reads a key's text form.
    pub fn parse(text: &str) -> Option<Self> {
        let (modifiers, rest) = match text.split_once('-') {
            Some(("ctrl", rest)) if !rest.is_empty() => (KeyModifiers::CONTROL, rest),
            Some(("alt", rest)) if !rest.is_empty() => (KeyModifiers::ALT, rest),
            _ => (KeyModifiers::NONE, text),
        };
        let named = NAMED
            .iter()
            .find(|(name, _)| *name == rest)
            .map(|(_, code)| *code);
        let function = || {
            let digits = rest.strip_prefix('f')?;
            let number = (1..=12).find(|number: &u8| number.to_string() == digits)?;
            Some(KeyCode::F(number))
        };
        let single = || {
            let mut chars = rest.chars();
            let c = chars.next()?;
            // A key that help and footer can't show would be pressed without knowing.
            let is_shown = DisplaySafe::new(rest).as_str() == rest;
            (chars.next().is_none() && is_shown).then_some(KeyCode::Char(c))
        };
        let code = named.or_else(function).or_else(single)?;
        Some(Self { code, modifiers })
    }
}

impl fmt::Display for Key {
    /// As screens show it: `↵`, `Esc`, `^R`, `d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::Tab => f.write_str("Tab"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::Delete => f.write_str("Del"),
            code => write!(f, "{code}"),
        }
    }
}

/// Whether a key types a character where a text field has the focus.
pub fn types_text(event: KeyEvent) -> bool {
    matches!(event.code, KeyCode::Char(_))
        && !event
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

#[cfg(test)]
mod tests {
    use super::{Key, Keymap};
    use crate::ui::action::{ACTIONS, Action, Context};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    pub(crate) const DEFAULT: &str = include_str!("../../config/keymap.toml");

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

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = format!(
            "{DEFAULT}\n[membres]\nup = [\"x\"]\n[dialog]\nremove-memebr = [\"x\"]\nup = [\"hyper-x\", \"w\", \"w\"]\nset-grant = [\"z\"]\ndown = [\"ctrl-c\"]\n"
        );
        let faults = Keymap::parse(&text).unwrap_err();
        let base = DEFAULT.lines().count() + 1;
        let told: Vec<(usize, &str)> = faults
            .iter()
            .map(|fault| (fault.line - base, fault.text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    1,
                    "no context is called \"membres\"; did you mean \"members\"?"
                ),
                (
                    4,
                    "no action is called \"remove-memebr\"; did you mean \"remove-member\"?"
                ),
                (5, "up: \"hyper-x\" is no key"),
                (5, "w already means up in [dialog]"),
                (6, "\"set-grant\" can't be bound in [dialog]"),
                (7, "ctrl-c always quits; it can't be bound"),
            ]
        );
    }

    #[test]
    fn a_keymap_without_a_way_out_is_refused() {
        let faults = Keymap::parse("[global]\nup = [\"k\"]").unwrap_err();
        assert!(
            faults
                .iter()
                .any(|fault| fault.text == "[global] must bind quit")
        );
    }

    #[test]
    fn key_texts_are_read() {
        for text in ["enter", "ctrl-r", "alt-x", "f12", "-", "ä", "space"] {
            assert!(Key::parse(text).is_some(), "{text}");
        }
        for text in ["", "f13", "f+5", "f05", "ctrl-", "xy", "\u{1b}"] {
            assert!(Key::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_key_that_can_not_be_shown_is_no_key() {
        for text in ["\u{200B}", "alt-\u{202E}", "\u{301}", "\u{FEFF}"] {
            assert!(Key::parse(text).is_none(), "{text:?}");
        }
    }
}
