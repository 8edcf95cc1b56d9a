//! Every screen, dialog and toast of the console over the corpus: what it writes to the terminal, and
//! whether its columns stay where they are.

use super::corpus::{corpus, with_nul};
use super::plant::{self, OWNER};
use super::stream::{fault_of, sequences};
use crate::support::{BASE_URL, PASSWORD, program::Installation, pty::Terminal};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{collections::BTreeSet, path::Path, time::Duration};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rollbook");
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];
const BADGES: [&str; 3] = ["◆", "●", "○"];
const ESC: &str = "\x1b";
const PAGE_DOWN: &str = "\x1b[6~";

/// Everything that the console has ever to say to a terminal.
const GOLDEN: [&str; 21] = [
    "?1000h", "?1000l", "?1002l", "?1003l", "?1006h", "?1006l", "?1015l", "?1049h", "?1049l",
    "?2004h", "?2004l", "?2026h", "?2026l", "?25h", "?25l", "C", "G", "H", "J", "X", "m",
];

/// A console, and what is asked of each of its screens.
struct Watched(Terminal);

impl Watched {
    fn signed_in(installation: &Installation, size: (u16, u16)) -> Self {
        let mut command = installation.command(Path::new(PROGRAM));
        command
            .args(["--as", OWNER])
            .env("ROLLBOOK_PASSWORD", PASSWORD);
        Self(Terminal::start(&command, size))
    }

    /// Types, and looks at what comes of it.
    fn does(&mut self, keys: &str) {
        self.0.keys(keys);
        self.looks_right();
    }

    fn opens(&mut self, keys: &str, title: &str) {
        self.0.keys(keys);
        self.0.see(title);
        self.looks_right();
    }

    fn closes(&mut self, title: &str) {
        // Only what is there can be seen to go; the next key must not be read together with Escape.
        self.0.see(title);
        self.0.keys(ESC);
        self.0.see_gone(title);
    }

    fn looks_right(&self) {
        self.0.settle();
        let cells = self.0.cells();
        let seen = || format!("in:\n{}", self.0.text());
        for text in &cells {
            assert_eq!(fault_of(&text.concat()), None, "{}", seen());
        }
        for (top, left, right) in frames(&cells) {
            for row in cells
                .iter()
                .skip(top + 1)
                .take_while(|row| row[left] == "│")
            {
                let covered = row[left + 1..right].iter().any(|cell| is_edge(cell));
                assert!(covered || is_edge(&row[right]), "{row:?} {}", seen());
            }
        }
        for (heading, marks) in [("Role", &BADGES[..]), ("Actions", &["M"])] {
            if let Some((top, column)) = place_of(&cells, heading) {
                // The table ends with its frame.
                let rows = cells.iter().skip(top + 1).take_while(|row| row[0] == "│");
                for row in rows.filter(|row| is_whole(row)) {
                    let found = row[column].as_str();
                    assert!(marks.contains(&found), "{heading}: {row:?} {}", seen());
                }
            }
        }
    }

    /// Goes on by whole pages until nothing changes any more.
    fn pages_on(&mut self, page: &str) {
        let mut before = String::new();
        while before != self.0.text() {
            before = self.0.text();
            self.does(page);
        }
    }

    fn leaves(mut self) {
        self.0.keys("\x03");
        self.0.ends_within(Duration::from_secs(5));
        assert!(self.0.is_given_back());
        let golden = GOLDEN.map(str::to_owned).into();
        let used = sequences(&self.0.raw());
        assert!(used.is_subset(&golden), "{:?}", used.difference(&golden));
    }
}

/// Whether a row of the table is there and nothing covers it.
fn is_whole(row: &[String]) -> bool {
    let inside = &row[1..row.len() - 1];
    let has = |marks: &[&str]| inside.iter().any(|cell| marks.contains(&cell.as_str()));
    has(&BADGES) && !inside.iter().any(|cell| is_edge(cell))
}

fn is_edge(cell: &str) -> bool {
    // The last two are the thumb of a scroll bar.
    ["╭", "╮", "│", "╰", "╯", "█", "▒"].contains(&cell)
}

/// Upper border, left and right edge of each frame whose upper border is whole.
fn frames(cells: &[Vec<String>]) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (top, row) in cells.iter().enumerate() {
        let lefts = row.iter().enumerate().filter(|(_, cell)| *cell == "╭");
        for (left, _) in lefts {
            let mut corners = row.iter().enumerate().skip(left + 1);
            let next = corners.find(|(_, cell)| *cell == "╭" || *cell == "╮");
            // Another frame in between covers the corner.
            let right = next.filter(|(_, cell)| *cell == "╮");
            found.extend(right.map(|(right, _)| (top, left, right)));
        }
    }
    found
}

/// Row and column of a heading that stands alone.
fn place_of(cells: &[Vec<String>], heading: &str) -> Option<(usize, usize)> {
    cells.iter().enumerate().find_map(|(row, cells)| {
        let wide = cells.concat().contains("E-mail address");
        let column = (0..cells.len()).find(|at| cells[*at..].concat().starts_with(heading));
        column.filter(|_| wide).map(|column| (row, column))
    })
}

/// The columns in which the badges of a pane's rows stand.
fn badge_columns(cells: &[Vec<String>], title: &str) -> BTreeSet<usize> {
    let top = cells
        .iter()
        .position(|row| row.concat().contains(title))
        .unwrap();
    let rows = cells.iter().skip(top + 1).take_while(|row| row[0] == "│");
    rows.filter_map(|row| row.iter().position(|cell| BADGES.contains(&cell.as_str())))
        .collect()
}

/// Pastes, as a terminal hands over what it was given.
fn paste(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_members_stay_in_their_columns() {
    let installation = plant::installation().await;
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", corpus().len() + 1));
        for order in ["", "s", "S"] {
            console.does(&format!("{order}g"));
            let count = corpus().len() + 1;
            let end = format!("{count} of {count}");
            // A busy machine may be slower than a settled screen: each row is a page at least.
            for _ in 0..count {
                if console.0.text().contains(&end) {
                    break;
                }
                console.does(PAGE_DOWN);
            }
            console.0.see(&end);
        }
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_the_dialogs_of_members_are_plain() {
    let installation = plant::installation().await;
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", corpus().len() + 1));
        console.does("g");
        for _ in 0..corpus().len() / 24 {
            console.0.keys(&"j".repeat(24));
            console.opens("m", "Permissions of");
            console.does("G");
            // One key more or less is a change to be reviewed.
            console.does("gj \r");
            console.does(ESC);
            console.does(ESC);
            console.0.see_gone("Permissions of");
            console.does("d");
            console.does(ESC);
        }
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_a_removal_names_whom_and_is_taken_back() {
    let installation = plant::installation().await;
    let count = corpus().len() + 1;
    let mut console = Watched::signed_in(&installation, (80, 24));
    console.0.see(&format!("{count} users"));
    console.does("g");
    console.opens("d", "Remove access?");
    console.does("\t\r");
    console.0.see(&format!("{} users", count - 1));
    console.opens("u", "Take it back?");
    console.opens("h", "History of");
    console.closes("History of");
    console.does("\r");
    console.0.see(&format!("{count} users"));
    console.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_a_conflict_and_a_history_are_plain() {
    let installation = plant::installation().await;
    let db = installation.db.client().await;
    plant::history(&db).await;
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", corpus().len() + 1));
        console.does("g");
        console.opens("h", "History of");
        for _ in 0..corpus().len() {
            console.0.keys("j");
        }
        console.looks_right();
        console.does("g");
        console.opens("\r", "Bring this state back?");
        console.closes("Bring this state back?");
        console.closes("History of");
        console.opens("m", "Permissions of");
        console.does("gjj \r");
        console.0.see("Review the change");
        plant::change_first(&db, size.0).await;
        console.opens("\r", "Changed by somebody else meanwhile");
        console.does("\x1b[6~\x1b[6~");
        console.closes("Changed by somebody else meanwhile");
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_invitations_and_their_dialogs_are_plain() {
    let mut installation = plant::installation().await;
    installation.set("ROLLBOOK_WEB__BASE_URL", BASE_URL);
    // One that has a link, on top of the list.
    let send = [
        "invite",
        "send",
        "real@example.com",
        "--all",
        "--no-limit",
        "--account",
        plant::NAME,
    ];
    assert_eq!(installation.run(&send).code, 0);
    let hostile = "UPDATE invitations SET email = $1, inviter_id = (SELECT id FROM users
        WHERE email_key = $2) WHERE email_key = 'real@example.com'";
    let db = installation.db.client().await;
    db.execute(hostile, &[&plant::NAME, &OWNER]).await.unwrap();
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", corpus().len() + 1));
        console.does("\t");
        console.opens("l", "http");
        console.closes("http");
        let mut columns = BTreeSet::new();
        let mut before = String::new();
        let mut page = 0;
        while before != console.0.text() {
            before = console.0.text();
            columns.extend(badge_columns(&console.0.cells(), "Pending"));
            for keys in ["e", "G", ESC, "r", ESC, "c", ESC] {
                if page % 5 == 0 {
                    console.does(keys);
                }
            }
            page += 1;
            console.does(PAGE_DOWN);
        }
        assert!(columns.len() <= 1, "{columns:?}");
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_the_profile_s_dialogs_are_plain() {
    let installation = plant::installation().await;
    plant::accounts(&installation.db.client().await).await;
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", corpus().len() + 1));
        console.opens("p", "Login log");
        console.does("jjjj\r");
        console.0.see("✓ signed in");
        console.pages_on(PAGE_DOWN);
        console.does("g");
        console.closes("✓ signed in");
        console.opens("p", "My details");
        console.opens("jj\r", "Esc closes");
        // The name once more, as it is: its controls are nothing to write back.
        console.0.keys("\r");
        console.0.see_gone("Esc closes");
        console.opens("p", "Switch account");
        console.does("j\r");
        console.pages_on(PAGE_DOWN);
        console.does(ESC);
        console.opens("?", "Manage permissions");
        console.pages_on(PAGE_DOWN);
        console.does(ESC);
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_accounts_to_choose_from_are_plain() {
    let installation = plant::installation().await;
    let db = installation.db.client().await;
    plant::accounts(&db).await;
    for size in SIZES {
        let forget = "UPDATE memberships SET last_used_at = NULL";
        db.execute(forget, &[]).await.unwrap();
        let mut console = Watched::signed_in(&installation, size);
        console.0.see("which one?");
        console.pages_on(PAGE_DOWN);
        console.does("\r");
        console.0.see("1 user");
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_what_is_pasted_is_plain() {
    let installation = plant::installation().await;
    let texts: Vec<String> = corpus().into_iter().step_by(7).chain(with_nul()).collect();
    let mut sign_in = Watched(Terminal::start(
        &installation.command(Path::new(PROGRAM)),
        (80, 24),
    ));
    sign_in.0.see("Password");
    for text in &texts {
        sign_in.does(&paste(text));
        sign_in.does("\x15");
    }
    sign_in.does(&paste("\x1b]0;x\x07@example.com"));
    sign_in.does("\twrong password\r");
    sign_in.leaves();
    let mut console = Watched::signed_in(&installation, (80, 24));
    console.0.see("users");
    console.opens("i", "▸ E-mail");
    for text in &texts {
        console.does(&paste(text));
        console.does("\t");
        console.does("\x1b[Z\x15");
    }
    console.does(ESC);
    for text in &texts {
        console.does(&format!("/{}", paste(text)));
        console.does("\r");
        console.does(ESC);
    }
    console.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_the_dialogs_for_many_are_plain() {
    let installation = plant::installation().await;
    let count = corpus().len();
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see(&format!("{} users", count + 1));
        console.does("ga");
        console.0.see(&format!("{count} marked"));
        console.pages_on(PAGE_DOWN);
        console.opens("m", &format!("Permissions of {count} users"));
        // All alike: everybody has something to lose by it.
        console.does("gjj ");
        console.does("jj ");
        console.opens("\r", "Review the changes");
        console.pages_on(PAGE_DOWN);
        console.closes("Review the changes");
        console.closes(&format!("Permissions of {count} users"));
        console.opens("d", &format!("Remove access of {count} users?"));
        console.pages_on(PAGE_DOWN);
        console.closes("Remove access of");
        console.leaves();
    }
    let mut console = Watched::signed_in(&installation, SIZES[0]);
    console.0.see(&format!("{} users", count + 1));
    console.opens("a", &format!("{count} marked"));
    console.opens("d", "will be removed");
    console.opens("\t\r", "Done");
    console.pages_on(PAGE_DOWN);
    console.does("\r");
    console.0.see("1 user");
    console.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_a_pasted_list_is_plain() {
    let installation = plant::installation().await;
    for size in SIZES {
        let mut console = Watched::signed_in(&installation, size);
        console.0.see("users");
        console.opens("i", "▸ E-mail");
        let texts: Vec<String> = corpus().into_iter().step_by(5).chain(with_nul()).collect();
        for texts in texts.chunks(24) {
            let each = texts.iter().enumerate();
            let list = each.map(|(at, text)| match at % 3 {
                0 => format!("{text}@{at}.example"),
                1 => format!("{text} <p{at}@{text}.example>"),
                _ => format!("{at}{text}@x.example;{text}"),
            });
            let list: Vec<String> = list.collect();
            console.does(&paste(&list.join("\n")));
            console.does("\x1b[A\x1b[A\x1bOR");
            console.does("\t \r");
            console.does(ESC);
            console.does(ESC);
        }
        // Out of the pane, wherever the last ones led.
        console.does(ESC);
        console.opens("I", "Invite several users");
        console.does(ESC);
        console.leaves();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_the_copied_command_is_plain() {
    let installation = plant::installation().await;
    let mut console = Watched::signed_in(&installation, (80, 24));
    console.0.see("users");
    console.does("gj");
    console.opens("m", "Permissions of");
    console.does("gjjj \r");
    console.0.see("Review the change");
    let before = console.0.raw().len();
    console.0.keys("y");
    console.0.see("Copied");
    let tail = String::from_utf8(console.0.raw()[before..].to_vec()).unwrap();
    let (_, copied) = tail.split_once("\u{1b}]52;c;").unwrap();
    let (copied, _) = copied.split_once("\u{1b}\\").unwrap();
    let command = String::from_utf8(STANDARD.decode(copied).unwrap()).unwrap();
    assert!(command.starts_with("rollbook --account '"), "{command}");
    assert_eq!(fault_of(&command), None);
}
