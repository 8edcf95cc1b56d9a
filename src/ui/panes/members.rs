//! The member table: what keys and clicks do, the lines typed in, and what may be done with the selected
//! member. What it reads stands in `members_read.rs`, drawing in `members_view.rs`.

use super::go_to::GoTo;
use super::marked::Marked;
use super::members_read::{Jump, Reading};
use super::window::Window;
use crate::domain::{
    Change, Cursor, Direction, Grant, Member, MemberQuery, Needle, Role, Sort, UserId,
    policy::{self, Deed, Target},
};
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::live::{Due, Marks};
use crate::ui::message::Place;
use crate::ui::modals::{Confirm, History, Modal, ModalEvent, Permissions};
use crate::ui::model::Ctx;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::layout::{Position, Rect};

/// The member table.
#[derive(Debug)]
pub struct Members {
    pub query: MemberQuery,
    pub window: Window,
    /// How many match; none until counted.
    pub count: Option<i64>,
    /// The search line while it is typed in.
    pub search: Option<TextInput>,
    /// The line "Go to" while it is typed in.
    pub go_to: Option<GoTo>,
    pub waiting: Waiting,
    /// Whether a page has arrived since the list was last asked for anew.
    pub loaded: Loaded,
    /// When to read the same rows again.
    pub due: Due,
    /// What others changed just now.
    pub marks: Marks<UserId>,
    pub(super) reading: Reading,
    /// Who is marked to be changed or removed together.
    pub marked: Marked,
}

/// Whether there is something to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loaded {
    NotYet,
    Yes,
}

/// What the pane asks for.
#[derive(Debug)]
pub enum Wish {
    Nothing,
    Effects(Vec<Effect>),
    /// Open this dialog, and start these.
    Open(Box<Modal>, Vec<Effect>),
    /// It can't be done, and why.
    Refuse(String),
}

impl Default for Members {
    fn default() -> Self {
        Self {
            query: MemberQuery::default(),
            window: Window::default(),
            count: None,
            search: None,
            go_to: None,
            waiting: Waiting::default(),
            loaded: Loaded::NotYet,
            due: Due::default(),
            marks: Marks::default(),
            reading: Reading::default(),
            marked: Marked::default(),
        }
    }
}

/// Why `action` can't be done with `member`, in words; a hint, the service decides again.
///
/// # Errors
/// The reason.
pub fn availability(action: Action, member: &Member, ctx: &Ctx) -> Result<(), String> {
    let Some(standing) = ctx.standing() else {
        return Err("Nobody is signed in".to_owned());
    };
    let target = Target {
        user: member.user,
        grant: &member.grant,
    };
    // The question "at all?" is asked with the grant that changes least.
    let probe = match member.grant.role {
        Role::Owner => Grant::full(),
        Role::Full | Role::Custom => member.grant.clone(),
    };
    let deed = match action {
        Action::SetGrant => Deed::SetGrant { target, to: &probe },
        Action::RemoveMember => Deed::Remove { target },
        Action::OfferOwnership => Deed::OfferOwnership { target },
        _ => return Ok(()),
    };
    policy::may(&standing, &deed, &ctx.catalogue).map_err(|denied| denied.to_string())
}

impl Members {
    /// Whether characters go to the search line, or to the line "Go to".
    pub fn is_typing(&self) -> bool {
        self.search.is_some() || self.go_to.is_some()
    }

    /// A key or click while the pane has the focus; `rows` is where the rows are drawn.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, rows: Rect, ctx: &Ctx) -> Wish {
        match event {
            ModalEvent::Key(key) => {
                let typed = self.line().is_some_and(|input| input.on_key(*key));
                return if typed {
                    self.typed(ctx)
                } else {
                    Wish::Nothing
                };
            }
            ModalEvent::Paste(text) => {
                if let Some(input) = self.line() {
                    input.on_paste(text);
                    return self.typed(ctx);
                }
            }
            ModalEvent::Action(action) => return self.act(*action, rows, ctx),
            ModalEvent::Click(at) => return self.click(*at, rows, ctx),
            ModalEvent::Answer(_) => {}
        }
        Wish::Nothing
    }

    /// The line that is typed in.
    fn line(&mut self) -> Option<&mut TextInput> {
        let go_to = self.go_to.as_mut().map(|line| &mut line.input);
        go_to.or(self.search.as_mut())
    }

    fn typed(&mut self, ctx: &Ctx) -> Wish {
        if let Some(line) = &self.go_to {
            let aim = line.aim(&mut self.query);
            let jump = aim.map_or(Jump::First, |cursor| Jump::To(cursor, 0));
            return Wish::Effects(self.go(jump, ctx));
        }
        let text = self.search.as_ref().map_or("", TextInput::text);
        if text == self.query.search {
            return Wish::Nothing;
        }
        self.query.search = text.to_owned();
        Wish::Effects(self.anew(Jump::First, ctx))
    }

    fn act(&mut self, action: Action, rows: Rect, ctx: &Ctx) -> Wish {
        let height = usize::from(rows.height).max(1);
        if let Some(wish) = self.on_marks(action, height, ctx) {
            return wish;
        }
        match action {
            Action::Up => self.window.step(-1, height),
            Action::Down => self.window.step(1, height),
            Action::PageUp => self.window.page(-1, height),
            Action::PageDown => self.window.page(1, height),
            Action::First => return self.jump(Place::Fresh, height, ctx),
            Action::Last => return self.jump(Place::End, height, ctx),
            action => return self.act_here(action, ctx),
        }
        self.ahead(height, ctx)
    }

    /// An action that is no movement. A cursor that waits for rows stays: what is done is done with the
    /// member that is seen.
    fn act_here(&mut self, action: Action, ctx: &Ctx) -> Wish {
        self.window.stay();
        match action {
            Action::Search => {
                let line = TextInput::new(Mask::Shown, 100).with_text(&self.query.search);
                self.search = Some(line);
            }
            Action::GoTo => {
                let selected = self.window.selected().map(Cursor::of);
                self.go_to = Some(GoTo::new(&self.query, selected, self.window.screen_row()));
            }
            Action::Confirm if self.is_typing() => {
                self.search = None;
                self.go_to = None;
            }
            Action::Back => return self.back(ctx),
            Action::CycleSort => return self.sort_by(self.query.sort.next(), ctx),
            Action::ReverseSort => {
                self.query.direction = self.query.direction.reversed();
                return Wish::Effects(self.anew_around_selected(ctx));
            }
            Action::CountExactly => return Wish::Effects(self.count_exactly(ctx)),
            Action::SetGrant | Action::RemoveMember | Action::OfferOwnership => {
                return self.open(action, ctx);
            }
            Action::MemberHistory => return self.history(ctx),
            _ => {}
        }
        Wish::Nothing
    }

    /// Orders by a column; the cursor stays on its member.
    fn sort_by(&mut self, sort: Sort, ctx: &Ctx) -> Wish {
        if matches!(self.query.needle(), Needle::Prefix(_)) {
            let words =
                "What begins alike comes in the order of addresses; three letters find more";
            return Wish::Refuse(words.to_owned());
        }
        self.query.sort = sort;
        Wish::Effects(self.anew_around_selected(ctx))
    }

    /// One step back: from a count that takes long, the line "Go to", the search.
    fn back(&mut self, ctx: &Ctx) -> Wish {
        if self.is_counting() {
            return Wish::Effects(self.stop_counting());
        }
        if let Some(line) = self.go_to.take() {
            if line.input.is_empty() {
                return Wish::Nothing;
            }
            let origin = line.undo(&mut self.query);
            let to = |cursor| Jump::To(cursor, origin.row);
            return Wish::Effects(self.go(origin.cursor.map_or(Jump::First, to), ctx));
        }
        let typing = self.search.take().is_some();
        if typing || !self.query.search.is_empty() {
            self.query.search.clear();
            return Wish::Effects(self.anew_around_selected(ctx));
        }
        Wish::Nothing
    }

    fn open(&self, action: Action, ctx: &Ctx) -> Wish {
        let Some(member) = self.window.selected().cloned() else {
            return Wish::Nothing;
        };
        open_for(action, member, ctx)
    }

    fn history(&self, ctx: &Ctx) -> Wish {
        let Some(member) = self.window.selected() else {
            return Wish::Nothing;
        };
        let history = History::new(member.email.clone(), ctx);
        let effects = history.first_page(ctx).into_iter().collect();
        Wish::Open(Box::new(Modal::History(history)), effects)
    }

    fn click(&mut self, at: Position, rows: Rect, ctx: &Ctx) -> Wish {
        if let Some(sort) = self.heading_at(at, rows) {
            return self.click_heading(sort, ctx);
        }
        if !rows.contains(at) {
            return Wish::Nothing;
        }
        let row = self.window.top() + usize::from(at.y - rows.y);
        if row >= self.window.rows().len() {
            return Wish::Nothing;
        }
        self.window.point_at(row, usize::from(rows.height));
        match super::members_view::button_at(at, rows) {
            Some(action) => self.open(action, ctx),
            None => Wish::Nothing,
        }
    }
}

impl Members {
    /// Orders by the column that was clicked; once more turns the order around.
    fn click_heading(&mut self, sort: Sort, ctx: &Ctx) -> Wish {
        self.query.direction = match (self.query.sort == sort, sort) {
            (true, _) => self.query.direction.reversed(),
            // Who was here last is what is looked for.
            (false, Sort::LastLogin) => Direction::Descending,
            (false, Sort::Email | Sort::Role) => Direction::Ascending,
        };
        self.sort_by(sort, ctx)
    }
}

/// The dialog for an action on a member, or why not.
pub fn open_for(action: Action, member: Member, ctx: &Ctx) -> Wish {
    if let Err(reason) = availability(action, &member, ctx) {
        return Wish::Refuse(reason);
    }
    match action {
        Action::RemoveMember => {
            let preview = ctx
                .seat()
                .map(|seat| Effect::RemovalPreview(seat, member.email.clone()));
            let confirm = Confirm::new(Change::Remove { member }, ctx);
            Wish::Open(
                Box::new(Modal::Confirm(confirm)),
                preview.into_iter().collect(),
            )
        }
        Action::OfferOwnership => {
            let confirm = Confirm::new(Change::OfferOwnership { member }, ctx);
            Wish::Open(Box::new(Modal::Confirm(confirm)), Vec::new())
        }
        _ => {
            let permissions = Permissions::for_member(member, ctx);
            Wish::Open(Box::new(Modal::Permissions(permissions)), Vec::new())
        }
    }
}
