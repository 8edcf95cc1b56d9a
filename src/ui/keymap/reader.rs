//! Reads `keymap.toml`, and says all that is wrong with it at once.

use super::{Key, Keymap};
use crate::ui::action::{ACTIONS, Action, Context};
use toml::de::{DeTable, DeValue};

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
        if key.quits_always() {
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

#[cfg(test)]
mod tests {
    use super::Keymap;
    use crate::ui::keymap::tests::DEFAULT;

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
}
