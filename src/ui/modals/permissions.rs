//! The permission dialog: All permissions or a chosen set, for a member, a pending invitation, or an
//! invitation being written.

use super::choice::{Choice, Item};
use super::picker::{Picked, Picker, Words};
use super::{ModalEvent, Outcome, Submitted};
use crate::domain::policy::{self, Deed, Target};
use crate::domain::{Change, Current, Grant, Invitation, Member};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::checklist::Row;
use crossterm::event::KeyCode;
use ratatui::Frame;

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
    picker: Picker,
}

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
            picker: Picker::default(),
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        let picked = match event {
            ModalEvent::Action(action) => self.picker.on_action(*action, &self.rows(ctx), ctx),
            ModalEvent::Key(key) => {
                match key.code {
                    KeyCode::Char('a') => self.pick(&Item::Full, ctx),
                    KeyCode::Char('n') => {
                        let purpose = &self.purpose;
                        self.picker.said = self.choice.clear(ctx, |to| purpose.refusal(to, ctx));
                    }
                    _ => {}
                }
                Picked::Nothing
            }
            ModalEvent::Click(at) => {
                let rows = self.rows(ctx);
                self.picker.on_click(*at, (&rows, self.go()), ctx)
            }
            ModalEvent::Paste(_) | ModalEvent::Answer(_) => Picked::Nothing,
        };
        match picked {
            Picked::Nothing => {}
            Picked::Cancel => return Outcome::Close,
            Picked::Go => return self.submit(ctx),
            Picked::Turn(row) => self.toggle(row, ctx),
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
        self.picker.said = self.choice.pick(item, ctx, |to| purpose.refusal(to, ctx));
    }

    fn submit(&mut self, ctx: &Ctx) -> Outcome<Submitted> {
        let Some(to) = self.choice.grant(ctx) else {
            self.picker.said = Some("Select All permissions, or tick what they may do".to_owned());
            return Outcome::Stay;
        };
        let unchanged = match &self.purpose {
            Purpose::Member(member) => member.grant == to,
            Purpose::Invitation(invitation) => invitation.grant == to,
            Purpose::Invite => false,
        };
        if unchanged {
            self.picker.said = Some("Nothing has changed yet; Esc goes back".to_owned());
            return Outcome::Stay;
        }
        if let Some(refusal) = self.purpose.refusal(&to, ctx) {
            self.picker.said = Some(refusal);
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

    fn go(&self) -> &'static str {
        match self.purpose {
            Purpose::Invite => "Choose",
            Purpose::Member(_) | Purpose::Invitation(_) => "Review",
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let rows = self.choice.rows(ctx, |to| self.purpose.refusal(to, ctx));
        let title = match &self.purpose {
            Purpose::Member(member) => format!("Permissions of {}", member.email),
            Purpose::Invitation(invitation) => format!("Invitation of {}", invitation.email),
            Purpose::Invite => "Permissions of the new user".to_owned(),
        };
        let (only_rows, items): (Vec<Row>, Vec<Item>) = rows.into_iter().unzip();
        let words = Words {
            title: &title,
            go: self.go(),
            meaning: description(items.get(self.picker.cursor()), ctx),
        };
        self.picker.draw(frame, (&only_rows, words), styles, ctx);
    }
}

pub(super) fn description(item: Option<&Item>, ctx: &Ctx) -> String {
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
