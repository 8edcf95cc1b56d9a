//! On the way in: the database is reached, somebody signs in, an account is entered.

use super::answers::fail;
use super::effect::{Effect, Entered, FailureKind, Session};
use super::layout;
use super::message::{Found, Place, Reply, Setup};
use super::model::{Link, Model, Screen, Start};
use super::own;
use super::panes::Main;
use super::screens::{ChooseAccount, FirstRun};
use super::update::reload;
use super::widgets::toast::Kind;
use crate::domain::AccountSummary;

/// The database is reached, or not.
pub(super) fn on_connected(model: &mut Model, reply: Reply<Found>) -> Vec<Effect> {
    let found = match reply {
        Ok(found) => found,
        Err(failure) => {
            if let Screen::Main(_) = model.screen {
                return fail(model, &failure);
            }
            model.link = Link::Down(failure);
            return Vec::new();
        }
    };
    model.link = Link::Up;
    model.ctx.mail = found.mail;
    model.ctx.ahead = found.ahead;
    if matches!(model.screen, Screen::Main(_)) {
        return reload(model);
    }
    if found.setup == Setup::Needed {
        model.screen = Screen::FirstRun(FirstRun::default());
        return Vec::new();
    }
    let effect = match std::mem::take(&mut model.opening.start) {
        Start::Resume(secret) => Some(Effect::Resume(secret)),
        Start::Credentials { email, password } => Some(Effect::SignIn {
            email,
            password,
            code: None,
        }),
        Start::SignIn => match &model.screen {
            Screen::SignIn(screen) if screen.waiting.is_on() => Some(screen.effect()),
            _ => None,
        },
    };
    if let (Some(_), Screen::SignIn(screen)) = (&effect, &mut model.screen) {
        screen.waiting.begin(model.ctx.now);
    }
    effect.into_iter().collect()
}

/// Somebody is signed in, or not.
pub(super) fn on_signed_in(model: &mut Model, reply: Reply<Box<Session>>) -> Vec<Effect> {
    let session = match reply {
        Ok(session) => session,
        Err(failure) => {
            match &mut model.screen {
                Screen::SignIn(screen) => screen.refused(&failure),
                Screen::FirstRun(screen) => screen.refused(&failure),
                Screen::ChooseAccount(_) | Screen::Main(_) => {}
            }
            return Vec::new();
        }
    };
    let stays = matches!(&model.screen, Screen::SignIn(screen) if screen.stays());
    let mut effects = Vec::new();
    if stays {
        effects.push(Effect::KeepSession(Some(session.secret.clone())));
    }
    effects.extend(choose_account(model, &session));
    model.ctx.session = Some(session);
    effects
}

/// Straight into the account asked for at the start, the only one, or the one used last; else the
/// choice, which is remembered.
pub(super) fn choose_account(model: &mut Model, session: &Session) -> Option<Effect> {
    let wanted = model.opening.account.take();
    let named = |account: &&AccountSummary| {
        wanted
            .as_deref()
            .is_some_and(|w| account.name.as_str() == w || account.id.to_string() == w)
    };
    let usual = match session.accounts.as_slice() {
        _ if wanted.is_some() => None,
        [only] => Some(only),
        several => several.iter().find(|account| account.last_used),
    };
    let Some(account) = session.accounts.iter().find(named).or(usual) else {
        model.screen = Screen::ChooseAccount(ChooseAccount::default());
        return None;
    };
    Some(Effect::EnterAccount(session.actor.clone(), account.id))
}

/// An account is entered, or not.
pub(super) fn on_entered(model: &mut Model, reply: Reply<Box<Entered>>) -> Vec<Effect> {
    let Entered { account, first } = match reply {
        Ok(entered) => *entered,
        Err(failure) => {
            if let Screen::SignIn(screen) = &mut model.screen {
                screen.refused(&failure);
            }
            let effects = fail(model, &failure);
            return match failure.kind {
                FailureKind::FactorRequired => own::set_up_factor(model),
                _ => effects,
            };
        }
    };
    let count = account.members;
    model.ctx.account = Some(Box::new(account));
    model.modals.clear();
    let mut main = Box::new(Main::default());
    let mut effects = match first {
        Some(page) => {
            let height = usize::from(layout::rows(main.areas(model.ctx.area).members).height);
            let here = (height, model.ctx.now);
            main.members.on_loaded(Place::Fresh, page, here);
            main.members.on_counted(&Ok(count));
            Vec::new()
        }
        None => main.members.load(Place::Fresh, &model.ctx),
    };
    effects.extend(main.invitations.load(&model.ctx));
    model.screen = Screen::Main(main);
    model.plan_watch(None);
    for notice in std::mem::take(&mut model.opening.notices) {
        model.toasts.push(Kind::Warning, notice, model.ctx.now);
    }
    effects
}
