//! The words that several commands share: times, grants, differences, counts.

use super::failure::{Failure, Outcome};
use crate::domain::{
    Catalogue, DeliveryState, DisplaySafe, Email, Grant, GrantDiff, Invitation, PermissionSet, Role,
};
use crate::service::Invalid;
use jiff::{Timestamp, tz::TimeZone};

/// An address as typed on the command line.
///
/// # Errors
/// What is wrong with it.
pub fn parse_email(text: &str) -> Outcome<Email> {
    Email::parse(text).map_err(|fault| Failure::Service(Invalid::Email(fault).into()))
}

/// The grant that `--all` and `--permission` name together.
pub fn chosen(all: bool, keys: &[String]) -> Grant {
    let permissions: PermissionSet = keys.iter().map(String::as_str).collect();
    let role = if all { Role::Full } else { Role::Custom };
    Grant { role, permissions }
}

/// A time with its zone, or "Never".
pub fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(
        || "Never".to_owned(),
        |at| {
            let here = at.to_zoned(TimeZone::system());
            here.strftime("%Y-%m-%d %H:%M %Z").to_string()
        },
    )
}

/// "1 user", "3 users".
pub fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

/// What a grant gives, a line per permission, those that the catalogue no longer knows marked.
pub fn held(grant: &Grant, catalogue: &Catalogue) -> Vec<String> {
    let keys = grant.effective(catalogue);
    let known = catalogue
        .permissions()
        .iter()
        .filter(|permission| keys.contains(&permission.key))
        .map(|permission| format!("  {:<20}{}", permission.key, permission.label));
    let unknown = grant.unknown(catalogue);
    let kept = unknown
        .iter()
        .map(|key| {
            format!(
                "  {:<20}(not in the catalogue any more)",
                DisplaySafe::new(key)
            )
        })
        .collect::<Vec<_>>();
    known.chain(kept).collect()
}

/// What changes hands: + given, ~ implied, − taken.
pub fn difference(diff: &GrantDiff, catalogue: &Catalogue) -> Vec<String> {
    let line = |sign: char, key: &str| {
        let label = catalogue
            .get(key)
            .map_or("", |permission| permission.label.as_str());
        let key = DisplaySafe::new(key);
        format!("  {sign} {key:<20}{label}").trim_end().to_owned()
    };
    let given = diff.given.iter().map(|key| {
        let sign = if diff.implied.contains(key) { '~' } else { '+' };
        line(sign, key)
    });
    given
        .chain(diff.taken.iter().map(|key| line('−', key)))
        .collect()
}

/// What became of an invitation's mail, in words.
pub fn delivery(invitation: &Invitation) -> String {
    let delivery = &invitation.delivery;
    let state = match delivery.state {
        DeliveryState::Queued => return "queued".to_owned(),
        DeliveryState::Sent => return "sent".to_owned(),
        DeliveryState::Deferred => format!(
            "deferred after {}, again {}",
            count(
                usize::try_from(delivery.attempts).unwrap_or_default(),
                "try",
                "tries"
            ),
            moment(delivery.next_attempt_at)
        ),
        DeliveryState::Failed => "failed".to_owned(),
    };
    match &delivery.last_reply {
        Some(reply) => format!("{state}: {reply}"),
        None => state,
    }
}
