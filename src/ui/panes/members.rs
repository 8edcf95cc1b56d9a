//! The member table: its list, its search line, what may be done with the selected member, and how
//! it looks. Drawing stands in `members_view.rs`.

use super::marked::Marked;
use super::window::Window;
use crate::domain::{
    Change, Grant, Member, MemberQuery, Page, Role, UserId,
    policy::{self, Deed, Target},
};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, ListMembers};
use crate::ui::live::{Due, Marks};
use crate::ui::message::{Place, Reply};
use crate::ui::modals::{Confirm, History, Modal, ModalEvent, Permissions};
use crate::ui::model::Ctx;
use crate::ui::waiting::Waiting;
use crate::ui::widgets::text_input::{Mask, TextInput};
use jiff::Timestamp;
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
    pub waiting: Waiting,
    /// Whether a page has arrived since the list was last asked for anew.
    pub loaded: Loaded,
    /// When to read the same rows again.
    pub due: Due,
    /// What others changed just now.
    pub marks: Marks<UserId>,
    /// Who is marked to be changed or removed together.
    pub marked: Marked,
    /// A page is being read for this place; read-ahead waits meanwhile.
    reading: Option<Place>,
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
            waiting: Waiting::default(),
            loaded: Loaded::NotYet,
            due: Due::default(),
            marks: Marks::default(),
            marked: Marked::default(),
            reading: None,
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
    /// Whether characters go to the search line.
    pub fn is_typing(&self) -> bool {
        self.search.is_some()
    }

    /// Asks for a page; the count comes along where the list itself changes.
    pub fn load(&mut self, place: Place, ctx: &Ctx) -> Vec<Effect> {
        let Some(seat) = ctx.seat() else {
            return Vec::new();
        };
        let (seek, limit) = self.window.request(place);
        self.reading = Some(place);
        self.due.ask(ctx.now);
        if place == Place::Fresh || place == Place::End {
            self.waiting.begin(ctx.now);
        }
        let list = ListMembers {
            seat: seat.clone(),
            query: self.query.clone(),
            seek,
            limit,
            place,
        };
        let mut effects = vec![Effect::ListMembers(Box::new(list))];
        if matches!(place, Place::Fresh | Place::Reload) {
            effects.push(Effect::CountMembers(seat, self.query.clone()));
        }
        effects
    }

    /// A page arrived; tells whether the picture changed.
    pub fn on_loaded(
        &mut self,
        place: Place,
        page: Page<Member>,
        (height, now): (usize, Timestamp),
    ) -> bool {
        self.on_failed(now);
        let first = self.loaded == Loaded::NotYet;
        self.loaded = Loaded::Yes;
        if place == Place::Reload {
            self.marks.set(self.window.changed(&page), now);
        }
        self.window.arrive(place, page, height) || first
    }

    /// Reading is over, or failed.
    pub fn on_failed(&mut self, now: Timestamp) {
        self.waiting.end();
        self.reading = None;
        self.due.answered(now);
    }

    /// The count arrived; tells whether the picture changed.
    pub fn on_counted(&mut self, count: &Reply<i64>) -> bool {
        let before = self.count;
        self.count = count.as_ref().ok().copied().or(before);
        self.count != before
    }

    /// A key or click while the pane has the focus; `rows` is where the rows are drawn.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, rows: Rect, ctx: &Ctx) -> Wish {
        match event {
            ModalEvent::Key(key) => {
                let typed = self.search.as_mut().is_some_and(|input| input.on_key(*key));
                return self.searched(typed, ctx);
            }
            ModalEvent::Paste(text) => {
                if let Some(input) = &mut self.search {
                    input.on_paste(text);
                    return self.searched(true, ctx);
                }
            }
            ModalEvent::Action(action) => return self.act(*action, rows, ctx),
            ModalEvent::Click(at) => return self.click(*at, rows, ctx),
            ModalEvent::Answer(_) => {}
        }
        Wish::Nothing
    }

    fn searched(&mut self, changed: bool, ctx: &Ctx) -> Wish {
        let text = self.search.as_ref().map_or("", TextInput::text);
        if !changed || text == self.query.search {
            return Wish::Nothing;
        }
        self.query.search = text.to_owned();
        Wish::Effects(self.load(Place::Fresh, ctx))
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
            Action::Search => {
                let line = TextInput::new(Mask::Shown, 100).with_text(&self.query.search);
                self.search = Some(line);
            }
            Action::Confirm if self.is_typing() => self.search = None,
            Action::Back if self.is_typing() || !self.query.search.is_empty() => {
                self.search = None;
                self.query.search.clear();
                return Wish::Effects(self.load(Place::Fresh, ctx));
            }
            Action::CycleSort => {
                self.query.sort = self.query.sort.next();
                return Wish::Effects(self.load(Place::Fresh, ctx));
            }
            Action::ReverseSort => {
                self.query.direction = self.query.direction.reversed();
                return Wish::Effects(self.load(Place::Fresh, ctx));
            }
            Action::SetGrant | Action::RemoveMember | Action::OfferOwnership => {
                return self.open(action, ctx);
            }
            Action::MemberHistory => return self.history(ctx),
            _ => {}
        }
        self.ahead(height, ctx)
    }

    fn jump(&mut self, place: Place, height: usize, ctx: &Ctx) -> Wish {
        match self.window.jump(place, height) {
            Some(place) => Wish::Effects(self.load(place, ctx)),
            None => Wish::Nothing,
        }
    }

    /// Reads on where the cursor comes near the end of what is in memory.
    pub fn ahead(&mut self, height: usize, ctx: &Ctx) -> Wish {
        match self.window.read_ahead(height) {
            Some(place) if self.reading.is_none() => Wish::Effects(self.load(place, ctx)),
            _ => Wish::Nothing,
        }
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
