//! What fills the terminal before the main screen: sign-in, first run, account choice; and the card
//! that they are drawn on.

mod choose_account;
mod first_run;
mod sign_in;

pub use choose_account::ChooseAccount;
pub use first_run::FirstRun;
pub use sign_in::SignIn;

use super::theme::Styles;
use super::widgets::dialog;
use super::widgets::fit::cut;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

const CARD_WIDTH: u16 = 68;

/// The card of a screen: its frame, with room for a heading of two rows and `height` rows of content.
pub(super) fn card(screen: Rect, height: u16) -> Rect {
    let width = CARD_WIDTH.min(screen.width.saturating_sub(2));
    let above_footer = Rect {
        height: screen.height.saturating_sub(1),
        ..screen
    };
    dialog::centred(above_footer, width, height.saturating_add(5))
}

/// Where the content of a card goes.
pub(super) fn content(card: Rect) -> Rect {
    let inner = dialog::inner(card);
    let heading = if inner.height > 8 { 2 } else { 1 };
    Rect {
        y: inner.y + heading.min(inner.height),
        height: inner.height.saturating_sub(heading),
        ..inner
    }
}

/// Draws a card with its title and a line that says what it is for.
pub(super) fn draw_card(
    frame: &mut Frame<'_>,
    card: Rect,
    (title, lead): (&str, &str),
    styles: &Styles,
) {
    let inner = dialog::draw(frame, card, title, styles);
    let row = Rect {
        height: inner.height.min(1),
        ..inner
    };
    let lead = cut(lead, usize::from(row.width));
    frame.render_widget(Span::styled(lead, styles.muted), row);
}
