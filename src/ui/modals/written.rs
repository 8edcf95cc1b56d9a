//! A change in words: its title, whom it is about, what it gives and takes. Review and confirmation
//! share them.

use crate::domain::{Change, DisplaySafe, Grant, GrantDiff, Moment, Role};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::times;
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
        Change::Restore { restoration, .. } => match restoration.moment {
            Moment::Before => ("Take it back?", "Take back"),
            Moment::After => ("Bring this state back?", "Bring back"),
        },
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
        Change::Restore { restoration, .. } => restoration.email.to_string(),
        Change::EditInvitation { invitation, .. }
        | Change::ResendInvitation { invitation }
        | Change::CancelInvitation { invitation } => invitation.email.to_string(),
    }
}

/// What a change means, in a sentence or two.
pub(super) fn meaning(change: &Change) -> &'static str {
    match change {
        Change::Restore { restoration, .. } if restoration.now.is_none() => {
            "They have access again, and sign in anew."
        }
        Change::SetGrant { .. } | Change::Restore { .. } => "It holds from their very next action.",
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
    let mut lines = role_lines(&diff, styles);
    let anew = match change {
        Change::Invite { grant, .. } => Some(grant),
        Change::Restore { restoration, to } if restoration.now.is_none() => Some(to),
        _ => None,
    };
    if let Some(grant) = anew {
        lines.push(Line::styled(
            format!("Role: {}", role(grant.role)),
            styles.accent,
        ));
    }
    if anew == Some(&Grant::full()) {
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

/// What is taken back, or where the state comes from; and what of it stays away.
pub(super) fn taken_back(change: &Change, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
    let Change::Restore { restoration, to } = change else {
        return Vec::new();
    };
    let what = match (restoration.moment, &restoration.was, &restoration.now) {
        (Moment::Before, None, _) => "Removed",
        (Moment::Before, Some(_), _) => "Changed",
        (Moment::After, ..) => "As it was",
    };
    let when = times::relative(restoration.at, ctx.now);
    let words = format!("{what} {when} by {}", restoration.by);
    let mut lines = vec![Line::styled(words, styles.muted), Line::default()];
    let (old, new) = (
        restoration.back.effective(&ctx.catalogue),
        to.effective(&ctx.catalogue),
    );
    let offer = ctx
        .standing()
        .map(|standing| restoration.offer(&standing, &ctx.catalogue));
    if let Some(Ok(offer)) = offer
        && !offer.is_whole()
    {
        let words = "Not all of it: you can't give what you don't hold. An owner can.";
        lines.push(Line::styled(words, styles.warning));
    }
    let before = lines.len();
    for (keys, note) in [
        (old.minus(&new), "  (is not brought back)"),
        (new.minus(&old), "  (was not there, and stays)"),
    ] {
        lines.extend(keys.iter().map(|key| {
            Line::from(vec![
                Span::styled("! ", styles.warning),
                Span::styled(label(key, ctx), styles.text),
                Span::styled(note, styles.muted),
            ])
        }));
    }
    if lines.len() > before {
        lines.push(Line::default());
    }
    lines
}

/// Another role, in a line.
pub(super) fn role_lines(diff: &GrantDiff, styles: &Styles) -> Vec<Line<'static>> {
    let words = |(from, to)| format!("Role: {} → {}", role(from), role(to));
    let line = |roles| Line::styled(words(roles), styles.accent);
    diff.role.map(line).into_iter().collect()
}

/// The label of a key; the key itself where the catalogue no longer knows it.
pub(super) fn label(key: &str, ctx: &Ctx) -> String {
    let known = ctx.catalogue.get(key);
    let label = known.map_or_else(
        || DisplaySafe::new(key),
        |permission| permission.label.clone(),
    );
    label.to_string()
}

/// What came and went, a line each.
pub(super) fn key_lines(diff: &GrantDiff, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
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
                Span::styled(label(key, ctx), styles.text),
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
