//! The disk is full for a while: nothing is half written, and what could not be done is done when there is
//! room again.

use crate::{
    count,
    ledger::{Ledger, invariants},
    load::{connected, installation, load},
    support::server::Server,
};
use std::{
    fs,
    io::Write,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// A file system of a fixed size; taken away with the value.
struct Small(tempfile::TempDir);

impl Small {
    /// None where this process may not mount.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs"])
            .arg(dir.path());
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        mounted.then_some(Self(dir))
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.path().join("ballast")).unwrap();
        let piece = vec![1; 4096];
        while file.write_all(&piece).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.0.path().join("ballast")).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let taken = Command::new("umount").arg("-l").arg(self.path()).status();
        taken.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_no_half_write() {
    let Some(disk) = Small::mount() else {
        eprintln!("faults: full disk SKIPPED: mounting a file system needs root");
        return;
    };
    let server = Server::below(disk.path());
    let dsn = server.dsn("postgres");
    let (service, accounts) = installation(&dsn).await;
    let (rounds, per_round) = (count(1, 20), 400);
    let mut ledger = Ledger::default();
    let begun = AtomicUsize::new(0);
    for round in 1..=rounds {
        let total = round * per_round;
        begun.fetch_min(total - per_round, Ordering::Relaxed);
        let filling = async {
            while begun.load(Ordering::Relaxed) < total - per_round / 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            disk.fill();
            tokio::time::sleep(Duration::from_secs(2)).await;
            disk.free();
            // Without room for its log PostgreSQL stops itself, and whoever runs it starts it again.
            if connected_at_all(&dsn).await.is_none() {
                tokio::task::block_in_place(|| server.start());
            }
        };
        let (told, ()) = tokio::join!(load(&service, &accounts, (&begun, total)), filling);
        ledger.merge(told);
        let client = connected(&dsn).await;
        let verdict = ledger.check(&client).await;
        assert_eq!(
            (verdict.lost, verdict.duplicated),
            (0, 0),
            "round {round}: {verdict}"
        );
        invariants(&client, &service, &accounts).await;
    }
    let verdict = ledger.check(&connected(&dsn).await).await;
    eprintln!("faults: full disk, {rounds} rounds: {verdict}");
    assert!(verdict.resolved > 0, "{verdict}");
}

async fn connected_at_all(dsn: &str) -> Option<tokio_postgres::Client> {
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, connected(dsn)).await.ok()
}
