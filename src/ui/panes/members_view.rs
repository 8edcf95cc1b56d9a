//! How the member table looks: columns, rows, badges, empty states.

use super::marked;
use super::members::{Loaded, Members, availability};
use super::{Focused, MARKER, frame_of, marker};
use crate::domain::grouped;
use crate::domain::{Direction, Grant, Member, Needle, Role, Sort};
use crate::ui::action::Action;
use crate::ui::effect::COUNT_CAP;
use crate::ui::layout;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::times::absolute;
use crate::ui::widgets::badge::badge;
use crate::ui::widgets::fit::{columns, cut};
use crate::ui::widgets::table::{self, Column, GAP, Grow};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Narrower than their `from_width`, columns give way: first the actions, then the last login, then
/// the role; the address never.
const COLUMNS: [Column; 4] = [
    Column::new("E-mail address", 20, 0, Grow::Yes),
    Column::new("Last login", 12, 56, Grow::No),
    Column::new("Role", 18, 42, Grow::No),
    Column::new("Actions", 14, 68, Grow::No),
];

/// What the columns are sorted by, as far as they are.
const SORTS: [Sort; 3] = [Sort::Email, Sort::LastLogin, Sort::Role];

const MANAGE: &str = "Manage";
const REMOVE: &str = "Remove";

fn widths(row: u16) -> [u16; 4] {
    table::widths(&COLUMNS, row.saturating_sub(MARKER))
}

/// Which button of a row stands at a position.
pub(super) fn button_at(at: Position, rows: Rect) -> Option<Action> {
    let [_, _, _, actions] = widths(rows.width);
    let x = rows.right().saturating_sub(actions);
    if actions == 0 || at.x < x {
        return None;
    }
    let manage = columns(MANAGE);
    if at.x < x + manage {
        Some(Action::SetGrant)
    } else if at.x >= x + manage + GAP {
        Some(Action::RemoveMember)
    } else {
        None
    }
}

impl Members {
    /// Which heading that can be sorted by stands at a position; `rows` stand below the headings.
    pub(super) fn heading_at(&self, at: Position, rows: Rect) -> Option<Sort> {
        let hidden = self.is_typing() || !self.query.search.is_empty();
        if hidden || rows.is_empty() || at.y + 1 != rows.y || at.x >= rows.right() {
            return None;
        }
        let mut x = rows.x + MARKER;
        for (width, sort) in widths(rows.width).into_iter().zip(SORTS) {
            if (x..x + width).contains(&at.x) {
                return Some(sort);
            }
            x += width + if width > 0 { GAP } else { 0 };
        }
        None
    }

    /// Draws the pane.
    pub fn view(
        &self,
        frame: &mut Frame<'_>,
        (area, focused): (Rect, Focused),
        styles: &Styles,
        ctx: &Ctx,
    ) {
        let title = self.title(ctx);
        frame_of(frame, area, (&title, focused), styles);
        self.note(frame, area, (styles, ctx));
        let inside = layout::inside(area);
        let row = Rect {
            height: inside.height.min(1),
            ..inside
        };
        if !self.typed_line(frame, row, styles) {
            frame.render_widget(self.headings(row.width, styles), row);
        }
        self.scroll_bar(frame, area, styles);
        let rows = layout::rows(area);
        if self.window.rows().is_empty() {
            self.empty(frame, rows, (styles, ctx));
            return;
        }
        let visible = self
            .window
            .rows()
            .iter()
            .enumerate()
            .skip(self.window.top());
        for ((index, member), row) in visible.zip(rows.rows()) {
            let here = index == self.window.cursor();
            let plain = marker(
                here && focused == Focused::Yes,
                self.marks.has(&member.user),
            );
            let marker = self.marker(member, plain);
            let line = line(member, (row.width, marker), (styles, ctx));
            let style = if here { styles.selected } else { styles.text };
            frame.render_widget(Paragraph::new(line).style(style), row);
        }
    }

    fn title(&self, ctx: &Ctx) -> String {
        let spinner = self
            .waiting
            .spinner(ctx.now)
            .map(|p| format!("{p} "))
            .unwrap_or_default();
        let Some(count) = self.count else {
            return format!("{spinner}Users");
        };
        let unit = if count == 1 { "user" } else { "users" };
        let capped = !self.query.search.is_empty() && count >= COUNT_CAP;
        let count = if capped && self.total().is_none() {
            format!("more than {}", grouped(COUNT_CAP - 1))
        } else {
            grouped(count)
        };
        let found = if self.query.search.is_empty() {
            ""
        } else {
            " found"
        };
        format!("{spinner}{count} {unit}{found}{}", self.marked_words())
    }

    fn headings(&self, width: u16, styles: &Styles) -> Line<'static> {
        let sorted = SORTS.iter().position(|sort| *sort == self.query.order());
        let arrow = match self.query.direction {
            Direction::Ascending => "↑",
            Direction::Descending => "↓",
        };
        let mut spans = vec![Span::raw("  ")];
        for (index, (column, width)) in COLUMNS.iter().zip(widths(width)).enumerate() {
            let heading = if Some(index) == sorted {
                format!("{} {arrow}", column.heading)
            } else {
                column.heading.to_owned()
            };
            let style = if Some(index) == sorted {
                styles.title
            } else {
                styles.muted
            };
            spans.extend(table::cell(&heading, width, style));
        }
        Line::from(spans)
    }

    fn empty(&self, frame: &mut Frame<'_>, rows: Rect, (styles, ctx): (&Styles, &Ctx)) {
        let words = if self.loaded == Loaded::NotYet {
            match self.waiting.spinner(ctx.now) {
                Some(_) => "Loading …",
                None => "",
            }
        } else {
            match self.query.needle() {
                Needle::None => "Nobody here yet. Press i to invite somebody.",
                Needle::Prefix(_) => "No address begins so. Three letters search names too.",
                Needle::Part(_) => "Nobody matches. Press Esc to see everybody, or i to invite.",
            }
        };
        let words = cut(words, usize::from(rows.width.saturating_sub(MARKER)));
        let row = Rect {
            y: rows.y + u16::from(rows.height > 2),
            height: rows.height.min(1),
            ..rows
        };
        frame.render_widget(Span::styled(format!("  {words}"), styles.muted), row);
    }

    /// The selected member's details in the lower border.
    fn note(&self, frame: &mut Frame<'_>, area: Rect, (styles, ctx): (&Styles, &Ctx)) {
        let place = self.place_note(frame, area, styles);
        let width = usize::from(area.width.saturating_sub(8 + place));
        let Some(member) = self.window.selected().filter(|_| area.height > 4) else {
            return;
        };
        let login = member.last_login.map_or_else(
            || "has never logged in".to_owned(),
            |at| format!("last login {}", absolute(at, &ctx.zone)),
        );
        let name = match member.name.as_str() {
            "" => member.email.as_str(),
            name => name,
        };
        let mut note = format!("{name} · {login}");
        if member.ownership_offered {
            note.push_str(" · ownership offered");
        }
        super::lower_note(frame, area, &cut(&note, width), styles);
    }
}

/// One row of the table.
fn line(
    member: &Member,
    (width, marker): (u16, &'static str),
    (styles, ctx): (&Styles, &Ctx),
) -> Line<'static> {
    let [email, login, role, actions] = widths(width);
    let me = ctx
        .session
        .as_ref()
        .is_some_and(|s| s.user.id == member.user);
    let address = if me {
        format!("{} (you)", member.email.as_str())
    } else {
        member.email.as_str().to_owned()
    };
    let seen = member
        .last_login
        .map_or_else(|| "Never".to_owned(), |at| ctx.relative(at));
    let mut spans = vec![Span::styled(marker, styles.accent)];
    spans.extend(table::cell(&address, email, marked::look(marker, styles)));
    spans.extend(table::cell(&seen, login, styles.muted));
    if role > 0 {
        let badge = role_badge(&member.grant, (styles, ctx), usize::from(role));
        let missing = usize::from(role).saturating_sub(badge.width());
        spans.push(badge);
        spans.push(Span::raw(" ".repeat(missing + usize::from(GAP))));
    }
    if actions > 0 {
        let look = |action, style| match availability(action, member, ctx) {
            Err(_) => styles.disabled,
            // Only the row under the cursor speaks up.
            Ok(()) if !marker.starts_with('▸') => styles.muted,
            Ok(()) => style,
        };
        spans.push(Span::styled(MANAGE, look(Action::SetGrant, styles.button)));
        spans.push(Span::raw("  "));
        spans.push(Span::styled(
            REMOVE,
            look(Action::RemoveMember, styles.danger),
        ));
    }
    Line::from(spans)
}

/// The badge of a grant in at most `width` columns.
pub(super) fn role_badge(
    grant: &Grant,
    (styles, ctx): (&Styles, &Ctx),
    width: usize,
) -> Span<'static> {
    let (mark, style) = match grant.role {
        Role::Owner => ('◆', styles.badge_owner),
        Role::Full => ('●', styles.badge_full),
        Role::Custom => ('○', styles.badge_custom),
    };
    let text = grant.badge(&ctx.catalogue);
    // The mark already tells the role.
    let short = text
        .replace("Custom · ", "")
        .replace("All permissions", "All");
    let text = if columns(&text) + 2 > u16::try_from(width).unwrap_or(u16::MAX) {
        short
    } else {
        text
    };
    badge(mark, &cut(&text, width.saturating_sub(2)), style)
}
