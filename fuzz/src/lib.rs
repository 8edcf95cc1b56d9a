//! What holds for whatever bytes come in from outside: one function for each way in, which panics
//! where its promise is broken.
//!
//! The fuzz targets feed them what a fuzzer makes up; `tests/integration/fuzz.rs` includes this file
//! and feeds them the seeds in `corpus/`, so that these run with every `cargo test`.

use axum::{
    Form,
    body::Body,
    extract::FromRequest,
    http::{Request, header::CONTENT_TYPE},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::FutureExt;
use rollbook::{
    domain::{
        Cursor, Direction, DisplaySafe, Email, Grant, InvitationToken, MemberQuery, Role, Roster,
        Seek, Sort, Verdict, roster::Wanted,
    },
    store::page,
    ui::{
        action::{Action, Context},
        keymap::{Key, Keymap, types_text},
    },
    web::{AcceptForm, DeclineForm, RegisterForm},
};
use std::{collections::HashSet, sync::LazyLock};

/// A target's name, and what it feeds.
pub type Target = (&'static str, fn(&[u8]));

/// All targets; a folder of `corpus/` each.
pub const TARGETS: [Target; 7] = [
    ("display", display),
    ("email", email),
    ("form", form),
    ("keys", keys),
    ("roster", roster),
    ("search", search),
    ("token", token),
];

/// Text that goes to a terminal.
pub fn display(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let clean = DisplaySafe::new(&text);
    assert_eq!(clean, DisplaySafe::new(clean.as_str()), "cleaned twice");
    let mut marks = 0;
    for c in clean.as_str().chars() {
        assert!(!steers(c), "{c:?} came through");
        marks = if matches!(c, '\u{300}'..='\u{36F}') {
            marks + 1
        } else {
            0
        };
        assert!(marks <= 3, "a tower of marks came through");
    }
}

/// What Unicode has for steering a terminal or a reader: controls, bidi formatting (UAX 9), joiners
/// and other invisible characters, separators of lines, tags.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// An address as somebody types it, or as the database has it.
pub fn email(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let stored = Email::from_stored(&text);
    assert!(!stored.as_str().chars().any(steers), "shown: {stored:?}");
    let email = match Email::parse(&text) {
        Ok(email) => email,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let (typed, key) = (email.as_str(), email.key());
    assert!(typed.bytes().all(|byte| byte.is_ascii_graphic()), "{typed}");
    assert!(typed.len() <= 254 && typed.find('@').is_some_and(|at| at <= 64));
    assert_eq!(typed.matches('@').count(), 1);
    assert_eq!(key, key.to_ascii_lowercase());
    for spelling in [typed, key, &typed.to_ascii_uppercase()] {
        let again = Email::parse(spelling).unwrap();
        assert_eq!(again.key(), key, "{spelling:?} is somebody else");
    }
    assert_eq!(Email::parse(typed).unwrap().as_str(), typed);
    assert_eq!(Email::from_stored(typed).key(), key);
}

/// The body of a form, after one byte that says which.
pub fn form(data: &[u8]) {
    let Some((which, body)) = data.split_first() else {
        return;
    };
    // A second factor's code may be left out, so it is neither asked for nor refused.
    let (read, needed, known): (bool, &[&str], &[&str]) = match which % 3 {
        0 => (is_read::<DeclineForm>(body), &["csrf", "token"], &[]),
        1 => (
            is_read::<AcceptForm>(body),
            &["csrf", "password", "token"],
            &["code"],
        ),
        _ => (
            is_read::<RegisterForm>(body),
            &["again", "csrf", "name", "password", "token"],
            &[],
        ),
    };
    let mut names: Vec<_> = url::form_urlencoded::parse(body)
        .map(|(name, _)| name.into_owned())
        .collect();
    names.sort();
    if names == needed {
        assert!(read, "a whole form was refused");
    }
    if read {
        let once: HashSet<&String> = names.iter().collect();
        assert_eq!(once.len(), names.len(), "a field came twice: {names:?}");
        let is_known = |name: &String| needed.iter().chain(known).any(|field| field == name);
        assert!(names.iter().all(is_known), "a field too many: {names:?}");
        assert!(needed.iter().all(|field| names.iter().any(|n| n == field)));
    }
}

/// Whether the page's own way of reading takes this body as that form.
fn is_read<T>(body: &[u8]) -> bool
where
    Form<T>: FromRequest<()>,
{
    let request = Request::post("/invite")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_vec()))
        .unwrap();
    Form::<T>::from_request(request, &())
        .now_or_never()
        .unwrap()
        .is_ok()
}

static DEFAULT: LazyLock<Keymap> =
    LazyLock::new(|| Keymap::parse(include_str!("../../config/keymap.toml")).unwrap());

/// A key press, the text of a key, and the text of a keymap.
pub fn keys(data: &[u8]) {
    if let Some(event) = event(data) {
        press(event);
    }
    let text = String::from_utf8_lossy(data);
    key_text(text.trim_end_matches('\n'));
    match Keymap::parse(&text) {
        Ok(map) => sound(&map),
        Err(faults) => {
            assert!(!faults.is_empty());
            let lines = 1..=text.lines().count() + 1;
            assert!(faults.iter().all(|fault| lines.contains(&fault.line)));
        }
    }
}

/// The key press in the first five bytes: modifiers, then a character or the number of a code.
fn event(data: &[u8]) -> Option<KeyEvent> {
    let (&[bits, a, b, c, d], _) = data.split_first_chunk()?;
    let code = match char::from_u32(u32::from_be_bytes([a, b, c, d])) {
        Some(c) => KeyCode::Char(c),
        None => match a % 8 {
            0 => KeyCode::Tab,
            1 => KeyCode::BackTab,
            2 => KeyCode::Esc,
            3 => KeyCode::Null,
            4 => KeyCode::Enter,
            5 => KeyCode::Delete,
            _ => KeyCode::F(b),
        },
    };
    Some(KeyEvent::new(code, KeyModifiers::from_bits_truncate(bits)))
}

fn press(event: KeyEvent) {
    let key = Key::of(event);
    if !matches!(event.code, KeyCode::Tab) {
        let mut shifted = event;
        shifted.modifiers.toggle(KeyModifiers::SHIFT);
        assert_eq!(key, Key::of(shifted), "Shift made another key of it");
    }
    assert!(!key.to_string().is_empty());
    let action = DEFAULT.resolve(&Context::ALL, event);
    assert!(!key.quits_always() || action.is_none(), "ctrl-c was taken");
    let chord = KeyModifiers::CONTROL | KeyModifiers::ALT;
    assert!(!types_text(event) || !event.modifiers.intersects(chord));
}

/// A key that is read is one character or one word, and is shown by something that can be seen.
fn key_text(text: &str) {
    let Some(key) = Key::parse(text) else { return };
    let shown = key.to_string();
    assert_eq!(DisplaySafe::new(&shown).as_str(), shown);
    let rest = ["ctrl-", "alt-"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
        .unwrap_or(text);
    let word = rest.chars().all(|c| c.is_ascii_alphanumeric());
    assert!(word || rest.chars().count() == 1, "{text:?} is a key");
}

/// A keymap that is taken leaves ways to steer and to leave, and shows only what can be seen.
fn sound(map: &Keymap) {
    for action in [Action::Quit, Action::Back, Action::Up, Action::Next] {
        assert!(map.key_for(&[], action).is_some(), "no key for {action:?}");
    }
    let quit = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(map.resolve(&Context::ALL, quit), None, "ctrl-c was taken");
    for key in map
        .table()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .flat_map(|(_, keys)| keys)
    {
        let shown = key.to_string();
        assert_eq!(DisplaySafe::new(&shown).as_str(), shown);
    }
}

/// A search and the place in its list: one byte for the order, then the words searched for, then,
/// on the next line, the address of the cursor.
pub fn search(data: &[u8]) {
    let Some((&bits, text)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let (needle, at) = text.split_once('\n').unwrap_or((&text, ""));
    literal(needle);
    let words = |needle: &str, at: &str| {
        let query = MemberQuery {
            sort: [Sort::Email, Sort::LastLogin, Sort::Role][usize::from(bits % 3)],
            direction: [Direction::Ascending, Direction::Descending][usize::from(bits >> 2 & 1)],
            search: needle.to_owned(),
        };
        let cursor = Cursor {
            email_key: at.to_owned(),
            last_login: None,
            role: [Role::Owner, Role::Full, Role::Custom][usize::from(bits >> 3) % 3],
        };
        let seek = match bits >> 5 & 3 {
            0 => Seek::First,
            1 => Seek::Last,
            2 => Seek::After(cursor),
            _ => Seek::Before(cursor),
        };
        page::statement(&query, &seek)
    };
    let plain = if needle.is_empty() { "" } else { "x" };
    assert_eq!(words(needle, at), words(plain, "y"), "text reached SQL");
}

/// The pattern finds the needle itself: nothing in it is a wild card, nothing is lost, and
/// PostgreSQL can take it.
fn literal(needle: &str) {
    let pattern = page::like(needle);
    let inner = pattern.strip_prefix('%').and_then(|p| p.strip_suffix('%'));
    let mut found = String::new();
    let mut chars = inner.unwrap().chars();
    while let Some(c) = chars.next() {
        assert!(!matches!(c, '%' | '_' | '\0'), "{pattern:?}");
        found.push(if c == '\\' { chars.next().unwrap() } else { c });
    }
    assert_eq!(found, needle.to_lowercase().replace('\0', ""));
}

/// What somebody pastes as an invitation's link.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if let Some(token) = InvitationToken::parse(&text) {
        assert_eq!(token.expose(), text);
        assert!(text.len() == 43 && text.bytes().all(alphabet), "{text:?}");
    }
    if let Some(token) = InvitationToken::from_link(&text) {
        let secret = token.expose().to_owned();
        assert!(text.contains(&secret));
        assert!(!format!("{token:?}").contains(&secret));
        let link = format!("https://rollbook.example/invite/{secret}");
        let again = InvitationToken::from_link(&link).unwrap();
        assert!(again.digest() == token.digest(), "another token");
    }
}

/// A list for an import: a file, or what somebody pasted.
pub fn roster(data: &[u8]) {
    for wanted in [
        Wanted::Addresses,
        Wanted::Invitations(None),
        Wanted::Invitations(Some(Grant::full())),
    ] {
        let roster = match Roster::parse(data, &wanted) {
            Ok(roster) => roster,
            Err(error) => {
                let words = error.to_string();
                assert!(!words.is_empty() && !words.chars().any(steers), "{words:?}");
                continue;
            }
        };
        assert!(!roster.rows().is_empty());
        assert!(roster.rows().is_sorted_by_key(|row| row.line));
        let lines = data.split(|byte| *byte == b'\n').count();
        let mut seen = HashSet::new();
        for row in roster.rows() {
            assert!((1..=lines).contains(&row.line), "line {}", row.line);
            assert!(!row.typed().chars().any(steers), "{:?}", row.typed());
            match &row.entry {
                Ok(listed) => {
                    assert!(roster.grant(listed).is_some());
                    assert!(seen.insert(listed.email.key()), "listed twice");
                }
                Err(fault) => {
                    let reason = Verdict::from(fault).reason().unwrap_or_default();
                    assert!(!reason.is_empty() && !reason.chars().any(steers));
                }
            }
        }
    }
}
