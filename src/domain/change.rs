//! A change as the review shows it before it is written: the difference, and the command that does
//! the same.

use super::{
    Account, Catalogue, DisplaySafe, Email, Grant, Invitation, Member, Moment, PermissionSet,
    Restoration, Role,
};
use serde::{Deserialize, Serialize};

/// What a person is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    SetGrant {
        member: Member,
        to: Grant,
    },
    OfferOwnership {
        member: Member,
    },
    Remove {
        member: Member,
    },
    /// Bring an earlier state back, or as much of it as `to` says.
    Restore {
        restoration: Box<Restoration>,
        to: Grant,
    },
    Invite {
        email: Email,
        grant: Grant,
    },
    EditInvitation {
        invitation: Invitation,
        to: Grant,
    },
    ResendInvitation {
        invitation: Invitation,
    },
    CancelInvitation {
        invitation: Invitation,
    },
}

/// What is there now, where somebody else changed it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    Member(Box<Member>),
    Invitation(Box<Invitation>),
}

impl Current {
    /// The grant that is there now.
    pub fn grant(&self) -> &Grant {
        match self {
            Self::Member(member) => &member.grant,
            Self::Invitation(invitation) => &invitation.grant,
        }
    }
}

/// Which keys a change gives and takes. `implied` are those of `given` that
/// another given one requires.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrantDiff {
    pub role: Option<(Role, Role)>,
    pub given: PermissionSet,
    pub taken: PermissionSet,
    pub implied: PermissionSet,
}

impl GrantDiff {
    /// The difference between two grants.
    pub fn between(from: &Grant, to: &Grant, catalogue: &Catalogue) -> Self {
        let (before, after) = (from.effective(catalogue), to.effective(catalogue));
        let given = after.minus(&before);
        let implied = given
            .iter()
            .filter(|key| !catalogue.dependents(key, &given).is_empty())
            .collect();
        Self {
            role: (from.role != to.role).then_some((from.role, to.role)),
            taken: before.minus(&after),
            given,
            implied,
        }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.role.is_none() && self.given.is_empty() && self.taken.is_empty()
    }
}

impl Change {
    /// What changes hands; empty for changes that give or take no permission by themselves.
    pub fn diff(&self, catalogue: &Catalogue) -> GrantDiff {
        let nothing = Grant::custom(PermissionSet::new());
        match self {
            Self::SetGrant { member, to } => GrantDiff::between(&member.grant, to, catalogue),
            Self::OfferOwnership { .. }
            | Self::ResendInvitation { .. }
            | Self::CancelInvitation { .. } => GrantDiff::default(),
            Self::Remove { member } => GrantDiff {
                role: None,
                taken: member.grant.effective(catalogue),
                ..GrantDiff::default()
            },
            Self::Invite { grant, .. } => GrantDiff {
                role: None,
                ..GrantDiff::between(&nothing, grant, catalogue)
            },
            Self::EditInvitation { invitation, to } => {
                GrantDiff::between(&invitation.grant, to, catalogue)
            }
            Self::Restore { restoration, to } => match &restoration.now {
                Some(now) => GrantDiff::between(&now.grant, to, catalogue),
                None => GrantDiff {
                    role: None,
                    ..GrantDiff::between(&nothing, to, catalogue)
                },
            },
        }
    }

    /// The grant that the change was made from, and the one it leads to.
    pub fn grants(&self) -> Option<(&Grant, &Grant)> {
        match self {
            Self::SetGrant { member, to } => Some((&member.grant, to)),
            Self::EditInvitation { invitation, to } => Some((&invitation.grant, to)),
            Self::Restore { restoration, to } => Some((&restoration.now.as_ref()?.grant, to)),
            _ => None,
        }
    }

    /// The same change made from what is there now, leading to another grant.
    #[must_use]
    pub fn onto(&self, current: &Current, to: Grant) -> Option<Self> {
        match (self, current) {
            (Self::SetGrant { .. }, Current::Member(member)) => Some(Self::SetGrant {
                member: (**member).clone(),
                to,
            }),
            (Self::Restore { restoration, .. }, Current::Member(member)) => {
                let mut restoration = restoration.clone();
                restoration.now = Some((**member).clone());
                Some(Self::Restore { restoration, to })
            }
            (Self::EditInvitation { .. }, Current::Invitation(invitation)) => {
                Some(Self::EditInvitation {
                    invitation: (**invitation).clone(),
                    to,
                })
            }
            (Self::Remove { .. }, Current::Member(member)) => Some(Self::Remove {
                member: (**member).clone(),
            }),
            _ => None,
        }
    }

    /// The command line that does the same, ready to be pasted into a shell.
    pub fn command(&self, account: &Account) -> String {
        let program = format!("rollbook --account {}", quoted(account.name.as_str()));
        match self {
            Self::Restore { restoration, to } => restoring(&program, restoration, to),
            Self::SetGrant { member, to } => setting(&program, &member.email, to),
            Self::OfferOwnership { member } => setting(&program, &member.email, &Grant::owner()),
            Self::Remove { member } => {
                let email = quoted(member.email.as_str());
                format!("{program} member remove {email} --yes")
            }
            Self::Invite { email, grant } => {
                let email = quoted(email.as_str());
                format!("{program} invite send {email}{}", grant_words(grant))
            }
            Self::EditInvitation { invitation, to } => {
                format!("{program} invite set {}{}", invitation.id, grant_words(to))
            }
            Self::ResendInvitation { invitation } => {
                format!("{program} invite resend {}", invitation.id)
            }
            Self::CancelInvitation { invitation } => {
                format!("{program} invite cancel {} --yes", invitation.id)
            }
        }
    }
}

fn setting(program: &str, email: &Email, to: &Grant) -> String {
    let email = quoted(email.as_str());
    format!("{program} member set {email}{}", grant_words(to))
}

/// Who was removed comes back first; what they had last, or as much of it as may be, comes by itself.
fn restoring(program: &str, restoration: &Restoration, to: &Grant) -> String {
    let set = setting(program, &restoration.email, to);
    if restoration.now.is_some() {
        return set;
    }
    let email = quoted(restoration.email.as_str());
    let whole = *to == restoration.back;
    match (restoration.moment, whole) {
        (Moment::Before, true) => format!("{program} member restore {email}"),
        (Moment::Before, false) => format!("{program} member restore {email} --partial"),
        (Moment::After, _) => format!("{program} member restore {email} --partial && {set}"),
    }
}

/// The flags of a grant, a blank before each.
pub(super) fn grant_words(grant: &Grant) -> String {
    let mut words = match grant.role {
        Role::Owner => return " --owner".to_owned(),
        Role::Full => " --all".to_owned(),
        Role::Custom => String::new(),
    };
    // Keys that nobody could type: they are not the catalogue's, and stay without being named.
    let typable = |key: &&str| DisplaySafe::new(key).as_str() == *key;
    let keys: Vec<String> = grant
        .permissions
        .iter()
        .filter(typable)
        .map(quoted)
        .collect();
    if !keys.is_empty() {
        words.push_str(" --permission ");
        words.push_str(&keys.join(" "));
    }
    words
}

/// Quotes a word for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Change, GrantDiff, quoted};
    use crate::domain::{Account, AccountId, Email, Grant, permission::tests::small};

    #[test]
    fn implied_keys_are_told_apart() {
        let catalogue = small();
        let from = Grant::custom(["invoices.pay"].into_iter().collect());
        let to = Grant::custom(["products.manage"].into_iter().collect()).normalised(&catalogue);
        let diff = GrantDiff::between(&from, &to, &catalogue);
        assert_eq!(
            diff.given.iter().collect::<Vec<_>>(),
            ["products.manage", "products.view"]
        );
        assert_eq!(diff.implied.iter().collect::<Vec<_>>(), ["products.view"]);
        assert_eq!(diff.taken.iter().collect::<Vec<_>>(), ["invoices.pay"]);
    }

    #[test]
    fn the_command_is_quoted_for_a_shell() {
        let account = Account {
            id: AccountId::new(),
            name: "Ada's Mill; rm -rf".into(),
            members: 1,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let invite = Change::Invite {
            email: Email::parse("o'b@x.com").unwrap(),
            grant: Grant::full(),
        };
        assert_eq!(
            invite.command(&account),
            r"rollbook --account 'Ada'\''s Mill; rm -rf' invite send 'o'\''b@x.com' --all"
        );
        assert_eq!(quoted("plain@x.com"), "plain@x.com");
    }
}
