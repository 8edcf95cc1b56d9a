//! One's own live sessions: a line each to end it, and one to end them all.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::SessionSummary;
use crate::ui::effect::Effect;
use crate::ui::message::{Message, Reply};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::dialog;
use crate::ui::widgets::menu::{Item, Menu, Picked};
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

const TITLE: &str = "My sessions · Enter ends one";

/// The sessions, once they are read.
#[derive(Debug)]
pub struct MySessions {
    menu: Menu,
    sessions: Option<Reply<Vec<SessionSummary>>>,
    waiting: Waiting,
}

impl MySessions {
    /// Opens and waits for `Message::SessionsLoaded`.
    pub fn new(ctx: &Ctx) -> Self {
        let mut waiting = Waiting::default();
        waiting.begin(ctx.now);
        Self {
            menu: Menu::default(),
            sessions: None,
            waiting,
        }
    }

    /// When the spinner moves.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.next_tick(now)
    }

    fn live(&self) -> &[SessionSummary] {
        match &self.sessions {
            Some(Ok(sessions)) => sessions,
            _ => &[],
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        if let ModalEvent::Answer(Message::SessionsLoaded(reply)) = event {
            self.waiting.end();
            self.sessions = Some(reply.clone());
        }
        // The last line ends them all.
        let (area, count) = (self.area(ctx), self.live().len() + 1);
        let page = usize::from(dialog::inner(area).height);
        let picked = match event {
            ModalEvent::Action(action) => self.menu.on_action(*action, count, page),
            ModalEvent::Click(at) => self.menu.on_click(*at, area, count),
            _ => Picked::Nothing,
        };
        let Some(actor) = ctx.session.as_ref().map(|session| session.actor.clone()) else {
            return Outcome::Close;
        };
        match picked {
            Picked::Nothing => Outcome::Stay,
            Picked::Away => Outcome::Close,
            Picked::Line(line) => Outcome::Submit(Submitted::Start(match self.live().get(line) {
                Some(session) => Effect::EndSession(actor, session.id),
                None => Effect::SignOutEverywhere(actor),
            })),
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let here = ctx.session.as_ref().map(|session| session.actor.session());
        let item = |session: &SessionSummary| {
            let mark = if here == Some(Some(session.id)) {
                " · this one"
            } else {
                ""
            };
            let account = session.account.as_ref().map_or("-", |name| name.as_str());
            let seen = ctx.relative(session.last_seen_at);
            Item {
                label: format!("{}{mark}", session.source),
                note: format!("{account} · {seen}"),
            }
        };
        let mut items: Vec<Item> = self.live().iter().map(item).collect();
        let words = match &self.sessions {
            None => self.waiting.spinner(ctx.now).unwrap_or_default().to_owned(),
            Some(Err(failure)) => failure.text.to_string(),
            Some(Ok(_)) => "Sign out everywhere".to_owned(),
        };
        items.push(Item {
            label: words,
            note: String::new(),
        });
        self.menu
            .draw(frame, self.area(ctx), TITLE, (&items, styles));
    }

    fn area(&self, ctx: &Ctx) -> Rect {
        let rows = u16::try_from(self.live().len() + 1).unwrap_or(u16::MAX);
        let height = rows
            .saturating_add(2)
            .clamp(3, ctx.area.height.saturating_sub(4).max(3));
        dialog::centred(ctx.area, 76, height + u16::from(height > 10))
    }
}
