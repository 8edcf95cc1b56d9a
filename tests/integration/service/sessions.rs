//! Sessions and the second factor: what ends them, what they vouch for.

use crate::support::{
    PASSWORD, TestDb, account_with_owner, custom, email, entry, join, operator, password, service,
    service_with, settings, sign_in,
};
use rollbook::{
    clock::Clock,
    domain::{AccountId, Grant},
    service::{
        Conflict, Invalid, Proof, Service, ServiceError, SetGrant, SignInFault, SignedIn, Write,
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio_postgres::Client;
use totp_rs::Totp;

fn fault<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> SignInFault {
    match outcome {
        Err(ServiceError::NotSignedIn(fault)) => fault,
        other => panic!("signed in: {other:?}"),
    }
}

async fn ada(db: &TestDb) -> (Service, AccountId, SignedIn) {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    let ada = sign_in(&service, "ada@acme.example").await;
    (service, account, ada)
}

/// Moves all of a user's sessions into the past.
async fn age(client: &Client, column: &str, span: &str) {
    let sql = format!("UPDATE sessions SET {column} = {column} - interval '{span}'");
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case() {
    let db = TestDb::new().await;
    let (service, account, ada) = ada(&db).await;
    let client = db.client().await;
    age(&client, "last_seen_at", "29 minutes").await;
    service.still_in(&ada.actor, account).await.unwrap();
    age(&client, "last_seen_at", "2 minutes").await;
    // Looking was no act, so the session went on idling.
    assert_eq!(
        fault(service.still_in(&ada.actor, account).await),
        SignInFault::Ended
    );
    assert_eq!(
        fault(service.my_details(&ada.actor).await),
        SignInFault::Ended
    );
    let again = sign_in(&service, "ada@acme.example").await;
    age(&client, "last_seen_at", "29 minutes").await;
    service.my_details(&again.actor).await.unwrap();
    age(&client, "last_seen_at", "2 minutes").await;
    service.my_details(&again.actor).await.unwrap();
    age(&client, "expires_at", "12 hours 1 second").await;
    assert_eq!(
        fault(service.my_details(&again.actor).await),
        SignInFault::Ended
    );
    assert_eq!(
        fault(service.resume(&again.secret, &entry()).await),
        SignInFault::Ended
    );
}

#[tokio::test]
async fn the_lives_of_sessions_are_set_by_the_installation() {
    let db = TestDb::new().await;
    let mut short = settings();
    short.sessions.idle = Duration::from_mins(2);
    let service = service_with(&db, short);
    account_with_owner(&service, "Acme", "ada@acme.example").await;
    let ada = sign_in(&service, "ada@acme.example").await;
    age(&db.client().await, "last_seen_at", "3 minutes").await;
    assert_eq!(
        fault(service.my_details(&ada.actor).await),
        SignInFault::Ended
    );
}

#[tokio::test]
async fn only_the_digest_of_a_sessions_secret_is_stored() {
    let db = TestDb::new().await;
    let (_, _, ada) = ada(&db).await;
    let sql = "SELECT s::text FROM sessions s";
    let row: String = db.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!row.contains(ada.secret.expose()));
    assert!(
        row.contains(&ada.user.id.to_string()),
        "the row is the right one"
    );
    assert_eq!(ada.secret.expose().len(), 43, "256 bits as base64url");
}

#[tokio::test]
async fn ones_own_sessions_are_listed_and_ended() {
    let db = TestDb::new().await;
    let (service, account, first) = ada(&db).await;
    let second = sign_in(&service, "ada@acme.example").await;
    service.enter_account(&second.actor, account).await.unwrap();
    let listed = service.my_sessions(&first.actor).await.unwrap();
    assert_eq!(listed.len(), 2);
    let other = listed
        .iter()
        .find(|session| session.account.is_some())
        .unwrap();
    service.end_session(&first.actor, other.id).await.unwrap();
    assert_eq!(
        fault(service.my_details(&second.actor).await),
        SignInFault::Ended
    );
    let again = service.end_session(&first.actor, other.id).await;
    assert!(
        matches!(again, Err(ServiceError::NotFound { .. })),
        "{again:?}"
    );
    // Nobody else's session can be ended, nor told from one that is not there.
    account_with_owner(&service, "Other", "eve@other.example").await;
    let eve = sign_in(&service, "eve@other.example").await;
    let ours = service.my_sessions(&first.actor).await.unwrap()[0].id;
    let foreign = service.end_session(&eve.actor, ours).await;
    assert!(
        matches!(foreign, Err(ServiceError::NotFound { .. })),
        "{foreign:?}"
    );
    service.my_details(&first.actor).await.unwrap();
}

#[tokio::test]
async fn sign_out_everywhere_and_a_new_password_end_sessions() {
    let db = TestDb::new().await;
    let (service, _, first) = ada(&db).await;
    let second = sign_in(&service, "ada@acme.example").await;
    let new: SecretString = "a quite different sentence".into();
    service
        .change_password(&first.actor, &password(), &new)
        .await
        .unwrap();
    service.my_details(&first.actor).await.unwrap();
    assert_eq!(
        fault(service.my_details(&second.actor).await),
        SignInFault::Ended
    );
    let third = service
        .sign_in("ada@acme.example", &new, &entry())
        .await
        .unwrap();
    assert_eq!(service.sign_out_everywhere(&first.actor).await.unwrap(), 2);
    for session in [&first, &third] {
        assert_eq!(
            fault(service.my_details(&session.actor).await),
            SignInFault::Ended
        );
    }
}

#[tokio::test]
async fn a_removed_member_is_out_at_once() {
    let db = TestDb::new().await;
    let (service, account, ada) = ada(&db).await;
    join(
        &service,
        account,
        "bob@acme.example",
        custom(&["members.view"]),
    )
    .await;
    let bob = sign_in(&service, "bob@acme.example").await;
    service.enter_account(&bob.actor, account).await.unwrap();
    let write = Write::new(&ada.actor, account);
    service
        .remove_member(&write, &email("bob@acme.example"), None)
        .await
        .unwrap();
    assert_eq!(
        fault(service.still_in(&bob.actor, account).await),
        SignInFault::Ended
    );
}

/// The code that an authenticator shows, so many steps from now.
fn code(authenticator: &Totp, steps: u64) -> SecretString {
    let now = u64::try_from(Clock::System.now().as_second()).unwrap();
    authenticator.generate(now + 30 * steps).to_string().into()
}

/// Enrols with an authenticator that knows what the QR code says.
async fn enrolled(service: &Service, ada: &SignedIn) -> (Totp, Vec<SecretString>) {
    let enrolment = service.begin_second_factor(&ada.actor).await.unwrap();
    let authenticator = Totp::from_url(enrolment.uri.expose_secret()).unwrap();
    let wrong = service
        .confirm_second_factor(&ada.actor, &"000000".into())
        .await;
    assert!(
        matches!(wrong, Err(ServiceError::Invalid(Invalid::Code))),
        "{wrong:?}"
    );
    let first = code(&authenticator, 0);
    let recovery = service.confirm_second_factor(&ada.actor, &first).await;
    (authenticator, recovery.unwrap())
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_no_code_works_twice() {
    let db = TestDb::new().await;
    let (service, _, ada) = ada(&db).await;
    let (authenticator, recovery) = enrolled(&service, &ada).await;
    assert_eq!(recovery.len(), 10);
    let sign_in = async |code: Option<&SecretString>| {
        let password = password();
        let proof = Proof {
            password: &password,
            code,
        };
        service.sign_in("ada@acme.example", proof, &entry()).await
    };
    assert_eq!(fault(sign_in(None).await), SignInFault::CodeNeeded);
    assert_eq!(
        fault(sign_in(Some(&"000000".into())).await),
        SignInFault::WrongCode
    );
    // The code that ended the enrolment is spent.
    let spent = code(&authenticator, 0);
    assert_eq!(fault(sign_in(Some(&spent)).await), SignInFault::WrongCode);
    let next = code(&authenticator, 1);
    sign_in(Some(&next)).await.unwrap();
    assert_eq!(fault(sign_in(Some(&next)).await), SignInFault::WrongCode);
    // A recovery code works once.
    let lower: SecretString = recovery[3].expose_secret().to_lowercase().into();
    sign_in(Some(&lower)).await.unwrap();
    assert_eq!(
        fault(sign_in(Some(&recovery[3])).await),
        SignInFault::WrongCode
    );
    let state = service.second_factor(&ada.actor).await.unwrap();
    assert_eq!((state.enrolled, state.recovery_codes_left), (true, 9));
    let again = service.begin_second_factor(&ada.actor).await;
    assert!(
        matches!(
            again,
            Err(ServiceError::Conflict(Conflict::AlreadyEnrolled))
        ),
        "{again:?}"
    );
}

#[tokio::test]
async fn one_code_at_once_is_one_sign_in() {
    let db = TestDb::new().await;
    let (service, _, ada) = ada(&db).await;
    let (authenticator, _) = enrolled(&service, &ada).await;
    let (next, password, entry) = (code(&authenticator, 1), password(), entry());
    let proof = Proof {
        password: &password,
        code: Some(&next),
    };
    let tries = (0..5).map(|_| service.sign_in("ada@acme.example", proof, &entry));
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(
        outcomes.iter().filter(|o| o.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn codes_are_guessed_no_faster_than_passwords() {
    let db = TestDb::new().await;
    let (service, _, ada) = ada(&db).await;
    enrolled(&service, &ada).await;
    let password = password();
    let mut looked_at = 0;
    for n in 0..20 {
        let guess: SecretString = format!("{n:06}").into();
        let proof = Proof {
            password: &password,
            code: Some(&guess),
        };
        match fault(service.sign_in("ada@acme.example", proof, &entry()).await) {
            SignInFault::WrongCode => looked_at += 1,
            SignInFault::Throttled => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, 10);
}

#[tokio::test]
async fn the_secret_of_a_factor_that_was_taken_off_never_counts_again() {
    let db = TestDb::new().await;
    let (service, _, ada) = ada(&db).await;
    let (authenticator, recovery) = enrolled(&service, &ada).await;
    let password = password();
    let without = service.remove_second_factor(&ada.actor, &password).await;
    assert_eq!(fault(without), SignInFault::CodeNeeded);
    let proof = Proof {
        password: &password,
        code: Some(&recovery[0]),
    };
    service
        .remove_second_factor(&ada.actor, proof)
        .await
        .unwrap();
    sign_in(&service, "ada@acme.example").await;
    let first = code(&authenticator, 1);
    service.begin_second_factor(&ada.actor).await.unwrap();
    let old = service.confirm_second_factor(&ada.actor, &first).await;
    assert!(
        matches!(old, Err(ServiceError::Invalid(Invalid::Code))),
        "{old:?}"
    );
}

#[tokio::test]
async fn an_account_can_ask_for_a_second_factor() {
    let db = TestDb::new().await;
    let (service, account, ada) = ada(&db).await;
    join(&service, account, "bob@acme.example", Grant::full()).await;
    let bob = sign_in(&service, "bob@acme.example").await;
    let write = || Write::new(&ada.actor, account);
    let alone = service.require_second_factor(&write(), true).await;
    assert_eq!(
        fault(alone),
        SignInFault::FactorRequired,
        "they would shut themselves out"
    );
    enrolled(&service, &ada).await;
    service.require_second_factor(&write(), true).await.unwrap();
    service.still_in(&ada.actor, account).await.unwrap();
    assert_eq!(
        fault(service.still_in(&bob.actor, account).await),
        SignInFault::FactorRequired
    );
    assert_eq!(
        fault(service.enter_account(&bob.actor, account).await),
        SignInFault::FactorRequired
    );
    service
        .require_second_factor(&write(), false)
        .await
        .unwrap();
    service.still_in(&bob.actor, account).await.unwrap();
}

#[tokio::test]
async fn acts_on_owners_ask_for_a_fresh_proof() {
    let db = TestDb::new().await;
    let (service, account, ada) = ada(&db).await;
    join(&service, account, "bob@acme.example", Grant::full()).await;
    age(&db.client().await, "proved_at", "16 minutes").await;
    let write = || Write::new(&ada.actor, account);
    let bob = email("bob@acme.example");
    let offer = service.offer_ownership(&write(), &bob).await;
    assert_eq!(fault(offer), SignInFault::ProofNeeded);
    let own = SetGrant {
        email: email("ada@acme.example"),
        to: Grant::full(),
        version: None,
    };
    let down = service.set_grant(&write(), &own).await;
    assert_eq!(fault(down), SignInFault::ProofNeeded);
    // What can be taken back needs none.
    let set = SetGrant {
        email: bob.clone(),
        to: custom(&["domains.view"]),
        version: None,
    };
    service.set_grant(&write(), &set).await.unwrap();
    let wrong = service
        .confirm_identity(&ada.actor, &"wrong password here".into())
        .await;
    assert_eq!(fault(wrong), SignInFault::Wrong);
    service
        .confirm_identity(&ada.actor, &PASSWORD.into())
        .await
        .unwrap();
    service.offer_ownership(&write(), &bob).await.unwrap();
    // The operator's proof is the installation's own credentials.
    service
        .remove_member(&Write::new(&operator(), account), &bob, None)
        .await
        .unwrap();
}
