//! What is said to the mail server on connections that are kept between mails.

use super::{Office, config};
use crate::support::smtp::{Answer, Manner};
use rollbook::{domain::DeliveryState, mail::Mailer, mail::Verdict};

const BOTH: [bool; 2] = [false, true];

impl Office {
    async fn with(manner: Manner) -> Self {
        let office = Self::open().await;
        office.smtp.behave(manner);
        office
    }

    async fn send(&self, address: &str) -> Option<Verdict> {
        self.invite(address).await;
        self.deliver().await
    }

    /// The commands that begin with this word.
    fn count(&self, word: &str) -> usize {
        let said = self.smtp.said();
        said.iter().filter(|said| said.starts_with(word)).count()
    }
}

fn pipelining(pipelining: bool) -> Manner {
    Manner {
        pipelining,
        ..Manner::default()
    }
}

fn words(verdict: Option<Verdict>) -> String {
    match verdict.unwrap() {
        Verdict::Sent { reply } | Verdict::Deferred { reply } | Verdict::Failed { reply } => reply,
    }
}

#[tokio::test]
async fn b04_mails_share_a_connection_and_a_refusal_does_not_end_it() {
    for manner in BOTH.map(pipelining) {
        let office = Office::with(manner).await;
        office.smtp.script([
            Answer::Take,
            Answer::AtRecipient("550 5.1.1 No such person"),
            Answer::Take,
            Answer::AtEnd("452 4.3.1 Not enough room"),
            Answer::AtSender("451 4.7.1 Not from you now"),
        ]);
        let mut states = Vec::new();
        for guest in 0..6 {
            let verdict = office.send(&format!("guest{guest}@example.com")).await;
            states.push(match verdict.unwrap() {
                Verdict::Sent { .. } => "sent",
                Verdict::Failed { .. } => "failed",
                Verdict::Deferred { .. } => "deferred",
            });
        }
        let wanted = ["sent", "failed", "sent", "deferred", "deferred", "sent"];
        assert_eq!(states, wanted, "{manner:?}");
        assert_eq!(office.smtp.connections(), 1, "{manner:?}");
        assert_eq!(
            office.count("RSET"),
            2,
            "nothing of a refused mail is left: {manner:?}"
        );
        assert_eq!(office.smtp.received().len(), 3);
        assert_eq!(office.smtp.at_once() > 0, manner.pipelining);
    }
}

#[tokio::test]
async fn b04_a_server_that_ended_an_idle_connection_defers_no_mail() {
    for manner in BOTH.map(pipelining) {
        let office = Office::with(manner).await;
        assert!(matches!(
            office.send("a@example.com").await,
            Some(Verdict::Sent { .. })
        ));
        office.smtp.hang_up();
        // The conversation ends before the next mail comes.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(matches!(
            office.send("b@example.com").await,
            Some(Verdict::Sent { .. })
        ));
        assert_eq!(office.delivery().await.1, 1, "one try");
        office
            .smtp
            .script([Answer::AtSender("421 4.4.2 localhost idle too long")]);
        assert!(matches!(
            office.send("c@example.com").await,
            Some(Verdict::Sent { .. })
        ));
        assert_eq!(office.smtp.connections(), 3, "{manner:?}");
        assert_eq!(office.smtp.received().len(), 3);
    }
}

#[tokio::test]
async fn b04_a_mail_that_the_server_may_have_is_not_sent_again_at_once() {
    for manner in BOTH.map(pipelining) {
        let office = Office::with(manner).await;
        office.smtp.script([Answer::Take, Answer::HangUpAfterDot]);
        office.send("a@example.com").await;
        let verdict = office.send("b@example.com").await;
        assert!(
            matches!(verdict, Some(Verdict::Deferred { .. })),
            "{verdict:?}"
        );
        assert_eq!(office.smtp.received().len(), 2, "{manner:?}");
        assert_eq!(office.delivery().await.0, DeliveryState::Deferred);
    }
}

#[tokio::test]
async fn b04_a_server_that_closes_on_every_mail_is_not_asked_without_end() {
    let office = Office::open().await;
    let closing = Answer::AtSender("421 4.3.2 Not now");
    office.smtp.script([Answer::Take, closing.clone(), closing]);
    office.send("a@example.com").await;
    let said = words(office.send("b@example.com").await);
    assert!(said.contains("Not now"), "{said}");
    assert_eq!(office.delivery().await.0, DeliveryState::Deferred);
    assert_eq!(office.smtp.connections(), 2);
}

#[tokio::test]
async fn b04_a_server_that_waits_for_a_mail_to_nobody_gets_none() {
    let office = Office::with(pipelining(true)).await;
    office
        .smtp
        .script([Answer::AtRecipientAndGoOn("550 5.1.1 No such person")]);
    let verdict = office.send("a@example.com").await;
    assert!(
        matches!(verdict, Some(Verdict::Failed { .. })),
        "{verdict:?}"
    );
    assert!(words(verdict).contains("No such person"));
    assert!(matches!(
        office.send("b@example.com").await,
        Some(Verdict::Sent { .. })
    ));
    assert_eq!(office.smtp.connections(), 2);
    assert_eq!(office.smtp.envelopes().len(), 1);
}

#[tokio::test]
async fn b04_several_commands_go_at_once_only_where_the_server_takes_them() {
    for (manner, at_once) in BOTH.map(pipelining).into_iter().zip([0, 2]) {
        let office = Office::with(manner).await;
        office.send("a@example.com").await;
        assert_eq!(office.smtp.at_once(), at_once, "{:?}", office.smtp.said());
        let order: Vec<String> = office.smtp.said();
        let order: Vec<&str> = order
            .iter()
            .filter_map(|said| said.split([' ', ':']).next())
            .collect();
        let wanted = ["EHLO", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"];
        assert_eq!(order, wanted);
    }
}

#[tokio::test]
async fn r08_every_way_in_that_the_url_names_works() {
    let office = Office::open().await;
    let urls = [
        (office.smtp.url(), false),
        (
            office.smtp.url().replace("required", "opportunistic"),
            false,
        ),
        (office.smtp.wrapped_url(), true),
    ];
    for (at, (url, wrapped)) in urls.into_iter().enumerate() {
        office.smtp.behave(Manner {
            wrapped,
            ..Manner::default()
        });
        let named = if url.contains('?') {
            url.replace('?', "/console.example?")
        } else {
            format!("{url}/console.example")
        };
        let mailer = Mailer::new(&config(Some(named), Some(office.smtp.root_cert()))).unwrap();
        assert_eq!(
            mailer.check().await,
            Ok("the mail server answers".to_owned())
        );
        office.invite(&format!("guest{at}@example.com")).await;
        let verdict = office.service.deliver_next(&mailer).await.unwrap();
        assert!(
            matches!(verdict, Some(Verdict::Sent { .. })),
            "{url}: {verdict:?}"
        );
        let stranger = Mailer::new(&config(Some(url.clone()), None)).unwrap();
        let refused = stranger.check().await.unwrap_err();
        assert!(
            refused.to_lowercase().contains("certificate"),
            "{url}: {refused}"
        );
    }
    let hello = office.smtp.said();
    assert!(
        hello.iter().any(|said| said == "EHLO console.example"),
        "{hello:?}"
    );
    assert_eq!(office.smtp.received().len(), 3);
}

#[tokio::test]
async fn r08_urls_that_name_no_way_in_are_refused_in_words() {
    let fault = |url: &str| {
        let made = Mailer::new(&config(Some(url.to_owned()), None));
        made.err().unwrap().to_string()
    };
    assert!(fault("http://localhost").contains("smtp://"));
    assert!(fault("smtp://localhost?tls=maybe").contains("opportunistic"));
    assert!(fault("localhost").contains("smtp_url"));
}

/// A wrong password is the operator's to mend, and says nothing against the mail.
#[tokio::test]
async fn r08_a_refusal_at_the_door_costs_no_mail() {
    let office = Office::open().await;
    office.invite("ada@example.com").await;
    let wrong = office.smtp.url().replace("rollbook:", "rollbook:not-");
    let mailer = Mailer::new(&config(Some(wrong), Some(office.smtp.root_cert()))).unwrap();
    let verdict = office.service.deliver_next(&mailer).await.unwrap();
    assert!(
        matches!(verdict, Some(Verdict::Deferred { .. })),
        "{verdict:?}"
    );
    assert!(words(verdict).contains("wrong user or password"));
    office.wind_forward().await;
    assert!(matches!(office.deliver().await, Some(Verdict::Sent { .. })));
}
