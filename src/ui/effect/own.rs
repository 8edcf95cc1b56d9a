//! What is the person's own, carried out: details, password, logins, sessions, second factor.

use super::Effect;
use super::perform::reply;
use crate::service::{Proof, Service};
use crate::ui::message::Message;
use secrecy::SecretString;

const LOGINS_SHOWN: i64 = 200;

/// Carries an effect out that is about the person's own; gives any other back.
pub(super) async fn on_ones_own(effect: Effect, service: &Service) -> Result<Message, Box<Effect>> {
    Ok(match effect {
        Effect::RenameMyself(actor, name) => {
            Message::Renamed(reply(service.rename_myself(&actor, &name).await).map(Box::new))
        }
        Effect::ChangePassword {
            actor,
            current,
            new,
        } => Message::PasswordChanged(reply(service.change_password(&actor, &current, &new).await)),
        Effect::LoginLog(actor) => {
            Message::LoginsLoaded(reply(service.login_log(&actor, LOGINS_SHOWN).await))
        }
        Effect::MySessions(actor) => {
            Message::SessionsLoaded(reply(service.my_sessions(&actor).await))
        }
        Effect::EndSession(actor, session) => {
            Message::SessionEnded(reply(service.end_session(&actor, session).await))
        }
        Effect::SignOutEverywhere(actor) => {
            Message::SignedOutEverywhere(reply(service.sign_out_everywhere(&actor).await))
        }
        effect => return second_factor(effect, service).await,
    })
}

async fn second_factor(effect: Effect, service: &Service) -> Result<Message, Box<Effect>> {
    Ok(match effect {
        Effect::ConfirmIdentity {
            actor,
            password,
            code,
        } => {
            let proven = service.confirm_identity(&actor, proof(&password, &code));
            Message::Proven(reply(proven.await))
        }
        Effect::ShowSecondFactor(actor) => {
            Message::FactorShown(reply(service.second_factor(&actor).await))
        }
        Effect::BeginSecondFactor(actor) => {
            Message::EnrolmentBegun(reply(service.begin_second_factor(&actor).await))
        }
        Effect::ConfirmSecondFactor(actor, code) => {
            Message::FactorConfirmed(reply(service.confirm_second_factor(&actor, &code).await))
        }
        Effect::RemoveSecondFactor {
            actor,
            password,
            code,
        } => {
            let removed = service.remove_second_factor(&actor, proof(&password, &code));
            Message::FactorRemoved(reply(removed.await))
        }
        other => return Err(Box::new(other)),
    })
}

fn proof<'a>(password: &'a SecretString, code: &'a SecretString) -> Proof<'a> {
    Proof {
        password,
        code: Some(code),
    }
}
