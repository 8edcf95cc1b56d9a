//! The pending invitations: their list, the cursor, what may be done with the selected one, and how
//! they look.

use super::members::{Loaded, Wish};
use super::members_view::role_badge;
use super::{Focused, frame_of, lower_note};
use crate::domain::{
    Change, DeliveryState, Email, Invitation, InvitationId, InvitationStatus,
    policy::{self, Deed},
};
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::layout;
use crate::ui::live::{Due, Marks};
use crate::ui::modals::{Confirm, InvitationActions, Modal, ModalEvent, Permissions, Review};
use crate::ui::model::{Ctx, Mail};
use crate::ui::theme::Styles;
use crate::ui::times::absolute;
use crate::ui::widgets::fit::cut;
use crate::ui::widgets::table::{self, Column, GAP, Grow};
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// The pending invitations.
#[derive(Debug)]
pub struct Invitations {
    rows: Vec<Invitation>,
    cursor: usize,
    pub loaded: Loaded,
    /// When to read them again.
    pub due: Due,
    /// What others changed just now.
    pub marks: Marks<InvitationId>,
}

impl Default for Invitations {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            cursor: 0,
            loaded: Loaded::NotYet,
            due: Due::default(),
            marks: Marks::default(),
        }
    }
}

const MARKER: u16 = 2;

/// Narrower, columns give way: who sent it and when, then when it expires, then the permissions.
const COLUMNS: [Column; 5] = [
    column("E-mail address", 20, 0, Grow::Yes),
    column("Permissions", 18, 52, Grow::No),
    column("Sent", 26, 104, Grow::No),
    column("Expires", 7, 70, Grow::No),
    column("Delivery", 16, 38, Grow::No),
];

const fn column(heading: &'static str, width: u16, from_width: u16, grow: Grow) -> Column {
    Column {
        heading,
        width,
        grow,
        from_width,
    }
}

impl Invitations {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The pending invitation of an address.
    pub fn pending_for(&self, email: &Email) -> Option<&Invitation> {
        let pending = |i: &&Invitation| i.status == InvitationStatus::Pending && i.email == *email;
        self.rows.iter().find(pending)
    }

    /// Asks for the list.
    pub fn load(&mut self, ctx: &Ctx) -> Option<Effect> {
        let seat = ctx.seat()?;
        self.due.ask(ctx.now);
        Some(Effect::ListInvitations(seat))
    }

    /// The list arrived; the cursor stays on its invitation. Tells whether the picture changed.
    pub fn on_loaded(&mut self, rows: Vec<Invitation>, now: Timestamp) -> bool {
        self.due.answered(now);
        let first = self.loaded == Loaded::NotYet;
        self.loaded = Loaded::Yes;
        if rows == self.rows {
            return first;
        }
        if !first {
            let known = |row: &&Invitation| !self.rows.contains(row);
            let changed = rows.iter().filter(known).map(|row| row.id);
            self.marks.set(changed.collect(), now);
        }
        let id = self.rows.get(self.cursor).map(|invitation| invitation.id);
        self.rows = rows;
        let found = self
            .rows
            .iter()
            .position(|invitation| Some(invitation.id) == id);
        self.cursor = found
            .unwrap_or(self.cursor)
            .min(self.rows.len().saturating_sub(1));
        true
    }

    fn top(&self, height: u16) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(height))
    }

    /// A key or click while the pane has the focus; `rows` is where the rows are drawn.
    pub fn on_event(&mut self, event: &ModalEvent<'_>, rows: Rect, ctx: &Ctx) -> Wish {
        let last = self.rows.len().saturating_sub(1);
        match event {
            ModalEvent::Action(action) => match action {
                Action::Up => self.cursor = self.cursor.saturating_sub(1),
                Action::Down => self.cursor = (self.cursor + 1).min(last),
                Action::PageUp => {
                    self.cursor = self.cursor.saturating_sub(usize::from(rows.height));
                }
                Action::PageDown => {
                    self.cursor = (self.cursor + usize::from(rows.height)).min(last);
                }
                Action::First => self.cursor = 0,
                Action::Last => self.cursor = last,
                action => return self.act(*action, ctx),
            },
            ModalEvent::Click(at) if rows.contains(*at) => {
                let row = self.top(rows.height) + usize::from(at.y - rows.y);
                if row > last || self.rows.is_empty() {
                    return Wish::Nothing;
                }
                let again = row == self.cursor;
                self.cursor = row;
                if again {
                    return self.menu(ctx);
                }
            }
            _ => {}
        }
        Wish::Nothing
    }

    fn menu(&self, ctx: &Ctx) -> Wish {
        let Some(invitation) = self.rows.get(self.cursor) else {
            return Wish::Nothing;
        };
        let menu = InvitationActions::new(invitation, ctx);
        Wish::Open(Box::new(Modal::InvitationActions(menu)), Vec::new())
    }

    fn act(&self, action: Action, ctx: &Ctx) -> Wish {
        match self.rows.get(self.cursor) {
            Some(invitation) => open_for(action, invitation.clone(), ctx),
            None => Wish::Nothing,
        }
    }

    /// Draws the pane.
    pub fn view(
        &self,
        frame: &mut Frame<'_>,
        (area, focused): (Rect, Focused),
        styles: &Styles,
        ctx: &Ctx,
    ) {
        let title = match self.rows.len() {
            0 => "Pending invitations".to_owned(),
            count => format!("Pending invitations · {count}"),
        };
        frame_of(frame, area, (&title, focused), styles);
        let rows = rows_in(area);
        if self.rows.is_empty() {
            let words = match self.loaded {
                Loaded::NotYet => "",
                Loaded::Yes => "  None. Press i to invite somebody.",
            };
            let words = cut(words, usize::from(rows.width));
            frame.render_widget(Span::styled(words, styles.muted), rows);
            return;
        }
        let visible = self.rows.iter().enumerate().skip(self.top(rows.height));
        for ((index, invitation), row) in visible.zip(rows.rows()) {
            let here = index == self.cursor && focused == Focused::Yes;
            let marker = match (here, self.marks.has(&invitation.id)) {
                (true, false) => "▸ ",
                (true, true) => "▸•",
                (false, true) => " •",
                (false, false) => "  ",
            };
            let line = line(invitation, (row.width, marker), (styles, ctx));
            let style = if here { styles.selected } else { styles.text };
            frame.render_widget(Paragraph::new(line).style(style), row);
        }
        if let (Some(selected), Focused::Yes) = (self.rows.get(self.cursor), focused) {
            let width = usize::from(area.width.saturating_sub(8));
            lower_note(frame, area, &cut(&note(selected, ctx), width), styles);
        }
    }
}

/// Where the rows are: this pane has no headings.
pub fn rows_in(area: Rect) -> Rect {
    layout::inside(area)
}

/// The dialog or effect for an action on an invitation, or why not.
pub fn open_for(action: Action, invitation: Invitation, ctx: &Ctx) -> Wish {
    let Some(standing) = ctx.standing() else {
        return Wish::Nothing;
    };
    let grant = invitation.grant.clone();
    let deed = match action {
        Action::EditInvitation => Deed::EditInvitation {
            from: &grant,
            to: &grant,
        },
        Action::CancelInvitation => Deed::CancelInvitation { grant: &grant },
        Action::ResendInvitation | Action::RevealLink => Deed::ResendInvitation { grant: &grant },
        _ => return Wish::Nothing,
    };
    if let Err(denied) = policy::may(&standing, &deed, &ctx.catalogue) {
        return Wish::Refuse(denied.to_string());
    }
    let modal = match action {
        Action::EditInvitation => Modal::Permissions(Permissions::for_invitation(invitation, ctx)),
        Action::ResendInvitation => {
            Modal::Review(Review::new(Change::ResendInvitation { invitation }, ctx))
        }
        Action::CancelInvitation => {
            Modal::Confirm(Confirm::new(Change::CancelInvitation { invitation }, ctx))
        }
        _ => return reveal(&invitation, ctx),
    };
    Wish::Open(Box::new(modal), Vec::new())
}

fn reveal(invitation: &Invitation, ctx: &Ctx) -> Wish {
    match (&ctx.mail, ctx.seat()) {
        (Mail::Files { .. }, Some(seat)) => {
            Wish::Effects(vec![Effect::RevealLink(seat, invitation.id)])
        }
        _ => Wish::Refuse(
            "The link is in the mail; here it is shown only where no mail server is set".to_owned(),
        ),
    }
}

fn line(
    invitation: &Invitation,
    (width, marker): (u16, &'static str),
    (styles, ctx): (&Styles, &Ctx),
) -> Line<'static> {
    let [email, grant, sent, expires, delivery] =
        table::widths(&COLUMNS, width.saturating_sub(MARKER));
    let mut spans = vec![Span::styled(marker, styles.accent)];
    spans.extend(table::cell(invitation.email.as_str(), email, styles.text));
    if grant > 0 {
        let badge = role_badge(&invitation.grant, (styles, ctx), usize::from(grant));
        let missing = usize::from(grant).saturating_sub(badge.width());
        spans.push(badge);
        spans.push(Span::raw(" ".repeat(missing + usize::from(GAP))));
    }
    let by = format!(
        "{} by {}",
        ctx.relative(invitation.created_at),
        invitation.invited_by
    );
    spans.extend(table::cell(&by, sent, styles.muted));
    let until = match invitation.status {
        InvitationStatus::Expired => "expired".to_owned(),
        _ => ctx.relative(invitation.expires_at),
    };
    spans.extend(table::cell(&until, expires, styles.muted));
    let (words, style) = delivery_words(invitation, (styles, ctx));
    spans.extend(table::cell(&words, delivery, style));
    Line::from(spans)
}

/// The truth about the mail in at most 16 columns.
fn delivery_words(invitation: &Invitation, (styles, ctx): (&Styles, &Ctx)) -> (String, Style) {
    let delivery = &invitation.delivery;
    match (delivery.state, &ctx.mail) {
        (DeliveryState::Queued, _) => ("◌ queued".to_owned(), styles.muted),
        (DeliveryState::Sent, Mail::Files { .. }) => ("✓ in a file".to_owned(), styles.success),
        (DeliveryState::Sent, _) => ("✓ sent".to_owned(), styles.success),
        (DeliveryState::Deferred, _) => {
            let again = delivery.next_attempt_at.map(|at| ctx.relative(at));
            let again = again.unwrap_or_else(|| "later".to_owned());
            (format!("↻ {again}"), styles.warning)
        }
        (DeliveryState::Failed, _) => ("✗ failed".to_owned(), styles.danger),
    }
}

/// The selected invitation's details.
fn note(invitation: &Invitation, ctx: &Ctx) -> String {
    let delivery = &invitation.delivery;
    let mut parts = vec![format!(
        "sent {} by {}",
        absolute(invitation.created_at, &ctx.zone),
        invitation.invited_by
    )];
    if delivery.attempts > 1 {
        parts.push(format!("{} attempts", delivery.attempts));
    }
    if let (DeliveryState::Deferred, Some(at)) = (delivery.state, delivery.next_attempt_at) {
        parts.push(format!("next try {}", ctx.relative(at)));
    }
    if let Some(reply) = &delivery.last_reply {
        parts.push(reply.to_string());
    }
    parts.join(" · ")
}
