//! Invitations on their way: a real SMTP conversation with STARTTLS and AUTH, read back by a MIME
//! parser that is not the one that wrote them.

mod connections;
mod queue;

use crate::support::{
    self, TestDb, account_with_owner, custom, invite, operator,
    smtp::{Answer, Stage, TestSmtp},
};
use mail_parser::MessageParser;
use rollbook::{
    domain::{AccountId, DeliveryState, InvitationToken},
    mail::{MailConfig, Mailer, Verdict},
    service::{InvitationSent, Service, Write},
    store::Scope,
};
use std::{path::PathBuf, time::Duration};
use tokio_util::sync::CancellationToken;

struct Office {
    db: TestDb,
    service: Service,
    account: AccountId,
    smtp: TestSmtp,
    mailer: Mailer,
}

fn config(url: Option<String>, root: Option<PathBuf>) -> MailConfig {
    MailConfig {
        smtp_url: url.map(Into::into),
        from: "Rollbook <rollbook@r.example>".to_owned(),
        reply_to: None,
        subject: "You are invited to {account}".to_owned(),
        root_cert: root,
        folder: std::env::temp_dir().join("rollbook-unused"),
        connections: 4,
        rate: 0.0,
    }
}

impl Office {
    async fn open() -> Self {
        let db = TestDb::new().await;
        let service = support::service(&db);
        let (account, _) = account_with_owner(&service, "Mill & Sons", "owner@example.com").await;
        let smtp = TestSmtp::start().await;
        let mailer = Mailer::new(&config(Some(smtp.url()), Some(smtp.root_cert()))).unwrap();
        Self {
            db,
            service,
            account,
            smtp,
            mailer,
        }
    }

    async fn invite(&self, address: &str) -> InvitationSent {
        let write = Write::new(&operator(), self.account);
        invite(&self.service, &write, address, custom(&["products.manage"])).await
    }

    async fn deliver(&self) -> Option<Verdict> {
        self.service.deliver_next(&self.mailer).await.unwrap()
    }

    /// Delivery of the newest invitation: state, tries, the server's words.
    async fn delivery(&self) -> (DeliveryState, i32, String) {
        let all = self
            .service
            .list_invitations(&operator(), self.account)
            .await
            .unwrap();
        let delivery = &all.first().unwrap().delivery;
        let reply = delivery.last_reply.as_ref().map(ToString::to_string);
        (delivery.state, delivery.attempts, reply.unwrap_or_default())
    }

    /// Makes deferred mails due now.
    async fn wind_forward(&self) {
        let sql = "UPDATE outbox SET next_attempt_at = now(), leased_until = NULL";
        self.db.client().await.execute(sql, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn r08_the_mail_arrives_with_one_recipient_and_a_working_link() {
    let office = Office::open().await;
    office.invite("Ada.Lovelace@example.com").await;
    assert_eq!(office.delivery().await.0, DeliveryState::Queued);
    assert!(matches!(office.deliver().await, Some(Verdict::Sent { .. })));
    assert_eq!(office.deliver().await, None);
    let (state, tries, reply) = office.delivery().await;
    assert_eq!((state, tries), (DeliveryState::Sent, 1));
    assert!(reply.contains("queued as TEST"), "{reply}");
    assert_eq!(
        office.smtp.envelopes()[0].1,
        ["RCPT TO:<Ada.Lovelace@example.com>"]
    );
    let raw = office.smtp.received().remove(0);
    let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let to: Vec<&str> = mail
        .to()
        .unwrap()
        .iter()
        .filter_map(|to| to.address())
        .collect();
    assert_eq!(to, ["Ada.Lovelace@example.com"]);
    assert_eq!(mail.subject(), Some("You are invited to Mill & Sons"));
    assert!(mail.date().is_some() && mail.message_id().unwrap().ends_with(".1@r.example"));
    let text = mail.body_text(0).unwrap();
    let link = text
        .lines()
        .find(|line| line.starts_with("http://127.0.0.1:7655/invite/"))
        .unwrap();
    let token = InvitationToken::from_link(link).unwrap();
    let html = mail.body_html(0).unwrap();
    assert!(
        html.contains(link) && html.contains("Mill &#38; Sons"),
        "{html}"
    );
    assert!(text.contains("View & Modify Product Passwords"));
    let look = office.service.look_at_invitation(&token).await.unwrap();
    assert!(matches!(
        look,
        rollbook::service::Look::Open {
            registered: false,
            ..
        }
    ));
}

#[tokio::test]
async fn r08_a_refusal_for_now_is_deferred_and_the_same_mail_goes_later() {
    let office = Office::open().await;
    office.invite("ada@example.com").await;
    office.smtp.script([
        Answer::AtRecipient("451 4.7.1 Greylisted, come back later"),
        Answer::HangUpAfterDot,
    ]);
    assert!(matches!(
        office.deliver().await,
        Some(Verdict::Deferred { .. })
    ));
    let (state, tries, reply) = office.delivery().await;
    assert_eq!((state, tries), (DeliveryState::Deferred, 1));
    assert!(reply.contains("Greylisted"), "{reply}");
    assert_eq!(office.deliver().await, None, "it waits its time");
    office.wind_forward().await;
    assert!(matches!(
        office.deliver().await,
        Some(Verdict::Deferred { .. })
    ));
    office.wind_forward().await;
    assert!(matches!(office.deliver().await, Some(Verdict::Sent { .. })));
    let received = office.smtp.received();
    assert_eq!(received.len(), 2, "taken once without an answer, once with");
    let id = |raw: &str| {
        MessageParser::default()
            .parse(raw.as_bytes())
            .unwrap()
            .message_id()
            .unwrap()
            .to_owned()
    };
    let link = |raw: &str| {
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        mail.body_text(0)
            .unwrap()
            .lines()
            .find(|line| line.starts_with("http"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(id(&received[0]), id(&received[1]));
    assert_eq!(link(&received[0]), link(&received[1]));
}

#[tokio::test]
async fn r08_a_refusal_for_good_fails_at_once_with_the_servers_words() {
    let office = Office::open().await;
    office.invite("ada@example.com").await;
    office
        .smtp
        .script([Answer::AtEnd("550 5.1.1 No such \u{1b}[31mperson")]);
    assert!(matches!(
        office.deliver().await,
        Some(Verdict::Failed { .. })
    ));
    let (state, _, reply) = office.delivery().await;
    assert_eq!(state, DeliveryState::Failed);
    assert!(
        reply.contains("No such") && !reply.contains('\u{1b}'),
        "{reply}"
    );
    office.wind_forward().await;
    assert_eq!(office.deliver().await, None, "it is not tried again");
}

#[tokio::test]
async fn r08_the_server_being_down_loses_nothing() {
    let mut office = Office::open().await;
    office.smtp.stop().await;
    office.invite("ada@example.com").await;
    assert!(matches!(
        office.deliver().await,
        Some(Verdict::Deferred { .. })
    ));
    assert_eq!(office.delivery().await.0, DeliveryState::Deferred);
    office.smtp.restart().await;
    office.wind_forward().await;
    // Another worker than the one that met the outage.
    let mailer = Mailer::new(&config(
        Some(office.smtp.url()),
        Some(office.smtp.root_cert()),
    ))
    .unwrap();
    let stop = CancellationToken::new();
    let worker = office.service.run_outbox(&mailer, stop.clone());
    let watch = async {
        while office.smtp.received().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(worker, watch)
    })
    .await
    .unwrap();
    assert_eq!(office.delivery().await.0, DeliveryState::Sent);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_authorities_are_refused() {
    let office = Office::open().await;
    office.invite("ada@example.com").await;
    let wrong = office.smtp.url().replace("rollbook:", "rollbook:not-");
    let mailer = Mailer::new(&config(Some(wrong), Some(office.smtp.root_cert()))).unwrap();
    let error = mailer.check().await.unwrap_err();
    assert!(
        error.contains("535") || error.contains("wrong user"),
        "{error}"
    );
    let stranger = Mailer::new(&config(Some(office.smtp.url()), None)).unwrap();
    let verdict = office.service.deliver_next(&stranger).await.unwrap();
    assert!(
        matches!(verdict, Some(Verdict::Deferred { .. })),
        "{verdict:?}"
    );
    assert!(office.smtp.received().is_empty());
    assert!(office.mailer.check().await.is_ok());
}

#[tokio::test]
async fn hostile_names_reach_no_header_and_block_nobody() {
    let office = Office::open().await;
    let hostile = "x\r\nBcc: evil@evil.example\r\n\r\n<script>alert(1)</script>\u{1b}[31m\u{202E}=?utf-8?q?y?=";
    office.invite("first@example.com").await;
    let client = office.db.client().await;
    client
        .execute("UPDATE accounts SET name = left($1, 100)", &[&hostile])
        .await
        .unwrap();
    client
        .execute("UPDATE invitations SET inviter_name = $1", &[&hostile])
        .await
        .unwrap();
    office.invite("second@example.com").await;
    for _ in 0..2 {
        assert!(matches!(office.deliver().await, Some(Verdict::Sent { .. })));
    }
    for raw in office.smtp.received() {
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        assert!(mail.bcc().is_none() && mail.cc().is_none());
        assert_eq!(mail.to().unwrap().iter().count(), 1);
        assert!(!mail.body_html(0).unwrap().contains("<script>"));
        assert!(!raw.contains('\u{1b}'));
    }
    assert_eq!(office.smtp.envelopes().len(), 2);
}

#[tokio::test]
async fn a_cancelled_invitation_is_never_mailed() {
    let office = Office::open().await;
    let sent = office.invite("ada@example.com").await;
    let write = Write::new(&operator(), office.account);
    office
        .service
        .cancel_invitation(&write, sent.invitation.id)
        .await
        .unwrap();
    assert_eq!(office.deliver().await, None);
    let mut connection = office.db.store().connect().await.unwrap();
    let tx = connection.begin(&Scope::installation()).await.unwrap();
    let due = rollbook::store::outbox::next_due(&tx).await;
    assert_eq!(due.unwrap(), None, "nothing wakes the worker");
}

#[tokio::test]
async fn without_a_server_mails_are_private_files() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut files = config(None, None);
    files.folder = folder.path().join("rollbook/mail");
    let mailer = Mailer::new(&files).unwrap();
    let mode = |path: &str| {
        let found = std::fs::metadata(folder.path().join(path)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode("rollbook/mail"), 0o700);
    // The private server lies beside it, and another user than root has to get there.
    assert_eq!(mode("rollbook"), 0o711);
    office.invite("ada@example.com").await;
    assert!(matches!(
        office.service.deliver_next(&mailer).await.unwrap(),
        Some(Verdict::Sent { .. })
    ));
    let file = std::fs::read_dir(&files.folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let raw = std::fs::read(file.path()).unwrap();
    let mail = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(
        mail.to().unwrap().first().unwrap().address(),
        Some("ada@example.com")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_a_mail_that_takes_long_holds_up_no_other() {
    let office = Office::open().await;
    let mut stages = office.smtp.stages();
    for guest in 0..6 {
        office.invite(&format!("guest{guest}@example.com")).await;
    }
    let stop = CancellationToken::new();
    let working = office.service.run_outbox(&office.mailer, stop.clone());
    let watching = async {
        let mut held = None;
        while office.smtp.received().len() < 5 {
            let reached = tokio::time::timeout(Duration::from_secs(10), stages.recv()).await;
            let (stage, _, go_on) = reached.unwrap().unwrap();
            // The first to come so far stays there.
            if held.is_none() && stage == Stage::Data {
                held = Some(go_on);
            } else {
                go_on.send(()).unwrap();
            }
        }
        // Told to end, the worker still finishes what it has in hand.
        stop.cancel();
        held.unwrap().send(()).unwrap();
        drop(stages);
    };
    tokio::join!(working, watching);
    assert_eq!(office.smtp.received().len(), 6);
    let sent = "SELECT count(*) FROM outbox WHERE state = 'sent'";
    let row = office.db.client().await.query_one(sent, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 6);
}
