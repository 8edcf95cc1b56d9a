//! A new key for the installation: nothing that was made under the old one breaks, and the old one goes
//! only when nothing hangs on it.

use crate::support::{
    BASE_URL, PASSWORD, password,
    program::Installation,
    register, service_of, sign_in,
    smtp::{Answer, TestSmtp},
};
use rollbook::{
    cli::key_file::KeyFile,
    domain::{InvitationToken, TokenKey, UserId},
    mail::{MailConfig, Mailer, Verdict},
    service::Service,
};
use std::{fs, os::unix::fs::PermissionsExt};

const OWNER: &str = "ada@acme.example";

struct House {
    installation: Installation,
    file: KeyFile,
    /// A program that runs through everything, as `rollbook serve` does.
    running: Service,
}

impl House {
    async fn new() -> Self {
        let mut installation = Installation::with_account("Acme", OWNER).await;
        installation.set("ROLLBOOK_WEB__BASE_URL", BASE_URL);
        let file = KeyFile::at(installation.home.path().join("token.key"));
        let running = service_of(&installation.db, file.clone().source().unwrap());
        Self {
            installation,
            file,
            running,
        }
    }

    fn run(&self, args: &[&str]) -> String {
        let ran = self.installation.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        ran.out
    }

    fn invited(&self, address: &str) -> InvitationToken {
        let invite = ["invite", "send", address, "--all", "--show-link", "--json"];
        let sent = self.installation.run(&invite).json();
        InvitationToken::from_link(sent["link"].as_str().unwrap()).unwrap()
    }

    fn status(&self) -> serde_json::Value {
        self.installation
            .run(&["token-key", "status", "--json"])
            .json()
    }

    /// Code of a refused drop, and its words.
    fn refused(&self) -> String {
        let ran = self.installation.run(&["token-key", "drop-retired"]);
        assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
        ran.err
    }

    async fn do_sql(&self, sql: &str) {
        let client = self.installation.db.client().await;
        client.batch_execute(sql).await.unwrap();
    }
}

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

/// The link's token in each mail.
fn mailed(smtp: &TestSmtp) -> Vec<String> {
    let token = |raw: &String| {
        let mail = mail_parser::MessageParser::default()
            .parse(raw.as_bytes())
            .unwrap();
        let text = mail.body_text(0).unwrap().to_string();
        let link = text.lines().find(|line| line.starts_with("http")).unwrap();
        InvitationToken::from_link(link)
            .unwrap()
            .expose()
            .to_owned()
    };
    smtp.received().iter().map(token).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_retried_after_a_rotation_carries_the_very_same_link() {
    let house = House::new().await;
    let link = house.invited("guest@x.example");
    let smtp = TestSmtp::start().await;
    // Taken, but the answer is lost: it will be sent again.
    smtp.script([Answer::HangUpAfterDot]);
    let deferred = house.running.deliver_next(&mailer(&smtp)).await.unwrap();
    assert!(
        matches!(deferred, Some(Verdict::Deferred { .. })),
        "{deferred:?}"
    );
    house.run(&["token-key", "rotate"]);
    house
        .do_sql("UPDATE outbox SET next_attempt_at = now()")
        .await;
    let sent = house.running.deliver_next(&mailer(&smtp)).await.unwrap();
    assert!(matches!(sent, Some(Verdict::Sent { .. })), "{sent:?}");
    assert_eq!(mailed(&smtp), [link.expose(), link.expose()]);
    // What is new is of the new key, in the program that runs through as well.
    let next = house.invited("next@x.example");
    let sent = house.running.deliver_next(&mailer(&smtp)).await.unwrap();
    assert!(matches!(sent, Some(Verdict::Sent { .. })), "{sent:?}");
    assert_eq!(mailed(&smtp)[2], next.expose());
    let status = house.status();
    assert_eq!(status["keys"][0]["pending_links"], 1, "{status}");
    assert_eq!(status["keys"][1]["pending_links"], 1, "{status}");
    register(&house.running, &link, "Guest").await;
    register(&house.running, &next, "Next").await;
    house.run(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_key_is_lost_is_said_to_be_and_never_sent_wrong() {
    let house = House::new().await;
    let link = house.invited("guest@x.example");
    fs::remove_file(house.file.path()).unwrap();
    house.file.ensure().unwrap();
    let smtp = TestSmtp::start().await;
    let verdict = house.running.deliver_next(&mailer(&smtp)).await.unwrap();
    let Some(Verdict::Deferred { reply }) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(reply.contains("not in the token key file"), "{reply}");
    assert!(smtp.received().is_empty());
    // The link in a mail that went out before holds all the same.
    register(&house.running, &link, "Guest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_holds_through_a_rotation_and_keeps_its_key() {
    let house = House::new().await;
    let ada = sign_in(&house.running, OWNER).await;
    house.running.begin_second_factor(&ada.actor).await.unwrap();
    let key = |file: &KeyFile, place: usize| {
        let text = fs::read_to_string(file.path()).unwrap();
        TokenKey::parse(text.lines().nth(place).unwrap()).unwrap()
    };
    let first = key(&house.file, 0);
    let now = || rollbook::clock::Clock::System.now().as_second();
    let code = |key: &TokenKey, user: UserId, at: i64| code_of(&key.factor_secret(user, 1), at);
    // Rotated between the QR code and the first code.
    house.run(&["token-key", "rotate"]);
    let at = now();
    let shown: secrecy::SecretString = code(&first, ada.user.id, at).into();
    let confirmed = house.running.confirm_second_factor(&ada.actor, &shown);
    confirmed.await.unwrap();
    let password = password();
    let later: secrecy::SecretString = code(&first, ada.user.id, at + 30).into();
    let with = |code| rollbook::service::Proof {
        password: &password,
        code: Some(code),
    };
    let entry = crate::support::entry();
    let wrong: secrecy::SecretString = code(&key(&house.file, 0), ada.user.id, at).into();
    assert!(
        house
            .running
            .sign_in(OWNER, with(&wrong), &entry)
            .await
            .is_err()
    );
    house
        .running
        .sign_in(OWNER, with(&later), &entry)
        .await
        .unwrap();
    let status = house.status();
    assert_eq!(status["keys"][1]["second_factors"][0], OWNER, "{status}");
    assert!(house.refused().contains("second factors: 1"));
    // Older than the note of its key: counted, until its next code tells.
    house
        .do_sql("UPDATE second_factors SET key_id = NULL")
        .await;
    assert_eq!(house.status()["unknown"]["second_factors"][0], OWNER);
    assert!(house.refused().contains("unknown key"));
    house
        .do_sql("UPDATE second_factors SET last_step = 0")
        .await;
    house
        .running
        .sign_in(OWNER, with(&later), &entry)
        .await
        .unwrap();
    assert_eq!(house.status()["keys"][1]["second_factors"][0], OWNER);
    house
        .do_sql("UPDATE second_factors SET confirmed_at = NULL")
        .await;
    house.run(&["token-key", "drop-retired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_holds_through_a_rotation_and_is_vouched_for_anew() {
    let house = House::new().await;
    house.run(&["token-key", "rotate"]);
    house.run(&["audit", "verify"]);
    let logs = |status: serde_json::Value| {
        let logs = |key: usize| status["keys"][key]["audit_logs"].as_i64().unwrap();
        (logs(0), logs(1))
    };
    assert_eq!(logs(house.status()), (0, 1));
    house.run(&["account", "create", "Second", "--owner", OWNER]);
    assert_eq!(logs(house.status()), (1, 1));
    // The next event has the current key vouch for the log; of the other account nobody hears again.
    house.run(&[
        "invite",
        "send",
        "guest@x.example",
        "--all",
        "--account",
        "Second",
    ]);
    assert_eq!(logs(house.status()), (1, 1));
    let invitation = house
        .installation
        .run(&["invite", "list", "--account", "Second", "--json"])
        .json();
    let id = invitation[0]["id"].as_str().unwrap().to_owned();
    house.run(&["invite", "cancel", &id, "--yes", "--account", "Second"]);
    house.run(&["token-key", "drop-retired"]);
    for account in ["Acme", "Second"] {
        house.run(&["audit", "verify", "--account", account]);
    }
    // A log that was tampered with is not vouched for by a rotation.
    house
        .do_sql("UPDATE accounts SET audit_sequence = 7 WHERE name = 'Acme'")
        .await;
    house.run(&["token-key", "rotate"]);
    house.run(&["token-key", "drop-retired"]);
    let broken = house
        .installation
        .run(&["audit", "verify", "--account", "Acme"]);
    assert_eq!(broken.code, 1, "{}", broken.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_goes_when_nothing_hangs_on_it_and_no_command_shows_one() {
    let house = House::new().await;
    let first = fs::read_to_string(house.file.path()).unwrap();
    house.invited("guest@x.example");
    let mut said = house.run(&["token-key", "rotate", "--dry-run"]);
    assert_eq!(fs::read_to_string(house.file.path()).unwrap(), first);
    said += &house.run(&["token-key", "rotate"]);
    let both = fs::read_to_string(house.file.path()).unwrap();
    assert!(both.ends_with(&first) && both.lines().count() == 2);
    let mode = fs::metadata(house.file.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    said += &house.run(&["token-key", "status"]);
    assert!(
        said.contains("A retired key is still needed (pending links: 1)"),
        "{said}"
    );
    said += &house.refused();
    said += &house.installation.run(&["doctor"]).out;
    assert!(said.contains("still needed"), "{said}");
    house
        .do_sql("UPDATE invitations SET expires_at = now()")
        .await;
    said += &house.run(&["token-key", "drop-retired", "--dry-run"]);
    assert_eq!(fs::read_to_string(house.file.path()).unwrap(), both);
    said += &house.installation.run(&["doctor"]).out;
    assert!(said.contains("token-key drop-retired"), "{said}");
    said += &house.run(&["token-key", "drop-retired"]);
    let left = fs::read_to_string(house.file.path()).unwrap();
    assert_eq!(left.trim(), both.lines().next().unwrap());
    house.run(&["audit", "verify"]);
    assert!(both.lines().all(|key| !said.contains(key)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_rotates() {
    let mut house = House::new().await;
    house.installation.set("ROLLBOOK_PASSWORD", PASSWORD);
    for command in ["rotate", "status", "drop-retired"] {
        let ran = house
            .installation
            .run(&["--as", OWNER, "token-key", command]);
        assert_eq!(ran.code, 3, "{}", ran.err);
    }
}

/// What an authenticator shows that was told this secret.
fn code_of(secret: &rollbook::domain::FactorSecret, at: i64) -> String {
    let text = secrecy::ExposeSecret::expose_secret(&secret.text()).replace('-', "");
    let secret = totp_rs::Secret::try_from_base32(text).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at).unwrap()).to_string()
}
