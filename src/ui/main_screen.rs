//! Input on the main screen: what means the same in every pane, and which pane gets the rest.

use super::action::Action;
use super::effect::Effect;
use super::layout;
use super::modals::{
    ChangePassword, LoginLog, Modal, ModalEvent, MyDetails, MySessions, ProfileMenu, SecondFactor,
    SwitchAccount,
};
use super::model::{Model, Screen};
use super::outcomes::grant_wish;
use super::panes::{Pane, open_for_invitation, rows_in};
use super::view;

/// Gives an event to the main screen.
pub(super) fn on_main(model: &mut Model, event: &ModalEvent<'_>) -> Vec<Effect> {
    if let ModalEvent::Action(action) = event
        && let Some(effects) = main_action(model, *action)
    {
        return effects;
    }
    let Screen::Main(main) = &mut model.screen else {
        return Vec::new();
    };
    let areas = main.areas(model.ctx.area);
    if let ModalEvent::Click(at) = event {
        if areas.top.contains(*at) && view::profile_at(*at, &model.ctx) {
            return open_profile(model);
        }
        for (pane, area) in [
            (Pane::Members, areas.members),
            (Pane::Invitations, areas.invitations),
            (Pane::Invite, areas.invite),
        ] {
            if area.contains(*at) {
                main.focus = pane;
            }
        }
    }
    if let ModalEvent::Paste(_) = event
        && !main.is_typing()
    {
        main.focus = Pane::Invite;
    }
    // The focus may have unfolded another pane: places are asked for anew.
    let areas = main.areas(model.ctx.area);
    let ctx = &model.ctx;
    let wish = match main.focus {
        Pane::Members => main
            .members
            .on_event(event, layout::rows(areas.members), ctx),
        Pane::Invitations => main
            .invitations
            .on_event(event, rows_in(areas.invitations), ctx),
        Pane::Invite => main.invite.on_event(event, areas.invite, ctx),
    };
    grant_wish(model, wish)
}

/// Actions of the main screen, whichever pane has the focus. None leaves the action to the pane.
fn main_action(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let Screen::Main(main) = &mut model.screen else {
        return None;
    };
    match action {
        Action::Next | Action::Previous => {
            if main.focus == Pane::Invite && !main.invite.leaves(action) {
                return None;
            }
            main.cycle(action);
        }
        Action::OpenInvite => {
            main.focus = Pane::Invite;
            main.invite.enter();
        }
        Action::InviteSeveral => {
            main.focus = Pane::Invite;
            let wish = main.invite.open_several(&model.ctx);
            return Some(grant_wish(model, wish));
        }
        Action::Search => {
            main.focus = Pane::Members;
            return None;
        }
        Action::Back if main.focus != Pane::Members => main.focus = Pane::Members,
        Action::Back if main.trouble.is_some() => return Some(vec![Effect::Stop]),
        Action::UserManagement => main.focus = Pane::Members,
        Action::ResendInvitation if main.focus == Pane::Invite => return resend_from_invite(model),
        Action::OpenProfile => return Some(open_profile(model)),
        Action::RestoreMember => {
            return Some(model.ctx.seat().map(Effect::FindUndo).into_iter().collect());
        }
        action => return profile_action(model, action),
    }
    Some(Vec::new())
}

fn open_profile(model: &mut Model) -> Vec<Effect> {
    let menu = ProfileMenu::new(&model.ctx);
    model.open(Modal::ProfileMenu(menu));
    Vec::new()
}

/// The entries of the profile menu.
fn profile_action(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let ctx = &model.ctx;
    let actor = ctx.session.as_ref()?.actor.clone();
    let (dialog, effects) = match action {
        Action::SwitchAccount => (Modal::SwitchAccount(SwitchAccount::new(ctx)), Vec::new()),
        Action::MyDetails => (Modal::MyDetails(MyDetails::new(ctx)), Vec::new()),
        Action::ChangePassword => (Modal::ChangePassword(ChangePassword::new(ctx)), Vec::new()),
        Action::LoginLog => (
            Modal::LoginLog(LoginLog::new(ctx)),
            vec![Effect::LoginLog(actor)],
        ),
        Action::MySessions => (
            Modal::MySessions(MySessions::new(ctx)),
            vec![Effect::MySessions(actor)],
        ),
        Action::SecondFactor => (
            Modal::SecondFactor(SecondFactor::default()),
            vec![Effect::ShowSecondFactor(actor)],
        ),
        Action::AcceptOwnership => return Some(vec![Effect::AcceptOwnership(ctx.seat()?)]),
        Action::SignOut => return Some(vec![Effect::SignOut(actor)]),
        _ => return None,
    };
    model.open(dialog);
    Some(effects)
}

/// `r` in the invite pane, where the address is already invited.
fn resend_from_invite(model: &mut Model) -> Option<Vec<Effect>> {
    let Screen::Main(main) = &model.screen else {
        return None;
    };
    let pending = main
        .invitations
        .pending_for(main.invite.to_resend()?)?
        .clone();
    let wish = open_for_invitation(Action::ResendInvitation, pending, &model.ctx);
    Some(grant_wish(model, wish))
}
