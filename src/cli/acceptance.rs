//! `rollbook invite accept`: the same acceptance without a browser.

use super::args::{AcceptArgs, Global};
use super::caller::entry;
use super::documents::AcceptanceDocument;
use super::failure::{Failure, Outcome};
use super::output::Output;
use super::{terminal, words};
use crate::domain::{Email, InvitationToken, PermissionSet};
use crate::service::{Dead, Look, Proof, Registration, Service, ServiceError, SignInFault, Terms};
use secrecy::ExposeSecret;

/// Shows what is offered, then logs in or registers, and joins.
///
/// # Errors
/// [`ServiceError::Dead`] for a link that can't be accepted, [`Failure::Usage`] where nobody can be
/// asked and the answer is not in the arguments.
pub async fn run(
    service: &Service,
    (global, args): (&Global, &AcceptArgs),
    output: &mut Output<'_>,
) -> Outcome {
    let dead = |reason| Failure::Service(ServiceError::Dead(reason));
    let link = match args.link.as_str() {
        "-" => terminal::link_from_stdin()?,
        link => link.to_owned().into(),
    };
    let token =
        InvitationToken::from_link(link.expose_secret()).ok_or_else(|| dead(Dead::Unknown))?;
    let (terms, registered) = match service.look_at_invitation(&token).await? {
        Look::Open { terms, registered } => (terms, registered),
        Look::Dead(reason) => return Err(dead(reason)),
    };
    meant_for(&terms, global)?;
    show(&terms, output)?;
    if global.dry_run {
        return output.document(&document(&terms, service, ("open", false)));
    }
    if args.decline {
        service.decline_invitation(&token, &entry()).await?;
        output.document(&document(&terms, service, ("declined", false)))?;
        return output.line("Declined; whoever sent the invitation will see that");
    }
    if registered {
        let prompt = format!("Password of {}: ", terms.invitation.email);
        let password = terminal::password(&prompt)?;
        let accepted = service.accept_invitation(&token, &password, &entry()).await;
        if let Err(ServiceError::NotSignedIn(SignInFault::CodeNeeded)) = accepted {
            let code = terminal::code()?;
            let proof = Proof {
                password: &password,
                code: Some(&code),
            };
            service.accept_invitation(&token, proof, &entry()).await?;
        } else {
            accepted?;
        }
    } else {
        let registration = registration(&terms, args, output)?;
        service
            .register_and_accept(&token, &registration, &entry())
            .await?;
    }
    output.document(&document(&terms, service, ("accepted", !registered)))?;
    output.line(&format!(
        "You are a member of {}; open the console with: rollbook",
        terms.account_name
    ))
}

/// With `--as` the link has to be for that address.
fn meant_for(terms: &Terms, global: &Global) -> Outcome {
    let Some(claimed) = &global.act_as else {
        return Ok(());
    };
    let claimed: Email = words::parse_email(claimed)?;
    if claimed == terms.invitation.email {
        return Ok(());
    }
    Err(Failure::NotFound(format!(
        "This invitation is meant for another address than {claimed}; ask for one of your own"
    )))
}

fn show(terms: &Terms, output: &mut Output<'_>) -> Outcome {
    output.line(&format!(
        "{} invites {} to the account {}.",
        terms.inviter_name, terms.invitation.email, terms.account_name
    ))?;
    for permission in &terms.permissions {
        output.line(&format!("  - {permission}"))?;
    }
    let until = words::moment(Some(terms.invitation.expires_at));
    output.line(&format!("Valid until {until}."))?;
    output.flush()
}

fn registration(
    terms: &Terms,
    args: &AcceptArgs,
    output: &mut Output<'_>,
) -> Outcome<Registration> {
    output.remark(&format!(
        "{} has no user yet: choose a name and a password.",
        terms.invitation.email
    ))?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None if terminal::attended() => terminal::ask("Your name: ")?,
        None => {
            return Err(Failure::Usage(
                "Nobody is there to be asked; say --name NAME".to_owned(),
            ));
        }
    };
    Ok(Registration {
        name,
        password: terminal::new_password()?,
    })
}

fn document<'a>(
    terms: &'a Terms,
    service: &Service,
    (status, registered): (&'static str, bool),
) -> AcceptanceDocument<'a> {
    let permissions: PermissionSet = terms.invitation.grant.effective(service.catalogue());
    AcceptanceDocument {
        account: terms.account_name.as_str(),
        email: terms.invitation.email.as_str(),
        invited_by: terms.inviter_name.as_str(),
        role: terms.invitation.grant.role,
        permissions,
        status,
        registered,
    }
}
