//! The help: every key of the keymap in force, made from the action table.

use super::{ModalEvent, Outcome, Submitted};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The help and how far it is scrolled.
#[derive(Debug, Default)]
pub struct Help {
    top: usize,
}

const KEYS_WIDTH: usize = 18;

impl Help {
    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let area = area(ctx.area);
        let page = usize::from(area.height.saturating_sub(2)).max(1);
        let last = lines(ctx, None).len().saturating_sub(page);
        match event {
            ModalEvent::Action(action) => match action {
                Action::Back | Action::Help | Action::Quit | Action::Confirm => {
                    return Outcome::Close;
                }
                Action::Up => self.top = self.top.saturating_sub(1),
                Action::Down => self.top += 1,
                Action::PageUp => self.top = self.top.saturating_sub(page),
                Action::PageDown | Action::Toggle => self.top += page,
                Action::First => self.top = 0,
                Action::Last => self.top = last,
                _ => {}
            },
            ModalEvent::Click(at) if !area.contains(*at) => return Outcome::Close,
            _ => {}
        }
        self.top = self.top.min(last);
        Outcome::Stay
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let inner = dialog::draw(frame, area(ctx.area), "Keys", styles);
        let lines = lines(ctx, Some(styles));
        let page = usize::from(inner.height);
        let more = lines.len() > self.top + page;
        let shown: Vec<Line<'_>> = lines.into_iter().skip(self.top).take(page).collect();
        frame.render_widget(Paragraph::new(shown), inner);
        if more {
            dialog::draw_note(frame, area(ctx.area), "↓ more", styles);
        }
    }
}

fn area(screen: Rect) -> Rect {
    dialog::centred(screen, 76, screen.height.saturating_sub(2))
}

/// The lines; without styles only their number matters.
fn lines(ctx: &Ctx, styles: Option<&Styles>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (context, rows) in ctx.keymap.table() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let title = styles.map(|s| s.title).unwrap_or_default();
        lines.push(Line::styled(context.title(), title));
        for (action, keys) in rows {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let keys = keys.join("  ");
            let accent = styles.map(|s| s.accent).unwrap_or_default();
            lines.push(Line::from(vec![
                Span::styled(format!("  {keys:<KEYS_WIDTH$}"), accent),
                Span::raw(action.title()),
            ]));
        }
    }
    lines
}
