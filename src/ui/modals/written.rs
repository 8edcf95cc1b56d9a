//! A change in words: its title, whom it is about, what it gives and takes. Review and confirmation
//! share them.

use crate::domain::{Change, DisplaySafe, Grant, GrantDiff, Role};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use ratatui::text::{Line, Span};

/// The dialog's title and the button that writes.
pub(super) fn title(change: &Change, ctx: &Ctx) -> (&'static str, &'static str) {
    match change {
        Change::OfferOwnership { .. } => ("Offer ownership?", "Offer ownership"),
        Change::Remove { member } if Some(member.user) == user(ctx) => {
            ("Leave this account?", "Leave")
        }
        Change::Remove { .. } => ("Remove access?", "Remove access"),
        Change::Invite { .. } => ("Review the invitation", "Send Invite"),
        Change::SetGrant { .. } | Change::EditInvitation { .. } => ("Review the change", "Save"),
        Change::ResendInvitation { .. } => ("Resend the invitation?", "Resend"),
        Change::CancelInvitation { .. } => ("Cancel the invitation?", "Cancel invitation"),
    }
}

fn user(ctx: &Ctx) -> Option<crate::domain::UserId> {
    ctx.session.as_ref()?.actor.user_id()
}

/// Whom the change is about.
pub(super) fn subject(change: &Change) -> String {
    match change {
        Change::SetGrant { member, .. }
        | Change::OfferOwnership { member }
        | Change::Remove { member } => {
            if member.name.is_empty() {
                return member.email.to_string();
            }
            format!("{} · {}", member.email, member.name)
        }
        Change::Invite { email, .. } => email.to_string(),
        Change::EditInvitation { invitation, .. }
        | Change::ResendInvitation { invitation }
        | Change::CancelInvitation { invitation } => invitation.email.to_string(),
    }
}

/// What a change means, in a sentence or two.
pub(super) fn meaning(change: &Change) -> &'static str {
    match change {
        Change::SetGrant { .. } => "It holds from their very next action.",
        Change::OfferOwnership { .. } => {
            "An owner may do everything, also remove you. Nothing changes until they accept."
        }
        Change::Remove { .. } => "Their platform user and their other accounts stay.",
        Change::Invite { .. } => {
            "A mail with a one-time link goes out; it is valid for a limited time."
        }
        Change::EditInvitation { .. } => "The link they already have stays valid.",
        Change::ResendInvitation { .. } => "A new link goes out, and the old one stops working.",
        Change::CancelInvitation { .. } => "The link stops working at once.",
    }
}

/// The difference, a line each: `+` given, `−` taken, `~` implied.
pub(super) fn diff_lines(change: &Change, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
    if matches!(change, Change::Remove { .. }) {
        return Vec::new();
    }
    let diff = change.diff(&ctx.catalogue);
    let mut lines = Vec::new();
    if let Some((from, to)) = diff.role {
        let words = format!("Role: {} → {}", role(from), role(to));
        lines.push(Line::styled(words, styles.accent));
    }
    if let Change::Invite { grant, .. } = change {
        lines.push(Line::styled(
            format!("Role: {}", role(grant.role)),
            styles.accent,
        ));
    }
    if matches!(change, Change::Invite { grant, .. } if *grant == Grant::full()) {
        // Thirteen labels would say less than this.
        let count = ctx.catalogue.ordinary().len();
        lines.push(Line::from(vec![
            Span::styled("+ ", styles.success),
            Span::styled(
                format!("All {count} of today and what is added later; never managing users"),
                styles.text,
            ),
        ]));
        return lines;
    }
    lines.extend(key_lines(&diff, ctx, styles));
    lines
}

fn key_lines(diff: &GrantDiff, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
    let label = |key: &str| {
        let known = ctx.catalogue.get(key);
        known
            .map_or_else(
                || DisplaySafe::new(key),
                |permission| permission.label.clone(),
            )
            .to_string()
    };
    let asked = diff.given.minus(&diff.implied);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (mark, keys, note, style) in [
        ("+", &asked, "", styles.success),
        ("~", &diff.implied, "  (needed by another)", styles.accent),
        ("−", &diff.taken, "", styles.danger),
    ] {
        lines.extend(keys.iter().map(|key| {
            Line::from(vec![
                Span::styled(format!("{mark} "), style),
                Span::styled(label(key), styles.text),
                Span::styled(note, styles.muted),
            ])
        }));
    }
    lines
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Full => "All permissions",
        Role::Custom => "Custom",
    }
}
