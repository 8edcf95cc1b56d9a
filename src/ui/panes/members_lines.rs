//! The lines of the member table that are typed in: the search, and "Go to", each with what it says about
//! what was typed.

use super::go_to::GoTo;
use super::members::Members;
use crate::domain::{DisplaySafe, Needle};
use crate::ui::theme::Styles;
use crate::ui::widgets::fit::columns;
use crate::ui::widgets::text_input::Look;
use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};

/// What was typed keeps at least so many columns.
const TYPED: u16 = 16;
/// Said of a search that no index over parts of words can answer; the second where there is little room.
const SHORT: [&str; 2] = [
    "addresses that begin so · 3 letters search all",
    "begins so",
];
const NOBODY: [&str; 2] = ["nobody begins so · the next", "the next"];
const BY_ADDRESS: [&str; 2] = ["the first address that begins so", "by address"];

impl Members {
    /// Draws the line that is typed in, or the search that is on; tells whether there is one.
    pub(super) fn typed_line(&self, frame: &mut Frame<'_>, row: Rect, styles: &Styles) -> bool {
        if let Some(line) = &self.go_to {
            self.go_to_line(line, frame, (row, styles));
        } else if self.search.is_some() || !self.query.search.is_empty() {
            self.search_line(frame, row, styles);
        } else {
            return false;
        }
        true
    }

    fn go_to_line(&self, line: &GoTo, frame: &mut Frame<'_>, (row, styles): (Rect, &Styles)) {
        let field = labelled(frame, row, ("  Go to ", styles));
        let selected = self.window.selected().filter(|_| !self.is_leaving());
        let missed = selected.is_some_and(|member| !line.leads_to(member.email.key()));
        let (words, style) = if missed {
            (NOBODY, styles.warning)
        } else {
            (BY_ADDRESS, styles.muted)
        };
        let field = remark(frame, field, (Span::styled("", style), words));
        let look = Look {
            focused: true,
            placeholder: "an address",
            styles,
        };
        line.input.draw(frame, field, look);
    }

    fn search_line(&self, frame: &mut Frame<'_>, row: Rect, styles: &Styles) {
        let mut field = labelled(frame, row, ("  / ", styles));
        if matches!(self.query.needle(), Needle::Prefix(_)) {
            field = remark(frame, field, (Span::styled("", styles.muted), SHORT));
        }
        if let Some(input) = &self.search {
            if let Some(full) = input.complaint() {
                field = remark(
                    frame,
                    field,
                    (Span::styled("", styles.warning), [&full, "full"]),
                );
            }
            let look = Look {
                focused: true,
                placeholder: "address or name",
                styles,
            };
            return input.draw(frame, field, look);
        }
        let words = format!("{}   Esc shows everybody", self.query.search);
        let words = DisplaySafe::new(&words);
        frame.render_widget(Span::styled(words.as_str(), styles.text), field);
    }
}

/// A label; what is left of the row.
fn labelled(frame: &mut Frame<'_>, row: Rect, (label, styles): (&'static str, &Styles)) -> Rect {
    frame.render_widget(Span::styled(label, styles.accent), row);
    let width = columns(label).min(row.width);
    Rect {
        x: row.x + width,
        width: row.width - width,
        ..row
    }
}

/// The longest of the remarks that leaves room to type, at the right; what is left of the field.
fn remark(frame: &mut Frame<'_>, field: Rect, (look, words): (Span<'_>, [&str; 2])) -> Rect {
    let fits = |words: &&str| columns(words) + 2 + TYPED <= field.width;
    let Some(words) = words.into_iter().find(fits) else {
        return field;
    };
    let line = Line::styled(words, look.style).alignment(Alignment::Right);
    frame.render_widget(line, field);
    Rect {
        width: field.width - columns(words) - 2,
        ..field
    }
}
