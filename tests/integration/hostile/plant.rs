//! Writes the corpus into the database behind the service's back, into every column of text.

use super::corpus::corpus;
use crate::support::program::Installation;
use rollbook::domain::AccountId;
use tokio_postgres::Client;
use uuid::Uuid;

/// Whose account it is.
pub(crate) const OWNER: &str = "owner@example.com";

/// What the account is called.
pub(crate) const NAME: &str = "\u{1b}]52;c;cm0=\u{7}\u{202E}名لا👍🏽\u{9b}2J<b>=1";

/// An installation whose one account is full of hostile text; its owner can sign in.
pub(crate) async fn installation() -> Installation {
    let installation = Installation::with_account("Example Ltd", OWNER).await;
    let db = installation.db.client().await;
    let account = db.query_one("SELECT id FROM accounts", &[]).await.unwrap();
    let account = AccountId(account.get(0));
    members(&db, account).await;
    invitations(&db, account).await;
    events(&db, account).await;
    logins(&db).await;
    names(&db, account).await;
    installation
}

/// A second account for each string, with the owner in it.
pub(crate) async fn accounts(db: &Client) {
    let names: Vec<String> = numbered(|at, text| format!("{at:03}{text}"));
    let sql = "WITH made AS (INSERT INTO accounts (id, name)
            SELECT gen_random_uuid(), name FROM unnest($1::text[]) name RETURNING id)
        INSERT INTO memberships (account_id, user_id, role)
        SELECT made.id, u.id, 'owner' FROM made, users u WHERE u.email_key = $2";
    db.execute(sql, &[&names, &OWNER]).await.unwrap();
}

fn numbered(text_of: impl Fn(usize, &str) -> String) -> Vec<String> {
    let all = corpus();
    let made = all.iter().enumerate().map(|(at, text)| text_of(at, text));
    made.map(|text| text.chars().take(100).collect()).collect()
}

/// An address for each string, some with the text in front, some with it after a number; the last
/// part tells them apart.
fn addresses() -> Vec<String> {
    let all = corpus();
    let made = all.iter().enumerate().map(|(at, text)| match at % 3 {
        0 => format!("{text}@{at}.example"),
        1 => format!("{at}{text}@x.example"),
        _ => format!("p{at}@{text}.example"),
    });
    made.collect()
}

pub(crate) async fn members(db: &Client, account: AccountId) {
    let ids: Vec<Uuid> = corpus().iter().map(|_| Uuid::now_v7()).collect();
    let users = "INSERT INTO users (id, email, email_key, name, password_hash, last_login)
        SELECT id, email, lower(email), name, 'none',
            CASE WHEN n % 2 = 0 THEN now() - make_interval(hours => n::int) END
        FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS t (id, email, name, n)";
    db.execute(users, &[&ids, &addresses(), &corpus()])
        .await
        .unwrap();
    let memberships = "INSERT INTO memberships (account_id, user_id, role, permissions, invited_by)
        SELECT $1, id, CASE WHEN n % 5 = 0 THEN 'full' ELSE 'custom' END,
            ARRAY['products.view', text, text || '.key'], text
        FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS t (id, text, n)";
    db.execute(memberships, &[&account.0, &ids, &corpus()])
        .await
        .unwrap();
}

async fn invitations(db: &Client, account: AccountId) {
    let invitations =
        "INSERT INTO invitations (id, account_id, email, email_key, role, permissions,
            inviter_name, token_digest, created_at, expires_at)
        SELECT gen_random_uuid(), $1, 'i' || email, 'i' || lower(email), 'custom',
            ARRAY['products.view', text], text, sha256(convert_to(n::text, 'UTF8')),
            now() - make_interval(mins => n::int), now() + interval '1 day'
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS t (email, text, n)";
    db.execute(invitations, &[&account.0, &addresses(), &corpus()])
        .await
        .unwrap();
    let outbox = "INSERT INTO outbox (id, account_id, invitation_id, generation, state, attempts,
            last_reply, next_attempt_at)
        SELECT gen_random_uuid(), account_id, id, 1,
            (ARRAY['sent', 'deferred', 'failed'])[1 + get_byte(token_digest, 0) % 3], 2,
            inviter_name, now() + interval '1 day'
        FROM invitations";
    db.execute(outbox, &[]).await.unwrap();
}

/// Events that nobody wrote; their chain does not hold, which is another test's matter.
pub(crate) async fn events(db: &Client, account: AccountId) {
    let sql = "INSERT INTO events (account_id, sequence, at, actor, source, action, subject,
            before, after, hash)
        SELECT $1, n + (SELECT max(sequence) FROM events WHERE account_id = $1), now(), text, text,
            text, text, jsonb_build_object(text, text), to_jsonb(text),
            sha256(convert_to(n::text, 'UTF8'))
        FROM unnest($2::text[]) WITH ORDINALITY AS t (text, n)";
    db.execute(sql, &[&account.0, &corpus()]).await.unwrap();
}

/// The corpus as the history of the first member of the list: who acted, what they did, which keys.
pub(crate) async fn history(db: &Client) {
    let sql = "INSERT INTO events (account_id, sequence, at, actor, source, action, subject_id,
            subject, before, after, hash)
        SELECT m.account_id, n + (SELECT max(sequence) FROM events), now(), text, text, text,
            m.user_id, text, jsonb_build_object('role', 'custom', 'permissions', ARRAY[text]),
            jsonb_build_object('role', 'custom', 'permissions', ARRAY[text || '.key']),
            sha256(convert_to(n::text, 'UTF8'))
        FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n),
            (SELECT * FROM memberships ORDER BY email_key LIMIT 1) m";
    db.execute(sql, &[&corpus()]).await.unwrap();
}

/// Somebody gives the first member of the list every key of the corpus, under this
/// mark.
pub(crate) async fn change_first(db: &Client, mark: u16) {
    let sql = "UPDATE memberships SET permissions = $1::text[], version = version + 1
        WHERE email_key = (SELECT email_key FROM memberships ORDER BY email_key LIMIT 1)";
    let keys: Vec<String> = numbered(|at, text| format!("{mark}-{at}{text}"));
    db.execute(sql, &[&keys]).await.unwrap();
}

async fn logins(db: &Client) {
    let sql = "INSERT INTO logins (user_id, email_key, success, method, source)
        SELECT u.id, u.email_key, true, 'console', text
        FROM users u, unnest($2::text[]) text WHERE u.email_key = $1";
    db.execute(sql, &[&OWNER, &corpus()]).await.unwrap();
}

/// The account's and the owner's own names.
async fn names(db: &Client, account: AccountId) {
    db.execute(
        "UPDATE accounts SET name = $2 WHERE id = $1",
        &[&account.0, &NAME],
    )
    .await
    .unwrap();
    let owner = "UPDATE users SET name = $2 WHERE email_key = $1";
    db.execute(owner, &[&OWNER, &NAME]).await.unwrap();
    let used =
        "UPDATE memberships SET last_used_at = now() WHERE email_key = $1 AND account_id = $2";
    db.execute(used, &[&OWNER, &account.0]).await.unwrap();
}
