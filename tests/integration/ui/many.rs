//! Many at once: marks, the review with a verdict for each, the work, what came of it; and lists of
//! addresses.

use crate::support::screen::{Screen, World, custom};
use insta::assert_snapshot;
use rollbook::domain::Grant;
use rollbook::ui::effect::{Break, Failure, FailureKind, Feed, News, Progress, Topics};
use rollbook::ui::message::Message;

const SIZE: (u16, u16) = (80, 24);
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (40, 12), (200, 50)];

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

fn marks(screen: &Screen) -> usize {
    let text = screen.text();
    let marked = |line: &&str| line.contains('✓') && line.contains("Manage");
    text.lines().filter(marked).count()
}

#[test]
fn b05_marks_stay_on_their_members() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.keys("<space>");
    shows(&screen, "Your own access is changed on its own");
    hides(&screen, "marked ");
    screen.wait(7);
    screen.keys("j <space> <space> j <space>");
    shows(&screen, "200 users · 3 marked");
    assert_eq!(marks(&screen), 3);
    shows(&screen, "Enter manage 3   d remove 3");
    // Elsewhere, in another order, in a search that finds one of them.
    screen.keys("G");
    assert_eq!(marks(&screen), 0);
    screen.keys("g s S / babb");
    shows(&screen, "1 user found · 3 marked");
    assert_eq!(marks(&screen), 1, "{}", screen.text());
    // Esc leaves the search first, and takes the marks away only then.
    screen.keys("<esc>");
    shows(&screen, "3 marked");
    screen.keys("<esc>");
    hides(&screen, "marked");
}

#[test]
fn b05_a_range_and_everybody_found_are_marked() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.keys("v");
    shows(&screen, "Mark where the range begins first");
    screen.keys("j <space> j j v");
    shows(&screen, "4 marked");
    screen.keys("A");
    hides(&screen, "marked ");
    screen.keys("/ m19 <enter> a");
    shows(&screen, "10 users found · 10 marked");
}

#[test]
fn b05_while_everybody_is_being_marked_nobody_else_is_meant() {
    let mut screen = Screen::signed_in(World::small(), (120, 40));
    screen.world.many.is_looking = true;
    let everybody = screen.world.members.clone();
    let found = || Message::EverybodyFound(Ok(Some(everybody.clone())));
    screen.keys("j a d");
    shows(&screen, "5 users · marking");
    hides(&screen, "Remove access");
    shows(&screen, "is being marked");
    screen.tell(found());
    shows(&screen, "4 marked");
    screen.keys("d");
    shows(&screen, "Remove access of 4 users?");
    // What Esc has ended marks nobody when it comes after all.
    screen.keys("<esc> A a <esc>");
    hides(&screen, "marking");
    assert_eq!(screen.world.stops, 1, "the server reads on");
    screen.tell(found());
    hides(&screen, "marked ");
    screen.keys("d");
    shows(&screen, "Remove access?");
}

#[test]
fn b05_too_many_are_not_marked_and_the_way_out_is_said() {
    let mut screen = Screen::signed_in(World::small(), (120, 40));
    screen.world.many.is_looking = true;
    screen.keys("a");
    screen.tell(Message::EverybodyFound(Ok(None)));
    shows(&screen, "too many to be marked");
    shows(&screen, "--from FILE");
    hides(&screen, "marked ·");
}

#[test]
fn b05_a_change_of_many_is_reviewed_done_and_told() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("a");
    shows(&screen, "4 marked");
    screen.keys("<enter>");
    shows(&screen, "Permissions of 4 users · 1 can't be changed");
    // Give one, take another.
    screen.keys("j j j <space>");
    shows(&screen, "[+]");
    screen.keys("j - <enter>");
    shows(&screen, "Review the changes");
    shows(&screen, "1 not allowed · 3 will change");
    shows(&screen, "An owner has everything");
    shows(&screen, "3 of 13 → 4 of 13");
    shows(&screen, "member grant --from FILE");
    screen.keys("y");
    assert!(screen.copied[0].contains("<<'END'\nbabbage@mill.example\n"));
    assert!(screen.copied[0].contains("member revoke --from - --yes contacts.manage"));
    screen.keys("<enter>");
    shows(&screen, "Done");
    shows(&screen, "1 not allowed · 3 changed");
    screen.keys("<enter>");
    shows(&screen, "3 users have the new permissions");
    // Who could not be changed stays marked, to be looked at.
    shows(&screen, "1 marked");
    assert!(screen.model.modals.is_empty());
    assert_eq!(screen.world.many.written, 3);
}

#[test]
fn b05_the_same_grant_for_everybody() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("j <space> <space> j <space> m a <enter>");
    shows(&screen, "Everybody gets exactly: All permissions");
    shows(&screen, "2 will change · 1 unchanged");
    screen.keys("<enter> <enter>");
    let full = screen.world.members.iter();
    assert_eq!(full.filter(|m| m.grant == Grant::full()).count(), 3);
    hides(&screen, "marked");
}

#[test]
fn b05_removal_of_many_asks_and_begins_with_keeping() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("j <space> <space> d");
    shows(&screen, "Remove access of 2 users?");
    shows(&screen, "babbage@mill.example");
    shows(&screen, "pending invitations they sent");
    screen.keys("<enter>");
    assert_eq!(screen.world.members.len(), 5, "Enter keeps them");
    screen.keys("d <tab> <enter>");
    shows(&screen, "2 removed");
    screen.keys("<esc>");
    shows(&screen, "2 users have no access any more");
    shows(&screen, "3 users");
    hides(&screen, "marked");
}

#[test]
fn b05_what_nobody_may_do_is_said_before_anything_opens() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("j j j <space> <enter>");
    shows(&screen, "None of the 1 marked: An owner has everything");
    assert!(screen.model.modals.is_empty());
}

#[test]
fn b05_changed_meanwhile_is_a_verdict_of_its_own_and_marks_follow_the_list() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.tell(Message::Heard(News::Feed(Feed::Told)));
    screen.keys("j <space> <space>");
    screen
        .world
        .set("babbage@mill.example", custom(&["invoices.pay"]), "x");
    screen.keys("m a <enter>");
    shows(&screen, "1 in the way · 1 will change");
    screen.keys("<esc> <esc>");
    let members = Topics {
        members: true,
        ..Topics::default()
    };
    screen.tell(Message::Heard(News::Changed(members)));
    screen.wait(1);
    screen.keys("m a <enter>");
    shows(&screen, "2 will change");
}

/// A console in which the removal of ten has begun.
fn removing() -> Screen {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.world.many.holds = true;
    screen.keys("/ m19 <enter> a d <tab> <enter>");
    screen
}

fn progress(screen: &mut Screen, done: usize) {
    let command = screen.world.many.held.as_ref().unwrap().command;
    let progress = Progress { done, total: 10 };
    screen.tell(Message::BulkProgressed(command, progress));
}

#[test]
fn b05_progress_is_shown_and_escape_ends_between_batches() {
    let mut screen = removing();
    shows(&screen, "Removing access");
    shows(&screen, "0 of 10 rows");
    screen.wait(2);
    progress(&mut screen, 4);
    shows(&screen, " 40 %");
    shows(&screen, "4 of 10 rows · 2 a second · 3 s left");
    // Silence is said, and nothing of another command is taken for news.
    screen.wait(4);
    shows(&screen, "has not answered for a while");
    screen.keys("<esc>");
    assert_eq!((screen.world.many.stops, screen.world.stops), (1, 0));
    progress(&mut screen, 5);
    shows(&screen, "Ends after the rows");
    let run = screen.world.many.held.take().unwrap();
    let ended = screen.world.work(&run, 5, Some(Break::Asked));
    screen.tell(ended);
    shows(&screen, "Stopped");
    shows(&screen, "5 not come to · 5 removed");
    // Going on does the rest under the same command.
    screen.keys("<enter>");
    let again = screen.world.many.held.take().unwrap();
    assert_eq!(again.command, run.command);
    let ended = screen.world.work(&again, 10, None);
    screen.tell(ended);
    shows(&screen, "10 removed");
    assert_eq!(screen.world.many.written, 10);
}

#[test]
fn b05_escape_twice_ends_it_on_the_server() {
    let mut screen = removing();
    screen.keys("<enter> <enter>");
    assert_eq!(screen.world.many.stops, 0, "Enter does not stop it");
    screen.keys("<esc> <esc>");
    assert_eq!((screen.world.many.stops, screen.world.stops), (1, 1));
    shows(&screen, "Ending it on the server");
}

#[test]
fn b05_a_break_offers_to_go_on_and_nothing_is_done_twice() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    let away = Failure::new(FailureKind::Unavailable, "The database does not answer");
    screen.world.many.breaks = Some((3, away));
    screen.keys("/ m19 <enter> a d <tab> <enter>");
    shows(&screen, "Broken off");
    shows(&screen, "The database does not answer");
    shows(&screen, "7 not come to · 3 removed");
    shows(&screen, "nothing twice");
    screen.keys("<enter>");
    shows(&screen, "10 removed");
    assert_eq!(screen.world.many.written, 10);
    screen.keys("<enter> <esc>");
    shows(&screen, "190 users");
    hides(&screen, "marked");
}

#[test]
fn b05_a_session_that_ends_meanwhile_shows_the_sign_in() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    let ended = Failure::new(FailureKind::SignedOut, "Your session has ended");
    screen.world.many.breaks = Some((3, ended));
    screen.keys("/ m19 <enter> a d <tab> <enter>");
    shows(&screen, "Your session has ended");
    assert!(screen.model.modals.is_empty());
}

#[test]
fn b05_a_proof_that_is_asked_for_goes_on_with_the_same_work() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    let late = Failure::new(FailureKind::ProofNeeded, "Prove again that it is you");
    screen.world.many.breaks = Some((0, late));
    screen.keys("/ m19 <enter> a d <tab> <enter>");
    screen.keys("correct-horse-battery <tab> 1 2 3 4 5 6 <enter>");
    shows(&screen, "10 removed");
    assert_eq!(screen.world.many.written, 10);
}

const PASTED: &str = "Grace <grace@new.example>, hedy@new.example\nbabbage@mill.example\n\
    grace@new.example\nida@@new.example\njoan@new.example\n";

fn pasted(world: World) -> Screen {
    let mut screen = Screen::signed_in(world, SIZE);
    screen.keys("i").paste(PASTED);
    screen
}

#[test]
fn b05_a_paste_of_several_opens_the_list_with_a_verdict_each() {
    let screen = pasted(World::small());
    shows(&screen, "Invite several users");
    for (address, verdict) in [
        ("grace@new.example", "✓ new"),
        ("babbage@mill.example", "· in the account already"),
        ("grace@new.example", "same address stands in line 1"),
        ("ida@@new.example", "✗ The address needs exactly one @"),
    ] {
        let text = screen.text();
        let found = text
            .lines()
            .any(|line| line.contains(address) && line.contains(verdict));
        assert!(found, "{address} is not {verdict}:\n{text}");
    }
    shows(&screen, "Send 3 invitations");
    shows(&screen, "3 new · 1 member · 1 duplicate · 1 invalid");
}

#[test]
fn b05_one_address_is_pasted_into_the_field_as_before() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("i").paste("Grace@new.example\n");
    assert!(screen.model.modals.is_empty());
    shows(&screen, "Grace@new.example");
}

#[test]
fn b05_a_list_is_put_right_in_its_place_and_nothing_typed_is_lost() {
    let mut screen = pasted(World::small());
    screen.keys("<f3>");
    shows(&screen, "▸ babbage@mill.example");
    screen.keys("<ctrl-d>");
    shows(&screen, "▸ grace@new.example");
    screen.keys("<ctrl-d>");
    shows(&screen, "▸ ida@@new.example");
    for _ in 0.."@new.example".len() {
        screen.keys("<backspace>");
    }
    screen.keys("new.example <down>");
    shows(&screen, "Send 4 invitations");
    hides(&screen, "✗");
    screen.keys("<esc>");
    assert!(screen.model.modals.is_empty());
    shows(
        &screen,
        "4 lines are kept in the list of several; Ctrl-l opens it",
    );
    screen.keys("<ctrl-l>");
    shows(&screen, "ida@new.example");
    shows(&screen, "Send 4 invitations");
}

#[test]
fn b05_a_list_is_sent_after_a_review_and_what_could_not_be_sent_stays() {
    let mut world = World::small();
    world.many.limit = Some(2);
    let mut screen = pasted(world);
    screen.keys("<tab> <tab> <tab> <tab> <enter>");
    shows(&screen, "Choose: all permissions, or some of them");
    screen.keys("<space>");
    shows(&screen, "(•) All Permissions");
    screen.keys("<enter>");
    shows(&screen, "Review the invitations");
    shows(&screen, "They get: All permissions");
    shows(&screen, "invite import FILE --yes --all");
    screen.keys("<enter>");
    shows(&screen, "2 invited");
    shows(&screen, "wait 4 min");
    assert_eq!(screen.world.invitations.len(), 2);
    screen.keys("<enter>");
    shows(&screen, "Invite several users");
    shows(&screen, "ida@@new.example");
    shows(&screen, "joan@new.example");
    hides(&screen, "hedy@new.example  ");
    screen.keys("<esc>");
    shows(&screen, "2 lines are kept");
}

#[test]
fn b05_a_list_that_is_done_closes_with_its_result() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("I");
    shows(&screen, "Invite several users");
    screen.keys("a@new.example <enter> b@new.example <tab> <space> <enter> <enter>");
    shows(&screen, "2 invited");
    screen.keys("<enter>");
    assert!(screen.model.modals.is_empty());
    shows(&screen, "2 invitations are stored");
    shows(&screen, "Pending invitations · 2");
}

#[test]
fn b05_a_table_gives_each_row_its_own_grant() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("i").paste(
        "email,role,permissions\na@new.example,full,\nb@new.example,,invoices.pay\nc@new.example,king,\n",
    );
    shows(&screen, "column names");
    shows(&screen, "No role is called");
    screen.keys("<tab> <space> <enter>");
    shows(&screen, "Custom · 1 of 13");
}

#[test]
fn b05_ten_thousand_lines_are_the_most() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    let lines: Vec<String> = (0..10_050).map(|n| format!("u{n}@new.example")).collect();
    screen.keys("i").paste(&lines.join("\n"));
    shows(&screen, "Only the first 10000 lines were kept");
    shows(&screen, "Send 10000 invitations");
    // What is typed into a long list is read when the line is left.
    screen.keys("@ <up>");
    shows(&screen, "Send 9999 invitations");
}

fn at_all_sizes(name: &str, world: fn() -> World, keys: &str, then: fn(&mut Screen)) {
    for (width, height) in SIZES {
        let mut screen = Screen::signed_in(world(), (width, height));
        screen.keys(keys);
        then(&mut screen);
        assert_snapshot!(format!("{name}_{width}x{height}"), screen.picture());
    }
}

#[test]
fn pictures_of_marks_and_of_their_dialogs() {
    let nothing = |_: &mut Screen| {};
    at_all_sizes(
        "marks",
        World::large,
        "j <space> <space> j <space>",
        nothing,
    );
    let open = "a <enter> j j j <space> j -";
    at_all_sizes("bulk_permissions", World::small, open, nothing);
    let review = format!("{open} <enter>");
    at_all_sizes("bulk_review", World::small, &review, nothing);
    at_all_sizes("bulk_removal", World::large, "/ m19 <enter> a d", nothing);
    let done = format!("{review} <enter>");
    at_all_sizes("bulk_done", World::small, &done, nothing);
}

#[test]
fn pictures_of_work_under_way_and_broken_off() {
    let held = || {
        let mut world = World::large();
        world.many.holds = true;
        world
    };
    let keys = "/ m19 <enter> a d <tab> <enter>";
    at_all_sizes("bulk_running", held, keys, |screen| {
        screen.wait(2);
        progress(screen, 4);
    });
    let broken = || {
        let mut world = World::large();
        let away = Failure::new(FailureKind::Unknown, "It is not known what was done");
        world.many.breaks = Some((3, away));
        world
    };
    at_all_sizes("bulk_broken", broken, keys, |_| {});
}

#[test]
fn pictures_of_a_list() {
    at_all_sizes("several", World::small, "i", |screen| {
        screen.paste(PASTED);
    });
    at_all_sizes("several_kept", World::small, "i", |screen| {
        screen.paste(PASTED).keys("<esc>");
    });
}

#[test]
fn no_size_panics_and_no_dialog_is_left_without_a_way_out() {
    for keys in [
        "m",
        "m <space> <enter>",
        "d",
        "d <tab> <enter>",
        "I",
        "I x <tab>",
    ] {
        let mut screen = Screen::signed_in(World::large(), SIZE);
        screen.keys("j <space> <space>").keys(keys);
        for (width, height) in [
            (0, 0),
            (1, 1),
            (40, 12),
            (41, 13),
            (500, 200),
            (40, 60),
            (300, 12),
        ] {
            screen
                .resize(width, height)
                .keys("<down> <tab> <backtab> <up> <pagedown> <pageup>");
            screen.text();
        }
        for _ in 0..4 {
            screen.keys("<esc>");
        }
        assert!(screen.model.modals.is_empty(), "{keys}");
    }
}
