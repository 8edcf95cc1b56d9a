//! Many at once: a verdict for each row, then the work with its progress, then what became of each. The
//! command id stays the same, so that work that was broken off goes on where it ended.

mod adjust;
mod listing;
mod permissions;
mod plan;
mod running;
mod view;

pub use permissions::BulkPermissions;
pub use plan::Plan;

pub(super) use listing::short;

use super::{Modal, ModalEvent, Outcome, Submitted};
use crate::domain::{CommandId, Fate, UserId, Verdict};
use crate::ui::action::Action;
use crate::ui::effect::{Break, BulkEnd, BulkRun, Effect, Failure};
use crate::ui::message::{Message, Reply};
use crate::ui::model::Ctx;
use crate::ui::waiting::Waiting;
use jiff::Timestamp;
use listing::{Listing, Tense};
use ratatui::layout::Position;
use running::{Ending, Running};

/// The dialog.
#[derive(Debug)]
pub struct Bulk {
    plan: Plan,
    command: CommandId,
    stage: Stage,
    /// The first visible line of the listing.
    top: usize,
    focus: usize,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The verdicts are asked for.
    Judging(Waiting, Option<Failure>),
    Review(Listing),
    Running(Running),
    Ended(Listing, Option<Break>),
}

impl Bulk {
    /// Opens the review of a plan, which asks for the verdicts: waits for `Message::BulkPreviewed`.
    pub fn open(plan: Plan, ctx: &Ctx) -> (Modal, Option<Effect>) {
        let mut waiting = Waiting::default();
        waiting.begin(ctx.now);
        let bulk = Self {
            plan,
            command: CommandId::new(),
            stage: Stage::Judging(waiting, None),
            top: 0,
            focus: 0,
        };
        let preview = bulk.preview(ctx);
        (Modal::Bulk(Box::new(bulk)), preview)
    }

    fn preview(&self, ctx: &Ctx) -> Option<Effect> {
        let work = self.plan.work().clone();
        Some(Effect::PreviewBulk(ctx.seat()?, work))
    }

    /// Whether the work is done or broken off.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended(..))
    }

    /// What came of it, in a sentence; whether anything stays to be looked at.
    pub fn outcome(&self) -> Option<(String, Fate)> {
        let Stage::Ended(listing, broken_off) = &self.stage else {
            return None;
        };
        let words = self.plan.done_words(listing.count(Fate::Done));
        let whole = broken_off.is_none() && listing.count(Fate::Refused) == 0;
        Some((words, if whole { Fate::Done } else { Fate::Refused }))
    }

    /// The command under which the work runs.
    pub fn command(&self) -> CommandId {
        self.command
    }

    /// The members whose rows need nobody's look any more: done, or nothing to do.
    pub fn settled(&self, verdicts: &[Verdict]) -> Vec<UserId> {
        let settled = |verdict: &Verdict| {
            verdict.fate() != Fate::Refused || matches!(verdict, Verdict::NotMember)
        };
        let rows = verdicts.iter().enumerate();
        rows.filter(|(_, verdict)| settled(verdict))
            .filter_map(|(row, _)| self.plan.user(row))
            .collect()
    }

    /// When the spinner moves, or the time left is told anew.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.stage {
            Stage::Judging(waiting, _) => waiting.next_tick(now),
            Stage::Running(_) => Running::next_tick(now),
            Stage::Review(_) | Stage::Ended(..) => None,
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Answer(message) => self.on_answer(message, ctx),
            ModalEvent::Action(action) => return self.on_action(*action, ctx),
            ModalEvent::Click(at) => return self.on_click(*at, ctx),
            ModalEvent::Key(_) | ModalEvent::Paste(_) => {}
        }
        Outcome::Stay
    }

    fn on_answer(&mut self, message: &Message, ctx: &Ctx) {
        match (message, &mut self.stage) {
            (Message::BulkPreviewed(reply), Stage::Judging(..)) => self.on_previewed(reply),
            (Message::BulkProgressed(command, progress), Stage::Running(running))
                if *command == self.command =>
            {
                running.on_progress(*progress, ctx.now);
            }
            (Message::BulkEnded(command, end), _) if *command == self.command => self.on_ended(end),
            _ => {}
        }
    }

    fn on_previewed(&mut self, reply: &Reply<Vec<Verdict>>) {
        match reply {
            Ok(verdicts) => {
                let rows = self.plan.work().len();
                self.stage = Stage::Review(Listing::new(verdicts.clone(), rows, Tense::Would));
                // What takes access away begins with keeping things as they are.
                self.focus = usize::from(!self.plan.takes_access());
            }
            Err(failure) => {
                self.stage = Stage::Judging(Waiting::default(), Some(failure.clone()));
                self.focus = 1;
            }
        }
        self.top = 0;
    }

    fn on_ended(&mut self, end: &BulkEnd) {
        let rows = self.plan.work().len();
        let listing = Listing::new(end.verdicts.clone(), rows, Tense::Has);
        self.focus = usize::from(end.broken_off.is_some());
        self.stage = Stage::Ended(listing, end.broken_off.clone());
        self.top = 0;
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let page = self.page(ctx);
        let last = self.lines().saturating_sub(page);
        let buttons = self.labels().len();
        match action {
            Action::Back | Action::Quit => return self.press(0, ctx),
            Action::Up => self.top = self.top.saturating_sub(1),
            Action::Down => self.top = (self.top + 1).min(last),
            Action::PageUp => self.top = self.top.saturating_sub(page),
            Action::PageDown => self.top = (self.top + page).min(last),
            Action::First => self.top = 0,
            Action::Last => self.top = last,
            Action::Next | Action::Right => self.focus = (self.focus + 1) % buttons,
            Action::Previous | Action::Left => self.focus = (self.focus + buttons - 1) % buttons,
            Action::CopyCommand => {
                return Outcome::Submit(Submitted::Copy(self.plan.whole_command(ctx)));
            }
            Action::Confirm | Action::Toggle => return self.press(self.focus, ctx),
            Action::Retry if buttons > 1 => return self.press(1, ctx),
            _ => {}
        }
        Outcome::Stay
    }

    fn on_click(&mut self, at: Position, ctx: &Ctx) -> Outcome<Submitted> {
        match self.buttons(self.area(ctx)).hit(at) {
            Some(button) => self.press(button, ctx),
            None => Outcome::Stay,
        }
    }

    /// How many lines can be scrolled through.
    fn lines(&self) -> usize {
        match &self.stage {
            Stage::Review(listing) | Stage::Ended(listing, _) => listing.len(),
            Stage::Judging(..) | Stage::Running(_) => 0,
        }
    }

    /// The first button goes back, the second goes on.
    fn press(&mut self, button: usize, ctx: &Ctx) -> Outcome<Submitted> {
        let goes_on = button > 0;
        match &mut self.stage {
            // Enter once too often is no wish to stop: the button has the focus only when asked to.
            Stage::Running(_) if goes_on => Outcome::Stay,
            Stage::Running(running) => {
                let (ending, effect) = match running.ending {
                    Ending::No => (Ending::Asked, Effect::StopBulk),
                    Ending::Asked | Ending::Forced => (Ending::Forced, Effect::Stop),
                };
                running.ending = ending;
                Outcome::Submit(Submitted::Start(effect))
            }
            _ if !goes_on => Outcome::Close,
            Stage::Judging(waiting, failure) => {
                *failure = None;
                waiting.begin(ctx.now);
                started(self.preview(ctx))
            }
            Stage::Review(listing) if listing.count(Fate::Done) == 0 => Outcome::Stay,
            Stage::Review(_) | Stage::Ended(_, Some(_)) => self.run(ctx),
            Stage::Ended(_, None) => Outcome::Close,
        }
    }

    fn run(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        let Some(seat) = ctx.seat() else {
            return Outcome::Stay;
        };
        let work = self.plan.work().clone();
        self.stage = Stage::Running(Running::new(work.len(), ctx.now));
        self.focus = 1;
        let run = BulkRun {
            seat,
            command: self.command,
            work,
        };
        started(Some(Effect::RunBulk(Box::new(run))))
    }
}

fn started(effect: Option<Effect>) -> Outcome<Submitted> {
    effect.map_or(Outcome::Stay, |effect| {
        Outcome::Submit(Submitted::Start(effect))
    })
}

#[cfg(test)]
mod tests;
