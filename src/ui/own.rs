//! Answers that are for the person alone: details, password, sessions, second factor, proofs, links.

use super::action::Action;
use super::answers::{fail, succeed};
use super::effect::{Effect, Failure, FailureKind, Presence};
use super::entering::choose_account;
use super::live::Vigil;
use super::message::{Message, Reply};
use super::modals::{Modal, ModalEvent, Notice, Prove, SecondFactor};
use super::model::{Model, Phase, Screen};
use super::screens::ChooseAccount;
use super::update::{dispatch, to_sign_in};
use super::widgets::toast::Kind;
use crate::domain::DisplaySafe;

/// Applies an answer about the person's own.
pub(super) fn on_own(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Renamed(Ok(user)) => {
            if let Some(session) = &mut model.ctx.session {
                session.user = *user;
            }
            succeed(model, "Your name is changed")
        }
        Message::PasswordChanged(Ok(())) => succeed(
            model,
            "Your password is changed; your other sessions have ended",
        ),
        Message::LinkRevealed(reply) => on_link(model, reply),
        Message::StillIn(reply) => on_watched(model, reply),
        Message::SessionEnded(Ok(())) => on_session_ended(model),
        Message::SessionEnded(Err(failure)) => fail(model, &failure),
        Message::SignedOutEverywhere(Ok(_)) => {
            to_sign_in(model, "");
            vec![Effect::KeepSession(None)]
        }
        Message::Proven(Ok(())) => on_proven(model),
        Message::EnrolmentBegun(Err(failure)) | Message::FactorConfirmed(Err(failure)) => {
            asks_for_proof(model, &failure)
        }
        Message::FactorRemoved(Ok(())) => {
            model.modals.pop();
            succeed(model, "The second factor is off")
        }
        Message::FactorRequired(required, reply) => on_required(model, required, reply),
        _ => Vec::new(),
    }
}

fn on_watched(model: &mut Model, reply: Reply<Box<Presence>>) -> Vec<Effect> {
    let asked = model.vigil;
    model.plan_watch(reply.as_ref().ok().map(|presence| presence.left));
    if asked == Vigil::AskedAgain {
        model.vigil.hurry(model.ctx.now);
    }
    match reply {
        Ok(presence) => {
            let seen = &mut model.ctx.account;
            // What one may do greys out or lights up as soon as it is known.
            if seen
                .as_deref()
                .is_some_and(|seen| *seen == presence.account)
            {
                model.phase = Phase::Unchanged;
            } else {
                *seen = Some(Box::new(presence.account));
            }
            Vec::new()
        }
        Err(failure) if failure.kind == FailureKind::FactorRequired => {
            model.vigil = Vigil::Never;
            if model.modals.is_empty() {
                set_up_factor(model)
            } else {
                Vec::new()
            }
        }
        Err(failure) => fail(model, &failure),
    }
}

/// The list again; where it was this session, the next look finds it ended.
fn on_session_ended(model: &mut Model) -> Vec<Effect> {
    let words = "The session has ended";
    model.toasts.push(Kind::Success, words, model.ctx.now);
    let actor = model.ctx.session.as_ref().map(|s| s.actor.clone());
    actor.map(Effect::MySessions).into_iter().collect()
}

/// Asks who sits there to prove it; what was refused is tried again after that.
pub(super) fn ask_for_proof(model: &mut Model) -> Vec<Effect> {
    model.open(Modal::Prove(Prove::default()));
    Vec::new()
}

fn asks_for_proof(model: &mut Model, failure: &Failure) -> Vec<Effect> {
    if failure.kind == FailureKind::ProofNeeded {
        ask_for_proof(model)
    } else {
        Vec::new()
    }
}

fn on_proven(model: &mut Model) -> Vec<Effect> {
    if matches!(model.modals.last(), Some(Modal::Prove(_))) {
        model.modals.pop();
    }
    dispatch(model, &ModalEvent::Action(Action::Retry))
}

/// Opens the enrolment, for who can't go on without.
pub(super) fn set_up_factor(model: &mut Model) -> Vec<Effect> {
    model.open(Modal::SecondFactor(SecondFactor::default()));
    let actor = model.ctx.session.as_ref().map(|s| s.actor.clone());
    actor.map(Effect::ShowSecondFactor).into_iter().collect()
}

/// The dialog was closed: on into the account that asked for the factor, or to the others.
pub(super) fn after_enrolling(model: &mut Model, enrolled: bool) -> Vec<Effect> {
    let Some(session) = model.ctx.session.clone() else {
        return Vec::new();
    };
    if matches!(model.screen, Screen::Main(_)) {
        model.plan_watch(None);
        return Vec::new();
    }
    if enrolled {
        return choose_account(model, &session).into_iter().collect();
    }
    model.screen = Screen::ChooseAccount(ChooseAccount::default());
    Vec::new()
}

fn on_required(model: &mut Model, required: bool, reply: Reply<()>) -> Vec<Effect> {
    match reply {
        Ok(()) => {
            model.modals.pop();
            let words = if required {
                "Everybody in this account needs a second factor now"
            } else {
                "This account no longer asks for a second factor"
            };
            succeed(model, words)
        }
        Err(failure) => asks_for_proof(model, &failure),
    }
}

fn on_link(model: &mut Model, reply: Reply<secrecy::SecretString>) -> Vec<Effect> {
    use secrecy::ExposeSecret;
    match reply {
        Ok(link) => {
            let lines = vec![
                DisplaySafe::new(
                    "Whoever has this link can join in that person's name. Showing it is recorded.",
                ),
                DisplaySafe::default(),
                DisplaySafe::new(link.expose_secret()),
            ];
            model.open(Modal::Notice(Notice::new("One-time link", lines)));
            Vec::new()
        }
        Err(failure) => fail(model, &failure),
    }
}
