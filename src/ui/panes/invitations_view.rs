//! How the pending invitations look.

use super::invitations::Invitations;
use super::members::Loaded;
use super::members_view::role_badge;
use super::{Focused, MARKER, frame_of, lower_note, marker};
use crate::domain::{DeliveryState, Invitation, InvitationStatus};
use crate::ui::layout;
use crate::ui::model::{Ctx, Mail};
use crate::ui::theme::Styles;
use crate::ui::times::absolute;
use crate::ui::widgets::fit::cut;
use crate::ui::widgets::table::{self, Column, GAP, Grow};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Narrower, columns give way: who sent it and when, then when it expires, then the permissions.
const COLUMNS: [Column; 5] = [
    Column::new("E-mail address", 20, 0, Grow::Yes),
    Column::new("Permissions", 18, 52, Grow::No),
    Column::new("Sent", 26, 104, Grow::No),
    Column::new("Expires", 7, 70, Grow::No),
    Column::new("Delivery", 16, 38, Grow::No),
];

impl Invitations {
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
            let marker = marker(here, self.marks.has(&invitation.id));
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
