//! Two people at one member, told by what is on the screen: the conflict, undo, and the history.

use crate::support::screen::{Screen, World, custom};
use insta::assert_snapshot;
use rollbook::domain::{Grant, Role};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (40, 12), (200, 50)];
const SIZE: (u16, u16) = (80, 24);
const CLARK: &str = "clark.kent@daily.example";
const EVE: &str = "eve@mill.example";
const MINE: &str = "products.view";

fn shows(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(text.contains(words), "{words:?} is missing:\n{text}");
}

fn hides(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(!text.contains(words), "{words:?} should be gone:\n{text}");
}

/// The row of a permission: what was, yours, theirs.
fn row_says(screen: &Screen, label: &str, marks: [&str; 3]) {
    let text = screen.text();
    let row = text.lines().find(|line| line.contains(label)).unwrap();
    let (_, cells) = row.split_once(label).unwrap();
    let cells: Vec<&str> = cells.split_whitespace().take(3).collect();
    assert_eq!(cells, marks, "{row}");
}

/// Clark's permissions are open, "Modify Master Account Profile" is ticked and reviewed; meanwhile
/// somebody else has made them `theirs`.
fn edited(size: (u16, u16), theirs: Grant) -> Screen {
    let mut screen = Screen::signed_in(World::small(), size);
    screen.keys("<down> <down> <enter> <down> <down> <space> <enter>");
    screen.world.set(CLARK, theirs, EVE);
    screen.keys("<enter>");
    screen
}

fn clarks(screen: &Screen) -> &Grant {
    let found = screen.world.members.iter();
    let mut found = found.filter(|member| member.email.as_str() == CLARK);
    &found.next().unwrap().grant
}

/// Clark starts with `products.view`, `products.manage` and `invoices.pay`.
fn also(keys: &[&str]) -> Grant {
    let mut all = vec![MINE, "products.manage", "invoices.pay"];
    all.extend(keys);
    custom(&all)
}

#[test]
fn b02_both_are_kept_after_a_review_against_what_is_there_now() {
    let mut screen = edited(SIZE, also(&["tickets.open"]));
    shows(&screen, "Changed by somebody else meanwhile");
    row_says(&screen, "Modify Master Account Profile", ["−", "✓", "−"]);
    row_says(&screen, "View & Open Support Tickets", ["−", "−", "✓"]);
    screen.keys("<enter>");
    shows(&screen, "Review the change");
    shows(&screen, "+ Modify Master Account Profile");
    hides(&screen, "+ View & Open Support Tickets");
    shows(&screen, "tickets.open");
    screen.keys("<enter>");
    shows(&screen, "has the new permissions");
    assert_eq!(*clarks(&screen), also(&["account.update", "tickets.open"]));
}

#[test]
fn b02_a_second_conflict_opens_the_dialog_again() {
    let mut screen = edited(SIZE, also(&["tickets.open"]));
    screen.keys("<enter>");
    screen
        .world
        .set(CLARK, also(&["tickets.open", "emails.view"]), EVE);
    screen.keys("<enter>");
    shows(&screen, "Changed by somebody else meanwhile");
    hides(&screen, "Support Tickets  ");
    shows(&screen, "View Emails");
    screen.keys("<enter> <enter>");
    let all = also(&["account.update", "tickets.open", "emails.view"]);
    assert_eq!(*clarks(&screen), all);
}

#[test]
fn b02_yours_theirs_and_editing_lead_where_they_say() {
    let theirs = || also(&["tickets.open"]);
    let mut screen = edited(SIZE, theirs());
    screen.keys("<down> <enter>");
    shows(&screen, "− View & Open Support Tickets");
    screen.keys("<enter>");
    assert_eq!(*clarks(&screen), also(&["account.update"]));
    let mut screen = edited(SIZE, theirs());
    screen.keys("<down> <down> <enter>");
    shows(&screen, "Nothing was saved");
    assert_eq!(*clarks(&screen), theirs());
    assert!(screen.model.modals.is_empty());
    let mut screen = edited(SIZE, theirs());
    screen.keys("<up> <enter>");
    shows(&screen, "Permissions of clark.kent");
    shows(&screen, "[x] Modify Master Account Profile");
    // On top of both, a third: nothing that was chosen before is lost.
    screen.keys("<down> <down> <down> <space> <enter>");
    shows(&screen, "+ Modify Master Account Profile");
    shows(&screen, "+ View & Manage Contacts");
    screen.keys("<enter>");
    let all = also(&["account.update", "contacts.manage", "tickets.open"]);
    assert_eq!(*clarks(&screen), all);
}

/// Password changes are given, which need the products; meanwhile the products are taken.
fn contradicted(size: (u16, u16)) -> Screen {
    let mut world = World::small();
    world.set(CLARK, custom(&[MINE]), "ada@mill.example");
    let mut screen = Screen::signed_in(world, size);
    screen.keys("<down> <down> <enter> <down> <down> <down> <down> <down> <space> <enter>");
    screen.world.set(CLARK, custom(&["invoices.pay"]), EVE);
    screen.keys("<enter>");
    screen
}

#[test]
fn b02_what_contradicts_is_named_and_can_not_be_kept_together() {
    let mut screen = contradicted(SIZE);
    shows(&screen, "They took away “View Products & Services”");
    hides(&screen, "Keep both");
    shows(&screen, "▸ Take yours");
    screen.keys("<enter> <enter>");
    assert_eq!(*clarks(&screen), custom(&[MINE, "products.manage"]));
}

#[test]
fn b02_the_same_change_by_both_is_no_conflict() {
    let screen = edited(SIZE, also(&["account.update"]));
    shows(&screen, "did that meanwhile already");
    assert!(screen.model.modals.is_empty());
}

#[test]
fn b02_who_was_removed_meanwhile_is_named() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("<down> <down> <enter> <down> <down> <space> <enter>");
    screen.world.members.retain(|m| m.email.as_str() != CLARK);
    screen.keys("<enter>");
    shows(&screen, "clark.kent@daily.example was removed meanwhile");
    assert!(screen.model.modals.is_empty());
}

#[test]
fn b02_a_removal_of_who_was_changed_asks_again() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("<down> <down> d");
    screen.world.set(CLARK, also(&["tickets.open"]), EVE);
    screen.keys("<tab> <enter>");
    shows(&screen, "Somebody else changed this user meanwhile");
    shows(&screen, "+ View & Open Support Tickets");
    shows(&screen, "[▸Keep ]");
    shows(&screen, "(2)");
    assert_eq!(screen.world.members.len(), 5);
    screen.keys("<tab> <enter>");
    assert_eq!(screen.world.members.len(), 4);
}

#[test]
fn b03_u_takes_a_change_back_after_a_review() {
    let mut screen = Screen::signed_in(World::small(), SIZE);
    screen.keys("u");
    shows(&screen, "nothing to take back");
    screen.keys("<down> <down> <enter> <down> <down> <space> <enter> <enter>");
    shows(&screen, "u takes it back");
    screen.keys("u");
    shows(&screen, "Take it back?");
    shows(&screen, "Changed 1 h ago by ada@mill.example");
    shows(&screen, "− Modify Master Account Profile");
    screen.keys("<enter>");
    shows(&screen, "has the earlier permissions again");
    assert_eq!(*clarks(&screen), also(&[]));
}

/// My change, and then somebody else's, and then `u`.
fn stale() -> World {
    let mut world = World::small();
    world.set(CLARK, also(&["account.update"]), "ada@mill.example");
    world.set(CLARK, also(&["account.update", "tickets.open"]), EVE);
    world
}

#[test]
fn b03_what_somebody_changed_since_is_not_overwritten() {
    let mut screen = Screen::signed_in(stale(), SIZE);
    screen.keys("u");
    shows(&screen, "Changed by somebody else meanwhile");
    row_says(&screen, "Modify Master Account Profile", ["✓", "−", "✓"]);
    screen.keys("<enter>");
    shows(&screen, "Take it back?");
    shows(&screen, "− Modify Master Account Profile");
    screen.keys("<enter>");
    assert_eq!(*clarks(&screen), also(&["tickets.open"]));
}

/// A manager who holds little looks at who was removed and held more.
fn lesser() -> World {
    let mut world = World::small();
    let max = custom(&["invoices.pay", "members.view", "members.manage"]);
    world.set("ada@mill.example", max.clone(), EVE);
    world.accounts[0].grant = max;
    let clark = world.members.remove(2);
    let gone = (Some(&clark.grant), None);
    world.record("member.removed", &clark, gone, "ada@mill.example");
    world
}

#[test]
fn b03_what_can_not_be_given_back_is_said_before_anything_is_written() {
    let mut screen = Screen::signed_in(lesser(), SIZE);
    screen.keys("u");
    shows(&screen, "Not all of it");
    shows(&screen, "! View Products & Services  (is not brought back)");
    shows(&screen, "+ View & Pay Invoices");
    screen.keys("y <enter>");
    assert!(screen.copied[0].contains("member restore clark.kent@daily.example --partial"));
    assert_eq!(*clarks(&screen), custom(&["invoices.pay"]));
}

/// Clark's life: given, taken, given again.
fn lived() -> World {
    let mut world = stale();
    world.set(CLARK, Grant::full(), EVE);
    world.set(CLARK, custom(&["invoices.pay"]), "ada@mill.example");
    world
}

#[test]
fn the_history_brings_an_earlier_state_back() {
    let mut screen = Screen::signed_in(lived(), SIZE);
    screen.keys("<down> <down> h");
    shows(&screen, "History of clark.kent@daily.example");
    shows(&screen, "Role: All permissions → Custom");
    screen.keys("<enter>");
    shows(&screen, "That is how it is now");
    screen.keys("<down> <enter>");
    shows(&screen, "Bring this state back?");
    screen.keys("<enter>");
    shows(&screen, "has the earlier permissions again");
    assert_eq!(clarks(&screen).role, Role::Full);
}

#[test]
fn the_history_of_who_was_removed_is_a_key_away_from_the_undo() {
    let mut screen = Screen::signed_in(stale(), SIZE);
    screen.keys("<down> <down> d <tab> <enter> u h");
    shows(&screen, "History of clark.kent@daily.example");
    shows(&screen, "removed +0 −5");
    // Further back than what the removal took.
    screen.keys("<down> <down> <enter>");
    shows(&screen, "Bring this state back?");
    screen.keys("<enter>");
    shows(&screen, "has access again");
    assert_eq!(*clarks(&screen), also(&["account.update"]));
}

#[test]
fn a_long_history_is_read_in_pages() {
    let mut world = World::small();
    for round in 0..120 {
        let grant = if round % 2 == 0 {
            also(&[])
        } else {
            Grant::full()
        };
        world.set(CLARK, grant, EVE);
    }
    let mut screen = Screen::signed_in(world, SIZE);
    screen.keys("<down> <down> h");
    let before = screen.world.reads;
    for _ in 0..3 {
        screen.keys("G");
    }
    assert_eq!(screen.world.reads - before, 2);
    shows(&screen, "changed +0 −0");
}

#[test]
fn pictures_of_conflict_undo_and_history() {
    for size in SIZES {
        let (width, height) = size;
        let picture = |name: &str, screen: &Screen| {
            assert_snapshot!(format!("{name}_{width}x{height}"), screen.picture());
        };
        picture("conflict", &edited(size, also(&["tickets.open"])));
        picture("contradiction", &contradicted(size));
        let mut screen = Screen::signed_in(World::small(), size);
        screen.keys("<down> <down> d");
        screen.world.set(CLARK, also(&["tickets.open"]), EVE);
        picture("removal_again", screen.keys("<tab> <enter>"));
        picture("undo", Screen::signed_in(lesser(), size).keys("u"));
        let mut screen = Screen::signed_in(lived(), size);
        picture("history", screen.keys("<down> <down> h <down>"));
    }
}

#[test]
fn no_size_panics() {
    let places = [
        (stale as fn() -> World, "u"),
        (lived, "<down> <down> h <down>"),
        (lesser, "u"),
    ];
    for (world, keys) in places {
        let mut screen = Screen::signed_in(world(), SIZE);
        screen.keys(keys);
        for (width, height) in [(1, 1), (40, 12), (41, 13), (60, 16), (500, 200), (40, 60)] {
            screen
                .resize(width, height)
                .keys("<down> <pagedown> <pageup> <up>");
            screen.text();
        }
    }
}
