//! Asks before something is taken away or handed over, naming whom and what ends. The focus is on
//! keeping things as they are.

use super::writing::Writing;
use super::{ModalEvent, Outcome, Submitted, written};
use crate::domain::{Change, Grant, GrantDiff, Member};
use crate::ui::message::Message;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

/// The question.
#[derive(Debug)]
pub struct Confirm {
    writing: Writing,
    /// Live sessions and pending invitations that end, once they are counted.
    ends: Option<(i64, i64)>,
    /// What the member could do when the question was asked before.
    was: Option<Grant>,
}

/// The most lines about what changed since.
const CHANGES: usize = 4;

impl Confirm {
    /// Opens for `Remove` (told `Message::RemovalPreviewed`), `CancelInvitation`, `OfferOwnership`:
    /// this is their review too, submits `Apply`.
    pub fn new(change: Change, _ctx: &Ctx) -> Self {
        Self {
            writing: Writing::new(change, 0),
            ends: None,
            was: None,
        }
    }

    /// Asks again about a member whom somebody else changed meanwhile, and says what changed.
    pub fn again(was: &Grant, member: Member) -> Self {
        Self {
            writing: Writing::new(Change::Remove { member }, 0),
            ends: None,
            was: Some(was.clone()),
        }
    }

    /// What somebody else changed since the question was asked before.
    fn changed(&self, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
        let (Some(was), Change::Remove { member }) = (&self.was, self.writing.change()) else {
            return Vec::new();
        };
        let diff = GrantDiff::between(was, &member.grant, &ctx.catalogue);
        let words = "Somebody else changed this user meanwhile:";
        let mut changed = written::role_lines(&diff, styles);
        changed.extend(written::key_lines(&diff, ctx, styles));
        if changed.is_empty() {
            changed.push(Line::styled(
                "Ownership was offered, or taken up",
                styles.text,
            ));
        }
        let more = changed.len().saturating_sub(CHANGES);
        changed.truncate(CHANGES);
        if more > 0 {
            changed.push(Line::styled(format!("… and {more} more"), styles.muted));
        }
        let mut lines = vec![Line::styled(words, styles.warning)];
        lines.extend(changed);
        lines.push(Line::default());
        lines
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        if let ModalEvent::Answer(Message::RemovalPreviewed(Ok(ends))) = event {
            self.ends = Some(*ends);
            return Outcome::Stay;
        }
        self.writing.on_event(event, self.area(ctx), ctx)
    }

    /// When the spinner moves.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.writing.next_tick(now)
    }

    fn area(&self, ctx: &Ctx) -> Rect {
        let changed = self.changed(ctx, &Styles::default()).len();
        let height = u16::try_from(changed).unwrap_or(0).saturating_add(20);
        dialog::centred(ctx.area, 74, height.min(ctx.area.height))
    }

    fn lines(&self, ctx: &Ctx, styles: &Styles) -> Vec<Line<'static>> {
        let change = self.writing.change();
        let mut lines = vec![
            Line::styled(written::subject(change), styles.title),
            Line::default(),
        ];
        lines.extend(self.changed(ctx, styles));
        if let Change::Remove { member } = change {
            let badge = member.grant.badge(&ctx.catalogue);
            lines.push(item(
                "Membership and permissions",
                &format!("({badge})"),
                styles,
            ));
            let (sessions, sent) = self.ends.map_or((None, None), |(a, b)| (Some(a), Some(b)));
            lines.push(item(
                "Signed-in sessions on this account",
                &number(sessions),
                styles,
            ));
            lines.push(item("Pending invitations they sent", &number(sent), styles));
            lines.push(Line::default());
        }
        lines.push(Line::styled(written::meaning(change), styles.text));
        if matches!(change, Change::Remove { .. }) {
            lines.push(Line::styled(
                "A removal can be taken back with u.",
                styles.muted,
            ));
        }
        lines.push(Line::default());
        lines.push(Line::styled(
            "The same as a command (y copies it):",
            styles.muted,
        ));
        lines.push(Line::styled(self.writing.command(ctx), styles.accent));
        lines
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let area = self.area(ctx);
        let (title, _) = written::title(self.writing.change(), ctx);
        dialog::draw(frame, area, title, styles);
        let inner = dialog::inner(area);
        let body = Rect {
            height: inner.height.saturating_sub(3),
            ..inner
        };
        let words = Paragraph::new(self.lines(ctx, styles)).wrap(Wrap { trim: false });
        frame.render_widget(words, body);
        self.writing.draw(frame, area, styles, ctx);
    }
}

fn number(count: Option<i64>) -> String {
    count.map_or_else(|| "…".to_owned(), |count| format!("({count})"))
}

/// One thing that ends.
fn item(what: &str, note: &str, styles: &Styles) -> Line<'static> {
    Line::from(vec![
        Span::styled("− ", styles.danger),
        Span::styled(format!("{what} "), styles.text),
        Span::styled(note.to_owned(), styles.muted),
    ])
}
