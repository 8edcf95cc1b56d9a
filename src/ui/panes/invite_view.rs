//! How the pane "Invite New User" looks: the field, what is said beneath, the choices, the button.

use super::invite::{Invite, Stop, Way};
use super::{Focused, frame_of};
use crate::domain::Grant;
use crate::ui::layout;
use crate::ui::model::{Ctx, Mail};
use crate::ui::theme::Styles;
use crate::ui::widgets::buttons::{Button, Buttons, Tone};
use crate::ui::widgets::fit::{columns, cut};
use crate::ui::widgets::text_input::Look;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// From this width on, the choices have their full names.
const WIDE: u16 = 66;

impl Invite {
    /// Where everything stands: for drawing and for clicks.
    pub(super) fn places(&self, area: Rect, ctx: &Ctx) -> Places {
        let inside = layout::inside(area);
        let row = |index: u16| Rect {
            y: inside.y.saturating_add(index).min(inside.bottom()),
            height: u16::from(index < inside.height),
            ..inside
        };
        let labels = grant_labels(self.grant.as_ref(), inside.width, ctx);
        let [all, choose] = labels.each_ref().map(|label| columns(label) + 2);
        let last = row(2);
        let send = Button::new("Send Invite", Tone::Plain);
        let radio = |x: u16, width: u16| Rect { x, width, ..last }.intersection(last);
        Places {
            email: row(0),
            hint: row(1),
            all: radio(last.x, all),
            choose: radio(last.x + all + u16::from(inside.width >= WIDE), choose),
            buttons: Buttons::right(vec![send], last),
            labels,
        }
    }

    /// Draws the pane; folded, only its heading.
    pub fn view(
        &self,
        frame: &mut Frame<'_>,
        (area, focused): (Rect, Focused),
        styles: &Styles,
        ctx: &Ctx,
    ) {
        frame_of(frame, area, ("Invite New User", focused), styles);
        let places = self.places(area, ctx);
        let here = |stop| focused == Focused::Yes && self.stop == stop;
        let label = "  E-mail  ";
        let mark = if here(Stop::Email) {
            "▸ E-mail  "
        } else {
            label
        };
        let style = if here(Stop::Email) {
            styles.accent
        } else {
            styles.text
        };
        frame.render_widget(Span::styled(mark, style), places.email);
        let field = Rect {
            x: places.email.x + columns(label),
            width: places.email.width.saturating_sub(columns(label)),
            ..places.email
        };
        let look = Look {
            focused: here(Stop::Email),
            placeholder: "name@example.com",
            styles,
        };
        self.email.draw(frame, field, look);
        self.hint(frame, places.hint, (styles, ctx));
        let [all, choose] = &places.labels;
        for (stop, label, place) in [
            (Stop::All, all, places.all),
            (Stop::Choose, choose, places.choose),
        ] {
            let (mark, style) = if here(stop) {
                ("▸ ", styles.accent)
            } else {
                ("  ", styles.text)
            };
            frame.render_widget(Span::styled(format!("{mark}{label}"), style), place);
        }
        places
            .buttons
            .draw(frame, here(Stop::Send).then_some(0), styles);
    }

    fn hint(&self, frame: &mut Frame<'_>, row: Rect, (styles, ctx): (&Styles, &Ctx)) {
        let (words, style) = match &self.complaint {
            Some((text, Way::EditMember(_))) => {
                (format!("{text}. Enter opens them"), styles.danger)
            }
            Some((text, Way::Resend(_))) => (format!("{text}. r resends"), styles.danger),
            Some((text, Way::Fix)) => (text.clone(), styles.danger),
            None => match self.kept_words(ctx) {
                Some(words) => (words, styles.accent),
                None => (promise(&ctx.mail), styles.muted),
            },
        };
        let indent = 10.min(row.width);
        let row = Rect {
            x: row.x + indent,
            width: row.width - indent,
            ..row
        };
        frame.render_widget(
            Span::styled(cut(&words, usize::from(row.width)), style),
            row,
        );
    }
}

/// The places of the pane's parts.
pub(super) struct Places {
    pub(super) email: Rect,
    hint: Rect,
    pub(super) all: Rect,
    pub(super) choose: Rect,
    pub(super) buttons: Buttons,
    labels: [String; 2],
}

fn promise(mail: &Mail) -> String {
    match mail {
        Mail::Unknown => String::new(),
        Mail::Smtp { .. } => "They get a one-time link by mail, valid for 7 days".to_owned(),
        Mail::Files { folder } => format!("No mail server is set: mails are written to {folder}"),
    }
}

/// The two choices with their radios, by how much room there is.
pub fn grant_labels(grant: Option<&Grant>, width: u16, ctx: &Ctx) -> [String; 2] {
    let chosen = grant.filter(|grant| **grant != Grant::full());
    let all = if grant == Some(&Grant::full()) {
        "(•)"
    } else {
        "( )"
    };
    let custom = if chosen.is_some() { "(•)" } else { "( )" };
    if width < WIDE {
        return [format!("{all} All"), format!("{custom} Choose")];
    }
    let chosen = chosen.map(|grant| format!(" · {}", grant.badge(&ctx.catalogue)));
    [
        format!("{all} All Permissions"),
        format!(
            "{custom} Choose Permissions{}",
            chosen.unwrap_or_default().replace("Custom · ", "")
        ),
    ]
}
