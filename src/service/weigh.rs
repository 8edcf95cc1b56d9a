//! The verdicts of changes to many members: each by the rules of a single change, all of a batch in one
//! query.

use super::{
    MemberAct, MemberChange, Result, Service, ServiceError, SignInFault, members::at_version,
};
use crate::{
    domain::{
        AccountId, Email, Grant, Member, Role, Standing, Verdict,
        policy::{self, Deed, Denied, Target},
    },
    store::{Db, many, members},
};

/// A change of a list.
pub(super) struct Asked<'a> {
    pub(super) change: &'a MemberChange,
    /// The earlier row, from 1, that is about the same member.
    pub(super) first: Option<usize>,
}

/// What came out for a batch.
pub(super) struct Weighed {
    pub(super) verdicts: Vec<Verdict>,
    /// Who is changed, and what they get; nothing for who is removed.
    pub(super) right: Vec<(Member, Option<Grant>)>,
}

/// Weighs the changes of one list, in their order.
pub(super) struct Weighing<'a> {
    service: &'a Service,
    account: AccountId,
    standing: &'a Standing,
    /// Whether who acts proved lately that it is them.
    fresh: bool,
    /// How many owners are left.
    owners: i64,
}

impl<'a> Weighing<'a> {
    /// From the account as it is.
    pub(super) async fn begin(
        service: &'a Service,
        db: &impl Db,
        account: AccountId,
        (standing, fresh): (&'a Standing, bool),
    ) -> Result<Self> {
        Ok(Self {
            service,
            account,
            standing,
            fresh,
            owners: members::count_owners(db, account, i64::MAX).await?,
        })
    }

    /// The verdict of each change.
    pub(super) async fn weigh(&mut self, db: &impl Db, asked: &[Asked<'_>]) -> Result<Weighed> {
        let emails: Vec<&Email> = asked.iter().map(|asked| &asked.change.email).collect();
        let mut found: Vec<Option<Member>> = vec![None; asked.len()];
        for (place, member) in many::by_emails(db, self.account, &emails).await? {
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(member);
            }
        }
        let mut right = Vec::new();
        let verdicts = asked.iter().zip(found).map(|(asked, member)| {
            if let Some(first) = asked.first {
                return Verdict::Duplicate(first);
            }
            let Some(member) = member else {
                return Verdict::NotMember;
            };
            match self.one(&member, asked.change) {
                Ok(to) if to.as_ref() == Some(&member.grant) => Verdict::Unchanged,
                Ok(to) => {
                    self.owners -= i64::from(member.grant.role == Role::Owner);
                    let verdict = to.as_ref().map_or(Verdict::Remove, |_| Verdict::Change);
                    right.push((member, to));
                    verdict
                }
                Err(error) => verdict(&error),
            }
        });
        let verdicts = verdicts.collect();
        Ok(Weighed { verdicts, right })
    }

    /// What the member is to have; nothing where they are to be removed.
    fn one(&self, member: &Member, change: &MemberChange) -> Result<Option<Grant>> {
        at_version(member, change.version)?;
        let target = Target {
            user: member.user,
            grant: &member.grant,
        };
        let to = match &change.act {
            // Leaving is its own action, and the rest of the list would be nobody's.
            MemberAct::Remove if self.standing.user() == Some(member.user) => {
                return Err(Denied::Oneself.into());
            }
            MemberAct::Remove => None,
            MemberAct::Set(to) if to.role == Role::Owner => {
                return Err(Denied::OwnershipNotYours.into());
            }
            MemberAct::Set(to) => Some(self.service.checked_grant(to, Some(&member.grant))?),
            MemberAct::Adjust { .. } if member.grant.role == Role::Owner => {
                return Err(Denied::OwnerHasEverything.into());
            }
            MemberAct::Adjust { give, take } => {
                Some(self.service.adjusted(&member.grant, give, take)?)
            }
        };
        let deed = match &to {
            Some(to) => Deed::SetGrant { target, to },
            None => Deed::Remove { target },
        };
        policy::may(self.standing, &deed, self.service.catalogue())?;
        if deed.touches_owners() && !self.fresh {
            return Err(ServiceError::NotSignedIn(SignInFault::ProofNeeded));
        }
        policy::owner_remains(self.owners, &member.grant)?;
        Ok(to)
    }
}

/// What a refusal of one change is among many.
fn verdict(error: &ServiceError) -> Verdict {
    let words = error.to_string();
    match error {
        ServiceError::Invalid(_) => Verdict::Invalid(words),
        ServiceError::Conflict(_) | ServiceError::Denied(Denied::LastOwner) => {
            Verdict::Conflict(words)
        }
        _ => Verdict::NotAllowed(words),
    }
}
