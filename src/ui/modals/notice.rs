//! A few lines to be read and closed: a one-time link, a reason, a result that matters.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::{DisplaySafe, columns};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::dialog;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};
use ratatui::widgets::{Paragraph, Wrap};

/// A title and some lines.
#[derive(Debug)]
pub struct Notice {
    title: String,
    lines: Vec<DisplaySafe>,
}

impl Notice {
    /// A notice with these lines.
    pub fn new(title: impl Into<String>, lines: Vec<DisplaySafe>) -> Self {
        Self {
            title: title.into(),
            lines,
        }
    }

    /// The dialog's frame, its inner area, and its buttons.
    fn areas(&self, screen: Rect) -> (Rect, Buttons) {
        let width = 72.min(screen.width.saturating_sub(4)).max(20);
        let inner = usize::from(width.saturating_sub(6)).max(1);
        let rows: usize = self
            .lines
            .iter()
            .map(|line| columns(line.as_str()).div_ceil(inner).max(1))
            .sum();
        let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(6);
        let frame = dialog::centred(screen, width, height);
        let buttons = Buttons::right(
            vec![Button::new("Close", Tone::Plain)],
            dialog::button_row(frame),
        );
        (frame, buttons)
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Action(Action::Back | Action::Confirm | Action::Toggle | Action::Quit) => {
                Outcome::Close
            }
            ModalEvent::Click(at) => {
                let (frame, buttons) = self.areas(ctx.area);
                if buttons.hit(*at).is_some() || !frame.contains(*at) {
                    Outcome::Close
                } else {
                    Outcome::Stay
                }
            }
            _ => Outcome::Stay,
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let (area, buttons) = self.areas(ctx.area);
        let inner = dialog::draw(frame, area, &self.title, styles);
        let text: Text<'_> = self
            .lines
            .iter()
            .map(|line| Line::from(line.as_str()))
            .collect();
        let body = Rect {
            height: inner.height.saturating_sub(2),
            ..inner
        };
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), body);
        buttons.draw(frame, Some(0), styles);
    }
}
