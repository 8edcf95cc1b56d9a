//! Databases as earlier versions left them: the schema of a version, full of data.

use crate::support::{PASSWORD, TOKEN_KEY, TestDb, program::Installation};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, phc::PasswordHash},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rollbook::domain::{AccountId, InvitationId, InvitationToken, Secret256, TokenKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tokio_postgres::Client;
use uuid::Uuid;

/// The first user's address; they own the first account and are a member of the second.
pub(super) const OWNER: &str = "user1@x.example";
/// An address with a live link.
pub(super) const GUEST: &str = "guest@x.example";

/// The statements of every migration, in order.
pub(super) fn migrations() -> Vec<(i32, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut found: Vec<(i32, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let version = name.split('_').next().unwrap().parse().unwrap();
            (version, fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// How many members the data has: `ROLLBOOK_TEST_ROWS`, else a few.
pub(super) fn rows() -> i32 {
    let asked = std::env::var("ROLLBOOK_TEST_ROWS").ok();
    asked.map_or(400, |rows| rows.parse().unwrap())
}

/// A database of a released version, with data.
pub(super) struct Released {
    pub(super) installation: Installation,
    pub(super) version: i32,
    /// The token of the link that [`GUEST`] was sent.
    pub(super) link: InvitationToken,
    /// The secret of the owner's live session.
    pub(super) session: Secret256,
}

impl Released {
    pub(super) async fn of(version: i32) -> Self {
        let db = TestDb::unmigrated().await;
        let client = db.client().await;
        client
            .batch_execute(
                "CREATE TABLE schema_migrations (version integer PRIMARY KEY, checksum bytea NOT NULL,
                     applied_at timestamptz NOT NULL DEFAULT now())",
            )
            .await
            .unwrap();
        for (number, sql) in migrations().iter().filter(|(number, _)| *number <= version) {
            client.batch_execute(sql).await.unwrap();
            let checksum = Sha256::digest(sql.as_bytes()).to_vec();
            let sql = "INSERT INTO schema_migrations (version, checksum) VALUES ($1, $2)";
            client.execute(sql, &[number, &checksum]).await.unwrap();
        }
        let (link, session) = fill(&client, version).await;
        let installation = Installation::on(db);
        keep_key(&installation);
        Self {
            installation,
            version,
            link,
            session,
        }
    }
}

/// Gives an installation the key that the data was made with.
pub(super) fn keep_key(installation: &Installation) {
    let path = installation.home.path().join("token.key");
    fs::write(&path, URL_SAFE_NO_PAD.encode(TOKEN_KEY)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Everything that the first version could hold; later versions hold it too.
async fn fill(client: &Client, version: i32) -> (InvitationToken, Secret256) {
    let (members, accounts) = (rows(), rows() / 100 + 2);
    let sql = include_str!("released.sql")
        .replace(":members", &members.to_string())
        .replace(":accounts", &accounts.to_string())
        .replace(":hash", &weak_hash());
    client.batch_execute(&sql).await.unwrap();
    if version == 1 {
        let last = "UPDATE users SET last_account_id = md5('a2')::uuid WHERE email_key = $1";
        client.execute(last, &[&OWNER]).await.unwrap();
    }
    if version >= 3 {
        let factors = "INSERT INTO second_factors (user_id, confirmed_at, last_step)
                SELECT id, now(), 57000000 FROM users WHERE email_key LIKE 'user%7@x.example';
            INSERT INTO recovery_codes (user_id, digest)
                SELECT user_id, sha256(user_id::text::bytea) FROM second_factors";
        client.batch_execute(factors).await.unwrap();
    }
    let link = invitation(client).await;
    let session = Secret256::from_bytes([5; 32]);
    let sql = "INSERT INTO sessions (id, user_id, token_digest, source, expires_at)
        VALUES (md5('live')::uuid, md5('u1')::uuid, $1, 'tests', now() + interval '12 hours')";
    client
        .execute(sql, &[&session.digest().as_bytes()])
        .await
        .unwrap();
    let (sequence, hash) = events(client, members / 4 + 10).await;
    if version >= 4 {
        let account = AccountId(id(client, "a1").await);
        let head = TokenKey::new(TOKEN_KEY).audit_head(account, sequence, &hash);
        let sql =
            "UPDATE accounts SET audit_sequence = $1, audit_head = $2 WHERE id = md5('a1')::uuid";
        client
            .execute(sql, &[&sequence, &head.as_slice()])
            .await
            .unwrap();
    }
    (link, session)
}

/// The identifier that the data gives to this name.
async fn id(client: &Client, name: &str) -> Uuid {
    let row = client.query_one("SELECT md5($1)::uuid", &[&name]).await;
    row.unwrap().get(0)
}

/// A hash of [`PASSWORD`] that is quick to check, as an old installation may have.
fn weak_hash() -> String {
    let argon2 = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(64, 1, 1, None).unwrap(),
    );
    let hash: PasswordHash = argon2.hash_password(PASSWORD.as_bytes()).unwrap();
    hash.to_string()
}

async fn invitation(client: &Client) -> InvitationToken {
    let id = InvitationId(Uuid::from_bytes([6; 16]));
    let token = TokenKey::new(TOKEN_KEY).token(id, 1);
    let sql = "INSERT INTO invitations (id, account_id, email, email_key, role, permissions, inviter_id,
            inviter_name, token_digest, expires_at)
        VALUES ($1, md5('a1')::uuid, $2, $2, 'custom', '{domains.view}', md5('u1')::uuid, 'user1@x.example',
            $3, now() + interval '7 days')";
    client
        .execute(sql, &[&id.0, &GUEST, &token.digest().as_bytes()])
        .await
        .unwrap();
    token
}

/// The first account's audit log, chained here a second time: the form of the chain is part of what
/// an upgrade must keep. Returns the last sequence and hash.
async fn events(client: &Client, count: i32) -> (i64, Vec<u8>) {
    let (account, actor) = (id(client, "a1").await, id(client, "u1").await);
    let sql = "INSERT INTO events (account_id, sequence, at, actor_id, actor, source, action, subject,
            before, after, hash)
        VALUES ($1, $2::bigint, to_timestamp($2::bigint), $3, 'user1@x.example', 'tests', 'member.changed', $4, 'null', $5, $6)";
    let statement = client.prepare(sql).await.unwrap();
    let mut before = Vec::new();
    for sequence in 1..=i64::from(count) {
        let subject = format!("user{sequence}@x.example");
        let after = json!({"role": "custom", "permissions": ["domains.view"], "n": sequence});
        let text = json!([
            account,
            sequence,
            sequence * 1_000_000,
            actor,
            "user1@x.example",
            "tests",
            "member.changed",
            null,
            subject,
            null,
            after,
            null,
        ]);
        let hash = Sha256::new()
            .chain_update(&before)
            .chain_update(text.to_string());
        before = hash.finalize().to_vec();
        client
            .execute(
                &statement,
                &[&account, &sequence, &actor, &subject, &after, &before],
            )
            .await
            .unwrap();
    }
    (i64::from(count), before)
}
