//! Many invitations from a list: verdicts, batches, and what happens when they are broken off.

use crate::support::{
    TestDb, account_with_owner, custom, email, invite, join, operator, service, service_with,
    settings, sign_in,
};
use rollbook::{
    domain::{
        AccountId, Actor, CommandId, Grant, Invitation, InvitationStatus, InvitationToken, Roster,
        Verdict, roster::Wanted,
    },
    service::{
        BrokenOff, BulkDone, Conflict, Course, Import, Limits, Progress, SendingLimits, Service,
        ServiceError, ServiceSettings, SignInFault, Write, WriteMode,
    },
};
use secrecy::ExposeSecret;
use std::{num::NonZeroUsize, time::Duration};
use tokio_util::sync::CancellationToken;

const KEYS: [&str; 1] = ["domains.view"];

fn roster(text: &str) -> Roster {
    let wanted = Wanted::Invitations(Some(custom(&KEYS)));
    Roster::parse(text.as_bytes(), &wanted).unwrap()
}

fn numbered(count: usize) -> Roster {
    let rows: Vec<String> = (0..count).map(|n| format!("p{n}@x.example")).collect();
    roster(&rows.join("\n"))
}

fn lifted(roster: &Roster) -> Import<'_> {
    let limits = Limits::Lifted;
    Import { roster, limits }
}

fn enforced(roster: &Roster) -> Import<'_> {
    let limits = Limits::Enforced;
    Import { roster, limits }
}

/// What a console starts on a thread of its own.
fn sent<F: Future + Send>(work: F) -> F {
    work
}

/// Imports in batches of two; `after` is told of each, and may stop the rest.
async fn import_watched(
    service: &Service,
    write: &Write,
    import: Import<'_>,
    mut after: impl FnMut(Progress, &CancellationToken) + Send,
) -> BulkDone {
    let stop = CancellationToken::new();
    let course = Course {
        batch: NonZeroUsize::new(2).unwrap(),
        progress: &mut |progress| after(progress, &stop),
        stop: &stop,
    };
    sent(service.import_invitations(write, &import, course)).await
}

async fn import(service: &Service, write: &Write, import: Import<'_>) -> BulkDone {
    import_watched(service, write, import, |_, _| {}).await
}

fn words(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().map(Verdict::word).collect()
}

fn why(done: BulkDone) -> ServiceError {
    match done.broken_off {
        Some(BrokenOff::By(error)) => error,
        other => panic!("{other:?} {:?}", done.verdicts),
    }
}

/// How many rows a condition finds.
async fn count(db: &TestDb, what: &str) -> i64 {
    let client = db.client().await;
    let sql = format!("SELECT count(*) FROM {what}");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn acme(db: &TestDb) -> (Service, AccountId, Actor) {
    let service = service(db);
    let (account, operator) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    (service, account, operator)
}

/// Max, who may manage and holds these keys.
async fn manager(service: &Service, account: AccountId, keys: &[&str]) -> Actor {
    let keys: Vec<&str> = keys.iter().copied().chain(["members.manage"]).collect();
    join(service, account, "max@acme.example", custom(&keys)).await;
    sign_in(service, "max@acme.example").await.actor
}

/// A list with a row of every kind, and an account in which each is what it is called.
async fn every_kind(db: &TestDb, service: &Service, account: AccountId) -> Roster {
    let by = || Write::new(&operator(), account);
    invite(service, &by(), "waits@x.example", Grant::full()).await;
    let late = invite(service, &by(), "late@x.example", Grant::full()).await;
    let client = db.client().await;
    let sql = "UPDATE invitations SET expires_at = now() - interval '1 second' WHERE id = $1";
    let id = late.invitation.id.0;
    client.execute(sql, &[&id]).await.unwrap();
    roster(
        "email,role,permissions\nnew@x.example,,\nADA@acme.example,,\nwaits@x.example,,\n\
         late@x.example,custom,domains.view\nno address,,\nnew@X.example,,\nbob@x.example,full,\n\
         cy@x.example,,domains.veiw\ndi@x.example,custom,\nel@x.example,owner,\n\
         fa@x.example,,invoices.pay\n",
    )
}

#[tokio::test]
async fn b05_every_kind_of_row_has_its_verdict_before_and_after() {
    let db = TestDb::new().await;
    let (service, account, _) = acme(&db).await;
    let max = manager(&service, account, &["domains.view"]).await;
    let roster = every_kind(&db, &service, account).await;
    let expected = [
        "new",
        "member",
        "pending",
        "new",
        "invalid",
        "duplicate",
        "not_allowed",
        "invalid",
        "invalid",
        "not_allowed",
        "not_allowed",
    ];
    let preview = service
        .preview_import(&max, account, &enforced(&roster))
        .await
        .unwrap();
    assert_eq!(words(&preview), expected);
    assert_eq!(preview[0], Verdict::New(None));
    assert!(
        preview[7]
            .reason()
            .unwrap()
            .contains("did you mean \"domains.view\"")
    );
    assert_eq!(preview[5], Verdict::Duplicate(2));
    let mut write = Write::new(&max, account);
    write.mode = WriteMode::DryRun;
    let rehearsed = import(&service, &write, enforced(&roster)).await;
    assert_eq!(rehearsed.verdicts, preview);
    assert_eq!(count(&db, "invitations WHERE status = 'pending'").await, 2);

    let done = import(&service, &Write::new(&max, account), enforced(&roster)).await;
    assert!(done.broken_off.is_none(), "{:?}", done.broken_off);
    assert_eq!(words(&done.verdicts), expected);
    let listed = service.list_invitations(&max, account).await.unwrap();
    let Verdict::New(Some(id)) = done.verdicts[0] else {
        panic!("{:?}", done.verdicts[0]);
    };
    let new = listed.iter().find(|invitation| invitation.id == id);
    is_new(new.unwrap(), &max);
    let late = "invitations WHERE email_key = 'late@x.example'";
    assert_eq!(count(&db, late).await, 2);
}

fn is_new(new: &Invitation, by: &Actor) {
    assert_eq!(new.email, email("new@x.example"));
    assert_eq!(new.grant, custom(&KEYS));
    assert_eq!(new.status, InvitationStatus::Pending);
    assert_eq!(new.invited_by.as_str(), by.label());
    assert_eq!(new.inviter, by.user_id());
    let life = new.created_at.duration_until(new.expires_at).as_hours();
    assert_eq!(life, 7 * 24);
}

#[tokio::test]
async fn b05_an_imported_invitation_is_one_like_any_other() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let write = Write::new(&operator, account);
    invite(&service, &write, "one@x.example", custom(&KEYS)).await;
    let text = roster("many@x.example");
    let done = import(&service, &Write::new(&operator, account), lifted(&text)).await;
    let Verdict::New(Some(id)) = done.verdicts[0] else {
        panic!("{:?}", done.verdicts);
    };
    let client = db.client().await;
    // But for the times, the identifiers, the address and the mail's turn the two are the same, row by row.
    for sql in [
        "SELECT to_jsonb(t) - '{id,email,email_key,token_digest,created_at,expires_at}'::text[]
         FROM invitations t ORDER BY t.id",
        "SELECT to_jsonb(t) - '{id,invitation_id,bulk,created_at,next_attempt_at}'::text[]
         FROM outbox t ORDER BY t.id",
        "SELECT (to_jsonb(t) #- '{after,id}' #- '{after,expires_at}')
            - '{sequence,id,at,subject_id,subject,command_id,hash}'::text[]
         FROM events t WHERE action = 'invitation.sent' ORDER BY t.sequence",
    ] {
        let rows = client.query(sql, &[]).await.unwrap();
        let rows: Vec<serde_json::Value> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(rows.len(), 2, "{sql}");
        assert_eq!(rows[0], rows[1]);
    }
    let turns = "SELECT array_agg(bulk ORDER BY id) FROM outbox";
    let turns: Vec<bool> = client.query_one(turns, &[]).await.unwrap().get(0);
    assert_eq!(turns, [false, true]);
    let reveal = service
        .reveal_link(&Write::new(&operator, account), id)
        .await;
    let link = reveal.unwrap().link;
    let token = InvitationToken::from_link(link.expose_secret()).unwrap();
    let joined = crate::support::register(&service, &token, "Many").await;
    assert_eq!(joined.account, account);
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn b05_the_limits_let_the_first_rows_out() {
    let db = TestDb::new().await;
    let limits = SendingLimits {
        per_inviter: 4,
        per_address: 1,
        ..SendingLimits::default()
    };
    let service = service_with(
        &db,
        ServiceSettings {
            limits,
            ..settings()
        },
    );
    let (account, operator) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let (other, _) = account_with_owner(&service, "Other", "eve@other.example").await;
    invite(
        &service,
        &Write::new(&operator, other),
        "p1@x.example",
        custom(&KEYS),
    )
    .await;
    let ada = sign_in(&service, "ada@acme.example").await.actor;
    let roster = numbered(7);
    let expected = [
        "new",
        "over_limit",
        "new",
        "new",
        "new",
        "over_limit",
        "over_limit",
    ];
    let preview = service
        .preview_import(&ada, account, &enforced(&roster))
        .await;
    assert_eq!(words(&preview.unwrap()), expected);
    // A user lifts nothing.
    let done = import(&service, &Write::new(&ada, account), lifted(&roster)).await;
    assert_eq!(words(&done.verdicts), expected);
    assert!(
        done.verdicts[1]
            .reason()
            .unwrap()
            .starts_with("This address")
    );
    assert!(
        done.verdicts[6]
            .reason()
            .unwrap()
            .starts_with("You have sent 4")
    );
    let done = import(&service, &Write::new(&operator, account), lifted(&roster)).await;
    let new = [
        "pending", "new", "pending", "pending", "pending", "new", "new",
    ];
    assert_eq!(words(&done.verdicts), new);
}

#[tokio::test]
async fn b05_an_import_goes_on_where_it_ended() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let (roster, write) = (numbered(7), Write::new(&operator, account));
    let mut seen = Vec::new();
    let first = import_watched(&service, &write, lifted(&roster), |progress, stop| {
        seen.push((progress.done, progress.total));
        if progress.done == 4 {
            stop.cancel();
        }
    });
    let first = first.await;
    assert!(matches!(first.broken_off, Some(BrokenOff::Asked)));
    assert_eq!((first.verdicts.len(), seen), (4, vec![(2, 7), (4, 7)]));
    assert_eq!(count(&db, "invitations").await, 4);
    // As a program does that died: it knows nothing but the id.
    let again = Write {
        command: write.command,
        ..Write::new(&operator, account)
    };
    let whole = import(&service, &again, lifted(&roster)).await;
    assert_eq!(whole.verdicts[..4], first.verdicts);
    assert_eq!(words(&whole.verdicts), ["new"; 7]);
    assert_eq!(
        (count(&db, "invitations").await, count(&db, "outbox").await),
        (7, 7)
    );
    assert_eq!(
        count(&db, "events WHERE action = 'invitation.sent'").await,
        7
    );
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );

    let changed = numbered(6);
    let error = why(import(&service, &again, lifted(&changed)).await);
    assert!(
        matches!(error, ServiceError::Conflict(Conflict::CommandReused)),
        "{error:?}"
    );
    let error = why(import(&service, &again, enforced(&roster)).await);
    assert!(
        matches!(error, ServiceError::Conflict(Conflict::CommandReused)),
        "{error:?}"
    );
    // Another account's work under the same id is another work.
    let (other, _) = account_with_owner(&service, "Other", "eve@other.example").await;
    let there = Write {
        account: other,
        ..again
    };
    let done = import(&service, &there, lifted(&changed)).await;
    assert_eq!(words(&done.verdicts), ["new"; 6]);
}

#[tokio::test]
async fn b05_a_batch_is_all_or_nothing() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let client = db.client().await;
    // The third row of five can't be written: its mail is refused.
    client
        .batch_execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF EXISTS (SELECT FROM invitations WHERE id = NEW.invitation_id
                    AND email_key = 'p2@x.example') THEN RAISE EXCEPTION 'no'; END IF;
                RETURN NULL; END $$;
             ALTER FUNCTION refuse() SECURITY DEFINER;
             CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON outbox FOR EACH ROW
                EXECUTE FUNCTION refuse()",
        )
        .await
        .unwrap();
    let (roster, write) = (numbered(5), Write::new(&operator, account));
    let done = import(&service, &write, lifted(&roster)).await;
    assert_eq!(done.verdicts.len(), 2);
    assert!(matches!(why(done), ServiceError::Bug { .. }));
    for what in [
        "invitations",
        "outbox",
        "events WHERE action = 'invitation.sent'",
    ] {
        assert_eq!(count(&db, what).await, 2, "{what}");
    }
    client
        .batch_execute("DROP TRIGGER refuse ON outbox")
        .await
        .unwrap();
    let done = import(&service, &write, lifted(&roster)).await;
    assert_eq!(words(&done.verdicts), ["new"; 5]);
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn b05_who_loses_authority_meanwhile_is_stopped() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let max = manager(&service, account, &KEYS).await;
    let roster = numbered(6);
    let stop = CancellationToken::new();
    let (told, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let write = Write::new(&max, account);
    let work = {
        let (service, write, roster) = (service.clone(), write.clone(), roster.clone());
        async move {
            let mut progress = move |progress: Progress| {
                told.send(progress).unwrap();
                may_go.recv().unwrap();
            };
            let course = Course {
                batch: NonZeroUsize::new(2).unwrap(),
                progress: &mut progress,
                stop: &stop,
            };
            service
                .import_invitations(&write, &lifted(&roster), course)
                .await
        }
    };
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || runtime.block_on(work));
    batches.recv().await.unwrap();
    let by = Write::new(&operator, account);
    service
        .remove_member(&by, &email("max@acme.example"), None)
        .await
        .unwrap();
    go.send(()).unwrap();
    let done = work.await.unwrap();
    assert_eq!(words(&done.verdicts), ["new"; 2]);
    let error = why(done);
    let gone = matches!(
        error,
        ServiceError::NotSignedIn(SignInFault::NoMember | SignInFault::Ended)
    );
    assert!(gone, "{error:?}");
    // What they had sent went with them.
    assert_eq!(
        count(&db, "invitations WHERE status = 'cancelled'").await,
        2
    );
    let again = why(import(&service, &write, lifted(&roster)).await);
    assert!(matches!(again, ServiceError::NotSignedIn(_)), "{again:?}");
}

#[tokio::test]
async fn b05_two_imports_at_once_invite_everybody_once() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let roster = numbered(60);
    let (one, other) = (
        Write::new(&operator, account),
        Write::new(&operator, account),
    );
    // A write of somebody else's comes in between.
    let single = Write::new(&operator, account);
    let (lists, single) = tokio::join!(
        async {
            let (one, other) = (&one, &other);
            let (one, other) = tokio::join!(
                import(&service, one, lifted(&roster)),
                import(&service, other, lifted(&roster))
            );
            [one, other]
        },
        invite(&service, &single, "p99@x.example", Grant::full())
    );
    assert_eq!(single.invitation.status, InvitationStatus::Pending);
    for done in &lists {
        assert!(done.broken_off.is_none(), "{:?}", done.broken_off);
    }
    for (one, other) in lists[0].verdicts.iter().zip(&lists[1].verdicts) {
        let mut pair = [one.word(), other.word()];
        pair.sort_unstable();
        assert_eq!(pair, ["new", "pending"]);
    }
    assert_eq!(count(&db, "invitations").await, 61);
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn b05_the_same_import_twice_at_once_is_one() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let (roster, write) = (numbered(20), Write::new(&operator, account));
    let (one, other) = tokio::join!(
        import(&service, &write, lifted(&roster)),
        import(&service, &write, lifted(&roster))
    );
    assert_eq!(words(&one.verdicts), ["new"; 20]);
    assert_eq!(one.verdicts, other.verdicts);
    assert_eq!(count(&db, "invitations").await, 20);
}

#[tokio::test]
async fn b05_a_lost_answer_is_asked_for_again() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let (roster, write) = (numbered(6), Write::new(&operator, account));
    let client = db.client().await;
    let name = db.name().to_owned();
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    );
    let (told, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let killer = async {
        // Every connection of the pool, again and again while the import runs.
        while batches.recv().await.is_some() {
            client.batch_execute(&kill).await.unwrap();
        }
    };
    let work = async {
        let done = import_watched(&service, &write, lifted(&roster), |progress, _| {
            told.send(progress).unwrap();
        });
        let done = done.await;
        drop(told);
        done
    };
    let both = async { tokio::join!(work, killer).0 };
    let done = tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .unwrap();
    assert!(done.broken_off.is_none(), "{:?}", done.broken_off);
    assert_eq!(words(&done.verdicts), ["new"; 6]);
    assert_eq!(
        (count(&db, "invitations").await, count(&db, "outbox").await),
        (6, 6)
    );
    assert_eq!(
        service.verify_events(&operator, account).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn b05_a_foreign_account_s_people_are_strangers() {
    let db = TestDb::new().await;
    let (service, account, operator) = acme(&db).await;
    let (other, _) = account_with_owner(&service, "Other", "eve@other.example").await;
    invite(
        &service,
        &Write::new(&operator, other),
        "waits@x.example",
        Grant::full(),
    )
    .await;
    let roster = roster("eve@other.example\nwaits@x.example");
    let done = import(&service, &Write::new(&operator, account), lifted(&roster)).await;
    assert_eq!(words(&done.verdicts), ["new"; 2]);
    let eve = sign_in(&service, "eve@other.example").await.actor;
    let error = service
        .preview_import(&eve, account, &enforced(&roster))
        .await;
    assert!(matches!(
        error,
        Err(ServiceError::NotSignedIn(SignInFault::NoMember))
    ));
    let write = Write {
        command: CommandId::new(),
        ..Write::new(&eve, account)
    };
    let error = why(import(&service, &write, enforced(&roster)).await);
    assert!(
        matches!(error, ServiceError::NotSignedIn(SignInFault::NoMember)),
        "{error:?}"
    );
    assert_eq!(count(&db, "invitations").await, 3);
}
