//! The member list at any size: going to an address, the orders, the search, and what is said of where
//! one stands.

use crate::support::screen::{Screen, World};
use insta::assert_snapshot;
use rollbook::ui::effect::{Failure, FailureKind};

const SIZE: (u16, u16) = (80, 24);
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (40, 12), (200, 50)];

fn shows(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(text.contains(words), "{words:?} is missing:\n{text}");
}

/// The row under the cursor, and where it stands on the screen.
fn here(screen: &Screen) -> (usize, String) {
    let text = screen.text();
    let mut lines = text.lines().enumerate();
    let found = lines.find(|(_, line)| line.contains('▸') && line.contains('@'));
    let (row, line) = found.unwrap_or_else(|| panic!("no cursor:\n{text}"));
    (row, line.to_owned())
}

fn stands_on(screen: &Screen, address: &str) {
    let (_, row) = here(screen);
    assert!(row.contains(address), "{row}\n{}", screen.text());
}

#[test]
fn each_character_goes_to_the_first_address_that_begins_so() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    screen.keys("f e");
    stands_on(&screen, "emil.0204");
    shows(&screen, "the first address that begins so");
    screen.keys("m m");
    stands_on(&screen, "emmy.noether");
    screen.keys("z");
    stands_on(&screen, "m005@");
    shows(&screen, "nobody begins so");
    screen.keys("<enter> <up>");
    stands_on(&screen, "emmy.noether");
    screen.keys("<up>");
    stands_on(&screen, "emil.4999");
}

#[test]
fn escape_takes_one_back_to_where_one_was_and_to_the_order_one_had() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    screen.keys("S <pagedown> <pagedown> <down> s s");
    let before = here(&screen);
    screen.keys("f zz");
    stands_on(&screen, "m199@");
    shows(&screen, "nobody begins so");
    screen.keys("<esc>");
    assert_eq!(here(&screen), before, "{}", screen.text());
    shows(&screen, "Role ↓");
}

#[test]
fn going_somewhere_works_in_both_directions_of_the_order() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    screen.keys("S f carl");
    stands_on(&screen, "carl.4997");
    screen.keys("<enter> <up>");
    stands_on(&screen, "clark.kent");
}

#[test]
fn another_order_keeps_the_cursor_on_its_member_and_its_row() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    screen.keys("f dora.2 <enter> <down> <down>");
    let (_, member) = here(&screen);
    let address = member.split_whitespace().nth(2).unwrap().to_owned();
    for keys in ["s", "S", "s", "S", "s"] {
        screen.keys(keys);
        stands_on(&screen, &address);
    }
    screen.keys("/ dora <esc>");
    stands_on(&screen, "dora");
}

#[test]
fn a_click_on_a_heading_sorts_by_it_and_another_turns_it_around() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.click("Last login");
    shows(&screen, "Last login ↓");
    screen.click("Last login");
    shows(&screen, "Last login ↑");
    screen.click("Role");
    shows(&screen, "Role ↑");
    screen.click("Actions");
    shows(&screen, "Role ↑");
    screen.click("E-mail address");
    shows(&screen, "E-mail address ↑");
}

#[test]
fn two_letters_are_how_an_address_begins_and_the_screen_says_so() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.keys("s / em");
    shows(&screen, "1 user found");
    shows(&screen, "addresses that begin so");
    screen.keys("<enter> s");
    shows(&screen, "in the order of addresses");
    screen.keys("/ <backspace> <backspace> ex");
    shows(&screen, "No address begins so");
    screen.keys("a");
    shows(&screen, "200 users found");
    shows(&screen, "/ exa");
}

#[test]
fn what_is_typed_in_the_search_stays_through_an_outage() {
    let mut screen = Screen::signed_in(World::large(), SIZE);
    screen.keys("<pagedown> /");
    screen.world.outage = Some(Failure::new(
        FailureKind::Unavailable,
        "The database does not answer",
    ));
    screen.keys("noether");
    shows(&screen, "/ noether");
    shows(&screen, "R Retry");
    screen.world.outage = None;
    screen.wait(4);
    shows(&screen, "/ noether");
    shows(&screen, "1 user found");
    stands_on(&screen, "emmy.noether");
}

#[test]
fn a_place_is_exact_from_an_end_and_marked_where_it_is_guessed() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    shows(&screen, "1 of 5,000");
    screen.keys("<pagedown> <down>");
    shows(&screen, "11 of 5,000");
    screen.keys("G <up>");
    shows(&screen, "4,999 of 5,000");
    screen.keys("f carl.2 <enter>");
    shows(&screen, "~2,100 of 5,000");
    shows(&screen, "▒");
    screen.keys("#");
    shows(&screen, "2,283 of 5,000");
    screen.keys("<down>");
    shows(&screen, "2,284 of 5,000");
    shows(&screen, "█");
}

#[test]
fn a_search_is_counted_to_a_cap_and_exactly_when_asked_for() {
    let mut screen = Screen::signed_in(World::huge(), SIZE);
    screen.keys("/ mill <enter>");
    shows(&screen, "more than 1,000 users found");
    shows(&screen, "1 of 1,000+");
    screen.keys("#");
    shows(&screen, "4,998 users found");
    shows(&screen, "1 of 4,998");
}

#[test]
fn pictures_of_the_list_at_any_size() {
    let pictures = [
        ("go_to", "f dora.3"),
        ("go_to_nobody", "f dorx"),
        ("search_short", "/ em"),
        ("estimated", "f carl.2 <enter>"),
    ];
    for (name, keys) in pictures {
        for (width, height) in SIZES {
            let mut screen = Screen::signed_in(World::huge(), (width, height));
            screen.keys(keys);
            assert_snapshot!(format!("{name}_{width}x{height}"), screen.picture());
        }
    }
}
