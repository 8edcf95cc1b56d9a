//! Pictures of whole screens at four sizes. A changed picture is reviewed with `cargo insta review`.

use crate::support::screen::{Screen, World};
use insta::assert_snapshot;
use rollbook::ui::effect::{Failure, FailureKind};
use rollbook::ui::message::Setup;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (40, 12), (200, 50)];

fn at_all_sizes(name: &str, world: fn() -> World, keys: &str) {
    for (width, height) in SIZES {
        let mut screen = Screen::signed_in(world(), (width, height));
        screen.keys(keys);
        assert_snapshot!(format!("{name}_{width}x{height}"), screen.picture());
    }
}

#[test]
fn main_screen() {
    at_all_sizes("main", World::large, "");
}

#[test]
fn invitations_with_the_focus() {
    at_all_sizes("invitations", World::large, "<tab> <down> <down>");
}

#[test]
fn invite_pane_with_a_wrong_address() {
    at_all_sizes(
        "invite_wrong",
        World::small,
        "i nobody <tab> <space> <enter>",
    );
}

#[test]
fn permission_dialog() {
    at_all_sizes("permissions", World::small, "<down> <down> <enter>");
}

#[test]
fn review_of_an_invitation() {
    at_all_sizes(
        "review",
        World::small,
        "i new@x.example <tab> <space> <enter>",
    );
}

#[test]
fn removal_dialog() {
    at_all_sizes("removal", World::small, "<down> d");
}

#[test]
fn profile_menu() {
    at_all_sizes("profile", World::small, "p");
}

#[test]
fn own_sessions() {
    at_all_sizes("sessions", World::small, "p <up> <up> <up> <enter>");
}

#[test]
fn second_factor() {
    at_all_sizes("second_factor", World::small, "p <up> <up> <enter> <enter>");
    at_all_sizes(
        "recovery_codes",
        World::small,
        "p <up> <up> <enter> <enter> 1 2 3 4 5 6 <enter>",
    );
}

#[test]
fn a_proof_before_what_cannot_be_taken_back() {
    let late = || {
        let mut world = World::small();
        let words = "It is a while since you signed in; prove again that it is you";
        world.refusal = Some(Failure::new(FailureKind::ProofNeeded, words));
        world
    };
    at_all_sizes("prove", late, "<down> o <tab> <enter>");
}

#[test]
fn help() {
    at_all_sizes("help", World::small, "?");
}

#[test]
fn sign_in_and_first_run() {
    for (width, height) in SIZES {
        let screen = Screen::start(World::small(), (width, height));
        assert_snapshot!(format!("sign_in_{width}x{height}"), screen.picture());
        let mut fresh = World::small();
        fresh.setup = Setup::Needed;
        let screen = Screen::start(fresh, (width, height));
        assert_snapshot!(format!("first_run_{width}x{height}"), screen.picture());
    }
}

#[test]
fn the_database_is_away() {
    let mut world = World::small();
    world.outage = Some(Failure::new(
        FailureKind::Unavailable,
        "The database does not answer: connection refused",
    ));
    let screen = Screen::start(world, (80, 24));
    assert_snapshot!("down_80x24", screen.picture());
    let mut screen = Screen::signed_in(World::small(), (80, 24));
    screen.world.outage = Some(Failure::new(
        FailureKind::Unavailable,
        "The database does not answer: connection refused",
    ));
    screen.keys("s");
    assert_snapshot!("banner_80x24", screen.picture());
}

#[test]
fn too_small() {
    let mut screen = Screen::signed_in(World::small(), (80, 24));
    screen.resize(39, 12);
    assert_snapshot!("too_small", screen.picture());
}
