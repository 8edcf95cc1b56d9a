//! The three panes of the main screen, which of them has the focus, and the frame they share.

mod go_to;
mod invitations;
mod invitations_view;
mod invite;
mod invite_view;
mod marked;
mod members;
mod members_lines;
mod members_read;
mod members_view;
mod scroll;
mod several;
mod whereabouts;
mod window;

pub use invitations::{Invitations, open_for as open_for_invitation};
pub use invitations_view::rows_in;
pub use invite::Invite;
pub use invite_view::grant_labels;
pub use members::{Loaded, Members, Wish, availability, open_for as open_for_member};

use super::action::{Action, Context};
use super::effect::{Failure, Feed};
use super::layout::{self, Banner, MainAreas, MainShape};
use super::model::Ctx;
use super::theme::{Decoration, Styles};
use super::widgets::fit::{columns, cut};
use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Block, BorderType, Borders};

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    Members,
    Invitations,
    Invite,
}

/// Whether a pane has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focused {
    Yes,
    No,
}

/// The main screen.
#[derive(Debug)]
pub struct Main {
    pub focus: Pane,
    pub members: Members,
    pub invitations: Invitations,
    pub invite: Invite,
    /// The database does not answer; what is on the screen may be old.
    pub trouble: Option<Failure>,
    /// When to look again for what others did.
    pub poll_at: Option<Timestamp>,
    /// How the console learns of what others do; none until that is known.
    pub feed: Option<Feed>,
}

impl Default for Main {
    fn default() -> Self {
        Self {
            focus: Pane::Members,
            members: Members::default(),
            invitations: Invitations::default(),
            invite: Invite::default(),
            trouble: None,
            poll_at: None,
            feed: None,
        }
    }
}

const POLL: SignedDuration = SignedDuration::from_secs(3);
/// The same while the database is away.
const AWAY: SignedDuration = SignedDuration::from_secs(1);

impl Main {
    /// The context of what has the focus.
    pub fn context(&self) -> Context {
        match self.focus {
            Pane::Members if self.members.is_typing() => Context::Search,
            Pane::Members => Context::Members,
            Pane::Invitations => Context::Invitations,
            Pane::Invite => Context::Invite,
        }
    }

    /// Whether characters go to a text field.
    pub fn is_typing(&self) -> bool {
        match self.focus {
            Pane::Members => self.members.is_typing(),
            Pane::Invitations => false,
            Pane::Invite => self.invite.is_typing(),
        }
    }

    /// Where everything is on a screen of this size.
    pub fn areas(&self, area: Rect) -> MainAreas {
        let banner = if self.trouble.is_some() {
            Banner::Up
        } else {
            Banner::Down
        };
        layout::main(
            area,
            MainShape {
                focus: self.focus,
                invitations: self.invitations.len(),
                banner,
            },
        )
    }

    /// The next or previous stop; inside the invite pane its fields are stops too.
    pub fn cycle(&mut self, direction: Action) {
        if self.focus == Pane::Invite && !self.invite.leaves(direction) {
            return;
        }
        self.focus = match (self.focus, direction) {
            (Pane::Members, Action::Previous) | (Pane::Invitations, Action::Next) => Pane::Invite,
            (Pane::Invite, Action::Previous) | (Pane::Members, _) => Pane::Invitations,
            (Pane::Invitations | Pane::Invite, _) => Pane::Members,
        };
        if self.focus == Pane::Invite {
            self.invite.enter_from(direction);
        }
    }

    /// Plans the next look at what others did: where nobody tells it, or while the database has to come
    /// back.
    pub fn plan_poll(&mut self, ctx: &Ctx) {
        let wait = match (&self.trouble, self.feed) {
            (Some(_), _) => Some(AWAY),
            (None, Some(Feed::Asking)) => Some(POLL),
            (None, Some(Feed::Told) | None) => None,
        };
        self.poll_at = wait.and_then(|wait| ctx.now.checked_add(wait).ok());
    }

    /// When something is to be read again, or a mark goes.
    pub fn next_tick(&self) -> Option<Timestamp> {
        [
            self.poll_at,
            self.members.due.at(),
            self.invitations.due.at(),
            self.members.marks.until(),
            self.invitations.marks.until(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// The columns before what a row says.
const MARKER: u16 = 2;

/// What stands there: the cursor, and a dot where others changed the row just now.
fn marker(here: bool, is_changed: bool) -> &'static str {
    match (here, is_changed) {
        (true, false) => "▸ ",
        (true, true) => "▸•",
        (false, true) => " •",
        (false, false) => "  ",
    }
}

/// The frame of a pane: quiet, rounded; with the focus in the accent and with a mark, so that it is seen
/// without colour. A folded pane is one line.
fn frame_of(frame: &mut Frame<'_>, area: Rect, (title, focused): (&str, Focused), styles: &Styles) {
    let title = cut(title, usize::from(area.width.saturating_sub(8)));
    let (mark, border) = match focused {
        Focused::Yes => ("▸ ", styles.border_focus),
        Focused::No => ("", styles.border),
    };
    let head = Span::styled(format!(" {mark}{title} "), styles.title);
    if area.height < 3 {
        let width = usize::from(area.width.saturating_sub(columns(&head.content) + 2));
        frame.render_widget(Span::styled("──", border), area);
        let rest = Rect {
            x: area.x + 2,
            width: area.width.saturating_sub(2),
            ..area
        };
        frame.render_widget(head.clone(), rest);
        let line = Rect {
            x: rest.x + columns(&head.content),
            ..area
        }
        .intersection(area);
        frame.render_widget(Span::styled("─".repeat(width), border), line);
        return;
    }
    let sides = match styles.decoration {
        Decoration::Full => Borders::ALL,
        Decoration::Sparse => Borders::TOP,
    };
    let block = Block::new()
        .borders(sides)
        .border_type(BorderType::Rounded)
        .border_style(border)
        .title(head);
    frame.render_widget(block, area);
}

/// A quiet line in a pane's lower border.
fn lower_note(frame: &mut Frame<'_>, area: Rect, note: &str, styles: &Styles) {
    let place = Rect {
        x: area.x + 2,
        y: area.bottom().saturating_sub(1),
        width: columns(note)
            .saturating_add(2)
            .min(area.width.saturating_sub(4)),
        height: area.height.min(1),
    };
    frame.render_widget(Span::styled(format!(" {note} "), styles.muted), place);
}
