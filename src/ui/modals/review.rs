//! What will change, and the command that does the same, before it is written.

use super::writing::Writing;
use super::{ModalEvent, Outcome, Submitted, written};
use crate::domain::Change;
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// The review of one change; its command id stays the same however often Apply is pressed.
#[derive(Debug)]
pub struct Review {
    writing: Writing,
    top: u16,
}

const WIDTH: u16 = 76;

impl Review {
    /// Opens the review of a change; submits `Apply`, waits for `Message::Changed`.
    pub fn new(change: Change, _ctx: &Ctx) -> Self {
        // The focus is on the button that goes ahead: nothing that is reviewed here takes access away.
        Self {
            writing: Writing::new(change, 1),
            top: 0,
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Action(Action::Up) => self.top = self.top.saturating_sub(1),
            ModalEvent::Action(Action::Down) => self.top = (self.top + 1).min(self.last_top(ctx)),
            ModalEvent::Action(Action::PageUp | Action::First) => self.top = 0,
            ModalEvent::Action(Action::PageDown | Action::Last) => self.top = self.last_top(ctx),
            ModalEvent::Action(Action::MemberHistory) => {
                let whose = match self.writing.change() {
                    Change::SetGrant { member, .. } => &member.email,
                    Change::Restore { restoration, .. } => &restoration.email,
                    _ => return Outcome::Stay,
                };
                return Outcome::Submit(Submitted::History(whose.clone()));
            }
            event => return self.writing.on_event(event, self.area(ctx), ctx),
        }
        Outcome::Stay
    }

    /// When the spinner moves.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.writing.next_tick(now)
    }

    /// As high as its lines, buttons and frame need.
    fn area(&self, ctx: &Ctx) -> Rect {
        let width = WIDTH.min(ctx.area.width);
        let lines = self
            .paragraph(ctx, None)
            .line_count(width.saturating_sub(6));
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(6);
        let most = ctx.area.height.saturating_sub(2).min(26);
        dialog::centred(ctx.area, width, height.clamp(most.min(12), most))
    }

    fn last_top(&self, ctx: &Ctx) -> u16 {
        let lines = self
            .paragraph(ctx, None)
            .line_count(body(self.area(ctx)).width);
        u16::try_from(lines)
            .unwrap_or(u16::MAX)
            .saturating_sub(body(self.area(ctx)).height)
    }

    fn paragraph(&self, ctx: &Ctx, styles: Option<&Styles>) -> Paragraph<'static> {
        // Only the number of lines matters where no styles are at hand.
        let plain = Styles::default();
        let styles = styles.unwrap_or(&plain);
        let change = self.writing.change();
        let mut lines = vec![
            Line::styled(written::subject(change), styles.title),
            Line::default(),
        ];
        lines.extend(written::taken_back(change, ctx, styles));
        lines.extend(written::diff_lines(change, ctx, styles));
        lines.push(Line::default());
        lines.push(Line::styled(written::meaning(change), styles.muted));
        lines.push(Line::default());
        lines.push(Line::styled(
            "The same as a command (y copies it):",
            styles.muted,
        ));
        lines.push(Line::styled(self.writing.command(ctx), styles.accent));
        Paragraph::new(lines).wrap(Wrap { trim: false })
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let area = self.area(ctx);
        let (title, _) = written::title(self.writing.change(), ctx);
        dialog::draw(frame, area, title, styles);
        frame.render_widget(
            self.paragraph(ctx, Some(styles)).scroll((self.top, 0)),
            body(area),
        );
        if self.top < self.last_top(ctx) {
            dialog::draw_note(frame, area, "↓ more", styles);
        }
        self.writing.draw(frame, area, styles, ctx);
    }
}

fn body(area: Rect) -> Rect {
    let inner = dialog::inner(area);
    Rect {
        height: inner.height.saturating_sub(3),
        ..inner
    }
}
