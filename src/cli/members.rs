//! `rollbook member …`: look at members, give and take permissions, remove, restore.

use super::args::{ListArgs, MemberCommand, SetArgs};
use super::caller::Caller;
use super::documents::{MemberDocument, RemovedDocument};
use super::export;
use super::failure::{Failure, Outcome};
use super::output::{Format, Output, Table};
use super::words;
use super::{terminal, words::parse_email};
use crate::domain::{
    AccountId, Cursor, Direction, Email, Grant, GrantDiff, Member, MemberQuery, PermissionSet,
    Role, Seek,
};
use crate::service::{ChangedGrant, SetGrant};

/// How many rows are fetched at once.
const PAGE: i64 = 500;

/// Does what was asked.
///
/// # Errors
/// What the use case says.
pub async fn run(caller: &Caller<'_>, command: &MemberCommand, output: &mut Output<'_>) -> Outcome {
    match command {
        MemberCommand::List(args) => list(caller, args, output).await,
        MemberCommand::Show { email } => show(caller, email, output).await,
        MemberCommand::Set(args) => set(caller, args, output).await,
        MemberCommand::Grant { email, keys } => grant(caller, email, keys, output).await,
        MemberCommand::Revoke { email, keys } => revoke(caller, email, keys, output).await,
        MemberCommand::Remove { email, yes } => remove(caller, email, *yes, output).await,
        MemberCommand::Restore { email } => restore(caller, email, output).await,
    }
}

async fn list(caller: &Caller<'_>, args: &ListArgs, output: &mut Output<'_>) -> Outcome {
    let account = caller.account().await?;
    let query = MemberQuery {
        sort: args.sort.into(),
        direction: if args.reverse {
            Direction::Descending
        } else {
            Direction::Ascending
        },
        search: args.search.clone(),
    };
    let members = all_pages(caller, account, &query, args.limit).await?;
    let catalogue = caller.service.catalogue();
    if output.format() == Format::Json {
        let documents: Vec<_> = members
            .iter()
            .map(|member| MemberDocument::of(member, catalogue))
            .collect();
        return output.document(&documents);
    }
    if args.csv {
        return export::members(&members, output);
    }
    if members.is_empty() {
        return output.remark(if query.search.is_empty() {
            "Nobody yet; invite somebody with `rollbook invite send`"
        } else {
            "Nobody matches"
        });
    }
    let mut table = Table::new(&["EMAIL", "NAME", "ROLE", "LAST LOGIN"]);
    for member in &members {
        table.row([
            member.email.as_str().into(),
            member.name.clone(),
            member.grant.badge(catalogue).into(),
            words::moment(member.last_login).into(),
        ]);
    }
    output.table(&table)?;
    output.remark(&words::count(members.len(), "user", "users"))
}

async fn all_pages(
    caller: &Caller<'_>,
    account: AccountId,
    query: &MemberQuery,
    limit: Option<u32>,
) -> Outcome<Vec<Member>> {
    let most = limit.map_or(usize::MAX, |limit| limit as usize);
    let mut members: Vec<Member> = Vec::new();
    let mut seek = Seek::First;
    loop {
        let wanted = i64::try_from(most - members.len()).map_or(PAGE, |left| left.min(PAGE));
        let service = caller.service;
        let page = service
            .list_members(&caller.actor, account, query, (&seek, wanted))
            .await?;
        members.extend(page.rows);
        match members.last() {
            Some(last) if page.more_after && members.len() < most => {
                seek = Seek::After(Cursor::of(last));
            }
            _ => return Ok(members),
        }
    }
}

async fn show(caller: &Caller<'_>, email: &str, output: &mut Output<'_>) -> Outcome {
    let member = find(caller, caller.account().await?, email).await?;
    let catalogue = caller.service.catalogue();
    output.document(&MemberDocument::of(&member, catalogue))?;
    let invited_by = member.invited_by.as_ref().map_or("", AsRef::as_ref);
    let facts = [
        ("E-mail", member.email.to_string()),
        ("Name", member.name.to_string()),
        ("Role", member.grant.badge(catalogue)),
        ("Last login", words::moment(member.last_login)),
        ("Joined", words::moment(Some(member.joined_at))),
        ("Invited by", invited_by.to_owned()),
    ];
    for (fact, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        output.line(&format!("{fact:<12}{value}"))?;
    }
    if member.ownership_offered {
        output.line("Ownership has been offered and waits for this member's answer")?;
    }
    for line in words::held(&member.grant, catalogue) {
        output.line(&line)?;
    }
    Ok(())
}

async fn set(caller: &Caller<'_>, args: &SetArgs, output: &mut Output<'_>) -> Outcome {
    let to = if args.owner {
        Grant::owner()
    } else {
        words::chosen(args.all, &args.permission)
    };
    let email = parse_email(&args.email)?;
    let set = SetGrant {
        email,
        to,
        version: None,
    };
    change(caller, caller.account().await?, &set, output).await
}

async fn grant(
    caller: &Caller<'_>,
    email: &str,
    keys: &[String],
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let member = find(caller, account, email).await?;
    let given: PermissionSet = keys.iter().map(String::as_str).collect();
    let to = Grant {
        role: member.grant.role,
        permissions: member.grant.permissions.plus(&given),
    };
    if member.grant.role == Role::Owner {
        return Err(Failure::Service(
            crate::domain::policy::Denied::OwnerHasEverything.into(),
        ));
    }
    change(caller, account, &from_version(member, to), output).await
}

async fn revoke(
    caller: &Caller<'_>,
    email: &str,
    keys: &[String],
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let member = find(caller, account, email).await?;
    let catalogue = caller.service.catalogue();
    let taken: PermissionSet = keys.iter().map(String::as_str).collect();
    if let Some(key) = taken.minus(&known(&member, caller)).iter().next() {
        return Err(words::unknown_permission(key, catalogue));
    }
    let held = match member.grant.role {
        Role::Owner => {
            return Err(Failure::Service(
                crate::domain::policy::Denied::OwnerHasEverything.into(),
            ));
        }
        // Taking one of all leaves a chosen set: the rest, which no longer grows.
        Role::Full if !taken.is_subset(&member.grant.permissions) => {
            member.grant.effective(catalogue)
        }
        _ => member.grant.permissions.clone(),
    };
    let dependents = taken.iter().fold(PermissionSet::new(), |all, key| {
        all.plus(&catalogue.dependents(key, &held))
    });
    let role = if held == member.grant.permissions {
        member.grant.role
    } else {
        Role::Custom
    };
    let to = Grant {
        role,
        permissions: held.minus(&taken).minus(&dependents),
    };
    change(caller, account, &from_version(member, to), output).await
}

/// The keys that can be named for a member: the catalogue's, and those it no longer knows.
fn known(member: &Member, caller: &Caller<'_>) -> PermissionSet {
    let catalogue = caller.service.catalogue();
    catalogue.everything().plus(&member.grant.permissions)
}

/// A change made from what was just read, so that a change in between is noticed.
fn from_version(member: Member, to: Grant) -> SetGrant {
    SetGrant {
        version: Some(member.version),
        email: member.email,
        to,
    }
}

async fn change(
    caller: &Caller<'_>,
    account: AccountId,
    set: &SetGrant,
    output: &mut Output<'_>,
) -> Outcome {
    let changed = caller
        .service
        .set_grant(&caller.write_to(account), set)
        .await?;
    let catalogue = caller.service.catalogue();
    output.document(&MemberDocument::of(&changed.member, catalogue))?;
    say_changed(caller, set, &changed, output)
}

fn say_changed(
    caller: &Caller<'_>,
    set: &SetGrant,
    changed: &ChangedGrant,
    output: &mut Output<'_>,
) -> Outcome {
    let ChangedGrant { member, diff } = changed;
    let email = &member.email;
    if set.to.role == Role::Owner && member.grant.role != Role::Owner {
        let offered = caller.would("Ownership is offered", "Ownership would be offered");
        return output.line(&format!(
            "{offered} to {email}, who accepts it in the console or with \
             `rollbook --as {email} member set {email} --owner`"
        ));
    }
    if *diff == GrantDiff::default() {
        return output.line(&format!("{email} has exactly that already"));
    }
    let now = caller.would("is now", "would be");
    let badge = member.grant.badge(caller.service.catalogue());
    output.line(&format!("{email} {now}: {badge}"))?;
    for line in words::difference(diff, caller.service.catalogue()) {
        output.line(&line)?;
    }
    Ok(())
}

async fn remove(caller: &Caller<'_>, email: &str, yes: bool, output: &mut Output<'_>) -> Outcome {
    let account = caller.account().await?;
    let member = find(caller, account, email).await?;
    if !yes && !caller.rehearses() && !confirmed(caller, account, &member).await? {
        return output.remark("Nothing was changed");
    }
    let write = caller.write_to(account);
    let removed = caller
        .service
        .remove_member(&write, &member.email, Some(member.version))
        .await?;
    output.document(&RemovedDocument {
        member: MemberDocument::of(&removed.member, caller.service.catalogue()),
        sessions_ended: removed.sessions_ended,
        invitations_cancelled: removed.invitations_cancelled,
    })?;
    output.line(&format!(
        "{} {}; sessions ended: {}, invitations cancelled: {}",
        removed.member.email,
        caller.would("is removed", "would be removed"),
        removed.sessions_ended,
        removed.invitations_cancelled
    ))?;
    if caller.rehearses() {
        return Ok(());
    }
    output.remark(&format!(
        "Take it back with: rollbook member restore {}",
        removed.member.email
    ))
}

async fn confirmed(caller: &Caller<'_>, account: AccountId, member: &Member) -> Outcome<bool> {
    let (sessions, invitations) = caller
        .service
        .removal_preview(&caller.actor, account, &member.email)
        .await?;
    let question = format!(
        "Remove {} ({})? This ends {sessions} sessions and cancels {invitations} invitations \
         that they sent.",
        member.email, member.name
    );
    terminal::confirm(&question, "--yes")
}

async fn restore(caller: &Caller<'_>, email: &str, output: &mut Output<'_>) -> Outcome {
    let email = parse_email(email)?;
    let write = caller.write().await?;
    let member = caller.service.restore_member(&write, &email).await?;
    let catalogue = caller.service.catalogue();
    output.document(&MemberDocument::of(&member, catalogue))?;
    output.line(&format!(
        "{} {}: {}",
        member.email,
        caller.would("is a member again", "would be a member again"),
        member.grant.badge(catalogue)
    ))
}

async fn find(caller: &Caller<'_>, account: AccountId, email: &str) -> Outcome<Member> {
    let email: Email = parse_email(email)?;
    let service = caller.service;
    Ok(service.show_member(&caller.actor, account, &email).await?)
}
