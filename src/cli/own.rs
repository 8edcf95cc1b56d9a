//! The commands about one's own: sessions and the second factor.

use super::args::{SecondFactorCommand, SessionCommand};
use super::caller::Caller;
use super::failure::{Failure, Outcome};
use super::output::{Format, Output, Table};
use super::{terminal, words};
use crate::domain::SessionId;
use crate::service::{Proof, ServiceError};
use secrecy::ExposeSecret;
use serde_json::json;

/// `rollbook session …`
///
/// # Errors
/// [`Failure::Usage`] without `--as`; what the use case says.
pub async fn sessions(
    caller: &Caller<'_>,
    command: &SessionCommand,
    output: &mut Output<'_>,
) -> Outcome {
    somebody(caller)?;
    let (service, actor) = (caller.service, &caller.actor);
    match command {
        SessionCommand::List => list(caller, output).await,
        SessionCommand::End { id } => {
            let missing = ServiceError::NotFound { what: "Session" };
            let id: SessionId = id.parse().map_err(|_malformed| missing)?;
            service.end_session(actor, id).await?;
            output.document(&json!({"ended": 1}))?;
            output.line("The session has ended")
        }
        SessionCommand::EndAll => {
            let ended = service.sign_out_everywhere(actor).await?;
            output.document(&json!({"ended": ended}))?;
            output.line(&format!("Signed out everywhere; sessions ended: {ended}"))
        }
    }
}

async fn list(caller: &Caller<'_>, output: &mut Output<'_>) -> Outcome {
    let live = caller.service.my_sessions(&caller.actor).await?;
    if output.format() == Format::Json {
        let document = |session: &crate::domain::SessionSummary| {
            json!({
                "id": session.id,
                "source": session.source,
                "account": session.account,
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "second_factor": session.second_factor,
                "current": Some(session.id) == caller.actor.session(),
            })
        };
        return output.document(&live.iter().map(document).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["ID", "SOURCE", "ACCOUNT", "LAST SEEN"]);
    for session in live {
        let here = Some(session.id) == caller.actor.session();
        let seen = words::moment(Some(session.last_seen_at));
        table.row([
            session.id.to_string().into(),
            session.source,
            session.account.unwrap_or_else(|| "-".into()),
            if here {
                format!("{seen} (this command)").into()
            } else {
                seen.into()
            },
        ]);
    }
    output.table(&table)
}

/// `rollbook second-factor …`
///
/// # Errors
/// As [`sessions`].
pub async fn second_factor(
    caller: &Caller<'_>,
    command: &SecondFactorCommand,
    output: &mut Output<'_>,
) -> Outcome {
    somebody(caller)?;
    let (service, actor) = (caller.service, &caller.actor);
    match command {
        SecondFactorCommand::Show => {
            let state = service.second_factor(actor).await?;
            let left = state.recovery_codes_left;
            output.document(&json!({"enrolled": state.enrolled, "recovery_codes_left": left}))?;
            output.line(&if state.enrolled {
                format!("On; recovery codes left: {left}")
            } else {
                "None; set one up with: rollbook second-factor enrol".to_owned()
            })
        }
        SecondFactorCommand::Enrol => {
            let enrolment = service.begin_second_factor(actor).await?;
            let (uri, secret) = (
                enrolment.uri.expose_secret(),
                enrolment.secret.expose_secret(),
            );
            output.document(&json!({"uri": uri, "secret": secret}))?;
            output.line(&format!(
                "Tell your authenticator: {secret}\nor: {uri}\nthen: rollbook second-factor confirm"
            ))
        }
        SecondFactorCommand::Confirm => {
            let codes = service
                .confirm_second_factor(actor, &terminal::code()?)
                .await?;
            let codes: Vec<&str> = codes.iter().map(ExposeSecret::expose_secret).collect();
            output.document(&json!({"recovery_codes": codes}))?;
            output.line(&format!(
                "The second factor is on. Recovery codes, each good for once and not shown again:\n{}",
                codes.join("\n")
            ))
        }
        SecondFactorCommand::Remove => {
            let password = terminal::password("Password: ")?;
            let code = terminal::code()?;
            let proof = Proof {
                password: &password,
                code: Some(&code),
            };
            service.remove_second_factor(actor, proof).await?;
            output.document(&json!({"enrolled": false}))?;
            output.line("The second factor is off")
        }
    }
}

/// The operator has no sessions and no second factor.
fn somebody(caller: &Caller<'_>) -> Outcome {
    if caller.is_operator() {
        return Err(Failure::Usage("Say whose: --as EMAIL".to_owned()));
    }
    Ok(())
}
