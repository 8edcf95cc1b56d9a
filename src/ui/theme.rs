//! Roles of colour, read from a theme file: the only file that names `Color`.
//!
//! A screen asks for `styles.accent`, never for cyan. Every meaning is also carried without colour:
//! by a marker, bold, reverse, or the kind of border.

#![expect(
    clippy::disallowed_types,
    reason = "this is the one file that may name Color"
)]

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::str::FromStr;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The 16 of every colour terminal.
    Sixteen,
    /// 256 or more.
    Full,
}

/// What a terminal leaves where it erases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasing {
    /// Its own background, or nobody knows.
    Bare,
    /// The background that is set (terminfo: `bce`).
    InColour,
}

/// Which characters may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    #[default]
    Unicode,
    /// A locale that is not UTF-8: frames and marks are drawn with ASCII.
    Ascii,
}

/// How much is drawn that says nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoration {
    #[default]
    Full,
    /// For slow lines: no frames around panes, no colours but where something is wrong, no bar over the
    /// row under the cursor, and what turns while one waits turns once a second.
    Sparse,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident),* $(,)?) => {
        /// A style for each role.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Styles {
            $($(#[$doc])* pub $role: Style,)*
            /// Whether frames are drawn too.
            pub decoration: Decoration,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ThemeFile { $($role: Paint,)* }

        impl Styles {
            fn from_file(file: &ThemeFile, depth: Depth) -> Result<Self, String> {
                Ok(Self {
                    $($role: file.$role.style(depth).map_err(|e| format!("{}: {e}", stringify!($role)))?,)*
                    decoration: Decoration::Full,
                })
            }

            /// All roles by name, for tests that name styles by role.
            pub fn roles(&self) -> Vec<(&'static str, Style)> {
                vec![$((stringify!($role), self.$role)),*]
            }
        }
    };
}

roles! {
    /// Plain text.
    text,
    /// Text of second rank: hints, times, descriptions.
    muted,
    /// What can't be used now.
    disabled,
    /// Quiet frames.
    border,
    /// The frame of what has the focus.
    border_focus,
    /// Headings of panes and columns.
    title,
    /// The one accent: marks, keys, links.
    accent,
    /// The row under the cursor.
    selected,
    /// A text field.
    input,
    /// The example in an empty text field.
    placeholder,
    /// The text field with the focus.
    input_focus,
    /// A button.
    button,
    /// The button with the focus.
    button_focus,
    /// Taking away, and errors; nothing else.
    danger,
    /// The button with the focus that takes away.
    danger_focus,
    /// It worked.
    success,
    /// Worth a look.
    warning,
    /// The badge of an owner.
    badge_owner,
    /// The badge of "All permissions".
    badge_full,
    /// The badge of a chosen set.
    badge_custom,
    /// A QR code: its dark modules on its light ones.
    qr,
}

/// One role in a theme file: colours by name (`cyan`, `bright-black`, `reset`) or as
/// `[index of 256, name for 16 colours]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are independent switches of a file, not a state"
)]
struct Paint {
    fg: Option<Hue>,
    bg: Option<Hue>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Hue {
    Named(String),
    Indexed(u8, String),
}

impl Hue {
    fn color(&self, depth: Depth) -> Result<Color, String> {
        let name = match (self, depth) {
            (Self::Indexed(index, _), Depth::Full) => return Ok(Color::Indexed(*index)),
            (Self::Named(name) | Self::Indexed(_, name), _) => name,
        };
        match Color::from_str(name) {
            Ok(Color::Rgb(..) | Color::Indexed(_)) | Err(_) => Err(format!(
                "{name:?} is no colour of 16; write a name, or [index, \"name\"]"
            )),
            Ok(color) => Ok(color),
        }
    }
}

impl Paint {
    fn style(&self, depth: Depth) -> Result<Style, String> {
        let mut style = Style::new();
        if let Some(hue) = &self.fg {
            style = style.fg(hue.color(depth)?);
        }
        if let Some(hue) = &self.bg {
            style = style.bg(hue.color(depth)?);
        }
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

impl Styles {
    /// Reads the text of a theme file.
    ///
    /// # Errors
    /// What is wrong and in which line, in words.
    pub fn parse(text: &str, depth: Depth) -> Result<Self, String> {
        let file: ThemeFile = toml::from_str(text).map_err(|e| e.to_string())?;
        Self::from_file(&file, depth)
    }

    /// The same theme for a slow line: every change of style is bytes, and so is every row that is
    /// painted for a style alone. What carries a meaning by colour has a mark or a place too.
    #[must_use]
    pub fn sparse(self) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            muted: plain,
            border: plain,
            border_focus: plain,
            title: plain,
            accent: bold,
            selected: plain,
            button: plain,
            badge_owner: plain,
            badge_full: plain,
            badge_custom: plain,
            decoration: Decoration::Sparse,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Depth, Styles};
    use ratatui::style::Style;

    #[test]
    fn the_themes_are_sound_at_both_depths() {
        for text in [
            include_str!("../../config/themes/dark.toml"),
            include_str!("../../config/themes/light.toml"),
            include_str!("../../config/themes/mono.toml"),
        ] {
            Styles::parse(text, Depth::Sixteen).unwrap();
            Styles::parse(text, Depth::Full).unwrap();
        }
    }

    #[test]
    fn on_a_slow_line_the_row_under_the_cursor_looks_like_the_others() {
        let text = include_str!("../../config/themes/dark.toml");
        let sparse = Styles::parse(text, Depth::Full).unwrap().sparse();
        assert_eq!(sparse.selected, sparse.text);
        assert_ne!(
            sparse.danger, sparse.text,
            "taking away is still told apart"
        );
    }

    #[test]
    fn mono_names_no_colour() {
        let text = include_str!("../../config/themes/mono.toml");
        for (role, style) in Styles::parse(text, Depth::Full).unwrap().roles() {
            let colourless = Style {
                fg: None,
                bg: None,
                ..style
            };
            assert_eq!(style, colourless, "{role}");
        }
    }

    #[test]
    fn a_wrong_theme_says_where() {
        let dark = include_str!("../../config/themes/dark.toml");
        let wrong = dark.replace("\naccent ", "\nacent ");
        assert!(
            Styles::parse(&wrong, Depth::Full)
                .unwrap_err()
                .contains("acent")
        );
        let wrong = dark.replace("\"cyan\"", "\"#12345\"");
        let told = Styles::parse(&wrong, Depth::Sixteen).unwrap_err();
        assert!(told.contains("#12345"), "{told}");
    }
}
