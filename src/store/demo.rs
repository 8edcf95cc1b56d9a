//! Sample data for `rollbook demo`, made with set-based SQL: people with names, logins and roles of
//! every kind, and invitations in each state of delivery.

use super::{Db, StoreError};
use crate::domain::{AccountId, UserId};

const FIRST: [&str; 24] = [
    "Ada", "Grace", "Edsger", "Barbara", "Alan", "Frances", "Donald", "Radia", "Niklaus",
    "Margaret", "Tony", "Lynn", "Dennis", "Anita", "Ken", "Hedy", "Linus", "Karen", "Leslie",
    "Joan", "Vint", "Mary", "Guido", "Shafi",
];
const LAST: [&str; 20] = [
    "Hopper", "Dijkstra", "Liskov", "Turing", "Allen", "Knuth", "Perlman", "Wirth", "Hamilton",
    "Hoare", "Conway", "Ritchie", "Borg", "Thompson", "Lamarr", "Sparck", "Lamport", "Clarke",
    "Cerf", "Keller",
];
const DOMAINS: [&str; 4] = [
    "lovelace.example",
    "mills.example",
    "partner.example",
    "freelance.example",
];

/// Chosen sets, keys parted by a blank.
const SETS: [&str; 4] = [
    "invoices.pay quotes.accept orders.place",
    "domains.manage domains.view",
    "tickets.open products.view emails.view",
    "products.manage products.view domains.view",
];

/// Adds `count` members to an account, owned by `owner`, whose password they share.
///
/// # Errors
/// What the database says.
pub async fn members(
    db: &impl Db,
    account: AccountId,
    owner: UserId,
    count: i64,
) -> Result<(), StoreError> {
    let people = "INSERT INTO users (id, email, email_key, name, password_hash, last_login, created_at)
        SELECT gen_random_uuid(), address, address, first || ' ' || last, o.password_hash,
            CASE WHEN n % 9 <> 4 THEN now() - make_interval(mins => ((n * 7919) % 200000)::int) END,
            now() - make_interval(days => 400 - (n % 390)::int)
        FROM generate_series(1, $1::bigint) n
        CROSS JOIN LATERAL (SELECT ($2::text[])[1 + (n * 7) % 24] AS first,
            ($3::text[])[1 + (n * 11 + n / 24) % 20] AS last, ($4::text[])[1 + (n * n) % 4] AS domain) w
        CROSS JOIN LATERAL (SELECT lower(first) || '.' || lower(last)
            || CASE WHEN n > 24 THEN n::text ELSE '' END || '@' || domain AS address) a
        JOIN users o ON o.id = $5
        ON CONFLICT (email_key) DO NOTHING";
    let (first, last, domains) = (FIRST.as_slice(), LAST.as_slice(), DOMAINS.as_slice());
    db.execute(people, &[&count, &first, &last, &domains, &owner.0])
        .await?;
    let joined =
        "INSERT INTO memberships (account_id, user_id, role, permissions, joined_at, invited_by)
        SELECT $1, u.id, r.role,
            CASE WHEN r.role = 'custom' THEN string_to_array(($3::text[])[1 + n % 4], ' ')
                WHEN r.role = 'full' AND n % 20 = 1 THEN string_to_array($4, ' ') ELSE '{}' END,
            u.created_at + interval '1 hour', o.email
        FROM (SELECT *, row_number() OVER (ORDER BY email_key) AS n FROM users WHERE id <> $2) u
        JOIN users o ON o.id = $2
        CROSS JOIN LATERAL (SELECT CASE WHEN n % 67 = 5 THEN 'owner'
            WHEN n % 5 = 1 THEN 'full' ELSE 'custom' END AS role) r";
    let (sets, managing) = (SETS.as_slice(), "members.manage members.view");
    db.execute(joined, &[&account.0, &owner.0, &sets, &managing])
        .await?;
    // So that the first jump's place can be guessed; else that waits for the server's own round.
    db.execute("ANALYZE memberships", &[]).await?;
    Ok(())
}

/// Gives the mails of an account's invitations the states of delivery in turn: sent, deferred with a
/// server's reply, failed, still queued. None of them is due within a day.
///
/// # Errors
/// What the database says.
pub async fn deliveries(db: &impl Db, account: AccountId) -> Result<(), StoreError> {
    let sql = "UPDATE outbox o SET state = s.state, attempts = s.attempts, last_reply = s.reply,
            next_attempt_at = now() + interval '1 day',
            created_at = now() - make_interval(hours => (i.n * 5)::int)
        FROM (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM outbox WHERE account_id = $1) i
        JOIN (VALUES (0, 'sent', 1, '250 2.0.0 Ok: queued as 4bXk2Q1z9'),
            (1, 'deferred', 3, '451 4.7.1 Greylisted, please try again later'),
            (2, 'failed', 1, '550 5.1.1 The address does not exist'),
            (3, 'queued', 0, NULL)) s(n, state, attempts, reply) ON s.n = i.n % 4
        WHERE o.id = i.id";
    db.execute(sql, &[&account.0]).await?;
    let aged = "UPDATE invitations i SET created_at = o.created_at,
            expires_at = o.created_at + interval '7 days'
        FROM outbox o WHERE o.invitation_id = i.id AND i.account_id = $1";
    db.execute(aged, &[&account.0]).await?;
    Ok(())
}
