//! Work on many rows: batch after batch, each one transaction under a command id of its own, so that it
//! can be watched, stopped between two batches, and gone on with after a crash.

use super::{Limits, Operation, Result, ServiceError, Write, until_known};
use crate::domain::{CommandId, Email, Grant, PermissionSet, Roster, Verdict};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::num::NonZeroUsize;
use tokio_util::sync::CancellationToken;
use uuid::Builder;

/// How many rows a transaction writes unless somebody says otherwise: the account is locked for some tenths
/// of a second (docs/performance.md).
pub const BATCH: NonZeroUsize = match NonZeroUsize::new(4000) {
    Some(rows) => rows,
    None => NonZeroUsize::MIN,
};

/// How many rows a preview looks up at once.
pub(super) const LOOKED_UP: usize = 5000;

/// Whom to invite.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    pub roster: &'a Roster,
    /// The operator's `--no-limit`.
    pub limits: Limits,
}

/// What is to happen to one member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberChange {
    pub email: Email,
    /// The version that the change was made from; `None` takes whatever is there.
    pub version: Option<i64>,
    pub act: MemberAct,
}

/// What can be done to many members at once. Ownership is handed over one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberAct {
    /// Give exactly this.
    Set(Grant),
    /// Give single keys and take others.
    Adjust {
        give: PermissionSet,
        take: PermissionSet,
    },
    Remove,
}

/// How far it is, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
}

/// How the work goes on, and who watches it.
pub struct Course<'a> {
    /// Rows a transaction.
    pub batch: NonZeroUsize,
    /// Told after each batch.
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
    /// Ends the work before the next batch.
    pub stop: &'a CancellationToken,
}

/// What was done.
#[derive(Debug)]
pub struct BulkDone {
    /// What became of the rows, from the first; fewer than there are where it was broken off.
    pub verdicts: Vec<Verdict>,
    /// Why the rest was not come to.
    pub broken_off: Option<BrokenOff>,
}

impl From<Result<Vec<Verdict>>> for BulkDone {
    fn from(outcome: Result<Vec<Verdict>>) -> Self {
        let (verdicts, broken_off) = match outcome {
            Ok(verdicts) => (verdicts, None),
            Err(error) => (Vec::new(), Some(BrokenOff::By(error))),
        };
        Self {
            verdicts,
            broken_off,
        }
    }
}

/// Why the rest was not come to. The same work under the same command id goes on where it ended.
#[derive(Debug)]
pub enum BrokenOff {
    /// [`Course::stop`].
    Asked,
    By(ServiceError),
}

/// One batch of a whole: its own write, and what the record of commands keeps of the request.
pub(super) struct Batch<'a, R> {
    pub(super) write: Write,
    pub(super) operation: Operation,
    pub(super) rows: &'a [R],
    /// The whole list and its options, and which part of it this is: another list under the same id is
    /// found out at its first batch.
    pub(super) request: (String, usize),
}

/// Runs batch after batch, each until it is known what became of it.
pub(super) async fn in_batches<'a, R, F>(
    (whole, operation, fingerprint): (&Write, Operation, Sha256),
    rows: &'a [R],
    course: Course<'_>,
    run: impl Fn(Batch<'a, R>) -> F,
) -> BulkDone
where
    F: Future<Output = Result<Vec<Verdict>>>,
{
    let mut done = BulkDone {
        verdicts: Vec::with_capacity(rows.len()),
        broken_off: None,
    };
    let fingerprint = fingerprint.chain_update((course.batch.get() as u64).to_be_bytes());
    let fingerprint = format!("{:x?}", fingerprint.finalize());
    for (number, rows_of_it) in rows.chunks(course.batch.get()).enumerate() {
        if course.stop.is_cancelled() {
            done.broken_off = Some(BrokenOff::Asked);
            break;
        }
        let batch = || {
            run(Batch {
                write: part(whole, number),
                operation,
                rows: rows_of_it,
                request: (fingerprint.clone(), number),
            })
        };
        match until_known(batch).await {
            Ok(verdicts) => done.verdicts.extend(verdicts),
            Err(error) => {
                done.broken_off = Some(BrokenOff::By(error));
                break;
            }
        }
        (course.progress)(Progress {
            done: done.verdicts.len(),
            total: rows.len(),
        });
    }
    done
}

/// The write of one batch: its command id follows from the whole's, so that who goes on finds it again.
fn part(whole: &Write, number: usize) -> Write {
    let digest = Sha256::new()
        .chain_update(b"batch")
        .chain_update(whole.account.0)
        .chain_update(whole.command.0)
        .chain_update((number as u64).to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Write {
        command: CommandId(Builder::from_custom_bytes(bytes).into_uuid()),
        ..whole.clone()
    }
}
