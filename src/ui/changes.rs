//! What became of a reviewed change: written, refused, or met by somebody else's; and which change is
//! taken back.

use super::answers::{fail, succeed};
use super::effect::{Effect, Failure, FailureKind};
use super::message::{Done, Reply};
use super::modals::{Confirm, Conflict, Modal, Permissions, Review};
use super::model::Model;
use super::own;
use super::update::reload;
use super::widgets::toast::Kind;
use super::words::done_words;
use crate::domain::{Change, Current, Grant, Restoration, ThreeWay};

/// Applies the answer to a reviewed change.
pub(super) fn on_changed(model: &mut Model, change: &Change, reply: Reply<Done>) -> Vec<Effect> {
    let done = match reply {
        Ok(done) => done,
        Err(failure) => return on_refused(model, change, &failure),
    };
    model.modals.clear();
    let words = done_words(&done, &model.ctx.mail);
    if let (Done::InvitationSent(invitation), Some(main)) = (&done, model.main_mut()) {
        main.invitations.expect(invitation.id);
        main.invite.sent();
    }
    succeed(model, &words)
}

/// A refused change stays in its review, except where the pane beneath has the way out, and where it
/// can't be made any more.
fn on_refused(model: &mut Model, change: &Change, failure: &Failure) -> Vec<Effect> {
    if let Change::Invite { email, .. } = change
        && let Some(main) = model.main_mut()
        && main.invite.refused(email, failure)
    {
        model.modals.clear();
        return reload(model);
    }
    let restores = matches!(change, Change::Restore { .. });
    match (failure.kind, &failure.current) {
        (FailureKind::Changed, Some(current)) => on_conflict(model, change, current),
        (FailureKind::NotFound, _) => {
            let words = match about(change) {
                Some(who) => format!("{who} was removed meanwhile; nothing was changed"),
                None => failure.text.to_string(),
            };
            give_up(model, &words)
        }
        (FailureKind::Changed, None) => give_up(model, failure.text.as_str()),
        (FailureKind::AlreadyMember, _) if restores => give_up(model, failure.text.as_str()),
        (FailureKind::Unavailable, _) => fail(model, failure),
        (FailureKind::ProofNeeded, _) => own::ask_for_proof(model),
        _ => Vec::new(),
    }
}

/// The member that a change is about.
fn about(change: &Change) -> Option<&str> {
    match change {
        Change::SetGrant { member, .. }
        | Change::OfferOwnership { member }
        | Change::Remove { member } => Some(member.email.as_str()),
        Change::Restore { restoration, .. } => Some(restoration.email.as_str()),
        _ => None,
    }
}

fn give_up(model: &mut Model, words: &str) -> Vec<Effect> {
    model.modals.clear();
    model.toasts.push(Kind::Warning, words, model.ctx.now);
    reload(model)
}

/// Somebody else was faster: what was, yours and theirs side by side; a removal asks again.
fn on_conflict(model: &mut Model, change: &Change, current: &Current) -> Vec<Effect> {
    model.modals.clear();
    if let (Change::Remove { member: was }, Current::Member(now)) = (change, current) {
        let again = Confirm::again(&was.grant, (**now).clone());
        model.open(Modal::Confirm(again));
        let seat = model.ctx.seat();
        let preview = seat.map(|seat| Effect::RemovalPreview(seat, now.email.clone()));
        return reload(model).into_iter().chain(preview).collect();
    }
    let Some((was, _)) = change.grants() else {
        return reload(model);
    };
    side_by_side(model, change.clone(), (current.clone(), was.clone()));
    reload(model)
}

fn side_by_side(model: &mut Model, change: Change, (current, was): (Current, Grant)) {
    let Some((_, yours)) = change.grants() else {
        return;
    };
    let three = ThreeWay {
        was,
        yours: yours.clone(),
        theirs: current.grant().clone(),
    };
    let both = three.merge(&model.ctx.catalogue);
    if both.as_ref() == Ok(&three.theirs) {
        let words = "Somebody else did that meanwhile already; nothing is left to save";
        model.toasts.push(Kind::Success, words, model.ctx.now);
        return;
    }
    if three.was == three.theirs
        && let Some(change) = change.onto(&current, three.yours.clone())
    {
        // Only something else about the person changed.
        let review = Review::new(change, &model.ctx);
        model.open(Modal::Review(review));
        return;
    }
    let dialog = Conflict::new((change, current), three, &model.ctx);
    model.open(Modal::Conflict(dialog));
}

/// Yours over theirs, to be edited further.
pub(super) fn edit(model: &mut Model, current: Current, grant: &Grant) {
    let dialog = Permissions::onto(current, grant, &model.ctx);
    model.open(Modal::Permissions(dialog));
}

/// The conflict was left without a choice: theirs stays.
pub(super) fn on_dropped(model: &mut Model) -> Vec<Effect> {
    let words = "Nothing was saved; it stays as somebody else left it";
    model.toasts.push(Kind::Warning, words, model.ctx.now);
    Vec::new()
}

/// The change that `u` takes back is reviewed first; what somebody else changed since stands beside it.
pub(super) fn on_undo_found(model: &mut Model, reply: Reply<Box<Restoration>>) -> Vec<Effect> {
    let restoration = match reply {
        Ok(restoration) => restoration,
        Err(failure) if failure.kind == FailureKind::Conflict => {
            model
                .toasts
                .push(Kind::Warning, failure.text, model.ctx.now);
            return Vec::new();
        }
        Err(failure) => return fail(model, &failure),
    };
    let Some(standing) = model.ctx.standing() else {
        return Vec::new();
    };
    if !model.modals.is_empty() {
        return Vec::new();
    }
    let to = match restoration.offer(&standing, &model.ctx.catalogue) {
        Ok(offer) => offer.grant,
        Err(denied) => {
            let words = format!("{}: {denied}", restoration.email);
            model.toasts.push(Kind::Warning, words, model.ctx.now);
            return Vec::new();
        }
    };
    let stale = restoration.is_stale();
    let theirs = restoration.now.clone().filter(|_| stale);
    let was = restoration.was.clone();
    let change = Change::Restore { restoration, to };
    if let (Some(now), Some(was)) = (theirs, was) {
        side_by_side(model, change, (Current::Member(Box::new(now)), was));
        return Vec::new();
    }
    let review = Review::new(change, &model.ctx);
    model.open(Modal::Review(review));
    Vec::new()
}
