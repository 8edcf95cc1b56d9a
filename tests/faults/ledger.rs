//! What clients were told, held against what is in the database.

use crate::support::operator;
use rollbook::{
    domain::AccountId,
    service::{Service, ServiceError},
};
use std::{collections::HashMap, fmt};
use tokio_postgres::Client;
use uuid::Uuid;

/// What became of a write, as its client knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    Refused,
}

/// What all clients were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    told: HashMap<Uuid, Told>,
    pub(crate) unknown: usize,
}

/// The verdict.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
    pub(crate) lost: usize,
    pub(crate) duplicated: usize,
    pub(crate) resolved: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "acknowledged {}, refused {}, lost {}, duplicated {}, unknown and then resolved {}",
            self.acknowledged, self.refused, self.lost, self.duplicated, self.resolved
        )
    }
}

impl Ledger {
    /// Writes down what a client was told.
    pub(crate) fn told(&mut self, command: Uuid, told: Told, asked_again: bool) {
        self.told.insert(command, told);
        self.unknown += usize::from(asked_again);
    }

    /// Takes another client's over.
    pub(crate) fn merge(&mut self, other: Self) {
        self.told.extend(other.told);
        self.unknown += other.unknown;
    }

    /// Each acknowledged write has left its event once, each refused one no change.
    pub(crate) async fn check(&self, client: &Client) -> Verdict {
        let sql = "SELECT command_id, count(*) FROM events
            WHERE command_id IS NOT NULL AND action <> 'refused' GROUP BY command_id";
        let rows = client.query(sql, &[]).await.unwrap();
        let found: HashMap<Uuid, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut verdict = Verdict {
            resolved: self.unknown,
            ..Verdict::default()
        };
        for (command, told) in &self.told {
            let count = found.get(command).copied().unwrap_or_default();
            match told {
                Told::Done => {
                    verdict.acknowledged += 1;
                    verdict.lost += usize::from(count == 0);
                    verdict.duplicated += usize::from(count > 1);
                }
                Told::Refused => {
                    verdict.refused += 1;
                    verdict.duplicated += usize::from(count > 0);
                }
            }
        }
        verdict
    }
}

/// What holds whatever has happened.
pub(crate) async fn invariants(client: &Client, service: &Service, accounts: &[AccountId]) {
    for (what, sql) in [
        (
            "accounts without an owner",
            "SELECT count(*) FROM accounts a WHERE NOT EXISTS
                (SELECT 1 FROM memberships m WHERE m.account_id = a.id AND m.role = 'owner')",
        ),
        (
            "wrong counts of members",
            "SELECT count(*) FROM accounts a WHERE member_count <>
                (SELECT count(*) FROM memberships m WHERE m.account_id = a.id)",
        ),
        (
            "invitations without their mail",
            "SELECT count(*) FROM invitations i WHERE NOT EXISTS
                (SELECT 1 FROM outbox o WHERE o.invitation_id = i.id AND o.generation = i.generation)",
        ),
        (
            "addresses invited twice",
            "SELECT count(*) FROM (SELECT 1 FROM invitations WHERE status = 'pending'
                GROUP BY account_id, email_key HAVING count(*) > 1) AS twice",
        ),
        (
            "commands without their event",
            "SELECT count(*) FROM commands c WHERE NOT EXISTS
                (SELECT 1 FROM events e WHERE e.command_id = c.id)",
        ),
    ] {
        let found: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(found, 0, "{what}");
    }
    for account in accounts {
        let broken = service.verify_events(&operator(), *account).await.unwrap();
        assert_eq!(broken, None, "the audit log of {account} is broken");
    }
}

/// Whether it is not known what became of a write.
pub(crate) fn is_unknown(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::Unavailable(_) | ServiceError::Unknown | ServiceError::Stopped
    )
}
