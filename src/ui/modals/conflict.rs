//! Somebody else changed the same permissions meanwhile: what was, what each made of it, and what is to
//! come of it.

use super::{ModalEvent, Outcome, Submitted, written};
use crate::domain::{Change, Contradiction, Current, DisplaySafe, Grant, Side, ThreeWay};
use crate::ui::action::Action;
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::fit::{columns, pad};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

/// What can come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Both,
    Yours,
    Theirs,
    Edit,
}

impl Way {
    const ALL: [Self; 4] = [Self::Both, Self::Yours, Self::Theirs, Self::Edit];

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Both => ("Keep both", "what either changed"),
            Self::Yours => ("Take yours", "theirs is replaced"),
            Self::Theirs => ("Take theirs", "yours is dropped"),
            Self::Edit => ("Edit", "yours on top of theirs"),
        }
    }
}

/// The dialog.
#[derive(Debug)]
pub struct Conflict {
    change: Change,
    current: Current,
    three: ThreeWay,
    ways: Vec<Way>,
    /// The grant that keeps both; none where they contradict each other.
    both: Option<Grant>,
    /// Why they can't both be kept, or what the choice is about.
    why: String,
    cursor: usize,
    top: usize,
}

impl Conflict {
    /// Opens over a change that was made from something else than what is there now; submits `Review`
    /// or `Edit`.
    pub fn new((change, current): (Change, Current), three: ThreeWay, ctx: &Ctx) -> Self {
        let merged = three.merge(&ctx.catalogue);
        let why = match &merged {
            Ok(_) => "Nothing that either changed is lost when you keep both.".to_owned(),
            Err(clashes) => clashes
                .iter()
                .map(|clash| words(clash, ctx))
                .collect::<Vec<_>>()
                .join(" "),
        };
        let both = merged.ok();
        Self {
            change,
            current,
            three,
            ways: Way::ALL
                .into_iter()
                .skip(usize::from(both.is_none()))
                .collect(),
            both,
            why,
            cursor: 0,
            top: 0,
        }
    }

    pub fn on_event(&mut self, event: &ModalEvent<'_>, ctx: &Ctx) -> Outcome<Submitted> {
        match event {
            ModalEvent::Action(action) => self.on_action(*action, ctx),
            ModalEvent::Click(at) => self.on_click(*at, ctx),
            ModalEvent::Key(_) | ModalEvent::Paste(_) | ModalEvent::Answer(_) => Outcome::Stay,
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Outcome<Submitted> {
        let count = self.ways.len();
        let last = self.last_top(ctx);
        match action {
            Action::Back | Action::Quit => return Outcome::Close,
            Action::Up | Action::Previous => self.cursor = (self.cursor + count - 1) % count,
            Action::Down | Action::Next => self.cursor = (self.cursor + 1) % count,
            Action::PageUp | Action::First => self.top = 0,
            Action::PageDown => {
                let page = usize::from(self.places(ctx).table.height).max(1);
                self.top = (self.top + page).min(last);
            }
            Action::Last => self.top = last,
            Action::Confirm | Action::Toggle => return self.go(ctx),
            _ => {}
        }
        Outcome::Stay
    }

    fn on_click(&mut self, at: Position, ctx: &Ctx) -> Outcome<Submitted> {
        let ways = self.places(ctx).ways;
        if !ways.contains(at) {
            return Outcome::Stay;
        }
        self.cursor = usize::from(at.y - ways.y).min(self.ways.len().saturating_sub(1));
        self.go(ctx)
    }

    fn go(&self, ctx: &Ctx) -> Outcome<Submitted> {
        let ThreeWay { yours, theirs, .. } = &self.three;
        let to = match self.ways.get(self.cursor) {
            Some(Way::Both) => self.both.as_ref().unwrap_or(theirs),
            Some(Way::Yours) => yours,
            Some(Way::Edit) => {
                let grant = self.three.yours_on_top(&ctx.catalogue);
                let current = Box::new(self.current.clone());
                return Outcome::Submit(Submitted::Edit(current, grant));
            }
            Some(Way::Theirs) | None => theirs,
        };
        if to == theirs {
            return Outcome::Close;
        }
        match self.change.onto(&self.current, to.clone()) {
            Some(change) => Outcome::Submit(Submitted::Review(Box::new(change))),
            None => Outcome::Close,
        }
    }

    /// A heading, then a row for each key that differs anywhere.
    fn rows(&self, ctx: &Ctx, styles: &Styles, width: u16) -> Vec<Line<'static>> {
        let ThreeWay { was, yours, theirs } = &self.three;
        let mut rows = Vec::new();
        if self.three.role_differs() {
            let roles = [was.role, yours.role, theirs.role].map(|role| match role {
                crate::domain::Role::Owner => "owner",
                crate::domain::Role::Full => "all",
                crate::domain::Role::Custom => "chosen",
            });
            rows.push(row(("Role", roles), width, styles));
        }
        let mark = |held| if held { "✓" } else { "−" };
        rows.extend(self.three.rows(&ctx.catalogue).iter().map(|key| {
            let cells = [key.was, key.yours, key.theirs].map(mark);
            row((&written::label(&key.key, ctx), cells), width, styles)
        }));
        rows
    }

    fn last_top(&self, ctx: &Ctx) -> usize {
        let table = self.places(ctx).table;
        let rows = self.rows(ctx, &Styles::default(), table.width).len();
        rows.saturating_sub(usize::from(table.height))
    }

    fn places(&self, ctx: &Ctx) -> Places {
        let width = 76.min(ctx.area.width);
        let why = Paragraph::new(self.why.as_str()).wrap(Wrap { trim: true });
        let lines = why.line_count(width.saturating_sub(6));
        let rows = self.three.rows(&ctx.catalogue).len() + usize::from(self.three.role_differs());
        let wanted = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let (ways, why) = (wanted(self.ways.len()), wanted(lines).min(4));
        // Subject, a free line, the heading; then the rows, a free line, why, a free line, the ways.
        let height = wanted(rows).saturating_add(ways + why + 7);
        let area = dialog::centred(
            ctx.area,
            width,
            height.min(ctx.area.height.saturating_sub(2)),
        );
        let inner = dialog::inner(area);
        let ways = ways.min(inner.height);
        let mut left = inner.height - ways;
        // Where there is little room the rows come first: what the choice is about.
        let mut take = |wanted: u16, keep: u16| {
            let taken = wanted.min(left.saturating_sub(keep));
            left -= taken;
            taken
        };
        let head = take(1, 3);
        let why = take(why + 2, 3);
        let table = Rect {
            y: inner.y + head + 1,
            height: left.saturating_sub(1),
            ..inner
        };
        Places {
            area,
            heading: Rect {
                y: inner.y + head,
                height: left.min(1),
                ..inner
            },
            subject: Rect {
                height: head,
                ..inner
            },
            table,
            why: Rect {
                y: table.bottom() + 1.min(why),
                height: why.saturating_sub(2),
                ..inner
            },
            ways: Rect {
                y: inner.bottom() - ways,
                height: ways,
                ..inner
            },
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let places = self.places(ctx);
        dialog::draw(
            frame,
            places.area,
            "Changed by somebody else meanwhile",
            styles,
        );
        let subject = written::subject(&self.change);
        frame.render_widget(Line::styled(subject, styles.title), places.subject);
        let heading = row(("", ["was", "yours", "theirs"]), places.table.width, styles);
        frame.render_widget(heading.style(styles.muted), places.heading);
        let rows = self.rows(ctx, styles, places.table.width);
        let shown = rows.into_iter().skip(self.top).collect::<Vec<_>>();
        frame.render_widget(Paragraph::new(shown), places.table);
        if self.top < self.last_top(ctx) {
            dialog::draw_note(frame, places.area, "PgDn more", styles);
        }
        let style = if self.both.is_some() {
            styles.muted
        } else {
            styles.warning
        };
        let why = Paragraph::new(Line::styled(self.why.clone(), style)).wrap(Wrap { trim: true });
        frame.render_widget(why, places.why);
        for ((index, way), place) in self.ways.iter().enumerate().zip(places.ways.rows()) {
            let chosen = index == self.cursor;
            let (name, note) = way.words();
            let line = Line::from(vec![
                Span::styled(if chosen { "▸ " } else { "  " }, styles.accent),
                Span::styled(
                    pad(name, 13),
                    if chosen { styles.selected } else { styles.text },
                ),
                Span::styled(note, styles.muted),
            ]);
            frame.render_widget(line, place);
        }
    }
}

struct Places {
    area: Rect,
    subject: Rect,
    heading: Rect,
    table: Rect,
    why: Rect,
    ways: Rect,
}

/// A label, and a cell each for what was, yours and theirs; what differs from before stands out.
fn row((label, cells): (&str, [&str; 3]), width: u16, styles: &Styles) -> Line<'static> {
    const CELL: u16 = 8;
    let label = pad(label, usize::from(width.saturating_sub(3 * CELL)));
    let mut spans = vec![Span::styled(label, styles.text)];
    let [was, ..] = cells;
    for cell in cells {
        let style = match cell {
            "✓" if cell != was => styles.success,
            "−" if cell != was => styles.danger,
            _ if cell != was => styles.accent,
            _ => styles.muted,
        };
        let before = usize::from(CELL - columns(cell).min(CELL));
        spans.push(Span::raw(" ".repeat(before)));
        spans.push(Span::styled(cell.to_owned(), style));
    }
    Line::from(spans)
}

fn words(clash: &Contradiction, ctx: &Ctx) -> String {
    let who = |side: &Side| match side {
        Side::Yours => "You",
        Side::Theirs => "They",
    };
    let other = |side: &Side| match side {
        Side::Yours => "they",
        Side::Theirs => "you",
    };
    match clash {
        Contradiction::Roles { .. } => "Both can't be kept: each gave another role.".to_owned(),
        Contradiction::AllAgainst { giver, taken } => {
            let labels: Vec<String> = taken.iter().map(|key| written::label(key, ctx)).collect();
            format!(
                "Both can't be kept: {} gave all permissions, {} took away {}.",
                who(giver).to_lowercase(),
                other(giver),
                DisplaySafe::new(&labels.join(", "))
            )
        }
        Contradiction::Needed { key, by, taker } => format!(
            "{} took away “{}”, which “{}” needs.",
            who(taker),
            written::label(key, ctx),
            written::label(by, ctx)
        ),
    }
}
