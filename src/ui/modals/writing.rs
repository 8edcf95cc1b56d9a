//! The part of a dialog that writes one change: two buttons, the wait, the failure, the command.

use super::{ModalEvent, Outcome, Submitted, written};
use crate::domain::{Change, CommandId};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Failure};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::dialog;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// One change on its way to being written.
#[derive(Debug)]
pub(super) struct Writing {
    change: Change,
    /// The same for every press: a change whose answer was lost is not made twice.
    command: CommandId,
    focus: usize,
    waiting: Waiting,
    failure: Option<Failure>,
}

impl Writing {
    /// `focus` is 0 for the button that goes back, 1 for the one that writes.
    pub(super) fn new(change: Change, focus: usize) -> Self {
        Self {
            change,
            command: CommandId::new(),
            focus,
            waiting: Waiting::default(),
            failure: None,
        }
    }

    pub(super) fn change(&self) -> &Change {
        &self.change
    }

    /// The equivalent command.
    pub(super) fn command(&self, ctx: &Ctx) -> String {
        ctx.domain_account()
            .map(|account| self.change.command(&account))
            .unwrap_or_default()
    }

    /// When the spinner moves.
    pub(super) fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.next_tick(now)
    }

    pub(super) fn on_event(
        &mut self,
        event: &ModalEvent<'_>,
        area: Rect,
        ctx: &Ctx,
    ) -> Outcome<Submitted> {
        match event {
            // What is on its way is ended on the server first: then it is known what came of it.
            ModalEvent::Action(Action::Back | Action::Quit) if self.waiting.is_on() => {
                Outcome::Submit(Submitted::Start(Effect::Stop))
            }
            ModalEvent::Action(Action::Back | Action::Quit) => Outcome::Close,
            ModalEvent::Action(Action::CopyCommand) => {
                Outcome::Submit(Submitted::Copy(self.command(ctx)))
            }
            ModalEvent::Action(Action::Next | Action::Previous | Action::Left | Action::Right) => {
                self.focus = 1 - self.focus;
                Outcome::Stay
            }
            ModalEvent::Action(Action::Confirm | Action::Toggle) => self.press(self.focus, ctx),
            ModalEvent::Action(Action::Retry) if self.failure.is_some() => self.press(1, ctx),
            ModalEvent::Click(at) => match self.buttons(area, ctx).hit(*at) {
                Some(button) => self.press(button, ctx),
                None => Outcome::Stay,
            },
            ModalEvent::Answer(Message::Changed(_, reply)) => {
                self.waiting.end();
                self.failure = reply.as_ref().err().cloned();
                Outcome::Stay
            }
            _ => Outcome::Stay,
        }
    }

    fn press(&mut self, button: usize, ctx: &Ctx) -> Outcome<Submitted> {
        if button == 0 && self.waiting.is_on() {
            return Outcome::Submit(Submitted::Start(Effect::Stop));
        }
        if button == 0 {
            return Outcome::Close;
        }
        if self.waiting.is_on() {
            return Outcome::Stay;
        }
        self.waiting.begin(ctx.now);
        self.failure = None;
        Outcome::Submit(Submitted::Apply(
            Box::new(self.change.clone()),
            self.command,
        ))
    }

    fn buttons(&self, area: Rect, ctx: &Ctx) -> Buttons {
        let takes = matches!(
            self.change,
            Change::Remove { .. } | Change::CancelInvitation { .. }
        );
        let tone = if takes { Tone::Danger } else { Tone::Plain };
        let (_, go) = written::title(&self.change, ctx);
        let back = if takes { "Keep" } else { "Back" };
        let buttons = vec![Button::new(back, Tone::Plain), Button::new(go, tone)];
        Buttons::right(buttons, dialog::button_row(area))
    }

    /// Draws the failure or the wait in the two rows above the buttons, and the buttons.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles, ctx: &Ctx) {
        let row = dialog::button_row(area);
        let above = Rect {
            y: row.y.saturating_sub(2),
            height: 2,
            ..row
        }
        .intersection(dialog::inner(area));
        if let Some(failure) = &self.failure {
            let words = Line::styled(failure.text.to_string(), styles.danger);
            frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), above);
        } else if let Some(spinner) = self.waiting.spinner(ctx.now) {
            frame.render_widget(
                Line::styled(format!("{spinner} Writing; Esc stops it"), styles.muted),
                above,
            );
        }
        self.buttons(area, ctx)
            .draw(frame, Some(self.focus), styles);
    }
}
