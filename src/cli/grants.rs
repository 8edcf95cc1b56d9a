//! `rollbook member set`, `grant` and `revoke`, and what is done to several members at once.

use super::args::{AdjustArgs, Many, Seen, SetArgs};
use super::bulk::{self, Work};
use super::caller::Caller;
use super::documents::MemberDocument;
use super::failure::{Failure, Outcome};
use super::output::Output;
use super::words::{self, parse_email};
use crate::domain::{AccountId, Grant, GrantDiff, PermissionSet, Role, Roster, roster::Wanted};
use crate::service::{AdjustGrant, ChangedGrant, MemberAct, SetGrant, until_known};

/// Gives exactly these permissions.
///
/// # Errors
/// What the use case says.
pub async fn set(caller: &Caller<'_>, args: &SetArgs, output: &mut Output<'_>) -> Outcome {
    let to = if args.owner {
        Grant::owner()
    } else {
        words::chosen(args.all, &args.permission)
    };
    let Some(email) = one(&args.emails, &args.many) else {
        let members = (args.emails.as_slice(), &args.many, args.seen);
        return all(caller, members, &MemberAct::Set(to), output).await;
    };
    let set = SetGrant {
        email: parse_email(email)?,
        to,
        version: args.seen.if_version,
    };
    change(caller, caller.account().await?, &set, output).await
}

/// The address, where the command is about one member alone.
pub fn one<'a>(emails: &'a [String], many: &Many) -> Option<&'a str> {
    let alone = many.from.is_none() && many.course.resume.is_none();
    match emails {
        [email] if alone => Some(email),
        _ => None,
    }
}

/// The same change for several members, named one by one or in a list.
///
/// # Errors
/// What the use case says.
pub async fn all(
    caller: &Caller<'_>,
    (emails, many, seen): (&[String], &Many, Seen),
    act: &MemberAct,
    output: &mut Output<'_>,
) -> Outcome {
    if seen.if_version.is_some() {
        let words = "--if-version goes with one member; several have a version each";
        return Err(Failure::Usage(words.to_owned()));
    }
    if matches!(act, MemberAct::Set(to) if to.role == Role::Owner) {
        let words = "Ownership is handed over one by one: name one address";
        return Err(Failure::Usage(words.to_owned()));
    }
    let roster = match &many.from {
        None => Roster::parse(emails.join("\n").as_bytes(), &Wanted::Addresses)
            .map_err(|error| Failure::Usage(error.to_string()))?,
        Some(file) if emails.is_empty() => bulk::read(file, &Wanted::Addresses)?,
        Some(_) => {
            let words = "Name addresses on the command line or in a list, not both";
            return Err(Failure::Usage(words.to_owned()));
        }
    };
    bulk::run(caller, (&Work::change(&roster, act), &many.course), output).await
}

/// Computed under the account's lock from what is there then: of two at once nothing is lost.
///
/// # Errors
/// What the use case says.
pub async fn adjust(
    caller: &Caller<'_>,
    (emails, args): (&[String], &AdjustArgs),
    (give, take): (&[String], &[String]),
    output: &mut Output<'_>,
) -> Outcome {
    let keys = |keys: &[String]| keys.iter().map(String::as_str).collect();
    let (give, take): (PermissionSet, PermissionSet) = (keys(give), keys(take));
    if give.is_empty() && take.is_empty() {
        return Err(Failure::Usage(
            "Name at least one permission key".to_owned(),
        ));
    }
    let Some(email) = one(emails, &args.many) else {
        let act = MemberAct::Adjust { give, take };
        return all(caller, (emails, &args.many, args.seen), &act, output).await;
    };
    let adjust = AdjustGrant {
        email: parse_email(email)?,
        give,
        take,
        version: args.seen.if_version,
    };
    let write = caller.write().await?;
    let changed = until_known(|| caller.service.adjust_grant(&write, &adjust)).await?;
    tell_changed(caller, &changed, output)
}

async fn change(
    caller: &Caller<'_>,
    account: AccountId,
    set: &SetGrant,
    output: &mut Output<'_>,
) -> Outcome {
    let write = caller.write_to(account);
    let changed = until_known(|| caller.service.set_grant(&write, set)).await?;
    let email = &changed.member.email;
    if set.to.role == Role::Owner && changed.member.grant.role != Role::Owner {
        let catalogue = caller.service.catalogue();
        output.document(&MemberDocument::of(&changed.member, catalogue))?;
        let offered = caller.would("Ownership is offered", "Ownership would be offered");
        return output.line(&format!(
            "{offered} to {email}, who accepts it in the console or with \
             `rollbook --as {email} member set {email} --owner`"
        ));
    }
    tell_changed(caller, &changed, output)
}

fn tell_changed(
    caller: &Caller<'_>,
    ChangedGrant { member, diff }: &ChangedGrant,
    output: &mut Output<'_>,
) -> Outcome {
    let catalogue = caller.service.catalogue();
    output.document(&MemberDocument::of(member, catalogue))?;
    let email = &member.email;
    if *diff == GrantDiff::default() {
        return output.line(&format!("{email} has exactly that already"));
    }
    let now = caller.would("is now", "would be");
    output.line(&format!("{email} {now}: {}", member.grant.badge(catalogue)))?;
    for line in words::difference(diff, catalogue) {
        output.line(&line)?;
    }
    Ok(())
}
