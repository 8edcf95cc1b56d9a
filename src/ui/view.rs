//! Model to frame: the screen, dialogs over it, toasts over those. Nothing here changes the model.

use super::action::{ACTIONS, Action, Context, Danger, Entry, Footer};
use super::effect::{Failure, Feed};
use super::layout;
use super::model::{Ctx, Link, Model, Screen};
use super::panes::{Focused, Main, Pane};
use super::theme::{Charset, Styles};
use super::widgets::dialog;
use super::widgets::fit::{columns, cut};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

/// Draws everything.
pub fn view(model: &Model, frame: &mut Frame<'_>, (styles, charset): (&Styles, Charset)) {
    let area = frame.area();
    if layout::too_small(area) {
        let words = format!(
            "Too small: {}×{} needed",
            layout::MIN_WIDTH,
            layout::MIN_HEIGHT
        );
        let words = Paragraph::new(words)
            .alignment(Alignment::Center)
            .wrap(Wrap { trim: true });
        frame.render_widget(words, area);
    } else {
        screen(model, frame, styles);
        for modal in &model.modals {
            modal.view(frame, styles, &model.ctx);
        }
        model.toasts.draw(frame, toast_area(model), styles);
    }
    if charset == Charset::Ascii {
        to_ascii(frame.buffer_mut());
    }
}

fn screen(model: &Model, frame: &mut Frame<'_>, styles: &Styles) {
    let ctx = &model.ctx;
    let footer_row = Rect {
        y: ctx.area.bottom().saturating_sub(1),
        height: 1,
        ..ctx.area
    };
    match (&model.screen, &model.link) {
        (Screen::Main(main), _) => return main_screen(model, main, frame, styles),
        (_, Link::Down(failure)) => return down(failure, frame, (styles, ctx)),
        (Screen::SignIn(screen), link) => screen.view(frame, (styles, ctx), link),
        (Screen::FirstRun(screen), _) => screen.view(frame, styles, ctx),
        (Screen::ChooseAccount(screen), _) => screen.view(frame, styles, ctx),
    }
    let words = "Enter go on   Tab next field   F1 help   Ctrl-C quit";
    frame.render_widget(Span::styled(format!(" {words}"), styles.muted), footer_row);
}

/// The database can't be reached and there is nothing to show yet.
fn down(failure: &Failure, frame: &mut Frame<'_>, (styles, ctx): (&Styles, &Ctx)) {
    let area = dialog::centred(ctx.area, 68.min(ctx.area.width - 2), 11);
    let inner = dialog::draw(frame, area, "The database can't be reached", styles);
    let key = |action| ctx.keymap.key_for(&[Context::Screen], action);
    let key = |action| key(action).map(|key| key.to_string()).unwrap_or_default();
    let body = Rect {
        height: inner.height.saturating_sub(2),
        ..inner
    };
    let words = Paragraph::new(failure.text.as_str()).style(styles.danger);
    frame.render_widget(words.wrap(Wrap { trim: true }), body);
    let hint = Line::from(vec![
        Span::styled(key(Action::Retry), styles.accent),
        Span::raw(" try again   "),
        Span::styled(key(Action::Quit), styles.accent),
        Span::raw(" quit"),
    ]);
    frame.render_widget(hint, dialog::button_row(area));
}

fn main_screen(model: &Model, main: &Main, frame: &mut Frame<'_>, styles: &Styles) {
    let ctx = &model.ctx;
    let areas = main.areas(ctx.area);
    top_bar(frame, areas.top, main.feed, (styles, ctx));
    if let Some(trouble) = &main.trouble {
        banner(trouble, frame, areas.banner, (styles, ctx));
    }
    // A dialog has the focus; the panes below it have not.
    let focused = |pane| {
        if main.focus == pane && model.modals.is_empty() {
            Focused::Yes
        } else {
            Focused::No
        }
    };
    main.members
        .view(frame, (areas.members, focused(Pane::Members)), styles, ctx);
    let invitations = (areas.invitations, focused(Pane::Invitations));
    main.invitations.view(frame, invitations, styles, ctx);
    main.invite
        .view(frame, (areas.invite, focused(Pane::Invite)), styles, ctx);
    footer(model, frame, areas.footer, styles);
}

/// `Ada Lovelace ▾ p`, cut for the narrow.
fn profile_words(ctx: &Ctx) -> String {
    let Some(session) = &ctx.session else {
        return String::new();
    };
    let name = match session.user.name.as_str() {
        "" => session.user.email.as_str(),
        name => name,
    };
    cut(name, usize::from(ctx.area.width / 2).saturating_sub(6))
}

fn profile_key(ctx: &Ctx) -> String {
    let key = ctx.keymap.key_for(&[Context::Main], Action::OpenProfile);
    key.map(|key| key.to_string()).unwrap_or_default()
}

fn profile_area(ctx: &Ctx) -> Rect {
    let width = columns(&profile_words(ctx)) + columns(&profile_key(ctx)) + 5;
    let width = width.min(ctx.area.width);
    Rect::new(ctx.area.right() - width, ctx.area.y, width, 1)
}

/// Whether the profile menu stands at a position of the top bar.
pub(super) fn profile_at(at: Position, ctx: &Ctx) -> bool {
    profile_area(ctx).contains(at)
}

fn top_bar(frame: &mut Frame<'_>, row: Rect, feed: Option<Feed>, (styles, ctx): (&Styles, &Ctx)) {
    let profile = profile_area(ctx);
    let room = usize::from(row.width.saturating_sub(profile.width + 4));
    let account = ctx
        .account
        .as_ref()
        .map_or("", |account| account.name.as_str());
    let mut left = vec![
        Span::styled(" ◆ ", styles.accent),
        Span::styled(cut(account, room), styles.title),
    ];
    if usize::from(columns(account)) + 14 < room {
        left.push(Span::styled("  User Management", styles.muted));
    }
    let asks = "  ○ no notifications: looks every 3 s";
    let used: u16 = left.iter().map(|span| columns(&span.content)).sum();
    if feed == Some(Feed::Asking) && usize::from(used + columns(asks)) < room {
        left.push(Span::styled(asks, styles.warning));
    }
    frame.render_widget(Line::from(left), row);
    let right = Line::from(vec![
        Span::raw(profile_words(ctx)),
        Span::styled(" ▾ ", styles.muted),
        Span::styled(profile_key(ctx), styles.accent),
        Span::raw(" "),
    ]);
    frame.render_widget(right.alignment(Alignment::Right), profile);
}

fn banner(trouble: &Failure, frame: &mut Frame<'_>, row: Rect, (styles, ctx): (&Styles, &Ctx)) {
    let key = ctx.keymap.key_for(&[Context::Main], Action::Retry);
    let retry = key.map(|key| format!("{key} Retry ")).unwrap_or_default();
    let width = usize::from(row.width.saturating_sub(columns(&retry) + 4));
    let line = Line::from(vec![
        Span::styled(" ✗ ", styles.danger),
        Span::styled(
            super::widgets::fit::pad(trouble.text.as_str(), width),
            styles.danger,
        ),
        Span::styled(format!(" {retry}"), styles.accent),
    ]);
    frame.render_widget(line, row);
}

/// Toasts stand over the list, never over the invite pane or the footer.
fn toast_area(model: &Model) -> Rect {
    let area = model.ctx.area;
    let height = match &model.screen {
        Screen::Main(main) => main.areas(area).members.bottom().saturating_sub(1),
        _ => area.height.saturating_sub(1),
    };
    Rect {
        width: area.width.saturating_sub(1),
        height,
        ..area
    }
}

/// The keys of what has the focus, from the action table.
fn footer(model: &Model, frame: &mut Frame<'_>, row: Rect, styles: &Styles) {
    let contexts = model.contexts();
    let map = &model.ctx.keymap;
    let hints = ACTIONS.iter().filter(|entry| is_hinted(model, entry));
    let bound = hints.filter_map(|entry| Some((map.key_for(&contexts, entry.action)?, entry)));
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, entry) in bound {
        let key = key.to_string();
        let words = hint_words(model, entry);
        let width = columns(&key) + columns(&words) + 4;
        if used + width > row.width + 3 {
            break;
        }
        used += width;
        let hint = match entry.danger {
            Danger::Takes => styles.danger,
            Danger::None => styles.muted,
        };
        spans.push(Span::styled(key, styles.accent));
        spans.push(Span::styled(format!(" {words}   "), hint));
    }
    frame.render_widget(Line::from(spans), row);
}

/// What the footer calls an action: with marks it says to how many it would be done.
fn hint_words(model: &Model, entry: &Entry) -> String {
    match (entry.action, marked(model)) {
        (Action::SetGrant | Action::RemoveMember, count @ 1..) => format!("{} {count}", entry.hint),
        _ => entry.hint.to_owned(),
    }
}

fn marked(model: &Model) -> usize {
    match &model.screen {
        Screen::Main(main) => main.members.marked.len(),
        _ => 0,
    }
}

/// Whether the footer names an action now: what works where the focus is. In dialogs and while
/// typing, that is the way on and the way back.
fn is_hinted(model: &Model, entry: &Entry) -> bool {
    let confined = !model.modals.is_empty() || model.is_typing();
    let here = model.contexts();
    let special = entry.contexts.len() < Context::ALL.len();
    let local = entry.contexts.iter().any(|context| here.contains(context));
    match entry.action {
        Action::Next | Action::Back | Action::Confirm => confined,
        // Only where the address is already invited.
        Action::ResendInvitation if here.contains(&Context::Invite) => match &model.screen {
            Screen::Main(main) => main.invite.to_resend().is_some(),
            _ => false,
        },
        Action::UnmarkAll if marked(model) == 0 => false,
        _ if model.is_typing() => false,
        _ if confined => entry.footer == Footer::Shown && special && local,
        _ => entry.footer == Footer::Shown && local,
    }
}

/// For terminals whose locale is not UTF-8: every cell gets an ASCII picture.
fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let plain = match cell.symbol().chars().next() {
            Some(c) if c.is_ascii() && cell.symbol().len() == 1 => continue,
            Some('─' | '−') => '-',
            Some('│') => '|',
            Some('╭' | '╮' | '╰' | '╯' | '✓') => '+',
            Some('▸') => '>',
            Some('▾' | '↓') => 'v',
            Some('↑') => '^',
            Some('●' | '•' | '◆') => '*',
            Some('○' | '◌') => 'o',
            Some('✗' | '×') => 'x',
            Some('·' | '…') => '.',
            Some('“' | '”') => '"',
            Some('↻') => '~',
            Some('█') => '#',
            Some('▒') => ':',
            Some(_) => '?',
            None => continue,
        };
        cell.set_char(plain);
    }
}
