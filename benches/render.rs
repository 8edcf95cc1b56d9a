//! The console without a terminal: drawing the main screen, and what a key costs before it is drawn:
//! `cargo bench --bench render`.
//!
//! The screen shows 300 members in memory, as many as the console ever keeps.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, layout::Rect};
use rollbook::{
    config,
    domain::{
        AccountId, AccountSummary, Actor, Email, Grant, Member, Origin, Page, PasswordPolicy,
        Secret256, SessionId, User, UserId, Who,
    },
    ui::{
        effect::{Entered, Session},
        keymap::Keymap,
        message::{Message, Place},
        model::{Ctx, Mail, Model, Opening},
        theme::{Charset, Depth, Styles},
        update::update,
        view::view,
    },
};
use std::{hint::black_box, path::Path, sync::Arc};
use uuid::Uuid;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn member(index: usize) -> Member {
    let days = i64::try_from(index * 7919 % 360).unwrap();
    Member {
        user: UserId(Uuid::from_u128(index as u128 + 1)),
        email: Email::parse(&format!("user{index:09}@example.com")).unwrap(),
        name: format!("Person {index}").as_str().into(),
        grant: Grant::custom(["products.view", "invoices.pay"].into_iter().collect()),
        last_login: (!index.is_multiple_of(12))
            .then(|| now() - SignedDuration::from_hours(24 * days)),
        joined_at: now() - SignedDuration::from_hours(9000),
        invited_by: None,
        ownership_offered: false,
        version: 1,
    }
}

fn account() -> AccountSummary {
    AccountSummary {
        id: AccountId(Uuid::from_u128(1)),
        name: "Bench".into(),
        grant: Grant::owner(),
        ownership_offered: false,
        last_used: true,
        members: 10_000_000,
    }
}

fn session() -> Session {
    let me = member(0);
    let who = Who::User {
        id: me.user,
        email: me.email.clone(),
        session: SessionId(Uuid::from_u128(7)),
    };
    Session {
        actor: Actor {
            who,
            origin: Origin::new("bench"),
        },
        user: User {
            id: me.user,
            email: me.email,
            name: me.name,
            last_login: None,
            created_at: now(),
        },
        secret: Secret256::from_bytes([1; 32]),
        accounts: vec![account()],
    }
}

/// The main screen with members on it.
fn model((width, height): (u16, u16)) -> Model {
    let permissions = include_str!("../config/permissions.toml");
    let catalogue = config::catalogue(Path::new("permissions.toml"), permissions).unwrap();
    let keymap = Keymap::parse(include_str!("../config/keymap.toml")).unwrap();
    let ctx = Ctx {
        now: now(),
        ahead: SignedDuration::ZERO,
        zone: TimeZone::UTC,
        area: Rect::new(0, 0, width, height),
        keymap: Arc::new(keymap),
        catalogue: Arc::new(catalogue),
        passwords: PasswordPolicy {
            min_length: 15,
            max_length: 128,
        },
        mail: Mail::Unknown,
        session: None,
        account: None,
    };
    let mut model = Model::new(ctx, Opening::default());
    let page = Page {
        rows: (0..300).map(member).collect(),
        more_before: false,
        more_after: false,
    };
    let entered = Entered {
        account: account(),
        first: None,
    };
    for message in [
        Message::SignedIn(Ok(Box::new(session()))),
        Message::AccountEntered(Ok(Box::new(entered))),
        Message::MembersLoaded(Place::Fresh, Ok(page)),
        Message::MembersCounted(Ok(10_000_000)),
        Message::InvitationsLoaded(Ok(Vec::new())),
    ] {
        update(&mut model, message, now());
    }
    model
}

fn press(model: &mut Model, code: KeyCode) {
    let key = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
    black_box(update(model, Message::Input(key), now()));
}

fn styles() -> Styles {
    Styles::parse(include_str!("../config/themes/dark.toml"), Depth::Full).unwrap()
}

/// The picture of a model.
fn picture(model: &Model, styles: &Styles) -> Buffer {
    let area = model.ctx.area;
    let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
    let drawn = terminal.draw(|frame| view(model, frame, (styles, Charset::Unicode)));
    drawn.unwrap().buffer.clone()
}

fn drawing(c: &mut Criterion) {
    let styles = styles();
    for (width, height) in SIZES {
        let size = format!("{width}x{height}");
        let mut model = model((width, height));
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        c.bench_function(&format!("a frame, nothing changed, {size}"), |b| {
            b.iter(|| {
                terminal
                    .draw(|frame| view(&model, frame, (&styles, Charset::Unicode)))
                    .unwrap();
            });
        });
        let before = picture(&model, &styles);
        press(&mut model, KeyCode::Down);
        let after = picture(&model, &styles);
        c.bench_function(&format!("the difference of a cursor-down, {size}"), |b| {
            b.iter(|| black_box(before.diff(&after)).len());
        });
    }
}

fn updating(c: &mut Criterion) {
    let mut model = model((120, 40));
    for (name, there, back) in [
        ("update, cursor down and up", KeyCode::Down, KeyCode::Up),
        (
            "update, page down and up",
            KeyCode::PageDown,
            KeyCode::PageUp,
        ),
    ] {
        c.bench_function(name, |b| {
            b.iter(|| {
                press(&mut model, there);
                press(&mut model, back);
            });
        });
    }
}

criterion_group!(benches, drawing, updating);
criterion_main!(benches);
