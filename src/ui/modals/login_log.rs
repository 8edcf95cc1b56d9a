//! One's own logins, newest first.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::LoginAttempt;
use crate::ui::action::Action;
use crate::ui::message::{Message, Reply};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::times;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::dialog;
use crate::ui::widgets::fit::pad;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The log, once it is read.
#[derive(Debug)]
pub struct LoginLog {
    logins: Option<Reply<Vec<LoginAttempt>>>,
    waiting: Waiting,
    top: usize,
}

impl LoginLog {
    /// Opens and waits for `Message::LoginsLoaded`.
    pub fn new(ctx: &Ctx) -> Self {
        let mut waiting = Waiting::default();
        waiting.begin(ctx.now);
        Self {
            logins: None,
            waiting,
            top: 0,
        }
    }

    /// When the spinner moves.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.next_tick(now)
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let page = usize::from(rows(ctx).height).max(1);
        let count = self
            .logins
            .as_ref()
            .and_then(|l| l.as_ref().ok())
            .map_or(0, Vec::len);
        let last = count.saturating_sub(page);
        match event {
            ModalEvent::Answer(Message::LoginsLoaded(reply)) => {
                self.waiting.end();
                self.logins = Some(reply.clone());
            }
            ModalEvent::Action(action) => match action {
                Action::Back | Action::Quit | Action::Confirm => return Outcome::Close,
                Action::Up => self.top = self.top.saturating_sub(1),
                Action::Down => self.top = (self.top + 1).min(last),
                Action::PageUp => self.top = self.top.saturating_sub(page),
                Action::PageDown => self.top = (self.top + page).min(last),
                Action::First => self.top = 0,
                Action::Last => self.top = last,
                _ => {}
            },
            ModalEvent::Click(at) if !area(ctx).contains(*at) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let inner = dialog::draw(frame, area(ctx), "Login log", styles);
        let head = format!("{:<24}{:<11}{:<9}Source", "Time", "Result", "Entrance");
        frame.render_widget(Line::styled(head, styles.muted), inner);
        let shown = match &self.logins {
            None => {
                let spinner = self.waiting.spinner(ctx.now).unwrap_or_default();
                vec![Line::styled(spinner, styles.muted)]
            }
            Some(Err(failure)) => vec![Line::styled(failure.text.to_string(), styles.danger)],
            Some(Ok(logins)) => {
                let seen = logins
                    .iter()
                    .skip(self.top)
                    .take(usize::from(rows(ctx).height));
                seen.map(|login| line(login, ctx, styles)).collect()
            }
        };
        frame.render_widget(Paragraph::new(shown), rows(ctx));
    }
}

fn line(login: &LoginAttempt, ctx: &Ctx, styles: &Styles) -> Line<'static> {
    let at = times::absolute(login.at, &ctx.zone);
    let (mark, style) = if login.success {
        ("✓ signed in", styles.text)
    } else {
        ("✗ refused", styles.danger)
    };
    Line::from(vec![
        Span::styled(pad(&at, 24), styles.text),
        Span::styled(pad(mark, 12), style),
        Span::styled(pad(login.method.as_str(), 9), styles.muted),
        Span::styled(login.source.to_string(), styles.text),
    ])
}

fn area(ctx: &Ctx) -> Rect {
    dialog::centred(ctx.area, 78, ctx.area.height.saturating_sub(4).min(24))
}

/// Below the heading.
fn rows(ctx: &Ctx) -> Rect {
    let inner = dialog::inner(area(ctx));
    Rect {
        y: inner.y + 1.min(inner.height),
        height: inner.height.saturating_sub(1),
        ..inner
    }
}
