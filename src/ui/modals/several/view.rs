//! How the box for several addresses looks.

use super::reading::on_line;
use super::{STOPS, Several, Stop};
use crate::domain::Fate;
use crate::ui::action::{Action, Context};
use crate::ui::model::Ctx;
use crate::ui::panes::grant_labels;
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::dialog;
use crate::ui::widgets::fit::{columns, cut, pad};
use crate::ui::widgets::text_box::Look;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

const WIDTH: u16 = 96;
const HEIGHT: u16 = 30;

/// Where everything stands.
pub(super) struct Places {
    area: Rect,
    hint: Rect,
    pub(super) text: Rect,
    summary: Rect,
    said: Rect,
    pub(super) all: Rect,
    pub(super) choose: Rect,
    pub(super) buttons: Buttons,
    labels: [String; 2],
}

impl Several {
    pub(super) fn places(&self, ctx: &Ctx) -> Places {
        let area = dialog::centred(
            ctx.area,
            WIDTH,
            HEIGHT.min(ctx.area.height.saturating_sub(2)),
        );
        let inner = dialog::inner(area);
        let roomy = inner.height >= 12;
        let hint = u16::from(roomy) * 2;
        let foot = if roomy { 6 } else { 3 };
        let row = |from_bottom: u16| Rect {
            y: inner.bottom().saturating_sub(from_bottom).max(inner.y),
            height: inner.height.min(1),
            ..inner
        };
        let labels = grant_labels(self.grant.as_ref(), inner.width, ctx);
        let [all, choose] = labels.each_ref().map(|label| columns(label) + 2);
        let radios = row(if roomy { 3 } else { 2 });
        let radio = |x: u16, width: u16| Rect { x, width, ..radios }.intersection(radios);
        let count = self.tally.count("new");
        let plural = if count == 1 { "" } else { "s" };
        let send = format!("Send {count} invitation{plural}");
        let tone = if count == 0 {
            Tone::Disabled
        } else {
            Tone::Plain
        };
        let buttons = vec![Button::new("Back", Tone::Plain), Button::new(send, tone)];
        Places {
            area,
            hint: Rect {
                height: hint.min(1),
                ..inner
            },
            text: Rect {
                y: inner.y + hint,
                height: inner.height.saturating_sub(hint + foot),
                ..inner
            },
            summary: row(if roomy { 6 } else { 3 }),
            said: row(if roomy { 5 } else { 3 }),
            all: radio(radios.x, all),
            choose: radio(radios.x + all + 1, choose),
            buttons: Buttons::right(buttons, row(1)),
            labels,
        }
    }

    pub fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let places = self.places(ctx);
        dialog::draw(frame, places.area, "Invite several users", styles);
        if places.hint.height > 0 {
            let words = cut(&hint(ctx), usize::from(places.hint.width));
            let line = Line::styled(words, styles.muted);
            frame.render_widget(line, places.hint);
        }
        let beside = |line: usize| self.note(line, styles);
        let look = Look {
            focused: self.stop == Stop::Text,
            styles,
            beside: &beside,
        };
        self.text.draw(frame, places.text, look);
        if self.text.more(places.text.height) {
            dialog::draw_note(frame, places.area, "↓ more", styles);
        }
        let width = usize::from(places.summary.width);
        let summary = Line::styled(cut(&self.summary(), width), styles.text);
        frame.render_widget(summary, places.summary);
        let said = self.said.as_ref().or(self.roster.as_ref().err());
        // Of the line with the cursor the whole is said.
        let whole = || match self.beside(self.text.row()) {
            (words, Some(Fate::Refused)) if places.said != places.summary => Some(words),
            _ => None,
        };
        if let Some(said) = said.cloned().or_else(whole) {
            let line = Line::styled(pad(&said, width), styles.warning);
            frame.render_widget(line, places.said);
        }
        let [all, choose] = &places.labels;
        for (stop, label, place) in [
            (Stop::All, all, places.all),
            (Stop::Choose, choose, places.choose),
        ] {
            let (mark, style) = if self.stop == stop {
                ("▸ ", styles.accent)
            } else {
                ("  ", styles.text)
            };
            frame.render_widget(Span::styled(format!("{mark}{label}"), style), place);
        }
        let focus = STOPS.iter().position(|stop| *stop == self.stop);
        let focus = focus.and_then(|at| at.checked_sub(3));
        places.buttons.draw(frame, focus, styles);
    }

    /// What stands beside a line.
    fn note(&self, line: usize, styles: &Styles) -> (String, Style) {
        if on_line(self.rows(), line).is_empty() {
            let heading = self.roster.is_ok() && line == 0 && !self.first_is_empty();
            let words = if heading { "column names" } else { "" };
            return (words.to_owned(), styles.muted);
        }
        let (words, fate) = self.beside(line);
        match fate {
            None => (words, styles.muted),
            Some(Fate::Done) => (format!("✓ {words}"), styles.success),
            Some(Fate::Settled) => (format!("· {words}"), styles.muted),
            Some(Fate::Refused) => (format!("✗ {words}"), styles.danger),
        }
    }

    fn first_is_empty(&self) -> bool {
        self.text
            .lines()
            .next()
            .is_none_or(|line| line.trim().is_empty())
    }

    /// `12 new · 1 invalid`.
    fn summary(&self) -> String {
        let counts = self.tally.iter().filter(|(_, count)| *count > 0);
        let words = counts.map(|(word, count)| format!("{count} {}", word.replace('_', " ")));
        words.collect::<Vec<_>>().join(" · ")
    }
}

fn hint(ctx: &Ctx) -> String {
    let key = |action| {
        let key = ctx.keymap.key_for(&[Context::List], action);
        key.map(|key| key.to_string()).unwrap_or_default()
    };
    format!(
        "An address a line, or a table · {} next fault · {} takes a line out",
        key(Action::NextFault),
        key(Action::DropLine)
    )
}
