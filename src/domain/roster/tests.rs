//! What is read out of files and pasted text, and that nothing in them stops the rest.

use super::{REPEATED, Roster, RosterError, Wanted, Why};
use crate::domain::{EmailError, Grant, PermissionSet, Role, Verdict};
use proptest::prelude::*;

fn invitations() -> Wanted {
    Wanted::Invitations(Some(Grant::full()))
}

fn read(text: &str) -> Roster {
    Roster::parse(text.as_bytes(), &invitations()).unwrap()
}

/// Line and address of each row that can be invited.
fn good(roster: &Roster) -> Vec<(usize, &str)> {
    let rows = roster.rows().iter();
    rows.filter_map(|row| Some((row.line, row.entry.as_ref().ok()?.email.as_str())))
        .collect()
}

fn faults(roster: &Roster) -> Vec<(usize, &str, &Why)> {
    let rows = roster.rows().iter();
    rows.filter_map(|row| {
        let fault = row.entry.as_ref().err()?;
        Some((row.line, fault.typed.as_str(), &fault.why))
    })
    .collect()
}

fn grants(roster: &Roster) -> Vec<Grant> {
    let rows = roster.rows().iter();
    rows.filter_map(|row| roster.grant(row.entry.as_ref().ok()?).cloned())
        .collect()
}

fn set(keys: &[&str]) -> PermissionSet {
    keys.iter().copied().collect()
}

#[test]
fn a_table_says_whom_and_with_what() {
    let roster = read(
        "email,role,permissions\nada@x.com,full,\nbob@x.com,,products.view invoices.pay\n\
         cy@x.com,custom,\"a.b;c.d|e.f, g.h\"\ndi@x.com,,\nel@x.com,FULL,members.view\n",
    );
    assert_eq!(
        good(&roster),
        [
            (2, "ada@x.com"),
            (3, "bob@x.com"),
            (4, "cy@x.com"),
            (5, "di@x.com"),
            (6, "el@x.com")
        ]
    );
    let expected = [
        Grant::full(),
        Grant::custom(set(&["products.view", "invoices.pay"])),
        Grant::custom(set(&["a.b", "c.d", "e.f", "g.h"])),
        Grant::full(),
        Grant {
            role: Role::Full,
            permissions: set(&["members.view"]),
        },
    ];
    assert_eq!(grants(&roster), expected);
}

#[test]
fn tables_of_other_programs_are_tables_too() {
    let semicolons = read("Name;E-Mail;Role\r\nAda;ada@x.com;full\r\n;;\r\nBob;bob@x.com;\r\n");
    assert_eq!(good(&semicolons), [(2, "ada@x.com"), (4, "bob@x.com")]);
    assert_eq!(semicolons.ignored(), ["name".into()]);
    let blank = read("email\r\n\r\nada@x.com\r\n\"a\r\nb\",\r\n\r\nbob@x.com");
    assert_eq!(good(&blank), [(3, "ada@x.com"), (7, "bob@x.com")]);
    let tabs = read("\u{FEFF}email\tpermissions\t\nada@x.com\ta.b\tc.d\n");
    assert_eq!(grants(&tabs), [Grant::custom(set(&["a.b", "c.d"]))]);
    // What `rollbook member list --csv` writes.
    let exported = read(
        "email,name,role,permissions,last_login,joined_at\r\n\
         '-a@x.com,\"'=x, y\",custom,a.b c.d,,2026-01-01T00:00:00Z\r\n",
    );
    assert_eq!(good(&exported), [(2, "-a@x.com")]);
    assert_eq!(grants(&exported), [Grant::custom(set(&["a.b", "c.d"]))]);
}

#[test]
fn a_column_that_was_meant_to_give_something_is_not_passed_over() {
    let parse = |text: &str| Roster::parse(text.as_bytes(), &invitations()).unwrap_err();
    assert_eq!(
        parse("email,permision\na@x.com,a.b\n"),
        RosterError::Column {
            name: "permision".to_owned(),
            nearest: "permissions".to_owned()
        }
    );
    assert_eq!(
        parse("who,role\na@x.com,full\n"),
        RosterError::NoAddressColumn {
            heading: "who,role".to_owned()
        }
    );
    let only_whom = Roster::parse(b"email,permision\na@x.com,a.b\n", &Wanted::Addresses);
    assert_eq!(good(&only_whom.unwrap()), [(2, "a@x.com")]);
}

#[test]
fn what_mail_programs_paste_is_taken_apart() {
    let roster = read(
        "ada@x.com, bob@x.com;cy@x.com  di@x.com\r\n\
         Ada Lovelace <el@x.com>, \"Foo, Bar\" <fa@x.com>\n\
         Lovelace, Ada <gu@x.com>; Babbage, Charles <hi@x.com>;\n\
         ij@x.com <ij@x.com>\n\n  \nkl@x.com (Kay L.)\n<mn@x.com> Op Q <op@x.com>\n",
    );
    let addresses: Vec<&str> = good(&roster).into_iter().map(|(_, email)| email).collect();
    assert_eq!(
        addresses.join(" "),
        "ada@x.com bob@x.com cy@x.com di@x.com el@x.com fa@x.com gu@x.com hi@x.com ij@x.com \
         kl@x.com mn@x.com op@x.com"
    );
    assert_eq!(faults(&roster), []);
    assert_eq!(good(&roster)[9], (7, "kl@x.com"));
}

#[test]
fn commas_and_semicolons_in_one_line_make_no_rows_of_their_own() {
    let roster = read("Ada <a@x.com>, b@x.com,<c@x.com>,d@x.com; Grace <e@x.com>,; f@x.com");
    let addresses: Vec<&str> = good(&roster).into_iter().map(|(_, email)| email).collect();
    let named = [
        "a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com", "f@x.com",
    ];
    assert_eq!(addresses, named);
    assert_eq!(faults(&roster), []);
}

#[test]
fn a_wrong_row_says_why_and_stops_no_other() {
    let roster = read(
        "email,role\nada@x.com,full\nada,\nADA@X.com,\nbob@x.com,admin\n=cmd|' /C calc'!A0,\n,full\n\
         cy@x.com,owner\n",
    );
    assert_eq!(good(&roster), [(2, "ada@x.com"), (8, "cy@x.com")]);
    let why: Vec<(usize, &Why)> = faults(&roster)
        .iter()
        .map(|(at, _, why)| (*at, *why))
        .collect();
    assert_eq!(
        why,
        [
            (3, &Why::Email(EmailError::NoAt)),
            (4, &Why::Duplicate(2)),
            (5, &Why::Role("admin".to_owned())),
            (6, &Why::Email(EmailError::NoAt)),
            (7, &Why::Email(EmailError::Empty)),
        ]
    );
    let duplicate = roster.rows()[2].entry.as_ref().unwrap_err();
    assert_eq!(Verdict::from(duplicate), Verdict::Duplicate(2));
    let nothing = Roster::parse(b"email,role\na@x.com,\n", &Wanted::Invitations(None)).unwrap();
    assert_eq!(faults(&nothing), [(2, "a@x.com", &Why::NoGrant)]);
}

#[test]
fn what_is_no_text_is_refused_as_a_whole() {
    let parse = |bytes: &[u8]| Roster::parse(bytes, &invitations()).unwrap_err();
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes = |text: &str| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        assert_eq!(parse(&bytes("\u{FEFF}a@x.com")), RosterError::Utf16);
        assert_eq!(parse(&bytes("a@x.com")), RosterError::Utf16);
    }
    assert_eq!(
        parse(b"a@x.com\nb\xFC@x.com\n"),
        RosterError::NotUtf8 { line: 2 }
    );
    for nothing in ["", "\n \n", "email,role\n", "\u{FEFF}"] {
        assert_eq!(parse(nothing.as_bytes()), RosterError::Empty, "{nothing:?}");
    }
}

#[test]
fn hostile_cells_are_told_cleaned_and_short() {
    let long = "x".repeat(1_000_000);
    let text =
        format!("email\n\"\u{1b}[2J\u{202E}@x.com\"\n{long}\na\0b@x.com\n\"never closed\n{long}");
    let roster = read(&text);
    let faults = faults(&roster);
    assert_eq!(faults.len(), 4);
    for (_, typed, _) in faults {
        assert!(
            !typed.contains(['\u{1b}', '\u{202E}', '\0', '\n']),
            "{typed:?}"
        );
        assert!(typed.chars().count() <= REPEATED);
    }
}

#[test]
fn many_rows_are_read() {
    let count = 20_000;
    let rows: Vec<String> = (0..count).map(|n| format!("user{n}@example.com")).collect();
    for text in [rows.join("\n"), format!("email\r\n{}", rows.join("\r\n"))] {
        let roster = read(&text);
        assert_eq!(good(&roster).len(), count);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        // A panic would fail it.
        Roster::parse(&bytes, &invitations()).ok();
    }

    #[test]
    fn any_text_gives_rows_in_the_order_of_their_lines(
        text in "(email,role,permissions\n)?([a-z@.<>\",;()' \t\r\n=-]|\\PC){0,200}"
    ) {
        let Ok(roster) = Roster::parse(text.as_bytes(), &invitations()) else { return Ok(()) };
        let lines: Vec<usize> = roster.rows().iter().map(|row| row.line).collect();
        prop_assert!(lines.is_sorted());
        prop_assert!(lines.iter().all(|line| (1..=text.split('\n').count()).contains(line)));
        let mut keys: Vec<&str> = roster.rows().iter()
            .filter_map(|row| Some(row.entry.as_ref().ok()?.email.key())).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), all, "nobody is listed twice");
        for row in roster.rows() {
            if let Ok(listed) = &row.entry {
                prop_assert!(roster.grant(listed).is_some());
            }
        }
    }

    #[test]
    fn addresses_come_out_however_they_are_put_together(
        names in prop::collection::vec(("[a-z]{1,8}", 0..5_usize), 1..20)
    ) {
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for (at, (name, form)) in names.iter().enumerate() {
            let email = format!("{name}.{at}@x.com");
            text.push(match form {
                0 => format!("{email}\n"),
                1 => format!("{name} <{email}>, "),
                2 => format!("\"{name}, x\" <{email}>,"),
                3 => format!("{email} ({name})\r\n"),
                _ => format!("  <{email}>\n"),
            });
            expected.push(email);
        }
        let roster = read(&text.concat());
        let found: Vec<String> = good(&roster).into_iter().map(|(_, e)| e.to_owned()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_table_gives_back_what_was_written_into_it(
        cells in prop::collection::vec(("[a-z]{1,8}", "[a-z]{1,5}\\.[a-z]{1,5}", "\\PC{0,20}"), 1..20)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["name", "email", "permissions"]).unwrap();
        for (at, (name, key, text)) in cells.iter().enumerate() {
            let email = format!("{name}.{at}@x.com");
            writer.write_record([text.as_str(), email.as_str(), key.as_str()]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let roster = Roster::parse(&bytes, &Wanted::Invitations(None)).unwrap();
        let keys: Vec<Grant> = cells.iter().map(|(_, key, _)| Grant::custom(set(&[key]))).collect();
        prop_assert_eq!(grants(&roster), keys);
    }
}
