//! Message to model and effects. Input goes to the dialog with the focus, else to the screen or
//! pane; answers go to `answers.rs`. Pure: it touches nothing but its arguments.

use super::action::Action;
use super::ageing;
use super::answers;
use super::effect::{Effect, Failure, FailureKind};
use super::keymap::{Key, types_text};
use super::layout;
use super::live::{self, Vigil};
use super::main_screen::on_main;
use super::message::{Message, Place};
use super::modals::{Help, Modal, ModalEvent};
use super::model::{Link, Model, Phase, Screen};
use super::outcomes::{grant_wish, settle};
use super::panes::Pane;
use super::screens::SignIn;
use super::waiting::Waiting;
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::{Position, Rect};

/// Applies one message at the instant `now`.
pub fn update(model: &mut Model, message: Message, now: Timestamp) -> Vec<Effect> {
    model.ctx.now = now;
    model.phase = Phase::Changed;
    let effects = on_message(model, message);
    if model.phase == Phase::Changed {
        model.changed_at = now;
    }
    effects
}

fn on_message(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Input(event) => on_input(model, event),
        Message::Resized(size) => {
            model.ctx.area = Rect::new(0, 0, size.width, size.height);
            read_ahead(model)
        }
        Message::Tick => on_tick(model),
        Message::Ended => quit(model),
        answer => answers::on_answer(model, answer),
    }
}

/// What the console does first.
pub fn start() -> Vec<Effect> {
    vec![Effect::Connect]
}

fn quit(model: &mut Model) -> Vec<Effect> {
    model.phase = Phase::Quitting;
    Vec::new()
}

fn on_input(model: &mut Model, event: Event) -> Vec<Effect> {
    if !matches!(event, Event::Resize(..)) {
        model.last_input = model.ctx.now;
    }
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => on_key(model, key),
        Event::Paste(text) => dispatch(model, &ModalEvent::Paste(&text)),
        Event::Mouse(mouse) => on_mouse(model, mouse),
        Event::Resize(width, height) => {
            let size = ratatui::layout::Size::new(width, height);
            update(model, Message::Resized(size), model.ctx.now)
        }
        _ => {
            model.phase = Phase::Unchanged;
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if Key::of(key).quits_always() {
        return quit(model);
    }
    let typing = model.is_typing();
    if typing && edits_text(key) {
        return dispatch(model, &ModalEvent::Key(key));
    }
    match model.ctx.keymap.resolve(&model.contexts(), key) {
        Some(action) => on_action(model, action),
        None => dispatch(model, &ModalEvent::Key(key)),
    }
}

/// Keys that a text field takes for itself.
fn edits_text(key: KeyEvent) -> bool {
    let moves = matches!(
        key.code,
        KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End
            | KeyCode::Backspace
            | KeyCode::Delete
    );
    moves || (types_text(key) && !key.modifiers.contains(KeyModifiers::CONTROL))
}

fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => dispatch(model, &ModalEvent::Click(at)),
        MouseEventKind::ScrollUp => wheel(model, Action::Up, at),
        MouseEventKind::ScrollDown => wheel(model, Action::Down, at),
        _ => {
            model.phase = Phase::Unchanged;
            Vec::new()
        }
    }
}

/// Three rows a notch, in the list under the pointer.
fn wheel(model: &mut Model, direction: Action, at: Position) -> Vec<Effect> {
    if let (true, Screen::Main(main)) = (model.modals.is_empty(), &mut model.screen) {
        let areas = main.areas(model.ctx.area);
        if areas.invite.contains(at) {
            return Vec::new();
        }
        main.focus = if areas.invitations.contains(at) {
            Pane::Invitations
        } else {
            Pane::Members
        };
    }
    (0..3)
        .flat_map(|_| dispatch(model, &ModalEvent::Action(direction)))
        .collect()
}

/// A bound key. A few actions mean the same everywhere; the rest go to whatever has the focus.
fn on_action(model: &mut Model, action: Action) -> Vec<Effect> {
    let open = !model.modals.is_empty();
    match action {
        Action::Help if !open => {
            model.open(Modal::Help(Help::default()));
            Vec::new()
        }
        Action::Quit if !open => quit(model),
        Action::Retry if !open => retry(model),
        Action::Confirm if !open && model.is_down() => retry(model),
        action => dispatch(model, &ModalEvent::Action(action)),
    }
}

/// Reaches the database again, or reads the main screen again.
pub(super) fn retry(model: &mut Model) -> Vec<Effect> {
    if model.is_down() {
        let mut waiting = Waiting::default();
        waiting.begin(model.ctx.now);
        model.link = Link::Connecting(waiting);
        return vec![Effect::Connect];
    }
    reload(model)
}

/// Reads the visible list and the invitations again, without moving the cursor.
pub(super) fn reload(model: &mut Model) -> Vec<Effect> {
    let Screen::Main(main) = &mut model.screen else {
        return Vec::new();
    };
    main.poll_at = None;
    let mut effects = main.members.load(Place::Reload, &model.ctx);
    effects.extend(main.invitations.load(&model.ctx));
    effects
}

/// Gives an event to what has the focus.
pub(super) fn dispatch(model: &mut Model, event: &ModalEvent<'_>) -> Vec<Effect> {
    if let Some(modal) = model.modals.last_mut() {
        let outcome = modal.on_event(event, &model.ctx);
        return settle(model, outcome);
    }
    if model.is_down() {
        return Vec::new();
    }
    let ctx = &model.ctx;
    let effect = match &mut model.screen {
        Screen::SignIn(screen) => {
            let effect = screen.on_event(event, ctx);
            // Too early: it is sent when the database is there.
            effect.filter(|_| model.link == Link::Up)
        }
        Screen::FirstRun(screen) => screen.on_event(event, ctx),
        Screen::ChooseAccount(screen) => screen.on_event(event, ctx),
        Screen::Main(_) => return on_main(model, event),
    };
    effect.into_iter().collect()
}

/// A console that nobody has touched for so long reads no lists by itself, so that its session can go
/// idle.
const ATTENDED: SignedDuration = SignedDuration::from_mins(5);

fn on_tick(model: &mut Model) -> Vec<Effect> {
    let now = model.ctx.now;
    let mut changed = model.toasts.expire(now) || model.moves_at().is_some();
    changed |= ageing::is_due(model);
    let mut effects = live::look_due(model);
    effects.extend(live::read_due(model));
    let ctx = model.ctx.clone();
    let attended = now.duration_since(model.last_input) < ATTENDED;
    if let Screen::Main(main) = &mut model.screen {
        changed |= main.members.marks.expire(now) | main.invitations.marks.expire(now);
    }
    if !changed {
        model.phase = Phase::Unchanged;
    }
    if let Screen::Main(main) = &mut model.screen
        && main.poll_at.is_some_and(|at| at <= now)
    {
        if main.trouble.is_some() {
            // Perhaps nobody but us starts the private server again.
            main.plan_poll(&ctx);
            effects.push(Effect::Connect);
        } else if attended {
            effects.extend(reload(model));
        } else {
            main.plan_poll(&ctx);
        }
    }
    effects
}

/// A larger window may want more rows.
fn read_ahead(model: &mut Model) -> Vec<Effect> {
    let Screen::Main(main) = &mut model.screen else {
        return Vec::new();
    };
    let height = usize::from(layout::rows(main.areas(model.ctx.area).members).height);
    main.members.window.step(0, height);
    let wish = main.members.ahead(height, &model.ctx);
    grant_wish(model, wish)
}

/// Ends the session on the screen: back to sign-in with these words.
pub(super) fn to_sign_in(model: &mut Model, words: &str) {
    let email = model.ctx.session.take().map(|session| session.user.email);
    model.ctx.account = None;
    model.vigil = Vigil::Never;
    model.modals.clear();
    let mut screen = SignIn::new(email.as_ref().map_or("", |email| email.as_str()));
    if !words.is_empty() {
        let failure = Failure::new(FailureKind::SignedOut, words);
        screen.refused(&failure);
    }
    model.screen = Screen::SignIn(screen);
}
