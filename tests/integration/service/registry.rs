//! The registry of operations, walked: each has a rule, and each is abused here by everybody whom the
//! rule keeps out. A new operation does not compile until it has a line in [`attempt`].

use crate::support::{
    TestDb, account_with_owner, custom, email, entry, join, latest, operator, password, service,
    sign_in,
};
use rollbook::{
    domain::{
        AccountId, Actor, Email, Grant, InvitationId, InvitationToken, MemberQuery, PermissionSet,
        Roster, Secret256, Seek, SessionId, TokenKey, policy::Denied, roster::Wanted,
    },
    service::{
        AdjustGrant, BATCH, BrokenOff, BulkDone, Course, Dead, Import, Limits, Look, MemberAct,
        MemberChange, Operation, Policy, Registration, SendInvitation, Service, ServiceError,
        SetGrant, SignInFault, Write,
    },
};
use std::collections::HashSet;
use tokio_util::sync::CancellationToken;

type Outcome = Result<(), ServiceError>;

/// One call of an operation, as `actor` in `account`, with nothing that would let a stranger in.
async fn attempt(
    service: &Service,
    operation: Operation,
    (actor, account): (&Actor, AccountId),
) -> Outcome {
    let write = Write::new(actor, account);
    match operation.policy() {
        Policy::Deed => change(service, operation, &write).await,
        Policy::View | Policy::Member => look(service, operation, (actor, account)).await,
        Policy::Session => own(service, operation, actor).await,
        Policy::Operator | Policy::Public => installation(service, operation, actor).await,
        Policy::Secret => by_secret(service, operation).await,
        Policy::Worker => unreachable!("no actor comes in by the worker's door"),
    }
}

fn bob() -> Email {
    email("bob@acme.example")
}

async fn change(service: &Service, operation: Operation, write: &Write) -> Outcome {
    let set = SetGrant {
        email: bob(),
        to: custom(&["domains.view"]),
        version: None,
    };
    let adjust = AdjustGrant {
        email: bob(),
        give: ["domains.view"].into_iter().collect(),
        take: PermissionSet::new(),
        version: None,
    };
    let send = SendInvitation {
        email: email("new@acme.example"),
        grant: custom(&["domains.view"]),
        limits: Limits::Enforced,
    };
    match operation {
        Operation::SetGrant => service.set_grant(write, &set).await.map(drop),
        Operation::RemoveMember => service.remove_member(write, &bob(), None).await.map(drop),
        Operation::AdjustGrant => service.adjust_grant(write, &adjust).await.map(drop),
        Operation::RestoreMember => {
            let restore = latest("gone@acme.example");
            service.restore_member(write, &restore).await.map(drop)
        }
        Operation::OfferOwnership => service.offer_ownership(write, &bob()).await.map(drop),
        Operation::AcceptOwnership => service.accept_ownership(write).await.map(drop),
        Operation::SendInvitation => service.send_invitation(write, &send).await.map(drop),
        Operation::RequireSecondFactor => service.require_second_factor(write, true).await,
        other => change_pending(service, other, write).await,
    }
}

async fn change_pending(service: &Service, operation: Operation, write: &Write) -> Outcome {
    let id = pending(service, write.account).await;
    let id = id.unwrap_or_default();
    match operation {
        Operation::ResendInvitation => service.resend_invitation(write, id).await.map(drop),
        Operation::CancelInvitation => service.cancel_invitation(write, id).await.map(drop),
        Operation::EditInvitation => {
            let to = custom(&["invoices.pay"]);
            service
                .edit_invitation(write, id, &to, None)
                .await
                .map(drop)
        }
        Operation::RevealLink => service.reveal_link(write, id).await.map(drop),
        other => change_many(service, other, write).await,
    }
}

/// Work on many rows ends in its first batch, for whom the rule keeps out.
fn ended(done: BulkDone) -> Outcome {
    match done.broken_off {
        Some(BrokenOff::By(error)) => Err(error),
        other => panic!("{other:?} {:?}", done.verdicts),
    }
}

fn roster() -> Roster {
    let wanted = Wanted::Invitations(Some(custom(&["domains.view"])));
    Roster::parse(b"new@acme.example", &wanted).unwrap()
}

fn changes() -> Vec<MemberChange> {
    let change = |act| MemberChange {
        email: bob(),
        version: None,
        act,
    };
    vec![
        change(MemberAct::Set(custom(&["domains.view"]))),
        change(MemberAct::Remove),
    ]
}

async fn change_many(service: &Service, operation: Operation, write: &Write) -> Outcome {
    let course = Course {
        batch: BATCH,
        progress: &mut |_| {},
        stop: &CancellationToken::new(),
    };
    let (roster, limits) = (&roster(), Limits::Lifted);
    let import = Import { roster, limits };
    ended(match operation {
        Operation::ImportInvitations => service.import_invitations(write, &import, course).await,
        Operation::ChangeMembers => service.change_members(write, &changes(), course).await,
        other => panic!("{other:?} has no abuse test"),
    })
}

async fn read_log(
    service: &Service,
    operation: Operation,
    (actor, account): (&Actor, AccountId),
) -> Outcome {
    match operation {
        Operation::ListEvents => service
            .list_events(actor, account, None, 10)
            .await
            .map(drop),
        Operation::ExportEvents => service.export_events(actor, account, 0, 10).await.map(drop),
        Operation::VerifyEvents => service.verify_events(actor, account).await.map(drop),
        other => preview(service, other, (actor, account)).await,
    }
}

/// Work on many rows, looked at before it is done.
async fn preview(
    service: &Service,
    operation: Operation,
    (actor, account): (&Actor, AccountId),
) -> Outcome {
    let (roster, limits) = (&roster(), Limits::Enforced);
    let import = Import { roster, limits };
    let verdicts = match operation {
        Operation::PreviewImport => service.preview_import(actor, account, &import).await,
        Operation::PreviewChanges => service.preview_changes(actor, account, &changes()).await,
        other => panic!("{other:?} has no abuse test"),
    };
    verdicts.map(drop)
}

fn gone() -> Email {
    email("gone@acme.example")
}

async fn pending(service: &Service, account: AccountId) -> Option<InvitationId> {
    let listed = service
        .list_invitations(&operator(), account)
        .await
        .unwrap();
    listed.first().map(|invitation| invitation.id)
}

async fn look(
    service: &Service,
    operation: Operation,
    (actor, account): (&Actor, AccountId),
) -> Outcome {
    let query = MemberQuery::default();
    match operation {
        Operation::EnterAccount => service.enter_account(actor, account).await.map(drop),
        Operation::StillIn => service.still_in(actor, account).await.map(drop),
        Operation::Watch => {
            let (news, mut heard) = tokio::sync::mpsc::channel(1);
            let watching = service.watch(actor, account, news);
            tokio::select! {
                ended = watching => ended,
                _ = heard.recv() => Ok(()),
            }
        }
        Operation::ListMembers => service
            .list_members(actor, account, &query, (&Seek::First, 10))
            .await
            .map(drop),
        Operation::CountMembers => service
            .count_members(actor, account, &query, 10)
            .await
            .map(drop),
        Operation::ShowMember => service.show_member(actor, account, &bob()).await.map(drop),
        Operation::PreviewRemoval => service
            .removal_preview(actor, account, &bob())
            .await
            .map(drop),
        Operation::MemberHistory => service
            .member_history(actor, account, &gone(), (None, 10))
            .await
            .map(drop),
        Operation::FindUndo => service.find_undo(actor, account).await.map(drop),
        Operation::ListInvitations => service.list_invitations(actor, account).await.map(drop),
        other => read_log(service, other, (actor, account)).await,
    }
}

async fn own(service: &Service, operation: Operation, actor: &Actor) -> Outcome {
    let (password, code) = (password(), "123456".into());
    match operation {
        Operation::FindAccount => service.find_account(actor, "Acme").await.map(drop),
        Operation::ReachableAccounts => service.reachable_accounts(actor).await.map(drop),
        Operation::SignOut => service.sign_out(actor).await,
        Operation::MyDetails => service.my_details(actor).await.map(drop),
        Operation::RenameMyself => service.rename_myself(actor, "Mallory").await.map(drop),
        Operation::ChangePassword => {
            let new = "another tangerine orbit".into();
            service.change_password(actor, &password, &new).await
        }
        Operation::LoginLog => service.login_log(actor, 10).await.map(drop),
        Operation::MySessions => service.my_sessions(actor).await.map(drop),
        Operation::EndSession => service.end_session(actor, SessionId::new()).await,
        Operation::SignOutEverywhere => service.sign_out_everywhere(actor).await.map(drop),
        Operation::ShowSecondFactor => service.second_factor(actor).await.map(drop),
        Operation::BeginSecondFactor => service.begin_second_factor(actor).await.map(drop),
        Operation::ConfirmSecondFactor => {
            service.confirm_second_factor(actor, &code).await.map(drop)
        }
        Operation::RemoveSecondFactor => service.remove_second_factor(actor, &password).await,
        Operation::ConfirmIdentity => service.confirm_identity(actor, &password).await,
        other => panic!("{other:?} has no abuse test"),
    }
}

async fn installation(service: &Service, operation: Operation, actor: &Actor) -> Outcome {
    let owner = email("mallory@acme.example");
    let password = password();
    match operation {
        Operation::Ready => service.ready().await,
        Operation::Clock => service.clock().await.map(drop),
        Operation::NeedsSetup => service.needs_setup().await.map(drop),
        Operation::SetUp => service
            .set_up(actor, "Mine", &owner, Some(&password))
            .await
            .map(drop),
        Operation::CreateAccount => service
            .create_account(actor, "Mine", &owner, Some(&password))
            .await
            .map(drop),
        Operation::ListAccounts => service.list_accounts(actor).await.map(drop),
        Operation::ShowTokenKeys => service.token_key_use(actor).await.map(drop),
        Operation::RenewAuditHeads => service.renew_audit_heads(actor).await,
        Operation::DropTokenKeys => service.free_retired_keys(actor, false).await,
        Operation::ListUsers => service.list_users(actor, 10).await.map(drop),
        other => panic!("{other:?} has no abuse test"),
    }
}

/// With secrets that are none.
async fn by_secret(service: &Service, operation: Operation) -> Outcome {
    let token = TokenKey::new([9; 32]).token(InvitationId::new(), 1);
    let token = InvitationToken::parse(token.expose()).unwrap();
    let wrong = "not the password at all".into();
    let registration = Registration {
        name: "Mallory".to_owned(),
        password: password(),
    };
    match operation {
        Operation::SignIn => service
            .sign_in("ada@acme.example", &wrong, &entry())
            .await
            .map(drop),
        Operation::Resume => {
            let secret = Secret256::from_bytes([9; 32]);
            service.resume(&secret, &entry()).await.map(drop)
        }
        Operation::LookAtInvitation => match service.look_at_invitation(&token).await? {
            Look::Dead(dead) => Err(ServiceError::Dead(dead)),
            Look::Open { .. } => Ok(()),
        },
        Operation::AcceptInvitation => service
            .accept_invitation(&token, &wrong, &entry())
            .await
            .map(drop),
        Operation::RegisterAndAccept => service
            .register_and_accept(&token, &registration, &entry())
            .await
            .map(drop),
        Operation::DeclineInvitation => service.decline_invitation(&token, &entry()).await,
        other => panic!("{other:?} has no abuse test"),
    }
}

struct Cast {
    service: Service,
    account: AccountId,
    /// Owns another account.
    stranger: Actor,
    /// A member without any administrative permission.
    plain: Actor,
    /// Was the owner's session, until it was ended.
    ended: Actor,
    /// Was a manager of the account.
    removed: Actor,
}

async fn cast(db: &TestDb) -> Cast {
    let service = service(db);
    let (account, _) = account_with_owner(&service, "Acme", "ada@acme.example").await;
    account_with_owner(&service, "Other", "mallory@other.example").await;
    join(
        &service,
        account,
        "bob@acme.example",
        custom(&["invoices.pay"]),
    )
    .await;
    join(
        &service,
        account,
        "meg@acme.example",
        custom(&["domains.view"]),
    )
    .await;
    join(
        &service,
        account,
        "max@acme.example",
        custom(&["members.manage"]),
    )
    .await;
    join(&service, account, "gone@acme.example", Grant::full()).await;
    let pending = SendInvitation {
        email: email("guest@acme.example"),
        grant: custom(&["domains.view"]),
        limits: Limits::Enforced,
    };
    let by_operator = || Write::new(&operator(), account);
    service
        .send_invitation(&by_operator(), &pending)
        .await
        .unwrap();
    service
        .remove_member(&by_operator(), &gone(), None)
        .await
        .unwrap();
    let stranger = sign_in(&service, "mallory@other.example").await.actor;
    let plain = sign_in(&service, "meg@acme.example").await.actor;
    let ended = sign_in(&service, "ada@acme.example").await.actor;
    service.sign_out(&ended).await.unwrap();
    let removed = sign_in(&service, "max@acme.example").await.actor;
    let max = email("max@acme.example");
    service
        .remove_member(&by_operator(), &max, None)
        .await
        .unwrap();
    Cast {
        service,
        account,
        stranger,
        plain,
        ended,
        removed,
    }
}

fn is_shut_out(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::NotSignedIn(SignInFault::NoMember) | ServiceError::NotFound { .. }
    )
}

fn is_ended(error: &ServiceError) -> bool {
    matches!(error, ServiceError::NotSignedIn(SignInFault::Ended))
}

/// How `operation` turns `actor` away.
async fn refusal(cast: &Cast, operation: Operation, actor: &Actor) -> ServiceError {
    match attempt(&cast.service, operation, (actor, cast.account)).await {
        Err(error) => error,
        Ok(()) => panic!("{operation:?} let somebody in"),
    }
}

/// What happens in an account: closed to strangers, to who was removed, to ended sessions, and to
/// members whom the rule does not name.
async fn abuse_account(cast: &Cast, operation: Operation) {
    for actor in [&cast.stranger, &cast.removed] {
        let error = refusal(cast, operation, actor).await;
        assert!(is_shut_out(&error), "{operation:?}: {error:?}");
    }
    let error = refusal(cast, operation, &cast.ended).await;
    assert!(is_ended(&error), "{operation:?}: {error:?}");
    // What everybody may do who is a member: look at themselves, take up what is offered.
    if [
        Operation::EnterAccount,
        Operation::StillIn,
        Operation::Watch,
    ]
    .contains(&operation)
    {
        return;
    }
    let error = refusal(cast, operation, &cast.plain).await;
    let no_offer = operation == Operation::AcceptOwnership && is_shut_out(&error);
    let denied = matches!(error, ServiceError::Denied(_));
    assert!(denied || no_offer, "{operation:?}: {error:?}");
}

/// Whom the rule of `operation` keeps out, and how each is turned away.
async fn abuse(cast: &Cast, operation: Operation) {
    match operation.policy() {
        Policy::Deed | Policy::View | Policy::Member => abuse_account(cast, operation).await,
        // Signing out twice is no fault.
        Policy::Session if operation == Operation::SignOut => {}
        Policy::Session => {
            let error = refusal(cast, operation, &cast.ended).await;
            assert!(is_ended(&error), "{operation:?}: {error:?}");
        }
        Policy::Operator => {
            let error = refusal(cast, operation, &cast.stranger).await;
            let told = matches!(error, ServiceError::Denied(Denied::NotOperator));
            assert!(told, "{operation:?}: {error:?}");
        }
        Policy::Secret => match refusal(cast, operation, &cast.stranger).await {
            ServiceError::NotSignedIn(SignInFault::Wrong | SignInFault::Ended)
            | ServiceError::Dead(Dead::Unknown) => {}
            other => panic!("{operation:?}: {other:?}"),
        },
        Policy::Public => {
            let at = (&cast.stranger, cast.account);
            attempt(&cast.service, operation, at).await.unwrap();
        }
        Policy::Worker => assert_eq!(operation, Operation::Deliver),
    }
}

#[tokio::test]
async fn every_operation_turns_away_whom_its_rule_keeps_out() {
    let db = TestDb::new().await;
    let cast = cast(&db).await;
    let client = db.client().await;
    let state = "SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (
        SELECT m::text AS t FROM memberships m UNION ALL SELECT i::text FROM invitations i
        UNION ALL SELECT o::text FROM outbox o
        UNION ALL SELECT concat(a.id, a.name, a.member_count, a.second_factor_required) FROM accounts a) x";
    let before: String = client.query_one(state, &[]).await.unwrap().get(0);
    // Entering an account is remembered; nobody but members comes that far.
    for operation in Operation::ALL {
        abuse(&cast, *operation).await;
    }
    let after: String = client.query_one(state, &[]).await.unwrap().get(0);
    assert_eq!(before, after, "an abuse left something behind");
    let verified = cast.service.verify_events(&operator(), cast.account).await;
    assert_eq!(verified.unwrap(), None);
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let names: HashSet<&str> = Operation::ALL.iter().map(|o| o.name()).collect();
    assert_eq!(names.len(), Operation::ALL.len());
}

#[tokio::test]
async fn refused_writes_are_in_the_audit_log_and_rehearsals_are_not() {
    let db = TestDb::new().await;
    let cast = cast(&db).await;
    let refused = async || {
        let by = operator();
        let listed = cast.service.list_events(&by, cast.account, None, 500);
        let events = listed.await.unwrap();
        events
            .into_iter()
            .filter(|event| event.action.as_str() == "refused")
            .map(|event| (event.actor.to_string(), event.subject.to_string()))
            .collect::<Vec<_>>()
    };
    let mut write = Write::new(&cast.plain, cast.account);
    let denied = cast.service.remove_member(&write, &bob(), None).await;
    assert!(matches!(denied, Err(ServiceError::Denied(_))), "{denied:?}");
    let removed = Write::new(&cast.removed, cast.account);
    cast.service
        .remove_member(&removed, &bob(), None)
        .await
        .unwrap_err();
    let told = vec![
        ("max@acme.example".to_owned(), "member.remove".to_owned()),
        ("meg@acme.example".to_owned(), "member.remove".to_owned()),
    ];
    assert_eq!(refused().await, told);
    write.mode = rollbook::service::WriteMode::DryRun;
    write.command = rollbook::domain::CommandId::new();
    cast.service
        .remove_member(&write, &bob(), None)
        .await
        .unwrap_err();
    assert_eq!(refused().await, told, "a rehearsal leaves nothing");
}
