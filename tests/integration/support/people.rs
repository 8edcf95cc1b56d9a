//! A service on a test's database, and people to use it.

use super::TestDb;
use rollbook::{
    config,
    domain::{AccountId, Actor, Email, Grant, InvitationToken, LoginMethod, Origin, TokenKey},
    service::{
        Accepted, Entry, Extent, InvitationSent, KeySource, Limits, Parts, Registration, Restore,
        SendInvitation, Service, ServiceSettings, SignedIn, Wanted, Write,
    },
    store::Store,
};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// A password that every rule accepts.
pub(crate) const PASSWORD: &str = "tangerine gravel orbit";
/// The key of the links in tests.
pub(crate) const TOKEN_KEY: [u8; 32] = [7; 32];
/// What the links in tests start with.
pub(crate) const BASE_URL: &str = "http://127.0.0.1:7655";

/// A service with the default catalogue and settings.
pub(crate) fn service(db: &TestDb) -> Service {
    service_with(db, settings())
}

/// A service with other settings.
pub(crate) fn service_with(db: &TestDb, settings: ServiceSettings) -> Service {
    made_of(db.store(), TokenKey::new(TOKEN_KEY).into(), settings)
}

/// A service on another way to a database.
pub(crate) fn service_on(store: Store) -> Service {
    made_of(store, TokenKey::new(TOKEN_KEY).into(), settings())
}

/// A service with other keys.
pub(crate) fn service_of(db: &TestDb, keys: KeySource) -> Service {
    made_of(db.store(), keys, settings())
}

fn made_of(store: Store, token_keys: KeySource, settings: ServiceSettings) -> Service {
    let text = include_str!("../../../config/permissions.toml");
    Service::new(Parts {
        store,
        catalogue: config::catalogue(Path::new("permissions.toml"), text).unwrap(),
        token_keys,
        settings,
    })
}

/// The default settings with a base URL.
pub(crate) fn settings() -> ServiceSettings {
    ServiceSettings {
        base_url: Some(BASE_URL.parse().unwrap()),
        ..ServiceSettings::default()
    }
}

/// Whoever holds the installation's credentials.
pub(crate) fn operator() -> Actor {
    Actor::operator("tester", Origin::new("tests"))
}

/// Where the people of the tests come from.
pub(crate) fn entry() -> Entry {
    Entry {
        method: LoginMethod::Console,
        origin: Origin::new("tests"),
    }
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn password() -> SecretString {
    PASSWORD.into()
}

/// A custom grant of these keys.
pub(crate) fn custom(keys: &[&str]) -> Grant {
    Grant::custom(keys.iter().copied().collect())
}

/// Taking back the latest about somebody, all of it or nothing.
pub(crate) fn latest(address: &str) -> Restore {
    Restore {
        email: email(address),
        what: Wanted::Latest(Extent::Whole),
    }
}

/// An account whose owner's password is [`PASSWORD`]; the operator, who made it.
pub(crate) async fn account_with_owner(
    service: &Service,
    name: &str,
    owner: &str,
) -> (AccountId, Actor) {
    let made = service
        .set_up(&operator(), name, &email(owner), Some(&password()))
        .await
        .unwrap();
    (made.account.id, operator())
}

/// Signs somebody in with [`PASSWORD`].
pub(crate) async fn sign_in(service: &Service, address: &str) -> SignedIn {
    service
        .sign_in(address, &password(), &entry())
        .await
        .unwrap()
}

/// Invites an address.
pub(crate) async fn invite(
    service: &Service,
    write: &Write,
    address: &str,
    grant: Grant,
) -> InvitationSent {
    let send = SendInvitation {
        email: email(address),
        grant,
        limits: Limits::Enforced,
    };
    service.send_invitation(write, &send).await.unwrap()
}

/// The token that the newest mail of an invitation carries.
pub(crate) async fn token_of(
    service: &Service,
    write: &Write,
    sent: &InvitationSent,
) -> InvitationToken {
    let revealed = service
        .reveal_link(write, sent.invitation.id)
        .await
        .unwrap();
    InvitationToken::from_link(revealed.link.expose_secret()).unwrap()
}

/// Registers whom a link invites, with [`PASSWORD`].
pub(crate) async fn register(service: &Service, token: &InvitationToken, name: &str) -> Accepted {
    let registration = Registration {
        name: name.to_owned(),
        password: password(),
    };
    service
        .register_and_accept(token, &registration, &entry())
        .await
        .unwrap()
}

/// Makes somebody a member: invited by the operator, registered through the link.
pub(crate) async fn join(service: &Service, account: AccountId, address: &str, grant: Grant) {
    let sent = invite(service, &Write::new(&operator(), account), address, grant).await;
    let token = token_of(service, &Write::new(&operator(), account), &sent).await;
    register(service, &token, "Somebody").await;
}
