//! The QR code, the same as text, and the field for the first code.

use super::{ModalEvent, Outcome, Submitted};
use crate::domain::Actor;
use crate::ui::effect::{Effect, Enrolment, Failure};
use crate::ui::model::Ctx;
use crate::ui::theme::Styles;
use crate::ui::widgets::dialog;
use crate::ui::widgets::form::{Field, Filled, Form};
use crate::ui::widgets::qr::Qr;
use crate::ui::widgets::text_input::{Mask, TextInput};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use secrecy::{ExposeSecret, SecretString};

/// An enrolment that waits for its first code.
#[derive(Debug)]
pub(super) struct Enrolling {
    qr: Option<Qr>,
    secret: SecretString,
    email: String,
    form: Form,
}

/// Columns that the words beside the code need.
const WORDS: u16 = 28;

impl Enrolling {
    pub(super) fn new(enrolment: &Enrolment, email: String) -> Self {
        let field = Field::new("Code", "123 456", TextInput::new(Mask::Shown, 12));
        Self {
            qr: Qr::of(enrolment.uri.expose_secret()),
            secret: enrolment.secret.clone(),
            email,
            form: Form::new(vec![field], None, "Turn it on"),
        }
    }

    pub(super) fn is_typing(&self) -> bool {
        self.form.is_typing()
    }

    pub(super) fn refused(&mut self, failure: &Failure) {
        self.form.complain(0, failure.text.to_string());
    }

    pub(super) fn on_event(
        &mut self,
        event: &ModalEvent<'_>,
        actor: Actor,
        ctx: &Ctx,
    ) -> Outcome<Submitted> {
        let places = self.places(ctx);
        if self.form.on_event(event, places.form) == Filled::NotYet {
            return Outcome::Stay;
        }
        if self.form.text(0).trim().is_empty() {
            self.form.complain(0, "Type the code that it shows");
            return Outcome::Stay;
        }
        let code = self.form.fields.first().map(|field| field.input.secret());
        code.map_or(Outcome::Stay, |code| {
            let confirm = Effect::ConfirmSecondFactor(actor, code);
            Outcome::Submit(Submitted::Start(confirm))
        })
    }

    pub(super) fn view(&self, frame: &mut Frame<'_>, styles: &Styles, ctx: &Ctx) {
        let places = self.places(ctx);
        dialog::draw(frame, places.area, "Set up a second factor", styles);
        let way = match (&self.qr, places.qr) {
            (Some(qr), Some(at)) => {
                qr.draw(frame, at, styles);
                "Scan the code with your authenticator, or type this into it:"
            }
            _ => "Type this into your authenticator (a larger window has room for a QR code):",
        };
        let mut words = vec![Line::styled(way, styles.text), Line::default()];
        let groups: Vec<&str> = self.secret.expose_secret().split('-').collect();
        for row in groups.chunks(4) {
            words.push(Line::styled(row.join(" "), styles.accent));
        }
        words.push(Line::styled(self.email.clone(), styles.muted));
        words.push(Line::styled("6 digits, every 30 seconds", styles.muted));
        frame.render_widget(
            Paragraph::new(words).wrap(Wrap { trim: true }),
            places.words,
        );
        self.form.draw(frame, places.form, ("", styles));
    }

    /// The code to the left and the words beside it where both fit, else the words alone.
    fn places(&self, ctx: &Ctx) -> Places {
        let (qr_width, qr_height) = self.qr.as_ref().map_or((0, 0), Qr::size);
        let wide = qr_width + WORDS + 5;
        let fits = qr_width > 0 && wide <= ctx.area.width && qr_height + 2 <= ctx.area.height;
        let (width, height) = if fits {
            (wide.max(72).min(ctx.area.width), (qr_height + 2).max(14))
        } else {
            (64, 16)
        };
        let area = dialog::centred(ctx.area, width, height);
        let left = if fits { qr_width + 3 } else { 3 };
        let beside = Rect {
            x: area.x.saturating_add(left),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(left + 1),
            height: area.height.saturating_sub(2),
        };
        let form_height = self.form.wanted_height().min(beside.height);
        Places {
            area,
            qr: fits.then_some(Rect {
                x: area.x + 1,
                y: area.y + 1,
                width: qr_width,
                height: qr_height,
            }),
            words: Rect {
                height: beside.height.saturating_sub(form_height),
                ..beside
            },
            form: Rect {
                y: beside.bottom().saturating_sub(form_height),
                height: form_height,
                ..beside
            },
        }
    }
}

struct Places {
    area: Rect,
    qr: Option<Rect>,
    words: Rect,
    form: Rect,
}
