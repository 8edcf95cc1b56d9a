//! How often a password may be tried: counted in the database, whoever asks, however the address is
//! spelled, and however many ask at once.

use crate::support::{
    TestDb, account_with_owner, custom, entry, invite, password, service, sign_in, token_of,
};
use futures_util::future::join_all;
use rollbook::{
    domain::{Grant, PasswordFault},
    service::{Entry, Invalid, Registration, Service, ServiceError, SignInFault, Write},
};
use secrecy::SecretString;
use tokio_postgres::Client;

const SPELLINGS: [&str; 6] = [
    "ada@bücher.example",
    "Ada@BÜCHER.example",
    "  ADA@xn--bcher-kva.example ",
    "ada@XN--BCHER-KVA.EXAMPLE",
    "\tada@b\u{fc}cher.example\n",
    "aDa@bu\u{308}cher.example",
];

fn wrong() -> SecretString {
    "not the password at all".into()
}

async fn fault(service: &Service, address: &str, password: &SecretString) -> Option<SignInFault> {
    match service.sign_in(address, password, &entry()).await {
        Ok(_) => None,
        Err(ServiceError::NotSignedIn(fault)) => Some(fault),
        Err(other) => panic!("{other:?}"),
    }
}

/// How many verifications the database knows of.
async fn tries(client: &Client) -> i64 {
    let sql = "SELECT count(*) FROM logins WHERE NOT success";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn pass(client: &Client, minutes: &str) {
    let sql = format!("UPDATE logins SET at = at - interval '{minutes} minutes'");
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_ten_tries_in_fifteen_minutes_over_all_spellings_programs_and_at_once() {
    let db = TestDb::new().await;
    let (first, client) = (service(&db), db.client().await);
    account_with_owner(&first, "Acme", SPELLINGS[0]).await;
    account_with_owner(&first, "Zoo", "eve@example.org").await;
    for spelling in SPELLINGS {
        assert_eq!(
            fault(&first, spelling, &password()).await,
            None,
            "{spelling}"
        );
    }
    // Fifty at once from three programs, one of them started after the others.
    let programs = [first, service(&db), service(&db)];
    let asked = (0..50).map(|n| {
        let (service, spelling) = (programs[n % 3].clone(), SPELLINGS[n % 6]);
        async move { fault(&service, spelling, &wrong()).await }
    });
    let answers = join_all(asked).await;
    let of = |fault| answers.iter().filter(|a| **a == Some(fault)).count();
    assert_eq!(
        (of(SignInFault::Wrong), of(SignInFault::Throttled)),
        (10, 40)
    );
    assert_eq!(tries(&client).await, 10);
    let restarted = service(&db);
    for spelling in SPELLINGS {
        // Not even the right one is looked at.
        let answer = fault(&restarted, spelling, &password()).await;
        assert_eq!(answer, Some(SignInFault::Throttled), "{spelling}");
    }
    assert_eq!(tries(&client).await, 10);
    sign_in(&restarted, "eve@example.org").await;
    pass(&client, "14").await;
    let early = fault(&restarted, SPELLINGS[0], &password()).await;
    assert_eq!(early, Some(SignInFault::Throttled));
    pass(&client, "1").await;
    assert_eq!(fault(&restarted, SPELLINGS[0], &password()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_every_door_counts_together() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (acme, actor) = account_with_owner(&service, "Acme", "ada@example.org").await;
    account_with_owner(&service, "Zoo", "eve@example.org").await;
    let write = || Write::new(&actor, acme);
    let sent = invite(
        &service,
        &write(),
        "eve@example.org",
        custom(&["domains.view"]),
    )
    .await;
    let token = token_of(&service, &write(), &sent).await;
    let eve = sign_in(&service, "eve@example.org").await.actor;
    let new: SecretString = "a whole new set of words".into();
    for _ in 0..4 {
        let page = service.accept_invitation(&token, &wrong(), &entry()).await;
        let page = page.unwrap_err().to_string();
        assert_eq!(page, SignInFault::Wrong.to_string());
    }
    for _ in 0..3 {
        let change = service.change_password(&eve, &wrong(), &new).await;
        let invalid = change.unwrap_err();
        assert!(matches!(
            invalid,
            ServiceError::Invalid(Invalid::CurrentPassword)
        ));
        let screen = fault(&service, "EVE@example.org", &wrong()).await;
        assert_eq!(screen, Some(SignInFault::Wrong));
    }
    let throttled = SignInFault::Throttled.to_string();
    let page = service
        .accept_invitation(&token, &password(), &entry())
        .await;
    assert_eq!(page.unwrap_err().to_string(), throttled);
    let change = service.change_password(&eve, &password(), &new).await;
    assert_eq!(change.unwrap_err().to_string(), throttled);
    let screen = fault(&service, "eve@example.org", &password()).await;
    assert_eq!(screen, Some(SignInFault::Throttled));
    assert_eq!(tries(&client).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_an_unknown_address_answers_like_a_known_one() {
    let db = TestDb::new().await;
    let service = service(&db);
    account_with_owner(&service, "Acme", "ada@example.org").await;
    let said = async |address: &str| {
        let mut said = Vec::new();
        for _ in 0..12 {
            let outcome = service.sign_in(address, &wrong(), &entry()).await;
            let error = outcome.err().unwrap();
            said.push(format!("{error}\n{error:?}"));
        }
        said
    };
    let known = said("ada@example.org").await;
    assert_eq!(known, said("nobody@example.org").await);
    assert_ne!(known[9], known[10]);
    for odd in ["", "@", "no address", "a@b", &"x".repeat(100_000)] {
        let answer = fault(&service, odd, &wrong()).await;
        assert_eq!(answer, Some(SignInFault::Wrong), "{odd:.20}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_source_that_tries_many_addresses_has_to_wait() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    account_with_owner(&service, "Acme", "ada@example.org").await;
    let insert = "INSERT INTO logins (email_key, success, method, source)
        SELECT 'u' || n || '@example.org', false, 'page', 'tests' FROM generate_series(1, 99) n";
    client.batch_execute(insert).await.unwrap();
    let last = fault(&service, "nobody@example.org", &wrong()).await;
    assert_eq!(last, Some(SignInFault::Wrong));
    let next = fault(&service, "ada@example.org", &password()).await;
    assert_eq!(next, Some(SignInFault::Throttled));
    let elsewhere = Entry {
        origin: rollbook::domain::Origin::new("elsewhere"),
        ..entry()
    };
    let other = service
        .sign_in("ada@example.org", &password(), &elsewhere)
        .await;
    assert!(other.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_password_is_refused_for_its_size_its_fame_or_what_others_know() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    let (account, actor) = account_with_owner(&service, "Lovelace Mills", "ada@example.org").await;
    let write = || Write::new(&actor, account);
    let sent = invite(&service, &write(), "charles.b@example.org", Grant::full()).await;
    let token = token_of(&service, &write(), &sent).await;
    let megabyte = "tangerine gravel ".repeat(1 << 16);
    let ada = sign_in(&service, "ada@example.org").await.actor;
    let before = tries(&client).await;
    for (text, refusal) in [
        (megabyte.as_str(), PasswordFault::TooLong { max: 128 }),
        ("passwordpassword", PasswordFault::Context),
        ("Lovelace Mills 1!", PasswordFault::Context),
        ("rollbook-rollbook", PasswordFault::Context),
        ("charles.b/charles.b", PasswordFault::Context),
        ("password1", PasswordFault::Common),
        ("fourteen chars", PasswordFault::TooShort { min: 15 }),
    ] {
        let registration = Registration {
            name: "Charles".to_owned(),
            password: text.into(),
        };
        let joined = service
            .register_and_accept(&token, &registration, &entry())
            .await;
        let error = joined.unwrap_err();
        assert!(
            matches!(error, ServiceError::Invalid(Invalid::Password(fault)) if fault == refusal),
            "{text:.20} {error:?}"
        );
        if text.starts_with("charles") {
            continue;
        }
        let changed = service
            .change_password(&ada, &password(), &text.into())
            .await;
        let error = changed.unwrap_err();
        assert!(
            matches!(error, ServiceError::Invalid(Invalid::Password(fault)) if fault == refusal),
            "{text:.20} {error:?}"
        );
    }
    // Refused before anything was verified or hashed: nothing was written down as a login.
    assert_eq!(tries(&client).await, before);
    let users = client.query_one("SELECT count(*) FROM users", &[]).await;
    assert_eq!(users.unwrap().get::<_, i64>(0), 1);
    let login = fault(&service, "ada@example.org", &megabyte.into()).await;
    assert_eq!(login, Some(SignInFault::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_weak_hash_is_made_anew_at_the_next_login() {
    let db = TestDb::new().await;
    let (service, client) = (service(&db), db.client().await);
    account_with_owner(&service, "Acme", "ada@example.org").await;
    let weak = argon2::Params::new(8_192, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::from(weak);
    let weak = argon2::PasswordHasher::<argon2::password_hash::phc::PasswordHash>::hash_password(
        &argon2,
        crate::support::PASSWORD.as_bytes(),
    );
    let set = "UPDATE users SET password_hash = $1";
    client
        .execute(set, &[&weak.unwrap().to_string()])
        .await
        .unwrap();
    assert_eq!(
        fault(&service, "ada@example.org", &wrong()).await,
        Some(SignInFault::Wrong)
    );
    let hash = async || -> String {
        let row = client
            .query_one("SELECT password_hash FROM users", &[])
            .await;
        row.unwrap().get(0)
    };
    assert!(hash().await.contains("m=8192,t=1"));
    sign_in(&service, "ada@example.org").await;
    assert!(hash().await.contains("m=19456,t=2"));
    sign_in(&service, "ada@example.org").await;
}
