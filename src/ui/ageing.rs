//! Words such as `5 min ago` in a console that nobody touches. Whatever else changes the picture brings
//! them up to date as well; left alone, they are drawn again when one of them has become another, but
//! never within [`GRACE`] of the picture before: an idle console does not wake to count minutes.

use super::layout;
use super::model::{Model, Screen};
use super::times;
use jiff::{SignedDuration, Timestamp};

/// How old a word may become without anybody minding.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// When words on the member table are to be drawn again; none where there are none that age.
pub(super) fn next(model: &Model) -> Option<Timestamp> {
    let Screen::Main(main) = &model.screen else {
        return None;
    };
    let ctx = &model.ctx;
    let height = usize::from(layout::rows(main.areas(ctx.area).members).height);
    let window = &main.members.window;
    let visible = window.rows().iter().skip(window.top()).take(height);
    let drawn = model.changed_at.checked_add(ctx.ahead).ok()?;
    let logins = visible.filter_map(|member| member.last_login);
    let first = logins
        .filter_map(|at| times::other_words(at, drawn))
        .min()?;
    let here = first.checked_sub(ctx.ahead).ok()?;
    let rested = model.changed_at.checked_add(GRACE).ok()?;
    Some(here.max(rested))
}

/// Whether that time has come.
pub(super) fn is_due(model: &Model) -> bool {
    next(model).is_some_and(|at| at <= model.ctx.now)
}
