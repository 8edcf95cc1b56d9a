//! The recovery codes, shown once; where not all fit, Enter goes on before it closes.

use super::{Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use secrecy::{ExposeSecret, SecretString};

const LEAD: [&str; 3] = [
    "Write them down: shown only now.",
    "Each gets you in once, without it.",
    "",
];

/// The codes, and how far they are scrolled.
#[derive(Debug)]
pub(super) struct Codes {
    codes: Vec<SecretString>,
    top: usize,
}

impl Codes {
    pub(super) fn new(codes: Vec<SecretString>) -> Self {
        Self { codes, top: 0 }
    }

    pub(super) fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let height = usize::from(dialog::inner(self.area(ctx)).height).max(1);
        let last = (LEAD.len() + self.codes.len()).saturating_sub(height);
        match action {
            Action::Confirm if self.top >= last => return Outcome::Close,
            Action::Confirm | Action::PageDown => self.top = (self.top + height).min(last),
            Action::Down => self.top = (self.top + 1).min(last),
            Action::Up => self.top = self.top.saturating_sub(1),
            Action::PageUp => self.top = self.top.saturating_sub(height),
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn view(&self, frame: &mut Frame<'_>, (styles, ctx): (&Styles, &Ctx)) {
        let area = self.area(ctx);
        let inner = dialog::draw(
            frame,
            area,
            "The second factor is on: recovery codes",
            styles,
        );
        let lead = LEAD.iter().map(|words| Line::styled(*words, styles.text));
        let codes = self.codes.iter();
        let codes = codes.map(|code| Line::styled(code.expose_secret(), styles.accent));
        let lines = lead.chain(codes).skip(self.top);
        for (line, row) in lines.zip(inner.rows()) {
            frame.render_widget(line, row);
        }
        let seen = self.top + usize::from(inner.height);
        if LEAD.len() + self.codes.len() > seen {
            dialog::draw_note(frame, area, "↓ more", styles);
        }
    }

    fn area(&self, ctx: &Ctx) -> Rect {
        let rows = u16::try_from(LEAD.len() + self.codes.len()).unwrap_or(u16::MAX);
        dialog::centred(ctx.area, 50, rows.saturating_add(3))
    }
}
