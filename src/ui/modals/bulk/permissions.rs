//! The permission dialog for all that are marked: single permissions given and taken, or the same grant
//! for everybody.

use super::adjust::{Adjust, Turn, may_move};
use super::plan::Plan;
use crate::domain::policy::{self, Deed};
use crate::domain::{Grant, Member};
use crate::ui::action::Action;
use crate::ui::effect::MemberAct;
use crate::ui::modals::choice::{Choice, Item};
use crate::ui::modals::permissions::description;
use crate::ui::modals::picker::{Picked, Picker, Words};
use crate::ui::modals::{ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;
use crate::ui::panes::availability;
use crate::ui::theme::Styles;
use crate::ui::widgets::checklist::{Mark, Row, Usable};
use crossterm::event::KeyCode;
use ratatui::Frame;
use std::collections::HashMap;

/// The dialog.
#[derive(Debug)]
pub struct BulkPermissions {
    members: Vec<Member>,
    /// How many of them can't be changed at all, as far as can be seen here.
    blocked: usize,
    /// How many have each permission.
    had: HashMap<String, usize>,
    mode: Mode,
    adjust: Adjust,
    choice: Choice,
    picker: Picker,
}

/// Single permissions, or the same for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Adjust,
    Set,
}

/// A row that this dialog has besides those of a single member's.
#[derive(Debug)]
enum Line {
    Adjust,
    Of(Item),
}

const GO: &str = "Review";

impl BulkPermissions {
    /// Opens for the marked members; submits `ReviewMany`.
    pub fn new(members: Vec<Member>, ctx: &Ctx) -> Self {
        let mut had: HashMap<String, usize> = HashMap::new();
        for key in members
            .iter()
            .flat_map(|member| kept(&member.grant.effective(&ctx.catalogue)))
        {
            *had.entry(key).or_default() += 1;
        }
        let blocked = |member: &&Member| availability(Action::SetGrant, member, ctx).is_err();
        Self {
            blocked: members.iter().filter(blocked).count(),
            members,
            had,
            mode: Mode::Adjust,
            adjust: Adjust::default(),
            choice: Choice::of(None, ctx),
            picker: Picker::default(),
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let picked = match event {
            ModalEvent::Action(action) => {
                let rows = self.rows(ctx);
                self.picker.on_action(*action, &rows, ctx)
            }
            ModalEvent::Key(key) => {
                match key.code {
                    KeyCode::Char('+') => self.decide(Turn::Give, ctx),
                    KeyCode::Char('-') => self.decide(Turn::Take, ctx),
                    KeyCode::Char('a') => self.pick(&Item::Full, ctx),
                    KeyCode::Char('n') => self.reset(ctx),
                    _ => {}
                }
                Picked::Nothing
            }
            ModalEvent::Click(at) => {
                let rows = self.rows(ctx);
                self.picker.on_click(*at, (&rows, GO), ctx)
            }
            ModalEvent::Paste(_) | ModalEvent::Answer(_) => Picked::Nothing,
        };
        match picked {
            Picked::Nothing => {}
            Picked::Cancel => return Outcome::Close,
            Picked::Go => return self.submit(ctx),
            Picked::Turn(row) => self.turn(row, ctx),
        }
        Outcome::Stay
    }

    fn turn(&mut self, row: usize, ctx: &Ctx) {
        match self.lines(ctx).into_iter().nth(row) {
            Some((_, Line::Adjust)) => self.mode = Mode::Adjust,
            Some((_, Line::Of(Item::Key(key)))) if self.mode == Mode::Adjust => {
                let turn = self.adjust.next(&key);
                self.picker.said = self.adjust.decide(&key, turn, ctx);
            }
            Some((_, Line::Of(item))) => self.pick(&item, ctx),
            None => {}
        }
    }

    fn decide(&mut self, turn: Turn, ctx: &Ctx) {
        let row = self.picker.cursor();
        if let (Mode::Adjust, Some((_, Line::Of(Item::Key(key))))) =
            (self.mode, self.lines(ctx).into_iter().nth(row))
        {
            self.picker.said = self.adjust.decide(&key, turn, ctx);
        }
    }

    fn pick(&mut self, item: &Item, ctx: &Ctx) {
        self.picker.said = self.choice.pick(item, ctx, |to| refusal(to, ctx));
        if self.choice.is_begun() {
            self.mode = Mode::Set;
        }
    }

    fn reset(&mut self, ctx: &Ctx) {
        match self.mode {
            Mode::Adjust => self.adjust = Adjust::default(),
            Mode::Set => self.picker.said = self.choice.clear(ctx, |to| refusal(to, ctx)),
        }
    }

    fn submit(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        let act = match self.mode {
            Mode::Adjust if self.adjust.is_empty() => Err("Give or take something first: Space"),
            Mode::Adjust => Ok(MemberAct::Adjust {
                give: self.adjust.give.clone(),
                take: self.adjust.take.clone(),
            }),
            Mode::Set => match self.choice.grant(ctx) {
                Some(grant) => Ok(MemberAct::Set(grant)),
                None => Err("Select All permissions, or tick what they may do"),
            },
        };
        match act {
            Ok(act) => {
                let plan = Plan::change(self.members.clone(), &act);
                Outcome::Submit(Submitted::ReviewMany(Box::new(plan)))
            }
            Err(words) => {
                self.picker.said = Some(words.to_owned());
                Outcome::Stay
            }
        }
    }

    fn rows(&self, ctx: &Ctx) -> Vec<Row> {
        self.lines(ctx).into_iter().map(|(row, _)| row).collect()
    }

    fn lines(&self, ctx: &Ctx) -> Vec<(Row, Line)> {
        let radio = match self.mode {
            Mode::Adjust => Mark::RadioOn,
            Mode::Set => Mark::RadioOff,
        };
        let first = Row {
            mark: radio,
            label: "Give or take single permissions".to_owned(),
            note: String::new(),
            usable: Usable::Yes,
        };
        let rest = self.choice.rows(ctx, |to| refusal(to, ctx)).into_iter();
        let rest = rest.map(|(row, item)| (self.row(row, &item, ctx), Line::Of(item)));
        std::iter::once((first, Line::Adjust)).chain(rest).collect()
    }

    fn row(&self, mut row: Row, item: &Item, ctx: &Ctx) -> Row {
        let label = match item {
            Item::Full => Some("All permissions, for everybody"),
            Item::Choose => Some("The same permissions for everybody"),
            Item::Heading | Item::Key(_) => None,
        };
        row.label = label.map_or(row.label, str::to_owned);
        match (item, self.mode) {
            (Item::Full | Item::Choose, Mode::Adjust) => row.mark = Mark::RadioOff,
            (Item::Key(key), mode) => {
                let count = self.had.get(key).copied().unwrap_or_default();
                row.note = format!("{count} of {} have it", self.members.len());
                if mode == Mode::Adjust {
                    row.mark = self.adjust.mark(key, &ctx.catalogue);
                    let one = [key.as_str()].into_iter().collect();
                    row.usable = match may_move(&one, ctx) {
                        Ok(()) => Usable::Yes,
                        Err(_) => Usable::No,
                    };
                }
            }
            _ => {}
        }
        row
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let lines = self.lines(ctx);
        let blocked = match self.blocked {
            0 => String::new(),
            count => format!(" · {count} can't be changed, as the review says"),
        };
        let title = format!("Permissions of {} users{blocked}", self.members.len());
        let meaning = match lines.get(self.picker.cursor()) {
            Some((_, Line::Of(Item::Key(key)))) if self.mode == Mode::Adjust => {
                let about = description(Some(&Item::Key(key.clone())), ctx);
                format!("{about} · Space or + and − decide, n leaves all as they are")
            }
            Some((_, Line::Of(item))) => description(Some(item), ctx),
            _ => "What is neither given nor taken stays as each of them has it".to_owned(),
        };
        let rows: Vec<Row> = lines.into_iter().map(|(row, _)| row).collect();
        let words = Words {
            title: &title,
            go: GO,
            meaning,
        };
        self.picker.draw(frame, (&rows, words), styles, ctx);
    }
}

fn kept(keys: &crate::domain::PermissionSet) -> Vec<String> {
    keys.iter().map(str::to_owned).collect()
}

/// Why this grant is not the person's to give, if it is not.
fn refusal(to: &Grant, ctx: &Ctx) -> Option<String> {
    let standing = ctx.standing()?;
    let deed = Deed::Invite { grant: to };
    let may = policy::may(&standing, &deed, &ctx.catalogue);
    may.err().map(|denied| denied.to_string())
}
