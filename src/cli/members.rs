//! `rollbook member …`: look at members, give and take permissions, remove.

use super::args::{ListArgs, MemberCommand, Seen};
use super::caller::Caller;
use super::documents::{MemberDocument, RemovedDocument};
use super::export;
use super::failure::{Failure, Meanwhile, Outcome};
use super::grants;
use super::history;
use super::output::{Format, Output, Table};
use super::words;
use super::{terminal, words::parse_email};
use crate::domain::{
    AccountId, Catalogue, Current, Cursor, Direction, Email, Member, MemberQuery, Seek,
};
use crate::service::{Conflict, MemberAct, ServiceError, until_known};

/// How many rows are fetched at once.
const PAGE: i64 = 500;

/// Does what was asked.
///
/// # Errors
/// What the use case says.
pub async fn run(caller: &Caller<'_>, command: &MemberCommand, output: &mut Output<'_>) -> Outcome {
    let done = match command {
        MemberCommand::List(args) => list(caller, args, output).await,
        MemberCommand::Show { email } => show(caller, email, output).await,
        MemberCommand::Set(args) => grants::set(caller, args, output).await,
        MemberCommand::Grant(args) => {
            let (emails, keys) = args.sorted();
            grants::adjust(caller, (&emails, args), (&keys, &[]), output).await
        }
        MemberCommand::Revoke(args) => {
            let (emails, keys) = args.sorted();
            grants::adjust(caller, (&emails, args), (&[], &keys), output).await
        }
        MemberCommand::Remove { emails, seen, many } => match grants::one(emails, many) {
            Some(email) => remove(caller, (email, *seen), many.course.yes, output).await,
            None => grants::all(caller, (emails, many, *seen), &MemberAct::Remove, output).await,
        },
        MemberCommand::Restore { email, partial } => {
            history::restore(caller, email, *partial, output).await
        }
        MemberCommand::History { email, limit } => {
            history::show(caller, email, *limit, output).await
        }
    };
    done.map_err(|failure| meanwhile(failure, caller.service.catalogue()))
}

/// Who asked for a change that somebody else was faster with gets to see what is there now.
fn meanwhile(failure: Failure, catalogue: &Catalogue) -> Failure {
    let Failure::Service(ServiceError::Conflict(Conflict::Changed(Current::Member(member)))) =
        &failure
    else {
        return failure;
    };
    let current = match serde_json::to_value(MemberDocument::of(member, catalogue)) {
        Ok(current) => current,
        Err(error) => return Failure::machine("Can't write JSON", &error),
    };
    let badge = member.grant.badge(catalogue);
    let now = format!(
        "{} is now (version {}): {badge}",
        member.email, member.version
    );
    let lines = std::iter::once(now).chain(words::held(&member.grant, catalogue));
    Failure::Changed(Box::new(Meanwhile {
        words: failure.to_string(),
        current,
        lines: lines.collect(),
    }))
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

async fn remove(
    caller: &Caller<'_>,
    (email, seen): (&str, Seen),
    yes: bool,
    output: &mut Output<'_>,
) -> Outcome {
    let account = caller.account().await?;
    let member = find(caller, account, email).await?;
    if !yes && !caller.rehearses() && !confirmed(caller, account, &member).await? {
        return output.remark("Nothing was changed");
    }
    let write = caller.write_to(account);
    let version = seen.if_version.unwrap_or(member.version);
    let remove = || {
        let service = &caller.service;
        service.remove_member(&write, &member.email, Some(version))
    };
    let removed = until_known(remove).await?;
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

async fn find(caller: &Caller<'_>, account: AccountId, email: &str) -> Outcome<Member> {
    let email: Email = parse_email(email)?;
    let service = caller.service;
    Ok(service.show_member(&caller.actor, account, &email).await?)
}
