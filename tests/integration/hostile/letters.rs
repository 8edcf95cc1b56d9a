//! Mails with hostile names: one envelope, the known headers, and the same words to another parser.

use super::corpus::corpus;
use super::stream::{fault_of, fault_of_lines};
use crate::support::{
    TestDb, account_with_owner, custom, email, invite, operator, service,
    smtp::{Answer, TestSmtp},
};
use mail_parser::MessageParser;
use rollbook::{
    domain::DisplaySafe,
    mail::{MailConfig, Mailer, Verdict},
    service::{Limits, SendInvitation, Write},
};
use std::collections::BTreeSet;

const HEADERS: [&str; 8] = [
    "from",
    "to",
    "subject",
    "message-id",
    "reply-to",
    "mime-version",
    "date",
    "content-type",
];

fn mailer(smtp: &TestSmtp) -> Mailer {
    Mailer::new(&MailConfig {
        smtp_url: Some(smtp.url().into()),
        from: "Rollbook <rollbook@r.example>".to_owned(),
        reply_to: None,
        subject: "You are invited to {account}".to_owned(),
        root_cert: Some(smtp.root_cert()),
        folder: std::env::temp_dir().join("rollbook-unused"),
        connections: 4,
        rate: 0.0,
    })
    .unwrap()
}

#[tokio::test]
async fn r09_a_mail_is_one_mail_whatever_the_names_are() {
    let (db, smtp) = (TestDb::new().await, TestSmtp::start().await);
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Example Ltd", "owner@example.com").await;
    let (mailer, behind) = (mailer(&smtp), db.client().await);
    let write = || Write::new(&operator(), account);
    let inviter = "UPDATE invitations SET inviter_id = (SELECT id FROM users LIMIT 1),
        inviter_name = $1, permissions = ARRAY[$1, 'products.view'] WHERE status = 'pending'";
    for (at, text) in corpus().iter().enumerate().step_by(2) {
        let address = format!("invited{at}@example.com");
        let send = SendInvitation {
            email: email(&address),
            grant: custom(&["products.view"]),
            limits: Limits::Lifted,
        };
        service.send_invitation(&write(), &send).await.unwrap();
        for sql in [
            "UPDATE accounts SET name = $1",
            "UPDATE users SET name = $1",
            inviter,
        ] {
            behind.execute(sql, &[text]).await.unwrap();
        }
        let verdict = service.deliver_next(&mailer).await.unwrap();
        assert!(matches!(verdict, Some(Verdict::Sent { .. })), "{verdict:?}");
        let done = "UPDATE invitations SET status = 'cancelled'";
        behind.execute(done, &[]).await.unwrap();
        let envelopes = smtp.envelopes();
        assert_eq!(envelopes.len(), at / 2 + 1);
        let (from, to) = envelopes.last().unwrap();
        assert!(from.starts_with("MAIL FROM:<rollbook@r.example>"), "{from}");
        assert_eq!(*to, [format!("RCPT TO:<{address}>")]);
        one_mail(smtp.received().last().unwrap(), &address, text);
    }
}

fn one_mail(raw: &str, address: &str, name: &str) {
    let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let names: Vec<String> = mail
        .headers()
        .iter()
        .map(|h| h.name().to_lowercase())
        .collect();
    let once: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(once.len(), names.len(), "{names:?}");
    assert!(once.iter().all(|name| HEADERS.contains(name)), "{names:?}");
    let to: Vec<_> = mail.to().unwrap().iter().map(|to| to.address()).collect();
    assert_eq!(to, [Some(address)]);
    let clean = DisplaySafe::new(name).as_str().replace("=?", "= ?");
    let subject = format!("You are invited to {clean}");
    // White space at the end of a header, and runs of it, are the header's own.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(mail.subject().unwrap()), words(&subject), "{name:?}");
    let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
    assert_eq!(mail.parts.len(), 3, "text, HTML, and what holds them");
    for body in [&text, &html] {
        assert_eq!(
            fault_of_lines(&body.replace("\r\n", "\n")),
            None,
            "{name:?}"
        );
    }
    assert_eq!(fault_of(mail.subject().unwrap()), None);
    assert_eq!(text.matches("/invite/").count(), 1);
    for element in ["<script", "<img", "<b>", "<h1>alert", "</title><h1>"] {
        assert!(!html.contains(element), "{name:?}");
    }
}

#[tokio::test]
async fn r09_a_mail_server_s_words_are_plain() {
    let (db, smtp) = (TestDb::new().await, TestSmtp::start().await);
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Example Ltd", "owner@example.com").await;
    let mailer = mailer(&smtp);
    let write = || Write::new(&operator(), account);
    for (at, refusal) in [
        "550 5.1.1 \u{1b}]52;c;cm0=\u{7}\u{1b}[2Jno",
        "451 4.2.0 a\0b \u{202E}later\u{9b}6n",
        "550 =HYPERLINK(1) \u{200B}\u{E0041}",
    ]
    .into_iter()
    .enumerate()
    {
        smtp.script([Answer::AtRecipient(refusal)]);
        let address = format!("refused{at}@example.com");
        let sent = invite(&service, &write(), &address, custom(&["products.view"])).await;
        service.deliver_next(&mailer).await.unwrap();
        let all = service
            .list_invitations(&operator(), account)
            .await
            .unwrap();
        let now = all.iter().find(|i| i.id == sent.invitation.id).unwrap();
        let reply = now.delivery.last_reply.as_ref().unwrap().as_str();
        assert_eq!(fault_of(reply), None);
        let sql = "SELECT last_reply FROM outbox WHERE invitation_id = $1";
        let row = db
            .client()
            .await
            .query_one(sql, &[&sent.invitation.id.0])
            .await
            .unwrap();
        assert_eq!(
            fault_of(row.get(0)),
            None,
            "what is stored is clean already"
        );
    }
}

/// An address that was cleaned on its way out of the database could be somebody else's.
#[tokio::test]
async fn r09_no_mail_goes_to_an_address_that_the_policy_refuses() {
    let (db, smtp) = (TestDb::new().await, TestSmtp::start().await);
    let service = service(&db);
    let (account, _) = account_with_owner(&service, "Example Ltd", "owner@example.com").await;
    let (mailer, behind) = (mailer(&smtp), db.client().await);
    let write = Write::new(&operator(), account);
    invite(
        &service,
        &write,
        "new@example.com",
        custom(&["products.view"]),
    )
    .await;
    for text in corpus() {
        let address: String = format!("n{text}@example.com").chars().take(254).collect();
        if rollbook::domain::Email::parse(&address).is_ok() {
            continue;
        }
        let sql = "UPDATE invitations SET email = $1, email_key = $1";
        behind.execute(sql, &[&address]).await.unwrap();
        let again = "UPDATE outbox SET state = 'queued', next_attempt_at = now()";
        behind.execute(again, &[]).await.unwrap();
        let verdict = service.deliver_next(&mailer).await.unwrap();
        assert!(
            matches!(verdict, Some(Verdict::Failed { .. })),
            "{text:?}: {verdict:?}"
        );
    }
    assert!(smtp.envelopes().is_empty());
}
