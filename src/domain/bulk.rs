//! What is about to be done to many, as the command that does the same.

use super::change::{grant_words, quoted};
use super::{Account, DisplaySafe, Email, Grant, PermissionSet};

/// What is done to each of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyAct<'a> {
    /// Invite them with this grant.
    Invite(&'a Grant),
    /// Give members exactly this.
    Set(&'a Grant),
    /// Give members single keys and take others.
    Adjust {
        give: &'a PermissionSet,
        take: &'a PermissionSet,
    },
    Remove,
}

/// Ends the list in the command's here-document; no address is without an `@`.
const END: &str = "END";

/// The command line that does the same, ready to be pasted into a shell: one line for each thing done,
/// which reads the list from its standard input. Without `emails` it reads a file.
pub fn many_command(
    account: &Account,
    act: ManyAct<'_>,
    emails: Option<&mut dyn Iterator<Item = &Email>>,
) -> String {
    let program = format!("rollbook --account {}", quoted(account.name.as_str()));
    let from = if emails.is_some() { "-" } else { "FILE" };
    let commands: Vec<String> = match act {
        ManyAct::Invite(grant) => vec![format!("invite import {from} --yes{}", grant_words(grant))],
        ManyAct::Set(grant) => vec![format!(
            "member set --from {from} --yes{}",
            grant_words(grant)
        )],
        ManyAct::Adjust { give, take } => [("grant", give), ("revoke", take)]
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(verb, keys)| format!("member {verb} --from {from} --yes{}", words(keys)))
            .collect(),
        ManyAct::Remove => vec![format!("member remove --from {from} --yes")],
    };
    let Some(emails) = emails else {
        let lines = commands
            .iter()
            .map(|command| format!("{program} {command}"));
        return lines.collect::<Vec<_>>().join("\n");
    };
    let mut list = String::new();
    for email in emails {
        list.push_str(email.as_str());
        list.push('\n');
    }
    let lines = commands
        .iter()
        .map(|command| format!("{program} {command} <<'{END}'\n{list}{END}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Keys, a blank before each; those that nobody could type are left out.
fn words(keys: &PermissionSet) -> String {
    let typable = |key: &&str| DisplaySafe::new(key).as_str() == *key;
    let keys = keys.iter().filter(typable);
    keys.flat_map(|key| [" ".to_owned(), quoted(key)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{ManyAct, many_command};
    use crate::domain::{Account, AccountId, Email, Grant};

    fn account() -> Account {
        Account {
            id: AccountId::new(),
            name: "Ada's Mill".into(),
            members: 1,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_list_stands_in_the_command() {
        let emails = ["o'b@x.com", "ada@x.com"].map(|text| Email::parse(text).unwrap());
        let full = Grant::full();
        assert_eq!(
            many_command(&account(), ManyAct::Invite(&full), Some(&mut emails.iter())),
            "rollbook --account 'Ada'\\''s Mill' invite import - --yes --all <<'END'\n\
             o'b@x.com\nada@x.com\nEND"
        );
    }

    #[test]
    fn giving_and_taking_are_a_command_each() {
        let (give, take) = (["invoices.pay"].into_iter(), ["emails.view"].into_iter());
        let (give, take) = (give.collect(), take.collect());
        let act = ManyAct::Adjust {
            give: &give,
            take: &take,
        };
        assert_eq!(
            many_command(&account(), act, None),
            "rollbook --account 'Ada'\\''s Mill' member grant --from FILE --yes invoices.pay\n\
             rollbook --account 'Ada'\\''s Mill' member revoke --from FILE --yes emails.view"
        );
    }
}
