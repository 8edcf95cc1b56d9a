//! Who may do what to whom, cell by cell through the service on a real database, against the rule as
//! it is written, said again here without a word from the program.

use crate::support::{PASSWORD, TestDb, operator, sign_in};
use futures_util::future::join_all;
use rollbook::{
    config,
    domain::{
        AccountId, Actor, Email, Grant, InvitationId, MemberQuery, PermissionSet, Role, Seek,
        TokenKey,
    },
    service::{Limits, Parts, SendInvitation, Service, ServiceError, SetGrant, Write, WriteMode},
};
use std::{collections::BTreeSet, path::Path};
use tokio_postgres::{Client, types::ToSql};

const ORDINARY: [&str; 2] = ["products.view", "invoices.pay"];
const VIEW: &str = "members.view";
const MANAGE: &str = "members.manage";
const CATALOGUE: &str = r#"
    [[permission]]
    key = "products.view"
    label = "View Products"
    description = "See what was ordered"
    group = "Products"
    [[permission]]
    key = "invoices.pay"
    label = "Pay Invoices"
    description = "Pay what is due"
    group = "Billing"
    [[permission]]
    key = "members.view"
    label = "View Users"
    description = "See who can reach the account"
    group = "Users"
    administrative = true
    [[permission]]
    key = "members.manage"
    label = "Manage Users"
    description = "Invite and change people"
    group = "Users"
    requires = ["members.view"]
    administrative = true
"#;

/// A role and its keys as the rule speaks of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hand {
    role: Role,
    keys: BTreeSet<&'static str>,
}

impl Hand {
    /// Every hand that the catalogue allows: 1 owner, 3 with all permissions, 12 chosen sets.
    fn all() -> Vec<Self> {
        let administrative: [&[&'static str]; 3] = [&[], &[VIEW], &[VIEW, MANAGE]];
        let ordinary: [&[&'static str]; 4] = [&[], &ORDINARY[..1], &ORDINARY[1..], &ORDINARY];
        let hand = |role, parts: [&[&'static str]; 2]| Self {
            role,
            keys: parts.concat().into_iter().collect(),
        };
        let mut hands = vec![hand(Role::Owner, [&ORDINARY, &[VIEW, MANAGE]])];
        for admin in administrative {
            hands.push(hand(Role::Full, [&ORDINARY, admin]));
            for some in ordinary {
                hands.push(hand(Role::Custom, [some, admin]));
            }
        }
        hands
    }

    fn manages(&self) -> bool {
        self.role == Role::Owner || self.keys.contains(MANAGE)
    }

    /// The keys as the program stores them with the role.
    fn grant(&self) -> Grant {
        let beyond = |key: &&&str| self.role == Role::Custom || !ORDINARY.contains(*key);
        let keys: PermissionSet = match self.role {
            Role::Owner => PermissionSet::new(),
            _ => self.keys.iter().filter(beyond).copied().collect(),
        };
        Grant {
            role: self.role,
            permissions: keys,
        }
    }
}

/// "Nobody touches a member who holds more": more keys, the owner's role, or all permissions, which
/// grow by themselves, against a chosen set.
fn holds_more(actor: &Hand, target: &Hand) -> bool {
    let more = match (actor.role, target.role) {
        (Role::Owner, _) => false,
        (_, Role::Owner) | (Role::Custom, Role::Full) => true,
        _ => false,
    };
    more || !target.keys.is_subset(&actor.keys)
}

/// "Nobody gives or takes a permission that they do not hold; administrative ones are an owner's to
/// give and take."
fn may_move(actor: &Hand, from: Option<&Hand>, to: &Hand) -> bool {
    let nothing = BTreeSet::new();
    let before = from.map_or(&nothing, |from| &from.keys);
    let all = |hand: Option<&Hand>| hand.is_some_and(|hand| hand.role == Role::Full);
    let all_moves = all(from) != all(Some(to));
    let moved: Vec<&&str> = before.symmetric_difference(&to.keys).collect();
    actor.role == Role::Owner
        || moved.iter().all(|key| actor.keys.contains(**key))
            && !moved.iter().any(|key| [VIEW, MANAGE].contains(key))
            && (!all_moves || actor.role == Role::Full)
}

fn may_set(actor: &Hand, from: &Hand, to: &Hand) -> bool {
    if to.role == Role::Owner {
        // Never by setting: it is an offer, an owner's to make to somebody who is none.
        return actor.role == Role::Owner && from.role != Role::Owner;
    }
    actor.manages()
        && from.role != Role::Owner
        && !holds_more(actor, from)
        && may_move(actor, Some(from), to)
}

fn may_invite(actor: &Hand, to: &Hand) -> bool {
    actor.manages() && to.role != Role::Owner && may_move(actor, None, to)
}

fn may_edit(actor: &Hand, from: &Hand, to: &Hand) -> bool {
    to.role != Role::Owner
        && actor.manages()
        && !holds_more(actor, from)
        && may_move(actor, Some(from), to)
}

fn may_touch(actor: &Hand, target: &Hand) -> bool {
    actor.manages() && !holds_more(actor, target)
}

/// Whether it was allowed; anything but a denial is a fault of the test.
fn allowed<T: std::fmt::Debug>(outcome: Result<T, ServiceError>, cell: &str) -> bool {
    match outcome {
        Ok(_) => true,
        Err(ServiceError::Denied(_)) => false,
        Err(other) => panic!("{cell}: {other:?}"),
    }
}

/// One actor in an account with a member and an invitation of every kind.
struct Stage {
    service: Service,
    account: AccountId,
    actor: Actor,
    hand: Hand,
    hands: Vec<Hand>,
    invitations: Vec<InvitationId>,
    cells: usize,
}

fn address(kind: &str, at: usize) -> String {
    format!("{kind}{at}@example.org")
}

fn keys(hand: &Hand) -> Vec<String> {
    hand.grant().permissions.iter().map(str::to_owned).collect()
}

/// A service of the small catalogue.
fn small_service(db: &TestDb) -> Service {
    Service::new(Parts {
        store: db.store(),
        catalogue: config::catalogue(Path::new("small.toml"), CATALOGUE).unwrap(),
        token_keys: TokenKey::new([3; 32]).into(),
        settings: crate::support::settings(),
    })
}

async fn join(client: &Client, account: AccountId, person: &str, hand: &Hand) {
    let insert = "INSERT INTO users (id, email, email_key, name, password_hash)
        SELECT gen_random_uuid(), $1, $1, 'Somebody', password_hash FROM users
        WHERE email_key = 'keeper@example.org' ON CONFLICT DO NOTHING";
    client.execute(insert, &[&person]).await.unwrap();
    let insert = "INSERT INTO memberships (account_id, user_id, role, permissions)
        SELECT $1, id, $3, $4 FROM users WHERE email_key = $2";
    let (role, keys) = (hand.role.as_str(), keys(hand));
    let values: [&(dyn ToSql + Sync); 4] = [&account.0, &person, &role, &keys];
    client.execute(insert, &values).await.unwrap();
}

async fn invitation(client: &Client, account: AccountId, at: usize, hand: &Hand) -> InvitationId {
    let id = InvitationId::new();
    let insert = "INSERT INTO invitations (id, account_id, email, email_key, role, permissions,
            inviter_name, token_digest, expires_at)
        VALUES ($1, $2, $3, $3, $4, $5, 'x', sha256(gen_random_uuid()::text::bytea), now() + interval '1 day')";
    let (to, role, keys) = (address("guest", at), hand.role.as_str(), keys(hand));
    let values: [&(dyn ToSql + Sync); 5] = [&id.0, &account.0, &to, &role, &keys];
    client.execute(insert, &values).await.unwrap();
    id
}

impl Stage {
    async fn set(service: &Service, client: &Client, at: usize) -> Self {
        let hands = Hand::all();
        let hand = hands[at].clone();
        let keeper = Email::parse("keeper@example.org").unwrap();
        let made = service
            .set_up(
                &operator(),
                &format!("Acme {at}"),
                &keeper,
                Some(&PASSWORD.into()),
            )
            .await
            .unwrap();
        let account = made.account.id;
        let mut invitations = Vec::new();
        for (nth, other) in hands.iter().enumerate() {
            join(client, account, &address("target", nth), other).await;
            if other.role != Role::Owner && !other.keys.is_empty() {
                invitations.push(invitation(client, account, nth, other).await);
            }
        }
        join(client, account, &address("actor", at), &hand).await;
        let actor = sign_in(service, &address("actor", at)).await.actor;
        Self {
            service: service.clone(),
            account,
            actor,
            hand,
            hands,
            invitations,
            cells: 0,
        }
    }

    /// A rehearsal: decided as for real, and every cell meets the same state.
    fn write(&self) -> Write {
        Write {
            mode: WriteMode::DryRun,
            ..Write::new(&self.actor, self.account)
        }
    }

    fn compare(&mut self, found: bool, expected: bool, cell: &str) {
        assert_eq!(found, expected, "{:?} {cell}", self.hand);
        self.cells += 1;
    }

    async fn on_members(&mut self) {
        for (nth, from) in self.hands.clone().iter().enumerate() {
            let who = Email::parse(&address("target", nth)).unwrap();
            for to in &self.hands.clone() {
                let cell = format!("sets {from:?} to {to:?}");
                let set = SetGrant {
                    email: who.clone(),
                    to: to.grant(),
                    version: None,
                };
                let done = self.service.set_grant(&self.write(), &set).await;
                if let Ok(done) = &done {
                    // What was decided is what would be stored; an offer stores nothing.
                    let wanted = if to.role == Role::Owner { from } else { to };
                    assert_eq!(done.member.grant, wanted.grant(), "{cell}");
                }
                let found = allowed(done, &cell);
                self.compare(found, may_set(&self.hand, from, to), &cell);
            }
            let cell = format!("removes {from:?}");
            let done = self.service.remove_member(&self.write(), &who, None).await;
            self.compare(allowed(done, &cell), may_touch(&self.hand, from), &cell);
            let cell = format!("offers ownership to {from:?}");
            let done = self.service.offer_ownership(&self.write(), &who).await;
            let expected = self.hand.role == Role::Owner && from.role != Role::Owner;
            self.compare(allowed(done, &cell), expected, &cell);
        }
    }

    async fn on_invitations(&mut self) {
        let invited = |hand: &&Hand| hand.role != Role::Owner && !hand.keys.is_empty();
        let kinds: Vec<Hand> = self.hands.iter().filter(invited).cloned().collect();
        let owner = self.hands[0].clone();
        for to in kinds.iter().chain([&owner]) {
            let cell = format!("invites {to:?}");
            let send = SendInvitation {
                email: Email::parse("new@example.org").unwrap(),
                grant: to.grant(),
                limits: Limits::Enforced,
            };
            let done = self.service.send_invitation(&self.write(), &send).await;
            self.compare(allowed(done, &cell), may_invite(&self.hand, to), &cell);
        }
        for (from, id) in kinds.iter().zip(self.invitations.clone()) {
            for to in kinds.iter().chain([&owner]) {
                let cell = format!("edits {from:?} to {to:?}");
                let (write, to_grant) = (self.write(), to.grant());
                let done = self
                    .service
                    .edit_invitation(&write, id, &to_grant, None)
                    .await;
                self.compare(allowed(done, &cell), may_edit(&self.hand, from, to), &cell);
            }
            let cell = format!("resends {from:?}");
            let done = self.service.resend_invitation(&self.write(), id).await;
            self.compare(allowed(done, &cell), may_touch(&self.hand, from), &cell);
            let cell = format!("cancels {from:?}");
            let done = self.service.cancel_invitation(&self.write(), id).await;
            self.compare(allowed(done, &cell), may_touch(&self.hand, from), &cell);
        }
    }

    async fn on_oneself(&mut self, at: usize) {
        let who = Email::parse(&address("actor", at)).unwrap();
        for to in self.hands.clone().iter().skip(1) {
            let set = SetGrant {
                email: who.clone(),
                to: to.grant(),
                version: None,
            };
            let done = self.service.set_grant(&self.write(), &set).await;
            // An owner may step down; nobody changes their own otherwise.
            let expected = self.hand.role == Role::Owner;
            let cell = format!("sets oneself to {to:?}");
            self.compare(allowed(done, &cell), expected, &cell);
        }
        let left = self.service.remove_member(&self.write(), &who, None).await;
        self.compare(allowed(left, "leaves"), true, "leaves");
        let query = MemberQuery::default();
        let page = (&Seek::First, 5);
        let seen = self
            .service
            .list_members(&self.actor, self.account, &query, page);
        let seen = allowed(seen.await, "looks");
        self.compare(seen, self.hand.keys.contains(VIEW), "looks");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_every_cell_of_the_matrix_is_the_rule_through_the_service() {
    let db = TestDb::new().await;
    let (service, client) = (small_service(&db), db.client().await);
    let mut stages = Vec::new();
    for at in 0..Hand::all().len() {
        stages.push(Stage::set(&service, &client, at).await);
    }
    let played = stages
        .into_iter()
        .enumerate()
        .map(|(at, mut stage)| async move {
            stage.on_members().await;
            stage.on_invitations().await;
            stage.on_oneself(at).await;
            stage.cells
        });
    let cells: usize = join_all(played).await.into_iter().sum();
    assert!(cells > 8_000, "only {cells} cells");
    let changed = "SELECT count(*) FROM events WHERE action <> 'account.created'";
    let row = client.query_one(changed, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "a rehearsal left something behind");
}
