//! What happened to a membership, newest first; an earlier state can be brought back from here.

use super::{ModalEvent, Outcome, Submitted, written};
use crate::domain::{Change, Email, Event, Grant, Member, Moment, Restoration};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Failure, HISTORY_PAGE};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::times;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::dialog;
use crate::ui::widgets::fit::{cut, pad};
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The dialog.
#[derive(Debug)]
pub struct History {
    email: Email,
    /// The membership now; none for who was removed.
    member: Option<Member>,
    events: Vec<Event>,
    /// Whether older ones are left to be read.
    more: bool,
    failure: Option<Failure>,
    waiting: Waiting,
    cursor: usize,
    /// What the last key could not do.
    said: Option<String>,
}

impl History {
    /// Opens and waits for `Message::HistoryLoaded`; submits `Review`.
    pub fn new(email: Email, ctx: &Ctx) -> Self {
        let mut waiting = Waiting::default();
        waiting.begin(ctx.now);
        Self {
            email,
            member: None,
            events: Vec::new(),
            more: false,
            failure: None,
            waiting,
            cursor: 0,
            said: None,
        }
    }

    /// What the dialog reads first.
    pub fn first_page(&self, ctx: &Ctx) -> Option<Effect> {
        let seat = ctx.seat()?;
        Some(Effect::MemberHistory(seat, self.email.clone(), None))
    }

    /// When the spinner moves.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.next_tick(now)
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Answer(Message::HistoryLoaded(reply)) => {
                self.waiting.end();
                match reply {
                    Ok(history) => {
                        self.member.clone_from(&history.member);
                        self.more = i64::try_from(history.events.len()) == Ok(HISTORY_PAGE);
                        self.events.extend(history.events.iter().cloned());
                        self.failure = None;
                    }
                    Err(failure) => self.failure = Some(failure.clone()),
                }
                Outcome::Stay
            }
            ModalEvent::Action(action) => self.on_action(*action, ctx),
            ModalEvent::Click(at) => {
                let area = area(ctx);
                let list = self.places(area).0;
                if !area.contains(*at) {
                    return Outcome::Close;
                }
                if list.contains(*at) {
                    self.go_to(self.top(list) + usize::from(at.y - list.y));
                }
                Outcome::Stay
            }
            _ => Outcome::Stay,
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let page = usize::from(self.places(area(ctx)).0.height).max(1);
        match action {
            Action::Back | Action::Quit | Action::MemberHistory => return Outcome::Close,
            Action::Up => self.go_to(self.cursor.saturating_sub(1)),
            Action::Down => self.go_to(self.cursor + 1),
            Action::PageUp => self.go_to(self.cursor.saturating_sub(page)),
            Action::PageDown => self.go_to(self.cursor + page),
            Action::First => self.go_to(0),
            Action::Last => self.go_to(usize::MAX),
            Action::Confirm | Action::Toggle => return self.bring_back(ctx),
            _ => {}
        }
        self.read_on(ctx)
    }

    fn go_to(&mut self, row: usize) {
        self.said = None;
        self.cursor = row.min(self.events.len().saturating_sub(1));
    }

    /// The next page, when the cursor is on the last row that was read.
    fn read_on(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        let at_end = self.cursor + 1 >= self.events.len();
        let (Some(last), Some(seat)) = (self.events.last(), ctx.seat()) else {
            return Outcome::Stay;
        };
        if !self.more || !at_end || self.waiting.is_on() {
            return Outcome::Stay;
        }
        self.waiting.begin(ctx.now);
        let older = Effect::MemberHistory(seat, self.email.clone(), Some(last.sequence));
        Outcome::Submit(Submitted::Start(older))
    }

    fn bring_back(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        match self.review(ctx) {
            Ok(change) => Outcome::Submit(Submitted::Review(Box::new(change))),
            Err(words) => {
                self.said = Some(words);
                Outcome::Stay
            }
        }
    }

    fn review(&self, ctx: &Ctx) -> Result<Change, String> {
        let event = self.events.get(self.cursor).ok_or("Nothing is selected")?;
        let back = state(event).ok_or("This event says nothing about permissions")?;
        let restoration = Restoration {
            event: event.sequence,
            moment: Moment::After,
            at: event.at,
            by: event.actor.clone(),
            email: self.email.clone(),
            was: None,
            now: self.member.clone(),
            back,
        };
        let now = restoration.now.as_ref().map(|now| &now.grant);
        if now == Some(&restoration.back) {
            return Err("That is how it is now".to_owned());
        }
        let standing = ctx.standing().ok_or("Nobody is signed in")?;
        let offer = restoration.offer(&standing, &ctx.catalogue);
        let to = offer.map_err(|denied| denied.to_string())?.grant;
        let restoration = Box::new(restoration);
        Ok(Change::Restore { restoration, to })
    }

    fn top(&self, list: Rect) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(list.height).max(1))
    }

    /// The list, and below a free line what the selected event changed.
    fn places(&self, area: Rect) -> (Rect, Rect) {
        let inner = dialog::inner(area);
        let body = inner.height.saturating_sub(1);
        let most = (body / 2).max(1);
        let rows = u16::try_from(self.events.len()).unwrap_or(u16::MAX);
        let list = Rect {
            height: rows.clamp(1, most),
            ..inner
        };
        let detail = Rect {
            y: list.bottom() + 1,
            height: body.saturating_sub(list.height + 1),
            ..inner
        };
        (list, detail)
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let area = area(ctx);
        let title = format!("History of {}", self.email);
        dialog::draw(frame, area, &title, styles);
        let (list, detail) = self.places(area);
        let top = self.top(list);
        if self.events.is_empty() {
            let nothing = if self.waiting.is_on() {
                self.waiting.spinner(ctx.now).unwrap_or_default()
            } else {
                "Nothing is recorded yet"
            };
            let words = self.failure.as_ref().map_or_else(
                || Line::styled(nothing, styles.muted),
                |failure| Line::styled(failure.text.to_string(), styles.danger),
            );
            frame.render_widget(words, list);
        }
        let shown = self.events.iter().enumerate().skip(top);
        for ((index, event), place) in shown.zip(list.rows()) {
            frame.render_widget(
                line(event, index == self.cursor, (place.width, styles), ctx),
                place,
            );
        }
        if top + usize::from(list.height) < self.events.len() || self.more {
            dialog::draw_note(frame, area, "↓ more", styles);
        }
        if let Some(event) = self.events.get(self.cursor) {
            let diff = event.diff(&ctx.catalogue);
            let mut lines = written::role_lines(&diff, styles);
            lines.extend(written::key_lines(&diff, ctx, styles));
            if lines.is_empty() {
                lines.push(Line::styled("No permission came or went", styles.muted));
            }
            frame.render_widget(Paragraph::new(fitting(lines, detail, styles)), detail);
        }
        let (words, style) = match &self.said {
            Some(said) => (said.as_str(), styles.warning),
            None if self.events.is_empty() => ("", styles.muted),
            None => (
                "Enter brings the selected state back, after a review",
                styles.muted,
            ),
        };
        let foot = dialog::button_row(area);
        let words = cut(words, usize::from(foot.width));
        frame.render_widget(Line::styled(words, style), foot);
    }
}

/// The state that an event left; of a removal the one that it ended.
fn state(event: &Event) -> Option<Grant> {
    event.grant_after().or_else(|| event.grant_before())
}

fn line(event: &Event, chosen: bool, (width, styles): (u16, &Styles), ctx: &Ctx) -> Line<'static> {
    let diff = event.diff(&ctx.catalogue);
    let what = format!(
        "{} +{} −{}",
        event.what(),
        diff.given.len(),
        diff.taken.len()
    );
    let style = if chosen { styles.selected } else { styles.text };
    let at = if width < 60 {
        pad(&times::relative(event.at, ctx.now), 11)
    } else {
        pad(&times::absolute(event.at, &ctx.zone), 23)
    };
    Line::from(vec![
        Span::styled(if chosen { "▸ " } else { "  " }, styles.accent),
        Span::styled(at, style),
        Span::styled(pad(&what, 24), style),
        Span::styled(event.actor.to_string(), styles.muted),
    ])
}

/// The lines that fit, and how many more there are.
fn fitting(mut lines: Vec<Line<'static>>, area: Rect, styles: &Styles) -> Vec<Line<'static>> {
    let room = usize::from(area.height);
    if lines.len() > room && room > 0 {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(Line::styled(format!("… and {more} more"), styles.muted));
    }
    lines
}

fn area(ctx: &Ctx) -> Rect {
    let height = ctx.area.height.saturating_sub(2).min(30);
    dialog::centred(ctx.area, 78, height)
}
