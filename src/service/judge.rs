//! The verdicts of an import: each row by the rules of a single invitation, all of a batch in one query.

use super::{
    Import, Result, Service,
    limits::{self, Sending},
};
use crate::domain::{
    AccountId, Email, Grant, Standing, Verdict,
    policy::{self, Deed},
    roster::Row,
};
use crate::store::import::{self, Known};
use deadpool_postgres::GenericClient;
use std::collections::HashMap;

/// Judges the rows of one list, in their order.
pub(super) struct Judge<'a> {
    service: &'a Service,
    standing: &'a Standing,
    import: Import<'a>,
    /// The list's grants as they would be given, by their place in the list.
    grants: HashMap<usize, std::result::Result<Grant, Verdict>>,
    /// What has been sent lately, the rows before counted; none where no limit holds.
    sending: Option<Sending>,
}

/// What came out for a batch.
pub(super) struct Judged<'a> {
    /// [`Verdict::New`] without an id where an invitation may be written.
    pub(super) verdicts: Vec<Verdict>,
    /// Addresses that a pending invitation holds whose time is over.
    pub(super) expired: Vec<&'a Email>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(service: &'a Service, standing: &'a Standing, import: Import<'a>) -> Self {
        Self {
            service,
            standing,
            import,
            grants: HashMap::new(),
            sending: None,
        }
    }

    /// The verdict of each row.
    pub(super) async fn judge(
        &mut self,
        db: &impl GenericClient,
        account: AccountId,
        rows: &'a [Row],
    ) -> Result<Judged<'a>> {
        let mut verdicts: Vec<Verdict> = rows.iter().map(|row| self.at_first_sight(row)).collect();
        let mut open = open(rows, &verdicts);
        let emails: Vec<&Email> = open.iter().map(|(_, email)| *email).collect();
        let mut expired = Vec::new();
        for (place, known) in import::known(db, account, &emails).await? {
            let Some((at, email)) = open.get(place) else {
                continue;
            };
            match (known, verdicts.get_mut(*at)) {
                (Known::Member, Some(verdict)) => *verdict = Verdict::Member,
                (Known::Pending, Some(verdict)) => *verdict = Verdict::Pending,
                (Known::Expired, _) => expired.push(*email),
                (_, None) => {}
            }
        }
        if limits::hold(self.import.limits, self.standing) && !open.is_empty() {
            open = self::open(rows, &verdicts);
            self.limit(db, account, &open, &mut verdicts).await?;
        }
        Ok(Judged { verdicts, expired })
    }

    /// The grant that a row's invitation gives.
    pub(super) fn grant(&self, row: &Row) -> Option<&Grant> {
        let listed = row.entry.as_ref().ok()?;
        self.grants.get(&listed.grant)?.as_ref().ok()
    }

    /// What needs no database.
    fn at_first_sight(&mut self, row: &Row) -> Verdict {
        let listed = match &row.entry {
            Ok(listed) => listed,
            Err(fault) => return fault.into(),
        };
        let Self {
            service,
            standing,
            import,
            grants,
            ..
        } = self;
        let grant = grants.entry(listed.grant).or_insert_with(|| {
            let asked = import.roster.grant(listed);
            let asked = asked.ok_or_else(|| Verdict::Invalid(String::new()))?;
            let grant = service
                .invited_grant(asked, None)
                .map_err(|fault| Verdict::Invalid(fault.to_string()))?;
            policy::may(
                standing,
                &Deed::Invite { grant: &grant },
                service.catalogue(),
            )
            .map_err(|denied| Verdict::NotAllowed(denied.to_string()))?;
            Ok(grant)
        });
        grant.as_ref().err().cloned().unwrap_or(Verdict::New(None))
    }

    /// Keeps to the limits: the first rows go out, as many as may.
    async fn limit(
        &mut self,
        db: &impl GenericClient,
        account: AccountId,
        open: &[(usize, &Email)],
        verdicts: &mut [Verdict],
    ) -> Result<()> {
        let Some((_, first)) = open.first() else {
            return Ok(());
        };
        let sending = match &mut self.sending {
            Some(sending) => sending,
            none => none.insert(Sending::lately(db, account, self.standing.user(), first).await?),
        };
        let emails: Vec<&Email> = open.iter().map(|(_, email)| *email).collect();
        // Where nothing more may go out to anybody, nobody's own count matters.
        let to_each = if self.service.exceeded(sending.usage(0)).is_some() {
            vec![0; emails.len()]
        } else {
            import::mails_to(db, &emails).await?
        };
        for ((at, _), to_address) in open.iter().zip(to_each) {
            match self.service.exceeded(sending.usage(to_address)) {
                None => sending.one_more(),
                Some(words) => {
                    if let Some(verdict) = verdicts.get_mut(*at) {
                        *verdict = Verdict::OverLimit(words);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The rows that nothing speaks against so far, with their places.
fn open<'a>(rows: &'a [Row], verdicts: &[Verdict]) -> Vec<(usize, &'a Email)> {
    let new = rows.iter().zip(verdicts).enumerate();
    new.filter(|(_, (_, verdict))| matches!(verdict, Verdict::New(_)))
        .filter_map(|(at, (row, _))| Some((at, &row.entry.as_ref().ok()?.email)))
        .collect()
}
