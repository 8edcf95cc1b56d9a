//! Fills an account with COPY, its indexes made afterwards, as for a dump.

use crate::people::Person;
use deadpool_postgres::Object;
use futures_util::SinkExt;
use jiff::{SignedDuration, Timestamp};
use rollbook::{clock::Clock, domain::AccountId};
use std::{io::Cursor, pin::Pin, time::Instant};
use tokio_postgres::CopyInSink;
use uuid::Uuid;

/// As long as a real one (argon2id in PHC form), and good for nothing.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Bytes that go out at once.
const BATCH: usize = 1 << 18;
/// Over how many days people joined.
const JOINED_OVER: i64 = 1_000;
/// Members of an ordinary account beside the large one, and of the small account.
const ORDINARY: u64 = 100;
const SMALL: u64 = 1_000;

/// What is dropped before and made again after: everything but the primary keys, which grow at their
/// end because identifiers are made in the order of time.
const INDEXES: &str = "SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
    WHERE i.indrelid IN ('users'::regclass, 'memberships'::regclass) AND c.oid IS NULL
    UNION ALL SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'u' AND conrelid IN ('users'::regclass, 'memberships'::regclass)";
const COUNTS: &str = "UPDATE accounts a SET member_count = m.n
    FROM (SELECT account_id, count(*) AS n FROM memberships GROUP BY 1) m WHERE a.id = m.account_id";

/// Fills both accounts and their neighbours, where only the owner is there yet.
pub(crate) async fn unless_filled(db: &Object, accounts: (AccountId, AccountId), members: u64) {
    let sql = "SELECT member_count FROM accounts WHERE id = $1";
    let found: i64 = db.query_one(sql, &[&accounts.0.0]).await.unwrap().get(0);
    if found > 1 || members < 2 {
        return;
    }
    let start = Instant::now();
    // No trigger fires: neither ours nor those of foreign keys. That takes a superuser.
    db.batch_execute("SET session_replication_role = replica; SET synchronous_commit = off")
        .await
        .unwrap();
    let indexes = db.query(INDEXES, &[]).await.unwrap();
    for row in &indexes {
        db.batch_execute(row.get(0)).await.unwrap();
    }
    let plan = Plan::of(accounts, members);
    plan.copy_accounts(db).await;
    plan.copy_users(db).await;
    plan.copy_memberships(db).await;
    println!("copied {members} members in {:.0?}", start.elapsed());
    for row in &indexes {
        db.batch_execute(row.get(1)).await.unwrap();
    }
    db.batch_execute(COUNTS).await.unwrap();
    db.batch_execute("RESET session_replication_role; RESET synchronous_commit")
        .await
        .unwrap();
    for sql in ["VACUUM (ANALYZE, FREEZE)", "CHECKPOINT"] {
        db.batch_execute(sql).await.unwrap();
    }
    println!("filled {members} members in {:.0?}", start.elapsed());
}

/// Who is where.
struct Plan {
    large: AccountId,
    small: AccountId,
    members: u64,
    /// Accounts of a hundred members each, which are members of the large one too.
    neighbours: Vec<Uuid>,
    now: Timestamp,
}

impl Plan {
    fn of((large, small): (AccountId, AccountId), members: u64) -> Self {
        let now = Clock::System.now();
        let neighbours = members / 10 / ORDINARY;
        Self {
            large,
            small,
            members,
            neighbours: (0..neighbours).map(|_| Uuid::now_v7()).collect(),
            now,
        }
    }

    /// Everybody but the owner, who is there.
    fn numbers(&self) -> impl Iterator<Item = u64> {
        1..self.members
    }

    /// When somebody joined: in the order of their numbers.
    fn joined(&self, n: u64) -> Timestamp {
        let seconds = JOINED_OVER * 86_400;
        let share = i64::try_from(self.members - n).unwrap_or_default();
        let all = i64::try_from(self.members).unwrap_or(1);
        let ago = i128::from(seconds) * i128::from(share) / i128::from(all);
        self.now - SignedDuration::from_secs(i64::try_from(ago).unwrap_or_default())
    }

    fn id(&self, n: u64) -> Uuid {
        let millis = u64::try_from(self.joined(n).as_millisecond()).unwrap_or_default();
        let [_, _, bytes @ ..] = n.to_be_bytes();
        let mut random = [0; 10];
        random
            .iter_mut()
            .skip(4)
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    async fn copy_accounts(&self, db: &Object) {
        let mut copy = Copy::into(db, "accounts (id, name)").await;
        for (i, id) in self.neighbours.iter().enumerate() {
            copy.line(&format!("{id}\tNeighbour {i}")).await;
        }
        copy.end().await;
    }

    async fn copy_users(&self, db: &Object) {
        let columns = "users (id, email, email_key, name, password_hash, last_login, created_at)";
        let mut copy = Copy::into(db, columns).await;
        for n in self.numbers() {
            let person = Person::number(n);
            let Person { email, name, .. } = &person;
            let (id, joined, login) = (self.id(n), self.joined(n), self.last_login(&person));
            let line = format!("{id}\t{email}\t{email}\t{name}\t{HASH}\t{login}\t{joined}");
            copy.line(&line).await;
        }
        copy.end().await;
    }

    async fn copy_memberships(&self, db: &Object) {
        let columns = "memberships (account_id, user_id, role, permissions, joined_at, invited_by,
            email, email_key, name, last_login)";
        let mut copy = Copy::into(db, columns).await;
        for n in self.numbers() {
            let person = Person::number(n);
            let role = person.role();
            self.member(&mut copy, self.large.0, (n, &person, role))
                .await;
            if n.is_multiple_of((self.members / SMALL).max(1)) {
                self.member(&mut copy, self.small.0, (n, &person, role))
                    .await;
            }
            if let Some((neighbour, role)) = self.neighbour(n, role) {
                self.member(&mut copy, neighbour, (n, &person, role)).await;
            }
        }
        copy.end().await;
    }

    /// Every tenth is in one more account, whose first member owns it.
    fn neighbour(&self, n: u64, role: &'static str) -> Option<(Uuid, &'static str)> {
        let count = u64::try_from(self.neighbours.len()).unwrap_or_default();
        if count == 0 || !n.is_multiple_of(10) {
            return None;
        }
        let turn = n / 10 - 1;
        let account = self.neighbours.get(usize::try_from(turn % count).ok()?)?;
        Some((*account, if turn < count { "owner" } else { role }))
    }

    async fn member(&self, copy: &mut Copy, account: Uuid, member: (u64, &Person, &str)) {
        let (n, person, role) = member;
        let permissions = match role {
            "custom" => person.permissions(),
            _ => "{}".to_owned(),
        };
        let (id, joined) = (self.id(n), self.joined(n));
        let (Person { email, name, .. }, login) = (person, self.last_login(person));
        let line = format!(
            "{account}\t{id}\t{role}\t{permissions}\t{joined}\towner@bench.example\t{email}\t{email}\t{name}\t{login}"
        );
        copy.line(&line).await;
    }

    fn last_login(&self, person: &Person) -> String {
        person.logged_in_ago().map_or_else(
            || "\\N".to_owned(),
            |ago| {
                let ago = SignedDuration::from_secs(i64::try_from(ago).unwrap_or_default());
                (self.now - ago).to_string()
            },
        )
    }
}

/// A COPY that is being fed.
struct Copy {
    sink: Pin<Box<CopyInSink<Cursor<Vec<u8>>>>>,
    waiting: String,
}

impl Copy {
    async fn into(db: &Object, table: &str) -> Self {
        let sink = db.copy_in(&format!("COPY {table} FROM STDIN")).await;
        Self {
            sink: Box::pin(sink.unwrap()),
            waiting: String::with_capacity(BATCH + 1_024),
        }
    }

    async fn line(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if self.waiting.len() > BATCH {
            self.flush().await;
        }
    }

    async fn flush(&mut self) {
        let full = std::mem::replace(&mut self.waiting, String::with_capacity(BATCH + 1_024));
        self.sink
            .send(Cursor::new(full.into_bytes()))
            .await
            .unwrap();
    }

    async fn end(mut self) {
        self.flush().await;
        self.sink.as_mut().finish().await.unwrap();
    }
}
