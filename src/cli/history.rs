//! `rollbook member history` and `rollbook member restore`: what happened to a membership, and taking
//! the last of it back.

use super::caller::Caller;
use super::documents::{HistoryDocument, MemberDocument, RestoredDocument};
use super::failure::{Failure, Outcome};
use super::output::{Format, Output};
use super::words::{self, parse_email};
use crate::domain::Event;
use crate::domain::policy::Denied;
use crate::service::{Extent, Restore, ServiceError, Wanted, until_known};

/// How many events are fetched at once.
const PAGE: u32 = 500;

/// The newest events of a membership.
///
/// # Errors
/// What the use case says.
pub async fn show(
    caller: &Caller<'_>,
    email: &str,
    limit: u32,
    output: &mut Output<'_>,
) -> Outcome {
    let email = parse_email(email)?;
    let account = caller.account().await?;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let left = (limit as usize).saturating_sub(events.len());
        let wanted = i64::from(PAGE).min(i64::try_from(left).unwrap_or(i64::MAX));
        let before = events.last().map(|event| event.sequence);
        let page = caller
            .service
            .member_history(&caller.actor, account, &email, (before, wanted))
            .await?;
        let last = i64::try_from(page.events.len()).is_ok_and(|count| count < wanted);
        events.extend(page.events);
        if last || events.len() >= limit as usize {
            break;
        }
    }
    let catalogue = caller.service.catalogue();
    if output.format() == Format::Json {
        let documents: Vec<_> = events
            .iter()
            .map(|event| HistoryDocument::of(event, catalogue))
            .collect();
        return output.document(&documents);
    }
    for event in &events {
        let at = words::moment(Some(event.at));
        output.line(&format!("{at}  {}  by {}", event.what(), event.actor))?;
        let diff = event.diff(catalogue);
        if let Some((from, to)) = diff.role {
            output.line(&format!("  role {from} → {to}"))?;
        }
        for line in words::difference(&diff, catalogue) {
            output.line(&line)?;
        }
    }
    output.remark(&words::count(events.len(), "event", "events"))
}

/// Takes back a removal, else the last change of permissions.
///
/// # Errors
/// What the use case says.
pub async fn restore(
    caller: &Caller<'_>,
    email: &str,
    partial: bool,
    output: &mut Output<'_>,
) -> Outcome {
    let restore = Restore {
        email: parse_email(email)?,
        what: Wanted::Latest(if partial {
            Extent::Possible
        } else {
            Extent::Whole
        }),
    };
    let write = caller.write().await?;
    let done = until_known(|| caller.service.restore_member(&write, &restore)).await;
    let parts = matches!(
        &done,
        Err(ServiceError::Denied(Denied::NotAllRestored { .. }))
    );
    if parts {
        output.remark("Bring the rest back with --partial")?;
    }
    let restored = done.map_err(Failure::from)?;
    let catalogue = caller.service.catalogue();
    let withheld = Some(restored.withheld.as_str()).filter(|parts| !parts.is_empty());
    output.document(&RestoredDocument {
        member: MemberDocument::of(&restored.member, catalogue),
        withheld,
    })?;
    let done = if restored.removed {
        caller.would("is a member again", "would be a member again")
    } else {
        caller.would("is again", "would be again")
    };
    let member = &restored.member;
    output.line(&format!(
        "{} {done}: {}",
        member.email,
        member.grant.badge(catalogue)
    ))?;
    for line in words::difference(&restored.diff, catalogue) {
        output.line(&line)?;
    }
    withheld.map_or(Ok(()), |parts| {
        output.line(&format!("  not brought back: {parts}"))
    })
}
