//! What work on many does to the model: marks and lists follow what was done, dialogs close in turn.

use super::answers::fail;
use super::effect::{Break, BulkEnd, Effect, FailureKind};
use super::message::Reply;
use super::modals::{Bulk, Modal, Several};
use super::model::Model;
use super::own;
use super::update::{reload, to_sign_in};
use super::widgets::toast::Kind;
use crate::domain::{CommandId, Fate, Grant, Member};

/// The work is done, or broken off.
pub(super) fn on_ended(model: &mut Model, command: CommandId, end: &BulkEnd) -> Vec<Effect> {
    let settled = model.modals.iter().find_map(|modal| match modal {
        Modal::Bulk(bulk) if bulk.command() == command => Some(bulk.settled(&end.verdicts)),
        _ => None,
    });
    // Who signed out meanwhile has no dialog any more.
    let Some(settled) = settled else {
        return reload(model);
    };
    if let Some(main) = model.main_mut() {
        main.members.marked.unmark(settled);
    }
    let ctx = model.ctx.clone();
    for modal in &mut model.modals {
        if let Modal::Several(several) = modal {
            several.settle(&end.verdicts, &ctx);
        }
    }
    let mut effects = reload(model);
    if let Some(Break::By(failure)) = &end.broken_off {
        match failure.kind {
            FailureKind::SignedOut => {
                to_sign_in(model, failure.text.as_str());
                return Vec::new();
            }
            FailureKind::ProofNeeded => effects.extend(own::ask_for_proof(model)),
            FailureKind::Unavailable => effects.extend(fail(model, failure)),
            _ => {}
        }
    }
    effects
}

/// The dialog was closed: what it came to is said, and what stood beneath it goes with it. A list stays
/// as long as somebody is left in it.
pub(super) fn on_closed(model: &mut Model, closed: &Bulk) -> Vec<Effect> {
    let Some((words, fate)) = closed.outcome() else {
        return Vec::new();
    };
    let kind = match fate {
        Fate::Refused => Kind::Warning,
        Fate::Done | Fate::Settled => Kind::Success,
    };
    model.toasts.push(kind, words, model.ctx.now);
    let left = |modal: &Modal| matches!(modal, Modal::Several(several) if !several.is_empty());
    if model.modals.last().is_some_and(left) {
        return Vec::new();
    }
    model.modals.clear();
    Vec::new()
}

/// The box was closed: what was typed stays with the pane.
pub(super) fn on_list_closed(model: &mut Model, closed: Several) -> Vec<Effect> {
    if let Some(main) = model.main_mut() {
        main.invite.keep(closed.into_lines());
    }
    Vec::new()
}

/// A grant was chosen for invitations: for the list on the screen, and for the pane.
pub(super) fn on_chosen(model: &mut Model, grant: Grant) -> Vec<Effect> {
    let ctx = model.ctx.clone();
    let effect = match model.modals.last_mut() {
        Some(Modal::Several(several)) => several.chosen(grant.clone(), &ctx),
        _ => None,
    };
    if let Some(main) = model.main_mut() {
        main.invite.chosen(grant);
    }
    effect.into_iter().collect()
}

/// Everybody whom the list shows is marked, unless they are too many.
pub(super) fn on_everybody(model: &mut Model, reply: Reply<Option<Vec<Member>>>) -> Vec<Effect> {
    let wanted = model
        .main_mut()
        .is_some_and(|main| main.members.marked.found());
    let found = match reply {
        Ok(_) if !wanted => return Vec::new(),
        Ok(found) => found,
        Err(failure) => return fail(model, &failure),
    };
    let too_many = || {
        let words = "They are too many to be marked: search for fewer, or name them in a file";
        Err(format!("{words} (rollbook member … --from FILE)"))
    };
    let ctx = model.ctx.clone();
    let Some(main) = model.main_mut() else {
        return Vec::new();
    };
    let marked = match found {
        Some(members) => main.members.marked.mark(members, &ctx),
        None => too_many(),
    };
    if let Err(words) = marked {
        model.toasts.push(Kind::Warning, words, model.ctx.now);
    }
    Vec::new()
}
