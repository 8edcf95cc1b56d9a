use super::{Bulk, Plan};
use crate::domain::{CommandId, Grant, Verdict};
use crate::ui::action::Action;
use crate::ui::effect::{Break, BulkEnd, Effect, Progress};
use crate::ui::fixture::{ctx, member};
use crate::ui::message::Message;
use crate::ui::modals::{Modal, ModalEvent, Outcome, Submitted};
use crate::ui::model::Ctx;

/// The removal of four, reviewed: one is none any more.
fn reviewed(ctx: &Ctx) -> Bulk {
    let plan = Plan::removal((1..5).map(member).collect());
    let (Modal::Bulk(mut bulk), Some(Effect::PreviewBulk(..))) = Bulk::open(plan, ctx) else {
        panic!("no dialog");
    };
    let mut verdicts = vec![Verdict::Remove; 3];
    verdicts.push(Verdict::NotMember);
    let previewed = Message::BulkPreviewed(Ok(verdicts));
    bulk.on_event(&ModalEvent::Answer(&previewed), ctx);
    *bulk
}

fn press(bulk: &mut Bulk, action: Action, ctx: &Ctx) -> Option<Effect> {
    match bulk.on_event(&ModalEvent::Action(action), ctx) {
        Outcome::Submit(Submitted::Start(effect)) => Some(effect),
        _ => None,
    }
}

#[test]
fn going_on_uses_the_same_command_and_news_of_another_is_not_heard() {
    let ctx = ctx(Grant::owner());
    let mut bulk = reviewed(&ctx);
    press(&mut bulk, Action::Next, &ctx);
    let Some(Effect::RunBulk(first)) = press(&mut bulk, Action::Confirm, &ctx) else {
        panic!("nothing runs");
    };
    let foreign = BulkEnd {
        verdicts: Vec::new(),
        broken_off: None,
    };
    let foreign = Message::BulkEnded(CommandId::new(), foreign);
    bulk.on_event(&ModalEvent::Answer(&foreign), &ctx);
    let news = Message::BulkProgressed(first.command, Progress { done: 2, total: 4 });
    bulk.on_event(&ModalEvent::Answer(&news), &ctx);
    assert!(!bulk.is_over());
    let ended = BulkEnd {
        verdicts: vec![Verdict::Remove, Verdict::NotAllowed("no".into())],
        broken_off: Some(Break::Asked),
    };
    let ended = Message::BulkEnded(first.command, ended);
    bulk.on_event(&ModalEvent::Answer(&ended), &ctx);
    assert!(bulk.is_over());
    let Some(Effect::RunBulk(second)) = press(&mut bulk, Action::Retry, &ctx) else {
        panic!("it does not go on");
    };
    assert_eq!(second.command, first.command);
}

#[test]
fn only_refused_rows_keep_their_marks() {
    let bulk = reviewed(&ctx(Grant::owner()));
    let verdicts = [
        Verdict::Remove,
        Verdict::NotAllowed("no".into()),
        Verdict::NotMember,
    ];
    let settled = bulk.settled(&verdicts);
    assert_eq!(settled, [member(1).user, member(3).user]);
}

#[test]
fn with_nothing_to_do_nothing_is_started() {
    let ctx = ctx(Grant::owner());
    let mut bulk = reviewed(&ctx);
    let plan = Plan::removal(vec![member(1)]);
    bulk.plan = plan;
    let none = Message::BulkPreviewed(Ok(vec![Verdict::NotMember]));
    let (Modal::Bulk(mut fresh), _) = Bulk::open(bulk.plan, &ctx) else {
        panic!("no dialog");
    };
    fresh.on_event(&ModalEvent::Answer(&none), &ctx);
    press(&mut fresh, Action::Next, &ctx);
    assert!(press(&mut fresh, Action::Confirm, &ctx).is_none());
}
