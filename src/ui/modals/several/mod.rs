//! The box for several addresses: pasted or typed, a line each, with a verdict beside every line. What is
//! wrong is put right in its place; what was typed is kept when the box closes.

mod reading;
mod view;

pub use reading::lines_of;

use super::{Modal, ModalEvent, Outcome, Plan, Submitted};
use crate::domain::{Fate, Grant, Roster, Tally, Verdict};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, MANY};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::widgets::text_box::TextBox;
use ratatui::layout::Position;
use reading::{on_line, refusal};
use std::collections::HashMap;
use std::sync::Arc;

/// The box.
#[derive(Debug)]
pub struct Several {
    text: TextBox,
    /// Neither at first, as in the pane.
    grant: Option<Grant>,
    /// The list as it reads now, or why it is none.
    roster: Result<Arc<Roster>, String>,
    /// The verdicts that were told, by address.
    known: HashMap<String, Verdict>,
    /// The list whose verdicts are asked for.
    asked: Option<Arc<Roster>>,
    /// Something changed since they were asked for.
    stale: bool,
    /// Something was typed since the list was read.
    unread: bool,
    /// How many rows there are of each verdict; who is not known yet is taken for new.
    tally: Tally,
    stop: Stop,
    said: Option<String>,
}

/// A longer list is read anew when the cursor leaves a line, not with every key.
const AT_EVERY_KEY: usize = 500;

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Text,
    All,
    Choose,
    Back,
    Send,
}

const STOPS: [Stop; 5] = [Stop::Text, Stop::All, Stop::Choose, Stop::Back, Stop::Send];

impl Several {
    /// Opens with these lines and the grant of the pane; waits for `Message::BulkPreviewed`, submits
    /// `ReviewMany` and `ChooseGrant`.
    pub fn open(lines: Vec<String>, grant: Option<Grant>, ctx: &Ctx) -> (Modal, Option<Effect>) {
        let mut several = Self {
            text: TextBox::new(lines, MANY),
            grant,
            roster: Err(String::new()),
            known: HashMap::new(),
            asked: None,
            stale: true,
            unread: false,
            tally: Tally::default(),
            stop: Stop::Text,
            said: None,
        };
        several.said = several.left_out();
        several.read(ctx);
        let effect = several.ask(ctx);
        (Modal::Several(Box::new(several)), effect)
    }

    /// Whether characters go to the box.
    pub fn is_typing(&self) -> bool {
        self.stop == Stop::Text
    }

    /// Whether nobody is left in the list.
    pub fn is_empty(&self) -> bool {
        self.rows().is_empty()
    }

    /// The lines, to be kept.
    pub fn into_lines(self) -> Vec<String> {
        let lines = self.text.into_lines();
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }

    /// A grant was chosen in the permission dialog.
    pub fn chosen(&mut self, grant: Grant, ctx: &Ctx) -> Option<Effect> {
        self.grant = Some(grant);
        self.said = None;
        self.stop = Stop::Send;
        self.known.clear();
        self.read(ctx);
        self.ask(ctx)
    }

    /// The invitations are sent: who needs no look any more goes from the list.
    pub fn settle(&mut self, verdicts: &[Verdict], ctx: &Ctx) {
        let rows = self.rows();
        let open = |row: usize| {
            let verdict = verdicts.get(row);
            verdict.is_none_or(|verdict| verdict.fate() == Fate::Refused)
        };
        let open_lines: Vec<bool> = (0..self.text.lines().count())
            .map(|line| {
                let mut on_it = on_line(rows, line).peekable();
                on_it.peek().is_none() || on_it.any(open)
            })
            .collect();
        self.text
            .retain(|line| open_lines.get(line).copied().unwrap_or(true));
        self.stop = Stop::Text;
        self.read(ctx);
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Key(key) if self.is_typing() => {
                self.unread |= self.text.on_key(*key);
                if self.unread && self.rows().len() <= AT_EVERY_KEY {
                    self.read(ctx);
                }
                self.said = self.left_out();
                Outcome::Stay
            }
            ModalEvent::Paste(text) => {
                self.stop = Stop::Text;
                self.text.insert(lines_of(text));
                self.said = self.left_out();
                self.read(ctx);
                self.asks(ctx)
            }
            ModalEvent::Answer(Message::BulkPreviewed(reply)) => {
                self.on_previewed(reply);
                Outcome::Stay
            }
            ModalEvent::Action(action) => self.on_action(*action, ctx),
            ModalEvent::Click(at) => self.on_click(*at, ctx),
            ModalEvent::Key(_) | ModalEvent::Answer(_) => Outcome::Stay,
        }
    }

    fn asks(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        self.text.follow(self.places(ctx).text.height);
        if self.unread {
            self.read(ctx);
        }
        match self.ask(ctx) {
            Some(effect) => Outcome::Submit(Submitted::Start(effect)),
            None => Outcome::Stay,
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let page = isize::try_from(self.places(ctx).text.height).unwrap_or(1);
        match (action, self.stop) {
            (Action::Back, _) => return Outcome::Close,
            (Action::Quit, stop) if stop != Stop::Text => return Outcome::Close,
            (Action::Up, Stop::Text) => self.text.step(-1),
            (Action::Down, Stop::Text) => self.text.step(1),
            (Action::PageUp, _) => self.text.step(-page),
            (Action::PageDown, _) => self.text.step(page),
            (Action::Confirm, Stop::Text) => {
                self.text.split();
                self.said = self.left_out();
                self.read(ctx);
            }
            (Action::DropLine, _) => {
                self.text.drop_line();
                self.said = None;
                self.read(ctx);
            }
            (Action::NextFault, _) => self.next_fault(),
            (Action::Next | Action::Down | Action::Right, _) => self.move_by(1),
            (Action::Previous | Action::Up | Action::Left, _) => self.move_by(STOPS.len() - 1),
            (Action::Confirm | Action::Toggle, _) => return self.press(ctx),
            _ => {}
        }
        self.asks(ctx)
    }

    fn move_by(&mut self, step: usize) {
        let at = STOPS.iter().position(|stop| *stop == self.stop);
        let next = (at.unwrap_or(0) + step) % STOPS.len();
        self.stop = STOPS.get(next).copied().unwrap_or(Stop::Text);
    }

    /// To the next line that nothing is sent for, round the end.
    fn next_fault(&mut self) {
        let count = self.text.lines().count();
        let here = self.text.row();
        let stays = |row: usize| {
            let verdict = self.verdict(row);
            verdict.is_some_and(|verdict| verdict.fate() != Fate::Done)
        };
        let mut lines = (1..=count).map(|step| (here + step) % count);
        let found = lines.find(|line| on_line(self.rows(), *line).any(stays));
        self.stop = Stop::Text;
        match found {
            Some(line) => {
                self.text.go_to(line);
                self.said = None;
            }
            None => self.said = Some("Nothing is wrong with any line".to_owned()),
        }
    }

    fn on_click(&mut self, at: Position, ctx: &Ctx) -> Outcome<Submitted> {
        let places = self.places(ctx);
        if self.text.click(at, places.text) {
            self.stop = Stop::Text;
            return self.asks(ctx);
        }
        let hit = [
            (Stop::All, places.all.contains(at)),
            (Stop::Choose, places.choose.contains(at)),
            (Stop::Back, places.buttons.hit(at) == Some(0)),
            (Stop::Send, places.buttons.hit(at) == Some(1)),
        ];
        match hit.into_iter().find(|(_, hit)| *hit) {
            Some((stop, _)) => {
                self.stop = stop;
                self.press(ctx)
            }
            None => Outcome::Stay,
        }
    }

    fn press(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        match self.stop {
            Stop::Text => Outcome::Stay,
            Stop::Back => Outcome::Close,
            Stop::All => match self.chosen(Grant::full(), ctx) {
                Some(effect) => Outcome::Submit(Submitted::Start(effect)),
                None => Outcome::Stay,
            },
            Stop::Choose => Outcome::Submit(Submitted::ChooseGrant(self.grant.clone())),
            Stop::Send => match self.plan(ctx) {
                Ok(plan) => Outcome::Submit(Submitted::ReviewMany(Box::new(plan))),
                Err((stop, words)) => {
                    self.stop = stop;
                    self.said = Some(words);
                    Outcome::Stay
                }
            },
        }
    }

    /// What is to be sent, or what is missing and where.
    fn plan(&self, ctx: &Ctx) -> Result<Plan, (Stop, String)> {
        let roster = self.roster.as_ref();
        let roster = roster.map_err(|words| (Stop::Text, words.clone()))?;
        let Some(grant) = self.grant.clone() else {
            let words = "Choose: all permissions, or some of them";
            return Err((Stop::All, words.to_owned()));
        };
        refusal(&grant, ctx).map_or(Ok(()), |words| Err((Stop::Choose, words)))?;
        if self.tally.count("new") == 0 {
            let words = "Nobody in the list can be invited";
            return Err((Stop::Text, words.to_owned()));
        }
        Ok(Plan::invitations(Arc::clone(roster), grant))
    }
}
