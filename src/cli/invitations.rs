//! `rollbook invite …`: send, list, resend, cancel, edit, import.

use super::args::{Choice, ImportArgs, InviteCommand, SendArgs};
use super::bulk::{self, Work};
use super::caller::Caller;
use super::documents::InvitationDocument;
use super::failure::{Failure, Outcome};
use super::output::{Format, Output, Table};
use super::{terminal, words};
use crate::domain::{AccountId, Invitation, InvitationId, roster::Wanted};
use crate::service::{Import, Limits, MailTruth, SendInvitation, until_known};
use secrecy::{ExposeSecret, SecretString};

/// Does what was asked.
///
/// # Errors
/// What the use case says.
pub async fn run(caller: &Caller<'_>, command: &InviteCommand, output: &mut Output<'_>) -> Outcome {
    match command {
        InviteCommand::Send(args) => send(caller, args, output).await,
        InviteCommand::List => list(caller, output).await,
        InviteCommand::Resend { id, show_link } => resend(caller, (*id, *show_link), output).await,
        InviteCommand::Cancel { id, yes } => cancel(caller, (*id, *yes), output).await,
        InviteCommand::Set { id, choice } => set(caller, *id, choice, output).await,
        InviteCommand::Import(args) => import(caller, args, output).await,
        InviteCommand::Accept(_) => Err(Failure::Usage("Accepting needs no --as".to_owned())),
    }
}

async fn send(caller: &Caller<'_>, args: &SendArgs, output: &mut Output<'_>) -> Outcome {
    let wanted = SendInvitation {
        email: words::parse_email(&args.email)?,
        grant: words::chosen(args.choice.all, &args.choice.permission),
        limits: limits(args.no_limit),
    };
    let account = caller.account().await?;
    let write = caller.write_to(account);
    let sent = until_known(|| caller.service.send_invitation(&write, &wanted)).await?;
    told(caller, (account, args.show_link), &sent.invitation, output).await
}

fn limits(lifted: bool) -> Limits {
    if lifted {
        Limits::Lifted
    } else {
        Limits::Enforced
    }
}

async fn import(caller: &Caller<'_>, args: &ImportArgs, output: &mut Output<'_>) -> Outcome {
    let chosen = args.all || !args.permission.is_empty();
    let grant = chosen.then(|| words::chosen(args.all, &args.permission));
    let roster = bulk::read(&args.file, &Wanted::Invitations(grant))?;
    if !roster.ignored().is_empty() {
        let columns: Vec<&str> = roster.ignored().iter().map(AsRef::as_ref).collect();
        output.remark(&format!(
            "Columns that are not read: {}",
            columns.join(", ")
        ))?;
    }
    let import = Import {
        roster: &roster,
        limits: limits(args.no_limit),
    };
    bulk::run(caller, (&Work::Invite(import), &args.course), output).await
}

async fn resend(
    caller: &Caller<'_>,
    (id, show_link): (InvitationId, bool),
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let write = caller.write_to(account);
    let sent = until_known(|| caller.service.resend_invitation(&write, id)).await?;
    told(caller, (account, show_link), &sent.invitation, output).await
}

/// Says that an invitation is on its way, with its link where that was asked for.
async fn told(
    caller: &Caller<'_>,
    (account, show_link): (AccountId, bool),
    invitation: &Invitation,
    output: &mut Output<'_>,
) -> Outcome {
    // A rehearsed invitation is not there to be looked up.
    let link: Option<SecretString> = if show_link && !caller.rehearses() {
        let write = caller.write_to(account);
        let reveal = || caller.service.reveal_link(&write, invitation.id);
        Some(until_known(reveal).await?.link)
    } else {
        None
    };
    let catalogue = caller.service.catalogue();
    output.document(&InvitationDocument::of(invitation, catalogue).with_link(link.as_ref()))?;
    let badge = invitation.grant.badge(catalogue);
    let invited = caller.would("is invited", "would be invited");
    output.line(&format!("{} {invited}: {badge}", invitation.email))?;
    if let Some(link) = &link {
        output.line(link.expose_secret())?;
    }
    if caller.rehearses() {
        return Ok(());
    }
    output.remark(&match caller.service.mail_truth() {
        MailTruth::Smtp { host } => format!("The mail is queued for {host}; id {}", invitation.id),
        MailTruth::Files { folder } => {
            format!(
                "No mail server is configured: the mail will be written to {folder}; id {}",
                invitation.id
            )
        }
    })
}

async fn list(caller: &Caller<'_>, output: &mut Output<'_>) -> Outcome {
    let account = caller.account().await?;
    let invitations = caller
        .service
        .list_invitations(&caller.actor, account)
        .await?;
    let catalogue = caller.service.catalogue();
    if output.format() == Format::Json {
        let documents = invitations
            .iter()
            .map(|i| InvitationDocument::of(i, catalogue));
        return output.document(&documents.collect::<Vec<_>>());
    }
    if invitations.is_empty() {
        return output.remark("No invitation is pending; send one with `rollbook invite send`");
    }
    let mut table = Table::new(&[
        "ID",
        "EMAIL",
        "PERMISSIONS",
        "STATUS",
        "EXPIRES",
        "INVITED BY",
        "DELIVERY",
    ]);
    for invitation in &invitations {
        table.row([
            invitation.id.to_string().into(),
            invitation.email.as_str().into(),
            invitation.grant.badge(catalogue).into(),
            invitation.status.as_str().into(),
            words::moment(Some(invitation.expires_at)).into(),
            invitation.invited_by.clone(),
            words::delivery(invitation).into(),
        ]);
    }
    output.table(&table)
}

async fn cancel(
    caller: &Caller<'_>,
    (id, yes): (InvitationId, bool),
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    if !yes && !caller.rehearses() {
        let question = format!("Cancel invitation {id}? Its link stops working at once.");
        if !terminal::confirm(&question, "--yes")? {
            return output.remark("Nothing was changed");
        }
    }
    let write = caller.write_to(account);
    let cancelled = until_known(|| caller.service.cancel_invitation(&write, id)).await?;
    output.document(&InvitationDocument::of(
        &cancelled,
        caller.service.catalogue(),
    ))?;
    let done = caller.would("is cancelled", "would be cancelled");
    output.line(&format!("The invitation of {} {done}", cancelled.email))
}

async fn set(
    caller: &Caller<'_>,
    id: InvitationId,
    choice: &Choice,
    output: &mut Output<'_>,
) -> Outcome {
    let to = words::chosen(choice.all, &choice.permission);
    let write = caller.write().await?;
    let edit = || caller.service.edit_invitation(&write, id, &to, None);
    let edited = until_known(edit).await?;
    let catalogue = caller.service.catalogue();
    output.document(&InvitationDocument::of(&edited, catalogue))?;
    let now = caller.would("now gives", "would give");
    output.line(&format!(
        "The invitation of {} {now}: {}",
        edited.email,
        edited.grant.badge(catalogue)
    ))
}
