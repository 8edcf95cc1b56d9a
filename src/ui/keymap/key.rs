//! One key: of a terminal's event, of its text in `keymap.toml`, and as screens show it.

use crate::domain::DisplaySafe;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
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
    use super::Key;

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
