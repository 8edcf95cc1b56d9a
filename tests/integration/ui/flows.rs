//! What keys, clicks and answers do, told by what is on the screen.

use crate::support::screen::{Screen, World, account, custom};
use jiff::SignedDuration;
use rollbook::domain::Grant;
use rollbook::ui::effect::{Failure, FailureKind, Feed, News, Presence, Topics};
use rollbook::ui::message::{Message, Setup};
use std::time::Duration;

const SIZE: (u16, u16) = (80, 24);

fn shows(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(text.contains(words), "{words:?} is missing:\n{text}");
}

fn hides(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(
        !text.contains(words),
        "{words:?} should not be here:\n{text}"
    );
}

#[test]
fn r01_the_profile_menu_opens_with_a_key_and_a_click() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    shows(&screen, "Ada Lovelace ▾ p");
    for entry in [
        "User Management",
        "Switch account",
        "My details",
        "Change password",
        "Login log",
        "Sign out",
    ] {
        screen.keys("p");
        shows(&screen, entry);
        screen.keys("<esc>");
    }
    screen.click("Ada Lovelace ▾");
    shows(&screen, "Sign out");
}

#[test]
fn r02_the_table_counts_and_scrolls() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    shows(&screen, "200 users");
    screen.keys("G");
    shows(&screen, "m199@mill.example");
    screen.keys("g");
    shows(&screen, "ada@mill.example");
    for _ in 0..150 {
        screen.keys("j");
    }
    shows(&screen, "m150@mill.example");
}

#[test]
fn r02_never_is_said() {
    shows(&Screen::signed_in(World::small(), SIZE), "Never");
}

#[test]
fn r03_what_is_not_allowed_says_why() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("<down> <down> <down> <enter>");
    shows(&screen, "An owner has everything");
}

#[test]
fn r05_a_change_is_reviewed_and_then_written() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("<down> d");
    shows(&screen, "babbage@mill.example");
    screen.keys("<tab> <enter>");
    shows(&screen, "has no access any more");
    assert_eq!(screen.world.members.len(), 4);
    screen.keys("u");
    shows(&screen, "Take it back?");
    shows(&screen, "member restore");
    screen.keys("<enter>");
    shows(&screen, "has access again");
    assert_eq!(screen.world.members.len(), 5);
}

#[test]
fn r07_the_invite_pane_says_what_is_wrong_and_keeps_what_was_typed() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("i nobody <tab> <tab> <tab> <enter>");
    shows(&screen, "exactly one @");
    shows(&screen, "nobody");
    screen.keys("@x.example <tab> <tab> <tab> <enter>");
    shows(&screen, "Choose: all permissions, or some of them");
    screen.keys("<space> <enter>");
    shows(&screen, "Review the invitation");
    screen.keys("<enter>");
    shows(&screen, "is invited");
    assert_eq!(screen.world.invitations[0].grant, Grant::full());
}

#[test]
fn r09_what_was_just_sent_is_in_sight() {
    let mut screen = Screen::signed_in(World::large(), (80, 24));
    screen.keys("<tab> j j j i zoe@x.example <tab> <space> <enter> <enter>");
    shows(&screen, "Pending invitations · 5");
    let rows: Vec<String> = screen.text().lines().map(str::to_owned).collect();
    let pane = rows
        .iter()
        .position(|row| row.contains("Pending invitations"));
    let zoe = rows
        .iter()
        .position(|row| row.contains("│  •zoe@x.example"));
    assert_eq!(zoe, pane.map(|at| at + 1), "{}", screen.text());
}

#[test]
fn r07_an_existing_member_is_one_key_away() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.world.refusal = Some(Failure::new(
        FailureKind::AlreadyMember,
        "This person is already a member",
    ));
    screen.keys("i babbage@mill.example <tab> <space> <enter> <enter>");
    shows(&screen, "already a member");
    shows(&screen, "babbage@mill.example");
    screen.keys("<enter>");
    shows(&screen, "Permissions");
    assert!(!screen.model.modals.is_empty());
}

#[test]
fn r07_a_pending_invitation_is_resent_with_r() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.world.refusal = Some(Failure::new(
        FailureKind::AlreadyPending,
        "An invitation is already pending",
    ));
    screen.keys("i grace@navy.example <tab> <space> <enter> <enter>");
    shows(&screen, "r resends");
    screen.keys("r <enter>");
    shows(&screen, "gets a new link");
}

#[test]
fn r14_several_accounts_are_asked_for_once() {
    let mut world = World::small();
    world.accounts.push(account(2, "Analytical Engines"));
    let mut screen = Screen::signed_in(world, SIZE);
    shows(&screen, "which one?");
    screen.keys("<down> <enter>");
    shows(&screen, "◆ Analytical Engines");
}

#[test]
fn keys_typed_before_the_database_is_there_are_not_lost() {
    let mut world = World::small();
    world.outage = Some(Failure::new(FailureKind::Unavailable, "connection refused"));
    let mut screen = Screen::start(world, SIZE);
    shows(&screen, "can't be reached");
    screen.world.outage = None;
    screen.keys("R");
    shows(&screen, "Sign in");
    screen.keys("wrong@x.example <tab> pw <enter>");
    shows(&screen, "do not match");
    shows(&screen, "wrong@x.example");
}

#[test]
fn the_screen_lives_through_an_outage_and_keeps_what_was_typed() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("i half@typ");
    screen.world.outage = Some(Failure::new(
        FailureKind::Unavailable,
        "The database does not answer",
    ));
    screen.keys("<esc> s");
    shows(&screen, "R Retry");
    shows(&screen, "half@typ");
    screen.world.outage = None;
    screen.wait(4);
    hides(&screen, "R Retry");
    shows(&screen, "half@typ");
}

/// Somebody accepts while the cursor is on another row.
fn accepts(screen: &mut Screen) {
    screen.keys("<down> <down>");
    let accepted = screen.world.invitations.remove(0);
    let mut joined =
        crate::support::screen::member(900, accepted.email.as_str(), custom(&["invoices.pay"]));
    joined.last_login = None;
    screen.world.members.insert(1, joined);
}

/// The row under the cursor, and where it stands on the screen.
fn under_the_cursor(screen: &Screen) -> (usize, String) {
    let text = screen.text();
    let mut lines = text.lines().enumerate();
    let found = lines.find(|(_, line)| line.contains('▸') && line.contains('@'));
    let (row, line) = found.unwrap_or_else(|| panic!("no cursor:\n{text}"));
    (row, line.to_owned())
}

#[test]
fn b06_an_accepted_invitation_appears_as_it_is_told() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    screen.keys("<pagedown> <pagedown>");
    let (row, before) = under_the_cursor(&screen);
    let accepted = screen.world.invitations.remove(0);
    let joined =
        crate::support::screen::member(900, accepted.email.as_str(), custom(&["invoices.pay"]));
    screen.world.members.insert(1, joined);
    hides(&screen, "looks every 3 s");
    screen.tell(Message::Heard(News::Changed(Topics {
        members: true,
        invitations: true,
        presence: false,
    })));
    screen.wait(1);
    shows(&screen, "201 users");
    let (now, after) = under_the_cursor(&screen);
    assert_eq!((now, after), (row, before), "{}", screen.text());
}

#[test]
fn b06_what_changed_is_marked_for_a_moment() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    let changed = screen.world.members[2].email.to_string();
    screen.world.members[2].grant = custom(&["orders.place"]);
    screen.world.members[2].version += 1;
    let members = Topics {
        members: true,
        ..Topics::default()
    };
    screen.tell(Message::Heard(News::Changed(members)));
    screen.wait(1);
    let marked = |screen: &Screen| {
        let text = screen.text();
        let rows = text.lines().filter(|line| line.contains(" •"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = marked(&screen);
    assert!(rows.len() == 1 && rows[0].contains(&changed), "{rows:?}");
    screen.wait(4);
    assert!(marked(&screen).is_empty(), "{}", screen.text());
}

#[test]
fn b06_a_burst_of_news_costs_few_reads() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    let before = screen.world.reads;
    let all = Topics {
        members: true,
        invitations: true,
        presence: true,
    };
    for _ in 0..10_000 {
        screen.tell(Message::Heard(News::Changed(all)));
    }
    screen.wait(2);
    let reads = screen.world.reads - before;
    assert!((1..=12).contains(&reads), "{reads} reads");
}

/// What the database says of a session that lives so long if nobody acts.
fn still_in(minutes: u64) -> Message {
    Message::StillIn(Ok(Box::new(Presence {
        account: account(1, "Lovelace Mills"),
        left: Duration::from_secs(60 * minutes),
    })))
}

#[test]
fn left_alone_and_told_it_asks_for_nothing_until_its_session_ends() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    // Until what shows for a moment is gone, and it has asked once.
    screen.wait(10);
    screen.tell(still_in(30));
    let (reads, before) = (screen.world.reads, screen.text());
    assert!(screen.wakes_in() > SignedDuration::from_secs(60));
    screen.wait(29 * 60);
    assert_eq!(screen.world.reads, reads);
    shows(&screen, "25 min ago");
    screen.wait(61);
    assert_eq!(screen.world.reads, reads + 1, "it looks at the end");
    assert!(before.contains("just now"), "{before}");
}

#[test]
fn without_notifications_the_session_is_looked_for_all_the_time() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Asking)));
    screen.wait(10);
    screen.tell(still_in(30));
    assert!(screen.wakes_in() <= SignedDuration::from_secs(2));
}

#[test]
fn a_late_word_of_an_ended_session_takes_no_typed_password() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::SignedOut(Ok(())));
    screen.keys("half-a-password");
    let before = screen.text();
    let failure = Failure::new(FailureKind::SignedOut, "Your session has ended");
    screen.tell(Message::StillIn(Err(failure)));
    assert_eq!(screen.text(), before);
}

#[test]
fn what_changes_while_the_session_is_looked_for_is_looked_for_again() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    screen.wait(10);
    let presence = Topics {
        presence: true,
        ..Topics::default()
    };
    // Its answer may be from before this.
    screen.tell(Message::Heard(News::Changed(presence)));
    let reads = screen.world.reads;
    screen.tell(still_in(30));
    screen.wait(1);
    assert_eq!(screen.world.reads, reads + 1);
}

#[test]
fn b06_without_notifications_it_looks_by_itself_and_says_so() {
    let mut screen = Screen::signed_in(World::large(), (120, 40));
    screen.tell(Message::Heard(News::Feed(Feed::Asking)));
    shows(&screen, "no notifications: looks every 3 s");
    accepts(&mut screen);
    screen.wait(4);
    shows(&screen, "201 users");
    let (_, row) = under_the_cursor(&screen);
    assert!(
        row.contains("clark.kent"),
        "the cursor left its member: {row}"
    );
}

#[test]
fn a_silent_database_is_told_and_escape_stops_waiting() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Unanswered);
    shows(&screen, "has not answered for 3 seconds");
    screen.keys("<esc>");
    assert_eq!(screen.world.stops, 1);
    screen.wait(4);
    hides(&screen, "has not answered");
}

#[test]
fn a_search_is_typed_and_left() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.keys("/ noether");
    shows(&screen, "1 user found");
    shows(&screen, "emmy.noether");
    screen.keys("<enter> <esc>");
    shows(&screen, "200 users");
    screen.keys("/ qqqq");
    shows(&screen, "Nobody matches");
}

#[test]
fn a_huge_paste_is_harmless() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("i").paste(&"x".repeat(10_000));
    shows(&screen, "Only the first 320 characters were kept");
}

#[test]
fn first_run_refuses_a_short_password_next_to_its_field() {
    let mut world = World::small();
    world.setup = Setup::Needed;
    let mut screen = Screen::start(world, SIZE);
    screen.keys("Mill <tab> ada@mill.example <tab> short <tab> short <enter>");
    shows(&screen, "at least 15 characters");
    shows(&screen, "ada@mill.example");
}

#[test]
fn ctrl_c_quits_everywhere_and_ctrl_z_nowhere() {
    for keys in ["", "i", "p", "<down> d", "?", "/"] {
        let mut screen = Screen::signed_in(World::small(), SIZE);
        screen.keys(keys).keys("<ctrl-z>");
        assert!(!screen.quits(), "{keys}");
        screen.keys("<ctrl-c>");
        assert!(screen.quits(), "{keys}");
    }
}

#[test]
fn no_size_and_no_screen_panics() {
    let places = [
        "",
        "<tab>",
        "i",
        "p",
        "<down> d",
        "<down> <enter>",
        "?",
        "/ x",
        "i a@b.cd <tab> <space> <enter>",
    ];
    for keys in places {
        let mut screen = Screen::signed_in(World::large(), SIZE);
        screen.keys(keys);
        for (width, height) in [
            (0, 0),
            (1, 1),
            (40, 12),
            (41, 13),
            (60, 16),
            (500, 200),
            (40, 60),
            (300, 12),
        ] {
            screen
                .resize(width, height)
                .keys("<down> <tab> <backtab> <up>");
            screen.text();
        }
    }
}

#[test]
fn what_was_said_before_does_not_stand_over_a_dialog() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    for key in ["d", "<enter>", "?", "p"] {
        screen.keys("u");
        shows(&screen, "nothing to take back");
        screen.keys(key);
        hides(&screen, "nothing to take back");
        screen.keys("<esc>");
    }
}
