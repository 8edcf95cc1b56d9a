//! The permission dialog: All permissions or a chosen set, for a member, a pending invitation, or an
//! invitation being written.

use super::choice::{Choice, Item};
use super::{ModalEvent, Outcome, Submitted};
use crate::domain::policy::{self, Deed, Target};
use crate::domain::{Change, Current, Grant, Invitation, Member};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::checklist::{Checklist, Look, Row, Usable};
use crate::ui::widgets::dialog;
use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// Whose permissions are chosen.
#[derive(Debug, Clone)]
enum Purpose {
    Member(Box<Member>),
    Invitation(Box<Invitation>),
    Invite,
}

impl Purpose {
    /// Why policy refuses this grant here, if it does: the same function that the service asks.
    fn refusal(&self, to: &Grant, ctx: &Ctx) -> Option<String> {
        let standing = ctx.standing()?;
        let deed = match self {
            Self::Member(member) => {
                let target = Target {
                    user: member.user,
                    grant: &member.grant,
                };
                Deed::SetGrant { target, to }
            }
            Self::Invitation(invitation) => Deed::EditInvitation {
                from: &invitation.grant,
                to,
            },
            Self::Invite => Deed::Invite { grant: to },
        };
        policy::may(&standing, &deed, &ctx.catalogue)
            .err()
            .map(|denied| denied.to_string())
    }
}

/// The dialog.
#[derive(Debug)]
pub struct Permissions {
    purpose: Purpose,
    choice: Choice,
    list: Checklist,
    /// The button with the focus; the list when none has it.
    button: Option<usize>,
    /// What the last key did or could not do.
    said: Option<String>,
}

/// Rows below the list: two lines of words, a free one, the buttons.
const FOOT: u16 = 4;

impl Permissions {
    /// Opens the permissions of a member; submits `Review`.
    pub fn for_member(member: Member, ctx: &Ctx) -> Self {
        let choice = Choice::of(Some(&member.grant), ctx);
        Self::open(Purpose::Member(Box::new(member)), choice)
    }

    /// Opens the permissions of what is there now, with another grant ticked; submits `Review`.
    pub fn onto(current: Current, grant: &Grant, ctx: &Ctx) -> Self {
        let choice = Choice::of(Some(grant), ctx);
        let purpose = match current {
            Current::Member(member) => Purpose::Member(member),
            Current::Invitation(invitation) => Purpose::Invitation(invitation),
        };
        Self::open(purpose, choice)
    }

    /// Opens the permissions of a pending invitation; submits `Review`.
    pub fn for_invitation(invitation: Invitation, ctx: &Ctx) -> Self {
        let choice = Choice::of(Some(&invitation.grant), ctx);
        Self::open(Purpose::Invitation(Box::new(invitation)), choice)
    }

    /// Opens the permissions of the invitation being written; submits `Chosen`.
    pub fn for_invite(current: Option<&Grant>, ctx: &Ctx) -> Self {
        Self::open(Purpose::Invite, Choice::of(current, ctx))
    }

    fn open(purpose: Purpose, choice: Choice) -> Self {
        Self {
            purpose,
            choice,
            list: Checklist::default(),
            button: None,
            said: None,
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Action(action) => self.on_action(*action, ctx),
            ModalEvent::Key(key) => {
                match key.code {
                    KeyCode::Char('a') => self.pick(&Item::Full, ctx),
                    KeyCode::Char('n') => {
                        let purpose = &self.purpose;
                        self.said = self.choice.clear(ctx, |to| purpose.refusal(to, ctx));
                    }
                    _ => {}
                }
                Outcome::Stay
            }
            ModalEvent::Click(at) => self.on_click(*at, ctx),
            ModalEvent::Paste(_) | ModalEvent::Answer(_) => Outcome::Stay,
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let rows = self.rows(ctx);
        let height = list_area(Self::area(ctx, rows.len())).height;
        let page = isize::try_from(height).unwrap_or(1);
        let step = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            _ => 0,
        };
        match action {
            Action::Back | Action::Quit => return Outcome::Close,
            Action::Next => self.button = next_stop(self.button, 1),
            Action::Previous => self.button = next_stop(self.button, 2),
            Action::Left | Action::Right if self.button.is_some() => {
                self.button = self.button.map(|at| 1 - at);
            }
            Action::Confirm | Action::Toggle if self.button == Some(0) => return Outcome::Close,
            Action::Confirm => return self.submit(ctx),
            Action::Toggle if self.button == Some(1) => return self.submit(ctx),
            Action::Toggle => self.toggle(self.list.cursor(), ctx),
            _ if step != 0 => {
                self.button = None;
                self.said = None;
                // A step is at most the length of the list; larger ones mean "to the end".
                let most = isize::try_from(rows.len()).unwrap_or(isize::MAX);
                self.list.step(step.clamp(-most, most), &rows, height);
            }
            _ => {}
        }
        Outcome::Stay
    }

    fn on_click(&mut self, at: Position, ctx: &Ctx) -> Outcome<Submitted> {
        let rows = self.rows(ctx);
        let area = Self::area(ctx, rows.len());
        match self.buttons(area).hit(at) {
            Some(0) => return Outcome::Close,
            Some(_) => return self.submit(ctx),
            None => {}
        }
        let list = list_area(area);
        if let Some(row) = self.list.hit(at, list, &rows) {
            self.button = None;
            self.list.set_cursor(row, &rows, list.height);
            self.toggle(row, ctx);
        }
        Outcome::Stay
    }

    fn toggle(&mut self, row: usize, ctx: &Ctx) {
        if let Some((_, item)) = self
            .choice
            .rows(ctx, |to| self.purpose.refusal(to, ctx))
            .into_iter()
            .nth(row)
        {
            self.pick(&item, ctx);
        }
    }

    fn pick(&mut self, item: &Item, ctx: &Ctx) {
        let purpose = &self.purpose;
        self.said = self.choice.pick(item, ctx, |to| purpose.refusal(to, ctx));
    }

    fn submit(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        let Some(to) = self.choice.grant(ctx) else {
            self.said = Some("Select All permissions, or tick what they may do".to_owned());
            return Outcome::Stay;
        };
        let unchanged = match &self.purpose {
            Purpose::Member(member) => member.grant == to,
            Purpose::Invitation(invitation) => invitation.grant == to,
            Purpose::Invite => false,
        };
        if unchanged {
            self.said = Some("Nothing has changed yet; Esc goes back".to_owned());
            return Outcome::Stay;
        }
        if let Some(refusal) = self.purpose.refusal(&to, ctx) {
            self.said = Some(refusal);
            return Outcome::Stay;
        }
        Outcome::Submit(match &self.purpose {
            Purpose::Invite => Submitted::Chosen(to),
            Purpose::Member(member) => Submitted::Review(Box::new(Change::SetGrant {
                member: (**member).clone(),
                to,
            })),
            Purpose::Invitation(invitation) => {
                let invitation = (**invitation).clone();
                Submitted::Review(Box::new(Change::EditInvitation { invitation, to }))
            }
        })
    }

    fn rows(&self, ctx: &Ctx) -> Vec<Row> {
        self.choice
            .rows(ctx, |to| self.purpose.refusal(to, ctx))
            .into_iter()
            .map(|(row, _)| row)
            .collect()
    }

    fn area(ctx: &Ctx, rows: usize) -> Rect {
        let height = u16::try_from(rows)
            .unwrap_or(u16::MAX)
            .saturating_add(FOOT + 3);
        dialog::centred(ctx.area, 78, height)
    }

    fn buttons(&self, area: Rect) -> Buttons {
        let go = match self.purpose {
            Purpose::Invite => "Choose",
            Purpose::Member(_) | Purpose::Invitation(_) => "Review",
        };
        let buttons = vec![
            Button::new("Cancel", Tone::Plain),
            Button::new(go, Tone::Plain),
        ];
        Buttons::right(buttons, dialog::button_row(area))
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let rows = self.choice.rows(ctx, |to| self.purpose.refusal(to, ctx));
        let area = Self::area(ctx, rows.len());
        let title = match &self.purpose {
            Purpose::Member(member) => format!("Permissions of {}", member.email),
            Purpose::Invitation(invitation) => format!("Invitation of {}", invitation.email),
            Purpose::Invite => "Permissions of the new user".to_owned(),
        };
        dialog::draw(frame, area, &title, styles);
        let (only_rows, items): (Vec<Row>, Vec<Item>) = rows.into_iter().unzip();
        let list = list_area(area);
        self.list.draw(
            frame,
            list,
            &only_rows,
            Look {
                focused: self.button.is_none(),
                styles,
            },
        );
        let cursor = self.list.cursor();
        let blocked = only_rows
            .get(cursor)
            .is_some_and(|row| row.usable == Usable::No);
        let (words, style) = match &self.said {
            Some(said) => (said.clone(), styles.warning),
            None if blocked => (
                "Space says why this can't be changed".to_owned(),
                styles.muted,
            ),
            None => (description(items.get(cursor), ctx), styles.muted),
        };
        let below = Rect {
            y: list.bottom(),
            height: 2,
            ..list
        }
        .intersection(dialog::inner(area));
        frame.render_widget(
            Paragraph::new(Line::styled(words, style)).wrap(Wrap { trim: true }),
            below,
        );
        self.buttons(area).draw(frame, self.button, styles);
    }
}

fn list_area(area: Rect) -> Rect {
    let inner = dialog::inner(area);
    Rect {
        height: inner.height.saturating_sub(FOOT),
        ..inner
    }
}

/// List, first button, second button, list again.
fn next_stop(at: Option<usize>, step: usize) -> Option<usize> {
    ((at.map_or(0, |at| at + 1) + step) % 3).checked_sub(1)
}

fn description(item: Option<&Item>, ctx: &Ctx) -> String {
    match item {
        Some(Item::Full) => {
            "Everything of today and what is added later; never managing users".to_owned()
        }
        Some(Item::Choose) => {
            "Exactly what is ticked below · Space ticks, a all, n none".to_owned()
        }
        Some(Item::Key(key)) => ctx.catalogue.get(key).map_or_else(
            || "The catalogue no longer knows this key; it is kept".to_owned(),
            |p| p.description.to_string(),
        ),
        Some(Item::Heading) | None => String::new(),
    }
}
