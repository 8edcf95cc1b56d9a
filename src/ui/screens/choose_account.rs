//! Asks a person who belongs to several accounts which one to open.

use super::{card, content, draw_card};
use crate::domain::AccountSummary;
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::modals::ModalEvent;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::fit::{cut, pad};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The cursor over the session's accounts.
#[derive(Debug, Default)]
pub struct ChooseAccount {
    cursor: usize,
    pub waiting: Waiting,
}

impl ChooseAccount {
    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Option<Effect> {
        let accounts = &ctx.session.as_ref()?.accounts;
        let last = accounts.len().saturating_sub(1);
        let page = usize::from(rows(ctx.area, accounts.len()).height).max(1);
        match event {
            ModalEvent::Action(Action::Up | Action::Previous) => {
                self.cursor = self.cursor.saturating_sub(1);
            }
            ModalEvent::Action(Action::Down | Action::Next) => self.cursor += 1,
            ModalEvent::Action(Action::PageUp) => self.cursor = self.cursor.saturating_sub(page),
            ModalEvent::Action(Action::PageDown) => self.cursor += page,
            ModalEvent::Action(Action::First) => self.cursor = 0,
            ModalEvent::Action(Action::Last) => self.cursor = last,
            ModalEvent::Action(Action::Confirm | Action::Toggle) => return self.enter(ctx),
            ModalEvent::Click(at) => {
                let rows = rows(ctx.area, accounts.len());
                let hit = self.top(rows) + usize::from(at.y.saturating_sub(rows.y));
                if rows.contains(*at) && hit <= last {
                    self.cursor = hit;
                    return self.enter(ctx);
                }
            }
            _ => {}
        }
        self.cursor = self.cursor.min(last);
        None
    }

    fn enter(&mut self, ctx: &Ctx) -> Option<Effect> {
        let session = ctx.session.as_ref()?;
        let account = session.accounts.get(self.cursor)?;
        self.waiting.begin(ctx.now);
        Some(Effect::EnterAccount(session.actor.clone(), account.id))
    }

    fn top(&self, rows: Rect) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(rows.height))
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let Some(session) = &ctx.session else { return };
        let accounts = &session.accounts;
        let lead = if accounts.is_empty() {
            "You belong to no account; ask for an invitation"
        } else {
            "You belong to several accounts; which one?"
        };
        let card = card(ctx.area, wanted(accounts.len()));
        draw_card(
            frame,
            card,
            (&format!("Welcome, {}", greeting(ctx)), lead),
            styles,
        );
        let rows = rows(ctx.area, accounts.len());
        let visible = accounts.iter().enumerate().skip(self.top(rows));
        for ((index, account), row) in visible.zip(rows.rows()) {
            let line = self.line((index, account), row.width, (styles, ctx));
            frame.render_widget(line, row);
        }
    }

    fn line(
        &self,
        (index, account): (usize, &AccountSummary),
        width: u16,
        (styles, ctx): (&Styles, &Ctx),
    ) -> Line<'static> {
        let here = index == self.cursor;
        let badge = account.grant.badge(&ctx.catalogue);
        let name = usize::from(width).saturating_sub(badge.len() + 4);
        Line::from(vec![
            Span::styled(if here { "▸ " } else { "  " }, styles.accent),
            Span::styled(
                pad(account.name.as_str(), name),
                if here { styles.selected } else { styles.text },
            ),
            Span::styled(format!("  {badge}"), styles.muted),
        ])
    }
}

fn greeting(ctx: &Ctx) -> String {
    let name = ctx.session.as_ref().map_or("", |s| s.user.name.as_str());
    cut(name, 40)
}

fn wanted(accounts: usize) -> u16 {
    u16::try_from(accounts).unwrap_or(u16::MAX).clamp(7, 16)
}

fn rows(screen: Rect, accounts: usize) -> Rect {
    content(card(screen, wanted(accounts)))
}
