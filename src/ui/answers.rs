//! What the answer to an effect does to the model.

use super::bulk;
use super::changes;
use super::effect::{Effect, Failure, FailureKind};
use super::entering;
use super::layout;
use super::live;
use super::message::{Message, Place, Reply};
use super::modals::ModalEvent;
use super::model::{Model, Phase, Screen};
use super::outcomes::{grant_wish, settle};
use super::own;
use super::panes::open_for_member;
use super::update::{reload, to_sign_in};
use super::widgets::toast::Kind;
use crate::domain::{Member, Page, Position};
use crate::ui::action::Action;

/// Applies an answer. The dialog with the focus hears it too.
pub(super) fn on_answer(model: &mut Model, message: Message) -> Vec<Effect> {
    let heard = match model.modals.last_mut() {
        Some(dialog) => Some(dialog.on_event(&ModalEvent::Answer(&message), &model.ctx)),
        None => None,
    };
    let mut effects = heard
        .map(|outcome| settle(model, outcome))
        .unwrap_or_default();
    if signed_out(model, &message) {
        return effects;
    }
    effects.extend(match message {
        Message::Connected(reply) => entering::on_connected(model, reply),
        Message::SignedIn(reply) => entering::on_signed_in(model, reply),
        Message::SignedOut(_) => {
            to_sign_in(model, "");
            vec![Effect::KeepSession(None)]
        }
        Message::AccountEntered(reply) => entering::on_entered(model, reply),
        Message::MembersLoaded(place, reply) => on_members(model, place, reply),
        Message::MembersCounted(reply) => on_counted(model, &reply),
        Message::MemberLocated(reply) => on_located(model, &reply),
        Message::InvitationsLoaded(reply) => on_invitations(model, reply),
        Message::MemberShown(reply) => match reply {
            Ok(member) => {
                let wish = open_for_member(Action::SetGrant, *member, &model.ctx);
                grant_wish(model, wish)
            }
            Err(failure) => fail(model, &failure),
        },
        Message::Changed(change, reply) => changes::on_changed(model, &change, reply),
        Message::UndoFound(reply) => changes::on_undo_found(model, reply),
        Message::OwnershipAccepted(reply) => match reply {
            Ok(_) => succeed(model, "You are an owner of this account now"),
            Err(failure) => fail(model, &failure),
        },
        Message::BulkEnded(command, end) => bulk::on_ended(model, command, &end),
        Message::EverybodyFound(reply) => bulk::on_everybody(model, reply),
        Message::Heard(news) => live::on_news(model, news),
        Message::Unanswered => on_silence(model),
        message => own::on_own(model, message),
    });
    effects
}

/// An ended session is noticed by whatever was asked next.
fn signed_out(model: &mut Model, message: &Message) -> bool {
    let (Message::MembersLoaded(_, Err(failure))
    | Message::MemberLocated(Err(failure))
    | Message::InvitationsLoaded(Err(failure))
    | Message::Changed(_, Err(failure))
    | Message::AccountEntered(Err(failure))
    | Message::StillIn(Err(failure))
    | Message::SessionsLoaded(Err(failure))
    | Message::SessionEnded(Err(failure))
    | Message::SignedOutEverywhere(Err(failure))
    | Message::FactorShown(Err(failure))
    | Message::EnrolmentBegun(Err(failure))
    | Message::Proven(Err(failure))
    | Message::HistoryLoaded(Err(failure))
    | Message::BulkPreviewed(Err(failure))
    | Message::EverybodyFound(Err(failure))
    | Message::UndoFound(Err(failure))) = message
    else {
        return false;
    };
    let ended = failure.kind == FailureKind::SignedOut;
    if ended && model.ctx.session.is_none() {
        // Asked before the sign-out; who is typing a password now need not hear of it.
        model.phase = Phase::Unchanged;
    } else if ended {
        let words = failure.text.clone();
        to_sign_in(model, words.as_str());
    }
    ended
}

fn on_members(model: &mut Model, place: Place, reply: Reply<Page<Member>>) -> Vec<Effect> {
    let ctx = model.ctx.clone();
    let (area, now) = (ctx.area, ctx.now);
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    let height = usize::from(layout::rows(main.areas(area).members).height);
    match reply {
        Ok(page) => {
            main.members.marked.refresh(&page.rows);
            let recovered = main.trouble.take().is_some();
            main.plan_poll(&ctx);
            let changed = main.members.on_loaded(place, page, (height, now));
            let effects = main.members.follow_up(height, &ctx);
            if !changed && !recovered {
                model.phase = Phase::Unchanged;
            }
            effects
        }
        Err(failure) => {
            main.members.on_failed(now);
            fail(model, &failure)
        }
    }
}

fn on_counted(model: &mut Model, reply: &Reply<i64>) -> Vec<Effect> {
    let ctx = model.ctx.clone();
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    let height = usize::from(layout::rows(main.areas(ctx.area).members).height);
    let changed = main.members.on_counted(reply);
    let effects = main.members.follow_up(height, &ctx);
    if !changed {
        model.phase = Phase::Unchanged;
    }
    effects
}

/// An estimate that fails is done without; who waits for a count is told.
fn on_located(model: &mut Model, reply: &Reply<Position>) -> Vec<Effect> {
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    let waited = main.members.on_located(reply.as_ref().ok().copied());
    match reply {
        Err(failure) if waited => fail(model, failure),
        _ => Vec::new(),
    }
}

fn on_invitations(model: &mut Model, reply: Reply<Vec<crate::domain::Invitation>>) -> Vec<Effect> {
    let ctx = model.ctx.clone();
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    match reply {
        Ok(rows) => {
            let changed = main.invitations.on_loaded(rows, ctx.now);
            main.plan_poll(&ctx);
            if !changed && model.toasts.is_empty() {
                model.phase = Phase::Unchanged;
            }
            Vec::new()
        }
        Err(failure) => {
            main.invitations.due.answered(ctx.now);
            fail(model, &failure)
        }
    }
}

/// The database is silent: said before anybody wonders.
fn on_silence(model: &mut Model) -> Vec<Effect> {
    let words = "The database has not answered for 3 seconds; Esc stops waiting";
    if let Screen::Main(_) = model.screen {
        return fail(model, &Failure::new(FailureKind::Unavailable, words));
    }
    let words = "The database has not answered for 3 seconds";
    model.toasts.push(Kind::Warning, words, model.ctx.now);
    Vec::new()
}

/// A result in a toast, and the lists read again.
pub(super) fn succeed(model: &mut Model, words: &str) -> Vec<Effect> {
    model.toasts.push(Kind::Success, words, model.ctx.now);
    reload(model)
}

/// The banner where the database does not answer, else a toast.
pub(super) fn fail(model: &mut Model, failure: &Failure) -> Vec<Effect> {
    let ctx = model.ctx.clone();
    if let (FailureKind::Unavailable, Some(main)) = (failure.kind, model.main_mut()) {
        main.trouble = Some(failure.clone());
        main.plan_poll(&ctx);
    } else {
        model
            .toasts
            .push(Kind::Failure, failure.text.clone(), model.ctx.now);
    }
    Vec::new()
}
