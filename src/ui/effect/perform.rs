//! Effects carried out through the service, each answered by a message.

use super::bulk::on_many;
use super::members::{list_members, locate_member};
use super::own::on_ones_own;
use super::{Effect, Failure, Here, Seat, Session};
use crate::clock::Clock;
use crate::domain::{Actor, Change, CommandId, Email, Grant, Restoration};
use crate::service::{
    Limits, MailTruth, Proof, Restore, SendInvitation, Service, ServiceError, SetGrant, SignedIn,
    Wanted, Write, WriteMode, until_known,
};
use crate::ui::message::{Done, Found, Message, Reply, Setup};
use crate::ui::model::Mail;
use secrecy::SecretString;

/// Counting stops here while a search is on.
pub const COUNT_CAP: i64 = 1001;
/// How many events of a membership are read at once.
pub const HISTORY_PAGE: i64 = 50;

/// Carries `effect` out and tells what came of it. [`Effect::Connect`], [`Effect::CopyText`],
/// [`Effect::KeepSession`], [`Effect::Stop`], [`Effect::GiveUp`] and the work on many are the runtime's
/// and answer nothing here.
pub async fn perform(effect: Effect, service: &Service, here: &Here) -> Option<Message> {
    let message = match effect {
        Effect::Connect
        | Effect::CopyText(_)
        | Effect::KeepSession(_)
        | Effect::Stop
        | Effect::GiveUp(_) => {
            return None;
        }
        Effect::SetUp {
            account,
            owner,
            password,
        } => Message::SignedIn(set_up((&account, &owner, &password), service, here).await),
        Effect::SignIn {
            email,
            password,
            code,
        } => {
            let proof = Proof {
                password: &password,
                code: code.as_ref(),
            };
            Message::SignedIn(session(service.sign_in(&email, proof, &here.entry()).await))
        }
        Effect::Resume(secret) => {
            Message::SignedIn(session(service.resume(&secret, &here.entry()).await))
        }
        Effect::SignOut(actor) => Message::SignedOut(reply(service.sign_out(&actor).await)),
        Effect::EnterAccount(actor, account) => Message::AccountEntered(
            reply(service.enter_account(&actor, account).await).map(Box::new),
        ),
        effect => match on_ones_own(effect, service).await {
            Ok(message) => message,
            Err(effect) => match on_many(*effect, service).await {
                Ok(message) => message,
                Err(effect) => return in_account(*effect, service).await,
            },
        },
    };
    Some(message)
}

async fn in_account(effect: Effect, service: &Service) -> Option<Message> {
    let message = match effect {
        Effect::ListMembers(list) => list_members(&list, service).await,
        Effect::LocateMember(locate) => locate_member(&locate, service).await,
        Effect::CountMembers(Seat { actor, account }, query) => Message::MembersCounted(reply(
            service
                .count_members(&actor, account, &query, COUNT_CAP)
                .await,
        )),
        Effect::ListInvitations(Seat { actor, account }) => {
            Message::InvitationsLoaded(reply(service.list_invitations(&actor, account).await))
        }
        Effect::ShowMember(Seat { actor, account }, email) => Message::MemberShown(
            reply(service.show_member(&actor, account, &email).await).map(Box::new),
        ),
        Effect::RemovalPreview(Seat { actor, account }, email) => Message::RemovalPreviewed(reply(
            service.removal_preview(&actor, account, &email).await,
        )),
        Effect::Apply(seat, change, command) => {
            let result = until_known(|| apply(&seat, &change, command, service)).await;
            Message::Changed(change, reply(result))
        }
        Effect::FindUndo(Seat { actor, account }) => {
            let found = service.find_undo(&actor, account).await;
            Message::UndoFound(reply(found).map(Box::new))
        }
        Effect::MemberHistory(Seat { actor, account }, email, before) => {
            let page = (before, HISTORY_PAGE);
            let history = service.member_history(&actor, account, &email, page);
            Message::HistoryLoaded(reply(history.await).map(Box::new))
        }
        Effect::AcceptOwnership(Seat { actor, account }) => {
            let write = Write::new(&actor, account);
            Message::OwnershipAccepted(reply(service.accept_ownership(&write).await).map(Box::new))
        }
        Effect::StillIn(Seat { actor, account }) => {
            let presence = service.still_in(&actor, account).await;
            Message::StillIn(reply(presence).map(Box::new))
        }
        Effect::RequireSecondFactor(Seat { actor, account }, required) => {
            let write = Write::new(&actor, account);
            let done = service.require_second_factor(&write, required).await;
            Message::FactorRequired(required, reply(done))
        }
        Effect::RevealLink(Seat { actor, account }, id) => {
            let write = Write::new(&actor, account);
            let link = service
                .reveal_link(&write, id)
                .await
                .map(|revealed| revealed.link);
            Message::LinkRevealed(reply(link))
        }
        _ => return None,
    };
    Some(message)
}

fn reviewed(restoration: &Restoration, to: &Grant) -> Restore {
    Restore {
        email: restoration.email.clone(),
        what: Wanted::Reviewed {
            event: restoration.event,
            moment: restoration.moment,
            to: to.clone(),
            version: restoration.now.as_ref().map(|now| now.version),
        },
    }
}

/// One reviewed change, one use case.
async fn apply(
    seat: &Seat,
    change: &Change,
    command: CommandId,
    service: &Service,
) -> Result<Done, ServiceError> {
    let write = Write {
        actor: seat.actor.clone(),
        account: seat.account,
        command,
        mode: WriteMode::Apply,
    };
    Ok(match change {
        Change::SetGrant { member, to } => {
            let wanted = SetGrant {
                email: member.email.clone(),
                to: to.clone(),
                version: Some(member.version),
            };
            Done::GrantSet(Box::new(service.set_grant(&write, &wanted).await?.member))
        }
        Change::Restore { restoration, to } => {
            let restore = reviewed(restoration, to);
            let restored = service.restore_member(&write, &restore).await?;
            let (member, removed) = (Box::new(restored.member), restored.removed);
            Done::Restored { member, removed }
        }
        Change::OfferOwnership { member } => Done::OwnershipOffered(Box::new(
            service.offer_ownership(&write, &member.email).await?,
        )),
        Change::Remove { member } => {
            let version = Some(member.version);
            let removed = service
                .remove_member(&write, &member.email, version)
                .await?;
            Done::MemberRemoved {
                member: Box::new(removed.member),
                sessions_ended: removed.sessions_ended,
                invitations_cancelled: removed.invitations_cancelled,
            }
        }
        Change::Invite { email, grant } => {
            let send = SendInvitation {
                email: email.clone(),
                grant: grant.clone(),
                limits: Limits::Enforced,
            };
            let invited = service.send_invitation(&write, &send).await?;
            Done::InvitationSent(Box::new(invited.invitation))
        }
        Change::EditInvitation { invitation, to } => {
            let (id, version) = (invitation.id, Some(invitation.version));
            let edited = service.edit_invitation(&write, id, to, version).await?;
            Done::InvitationEdited(Box::new(edited))
        }
        Change::ResendInvitation { invitation } => {
            let renewed = service.resend_invitation(&write, invitation.id).await?;
            Done::InvitationResent(Box::new(renewed.invitation))
        }
        Change::CancelInvitation { invitation } => Done::InvitationCancelled(Box::new(
            service.cancel_invitation(&write, invitation.id).await?,
        )),
    })
}

async fn set_up(
    (account, owner, password): (&str, &Email, &SecretString),
    service: &Service,
    here: &Here,
) -> Reply<Box<Session>> {
    let operator = Actor::operator(&here.os_user, here.origin.clone());
    service
        .set_up(&operator, account, owner, Some(password))
        .await?;
    let signed_in = service
        .sign_in(owner.as_str(), password, &here.entry())
        .await;
    session(signed_in)
}

/// What a fresh connection tells the screen.
///
/// # Errors
/// A [`Failure`] when the database does not answer.
pub async fn look_around(service: &Service, clock: Clock) -> Reply<Found> {
    let setup = if service.needs_setup().await? {
        Setup::Needed
    } else {
        Setup::Done
    };
    let mail = match service.mail_truth() {
        MailTruth::Smtp { host } => Mail::Smtp { host: host.clone() },
        MailTruth::Files { folder } => Mail::Files {
            folder: folder.clone(),
        },
    };
    let before = clock.now();
    let there = service.clock().await?;
    let round_trip = clock.now().duration_since(before);
    // The database looked at its clock about half-way.
    let ahead = there.duration_since(before).saturating_sub(round_trip / 2);
    Ok(Found { setup, mail, ahead })
}

pub(super) fn reply<T>(result: Result<T, ServiceError>) -> Reply<T> {
    result.map_err(Failure::from)
}

fn session(result: Result<SignedIn, ServiceError>) -> Reply<Box<Session>> {
    reply(result).map(|signed_in| Box::new(signed_in.into()))
}
