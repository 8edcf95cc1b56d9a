//! A row of buttons: where each stands, which one a click hits, how they look.

use super::fit::columns;
use crate::ui::theme::Styles;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

/// What a button does, as far as its looks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    /// It takes something away.
    Danger,
    /// It can't be pressed now.
    Disabled,
}

/// A button's words and tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    label: String,
    tone: Tone,
}

impl Button {
    /// A button; the frame around its label is drawn.
    pub fn new(label: impl Into<String>, tone: Tone) -> Self {
        Self {
            label: label.into(),
            tone,
        }
    }

    /// How many columns it takes: `[ Label ]`.
    pub fn width(&self) -> u16 {
        columns(&self.label).saturating_add(4)
    }
}

/// Buttons with their places.
#[derive(Debug, Clone)]
pub struct Buttons(Vec<(Button, Rect)>);

const GAP: u16 = 2;

impl Buttons {
    /// Buttons from the left edge of `row`.
    pub fn left(buttons: Vec<Button>, row: Rect) -> Self {
        let mut x = row.x;
        let place = |button: Button| {
            let area = Rect::new(x, row.y, button.width(), 1).intersection(row);
            x = x.saturating_add(button.width()).saturating_add(GAP);
            (button, area)
        };
        Self(buttons.into_iter().map(place).collect())
    }

    /// Buttons that end at the right edge of `row`.
    pub fn right(buttons: Vec<Button>, row: Rect) -> Self {
        let gaps = GAP.saturating_mul(u16::try_from(buttons.len().saturating_sub(1)).unwrap_or(0));
        let width = buttons
            .iter()
            .fold(gaps, |sum, b| sum.saturating_add(b.width()));
        let shift = row.width.saturating_sub(width);
        let row = Rect {
            x: row.x.saturating_add(shift),
            width: row.width.saturating_sub(shift),
            ..row
        };
        Self::left(buttons, row)
    }

    /// Which button stands at a position; a disabled one can be hit too, to say why.
    pub fn hit(&self, at: Position) -> Option<usize> {
        self.0.iter().position(|(_, area)| area.contains(at))
    }

    /// Draws them; `focus` is the one with the focus.
    pub fn draw(&self, frame: &mut Frame<'_>, focus: Option<usize>, styles: &Styles) {
        for (index, (button, area)) in self.0.iter().enumerate() {
            let focused = focus == Some(index);
            let style = match (button.tone, focused) {
                (Tone::Plain, false) => styles.button,
                (Tone::Plain, true) => styles.button_focus,
                (Tone::Danger, false) => styles.danger,
                (Tone::Danger, true) => styles.danger_focus,
                (Tone::Disabled, _) => styles.disabled,
            };
            // The mark tells the focus where neither colour nor reverse is seen.
            let label = if focused {
                format!("[▸{} ]", button.label)
            } else {
                format!("[ {} ]", button.label)
            };
            frame.render_widget(Span::styled(label, style), *area);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Button, Buttons, Tone};
    use ratatui::layout::{Position, Rect};

    #[test]
    fn clicks_find_the_button_under_them() {
        let buttons = vec![
            Button::new("Cancel", Tone::Plain),
            Button::new("Remove", Tone::Danger),
        ];
        let row = Buttons::right(buttons, Rect::new(0, 3, 40, 1));
        assert_eq!(row.hit(Position::new(18, 3)), Some(0));
        assert_eq!(row.hit(Position::new(28, 3)), None);
        assert_eq!(row.hit(Position::new(39, 3)), Some(1));
        assert_eq!(row.hit(Position::new(39, 4)), None);
    }
}
