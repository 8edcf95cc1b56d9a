//! Many at once in the real console: marks to a change, a removal, a pasted list; broken off, gone on
//! with, nothing done twice.

use crate::support::{PASSWORD, program::Installation, pty::Terminal};
use std::path::Path;
use tokio_postgres::Client;

const ADA: &str = "ada@acme.example";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const TAB: &str = "\t";

/// An account of `others` members besides Ada: `p0000@acme.example` and so on, each with one permission.
async fn acme(others: i32) -> (Installation, Client) {
    let mut installation = Installation::with_account("Acme", ADA).await;
    installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    let db = installation.db.client().await;
    let users = "INSERT INTO users (id, email, email_key, name, password_hash)
        SELECT gen_random_uuid(), address, address, 'P', 'none'
        FROM generate_series(0, $1::int - 1) n, format('p%s@acme.example', lpad(n::text, 4, '0')) address";
    db.execute(users, &[&others]).await.unwrap();
    let memberships = "INSERT INTO memberships (account_id, user_id, role, permissions)
        SELECT a.id, u.id, 'custom', ARRAY['invoices.pay'] FROM accounts a, users u
        WHERE u.email_key LIKE 'p%'";
    db.execute(memberships, &[]).await.unwrap();
    (installation, db)
}

fn console(installation: &Installation, size: (u16, u16)) -> Terminal {
    let mut command = installation.command(Path::new(env!("CARGO_BIN_EXE_rollbook")));
    command.args(["--as", ADA]);
    let terminal = Terminal::start(&command, size);
    terminal.see("E-mail address");
    terminal.see(ADA);
    terminal
}

async fn count(db: &Client, sql: &str) -> i64 {
    db.query_one(sql, &[]).await.unwrap().get(0)
}

const WITH_TICKETS: &str =
    "SELECT count(*) FROM memberships WHERE permissions = ARRAY['tickets.open']";
const CHANGES: &str = "SELECT count(*) FROM events WHERE action = 'member.permissions_changed'";
const REMOVALS: &str = "SELECT count(*) FROM events WHERE action = 'member.removed'";

/// Goes up to a box that nothing is decided about, a key at a time.
fn up_to(terminal: &mut Terminal, label: &str) {
    for _ in 0..20 {
        let text = terminal.text();
        let (_, here) = text.split_once("▸ [").unwrap();
        let here: String = here.chars().take(20).collect();
        if here.starts_with(&format!(" ] {label}").chars().take(20).collect::<String>()) {
            return;
        }
        terminal.keys("k");
        terminal.see_gone(&format!("▸ [{here}"));
    }
    panic!("{label} is not above:\n{}", terminal.text());
}

/// Marks three, gives one permission and takes another, reads what came of it.
async fn change(size: (u16, u16)) {
    let (installation, db) = acme(30).await;
    let mut terminal = console(&installation, size);
    terminal.see("31 users");
    terminal.keys("j  jv");
    terminal.see("31 users · 4 marked");
    terminal.keys("m");
    terminal.see("Permissions of 4 users");
    terminal.see("4 of 4 have it");
    // From the last row upwards.
    terminal.keys("G");
    terminal.see("▸ [ ] Manage Users & Invitations");
    up_to(&mut terminal, "View & Open Support Tickets");
    terminal.keys("+");
    terminal.see("▸ [+] View & Open Support Tickets");
    up_to(&mut terminal, "View & Pay Invoices");
    terminal.keys("-");
    terminal.see("[−] View & Pay Invoices");
    terminal.keys(ENTER);
    terminal.see("Review the changes");
    terminal.see("4 will change");
    terminal.see("member grant --from FILE");
    assert_eq!(count(&db, CHANGES).await, 0, "nothing is written yet");
    terminal.keys(ENTER);
    terminal.see("4 changed");
    terminal.keys(ENTER);
    terminal.see_gone("4 changed");
    terminal.see("31 users");
    terminal.see_gone("marked");
    assert_eq!(count(&db, WITH_TICKETS).await, 4);
    assert_eq!(count(&db, CHANGES).await, 4);
    terminal.keys("q");
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_marked_members_are_changed_together_at_80_by_24() {
    change((80, 24)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_marked_members_are_changed_together_at_200_by_50() {
    change((200, 50)).await;
}

/// Marks everybody found and asks for their removal; Enter on it begins.
fn ask_for_removal(terminal: &mut Terminal, found: usize) {
    terminal.keys("/acme");
    terminal.see(" found");
    terminal.keys(&[ENTER, "a"].concat());
    terminal.see(&format!(" · {found} marked"));
    terminal.keys("d");
    terminal.see(&format!("Remove access of {found} users?"));
    terminal.see(&format!("{found} will be removed"));
    terminal.keys(TAB);
    terminal.see(&format!("[▸Remove {found} users ]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_removal_of_many_is_stopped_between_batches_and_gone_on_with() {
    let (installation, db) = acme(600).await;
    let mut terminal = console(&installation, (100, 30));
    ask_for_removal(&mut terminal, 600);
    // Somebody holds the account: the first batch waits, the screen does not.
    let blocker = installation.db.client().await;
    let hold = "BEGIN; SELECT 1 FROM accounts FOR UPDATE";
    blocker.batch_execute(hold).await.unwrap();
    terminal.keys(ENTER);
    terminal.see("0 of 600 rows");
    terminal.keys(ESC);
    terminal.see("Ends after the rows that are being written");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    terminal.see("Stopped");
    terminal.see("350 not come to · 250 removed");
    assert_eq!(count(&db, REMOVALS).await, 250);
    terminal.keys(ENTER);
    terminal.see("600 removed");
    assert_eq!(count(&db, REMOVALS).await, 600, "nobody twice");
    terminal.keys(&[ENTER, ESC].concat());
    terminal.see("1 user");
    terminal.see_gone("marked");
    terminal.keys("q");
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_connection_that_is_lost_in_between_breaks_nothing_twice() {
    let (installation, db) = acme(600).await;
    let mut terminal = console(&installation, (100, 30));
    ask_for_removal(&mut terminal, 600);
    // Somebody of the second batch is held: the first is written, the second waits.
    let blocker = installation.db.client().await;
    let hold = "BEGIN; SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE u.email_key = 'p0300@acme.example' FOR UPDATE OF m";
    blocker.batch_execute(hold).await.unwrap();
    terminal.keys(ENTER);
    terminal.see("250 of 600 rows");
    // Every connection goes, and no other is to be had for longer than an answer is asked for.
    installation.db.shut().await;
    terminal.see("Broken off");
    terminal.see("not come to");
    terminal.see("nothing twice");
    drop((blocker, db));
    installation.db.open().await;
    let db = installation.db.client().await;
    let before = count(&db, REMOVALS).await;
    assert!((250..600).contains(&before), "{before}");
    terminal.keys(ENTER);
    terminal.see("600 removed");
    assert_eq!(count(&db, REMOVALS).await, 600, "nobody twice");
    terminal.keys("q");
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_pasted_list_is_judged_put_right_and_sent() {
    let (installation, db) = acme(3).await;
    let mut terminal = console(&installation, (100, 30));
    terminal.keys("i");
    terminal.see("▸ E-mail");
    let pasted = "Grace <grace@new.example>, hedy@new.example\r\np0001@acme.example\r\n\
        ida@@new.example\r\n";
    terminal.keys(&format!("\x1b[200~{pasted}\x1b[201~"));
    terminal.see("Invite several users");
    terminal.see("· in the account already");
    terminal.see("✗ The address needs exactly one @");
    terminal.see("Send 2 invitations");
    // Escape loses nothing.
    terminal.keys(ESC);
    terminal.see("4 lines are kept");
    terminal.keys("\x0c");
    terminal.see("Send 2 invitations");
    // The last line is the wrong one: put right in its place.
    terminal.keys("\x15ida@new.example");
    terminal.see("Send 3 invitations");
    terminal.keys(&[TAB, " "].concat());
    terminal.see("(•) All Permissions");
    terminal.see("[▸Send 3 invitations ]");
    terminal.keys(ENTER);
    terminal.see("Review the invitations");
    terminal.see("3 new");
    terminal.see("invite import FILE --yes --all");
    terminal.keys(ENTER);
    terminal.see("3 invited");
    terminal.keys(ENTER);
    terminal.see("Pending invitations · 3");
    terminal.see_gone("Invite several users");
    let sent = "SELECT count(*) FROM invitations i JOIN outbox o ON o.invitation_id = i.id
        WHERE i.role = 'full' AND i.email_key LIKE '%@new.example'";
    assert_eq!(count(&db, sent).await, 3);
    terminal.keys(&[ESC, "q"].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_console_that_is_left_while_it_works_leaves_whole_batches() {
    let (installation, db) = acme(600).await;
    let mut terminal = console(&installation, (100, 30));
    ask_for_removal(&mut terminal, 600);
    let blocker = installation.db.client().await;
    let hold = "BEGIN; SELECT 1 FROM accounts FOR UPDATE";
    blocker.batch_execute(hold).await.unwrap();
    terminal.keys(ENTER);
    terminal.see("0 of 600 rows");
    terminal.keys("\x03");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    blocker.batch_execute("ROLLBACK").await.unwrap();
    terminal.ends_within(std::time::Duration::from_secs(8));
    assert!(terminal.is_given_back());
    assert_eq!(count(&db, REMOVALS).await, 250);
}
