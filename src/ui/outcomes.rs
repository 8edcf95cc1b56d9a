//! What a pane or dialog asks for, carried out: dialogs opened and closed, effects started.

use super::bulk;
use super::changes;
use super::effect::Effect;
use super::modals::ModalEvent;
use super::modals::{Bulk, History, Modal, Outcome, Permissions, Review, Submitted};
use super::model::Model;
use super::own::after_enrolling;
use super::panes::Wish;
use super::update::dispatch;
use super::widgets::toast::Kind;

/// Carries out what a pane asks for.
pub(super) fn grant_wish(model: &mut Model, wish: Wish) -> Vec<Effect> {
    match wish {
        Wish::Nothing => Vec::new(),
        Wish::Effects(effects) => effects,
        Wish::Open(dialog, effects) => {
            model.open(*dialog);
            effects
        }
        Wish::Refuse(reason) => {
            model.toasts.push(Kind::Warning, reason, model.ctx.now);
            Vec::new()
        }
    }
}

/// Acts on what a dialog came to.
pub(super) fn settle(model: &mut Model, outcome: Outcome<Submitted>) -> Vec<Effect> {
    let submitted = match outcome {
        Outcome::Stay => return Vec::new(),
        Outcome::Close => {
            return match model.modals.pop() {
                Some(Modal::SecondFactor(factor)) => after_enrolling(model, factor.is_done()),
                Some(Modal::Conflict(_)) => changes::on_dropped(model),
                Some(Modal::Bulk(closed)) => bulk::on_closed(model, &closed),
                Some(Modal::Several(closed)) => bulk::on_list_closed(model, *closed),
                _ => Vec::new(),
            };
        }
        Outcome::Submit(submitted) => submitted,
    };
    submit(model, submitted)
}

fn submit(model: &mut Model, submitted: Submitted) -> Vec<Effect> {
    let seat = model.ctx.seat();
    let session = model.ctx.session.as_ref();
    let actor = session.map(|session| session.actor.clone());
    let effect = match submitted {
        Submitted::Review(change) => {
            let review = Review::new(*change, &model.ctx);
            model.open(Modal::Review(review));
            None
        }
        Submitted::ReviewMany(plan) => {
            let (dialog, preview) = Bulk::open(*plan, &model.ctx);
            model.open(dialog);
            preview
        }
        Submitted::ChooseGrant(grant) => {
            let dialog = Permissions::for_invite(grant.as_ref(), &model.ctx);
            model.open(Modal::Permissions(dialog));
            None
        }
        Submitted::Edit(current, grant) => {
            changes::edit(model, *current, &grant);
            None
        }
        Submitted::History(email) => {
            let history = History::new(email, &model.ctx);
            let effect = history.first_page(&model.ctx);
            model.open(Modal::History(history));
            effect
        }
        Submitted::Chosen(grant) => {
            model.modals.pop();
            return bulk::on_chosen(model, grant);
        }
        Submitted::Act(action) => {
            model.modals.pop();
            return dispatch(model, &ModalEvent::Action(action));
        }
        Submitted::Copy(text) => {
            let words = "Copied, where the terminal allows it (OSC 52)";
            model.toasts.push(Kind::Success, words, model.ctx.now);
            Some(Effect::CopyText(text))
        }
        Submitted::EnterAccount(account) => {
            model.modals.pop();
            actor.map(|actor| Effect::EnterAccount(actor, account))
        }
        Submitted::Apply(change, command) => seat.map(|seat| Effect::Apply(seat, change, command)),
        Submitted::Start(effect) => Some(effect),
        Submitted::RevealLink(id) => seat.map(|seat| Effect::RevealLink(seat, id)),
        Submitted::Rename(name) => actor.map(|actor| Effect::RenameMyself(actor, name)),
        Submitted::ChangePassword { current, new } => actor.map(|actor| Effect::ChangePassword {
            actor,
            current,
            new,
        }),
    };
    effect.into_iter().collect()
}
