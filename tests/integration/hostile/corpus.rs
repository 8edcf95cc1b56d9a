//! The strings, made from families. PostgreSQL's text can't hold NUL; [`with_nul`] has it for the
//! ways that don't end in the database.

use std::collections::BTreeSet;

/// The longest name that the schema takes, in characters.
const LONGEST: usize = 100;

/// Sequences after ESC: cursor, modes, reports, resets, character sets.
const ESCAPES: [&str; 40] = [
    "[2J",
    "[3J",
    "[H",
    "[6n",
    "[5n",
    "[c",
    "[>c",
    "[=c",
    "[?6n",
    "[?1049l",
    "[?1049h",
    "[?25l",
    "[8;1;1t",
    "[21t",
    "[18t",
    "[5i",
    "[4i",
    "[31m",
    "[8m",
    "[7m",
    "[999;999H",
    "[1;1r",
    "[4h",
    "[?1000h",
    "[?2004l",
    "[>4;2m",
    "[?u",
    "[0q",
    "[!p",
    "[200~",
    "[201~",
    "c",
    "7",
    "8",
    "M",
    "Z",
    "(0",
    "#8",
    "n",
    "%G",
];
/// Commands to the terminal's window, colours, clipboard, links, notifications, images.
const COMMANDS: [&str; 14] = [
    "0;owned",
    "1;owned",
    "2;owned",
    "4;1;?",
    "7;file://h/",
    "8;;http://evil.example",
    "9;done",
    "10;?",
    "11;?",
    "52;c;cm0gLXJmIH4=",
    "52;c;?",
    "104",
    "777;notify;a;b",
    "1337;File=:AAAA",
];
/// One character each: direction, zero width, tags, fillers, separators, private use.
const INVISIBLE: [char; 72] = [
    '\u{00AD}',
    '\u{034F}',
    '\u{061C}',
    '\u{070F}',
    '\u{08E2}',
    '\u{115F}',
    '\u{1160}',
    '\u{17B4}',
    '\u{17B5}',
    '\u{180B}',
    '\u{180E}',
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{200E}',
    '\u{200F}',
    '\u{2028}',
    '\u{2029}',
    '\u{202A}',
    '\u{202B}',
    '\u{202C}',
    '\u{202D}',
    '\u{202E}',
    '\u{2060}',
    '\u{2061}',
    '\u{2062}',
    '\u{2063}',
    '\u{2064}',
    '\u{2065}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{206A}',
    '\u{206F}',
    '\u{2800}',
    '\u{3164}',
    '\u{E000}',
    '\u{F8FF}',
    '\u{FE00}',
    '\u{FE0E}',
    '\u{FE0F}',
    '\u{FEFF}',
    '\u{FFA0}',
    '\u{FFF0}',
    '\u{FFF9}',
    '\u{FFFA}',
    '\u{FFFB}',
    '\u{FFFE}',
    '\u{FFFF}',
    '\u{110BD}',
    '\u{110CD}',
    '\u{13430}',
    '\u{1343F}',
    '\u{1BCA0}',
    '\u{1BCA3}',
    '\u{1D173}',
    '\u{1D17A}',
    '\u{1FFFE}',
    '\u{E0001}',
    '\u{E0020}',
    '\u{E0041}',
    '\u{E007F}',
    '\u{E0100}',
    '\u{E01EF}',
    '\u{F0000}',
    '\u{FFFFD}',
    '\u{100000}',
    '\u{10FFFD}',
    '\u{10FFFF}',
    '\u{2FFFE}',
    '\u{FDD0}',
];
/// Marks that stand on the character before them; floods are made of each.
const MARKS: [char; 26] = [
    '\u{0301}',
    '\u{0338}',
    '\u{0489}',
    '\u{05BF}',
    '\u{0591}',
    '\u{0670}',
    '\u{06D6}',
    '\u{0730}',
    '\u{0859}',
    '\u{08E3}',
    '\u{093C}',
    '\u{094D}',
    '\u{0ACD}',
    '\u{0E47}',
    '\u{0EC8}',
    '\u{0F71}',
    '\u{135D}',
    '\u{1AB0}',
    '\u{1DC0}',
    '\u{20DD}',
    '\u{302A}',
    '\u{3099}',
    '\u{A66F}',
    '\u{A8E0}',
    '\u{FE20}',
    '\u{1D165}',
];
/// Text whose width terminals, libraries and people count differently.
const WIDE: [&str; 22] = [
    "名前山田太郎",
    "ＦＵＬＬＷＩＤＴＨ",
    "🙂🙂🙂",
    "👨\u{200D}👩\u{200D}👧",
    "👍🏽👍🏿",
    "🇩🇪🇫🇷",
    "각각",
    "\u{1100}\u{1161}\u{11A8}",
    "กำกำ",
    "क्षि",
    "لالالا",
    "سلام",
    "ﷺ",
    "ꓐꓽ",
    "1\u{FE0F}\u{20E3}",
    "ｶﾞｷﾞ",
    "ﾊﾟ",
    "☺☹✔",
    "❤\u{FE0F}",
    "\u{1F3FB}",
    "ⰀⰁ",
    "ᬓᬾᬤ",
];
/// Text that means something to a spreadsheet, a browser, a mail, a shell, a database, a reader of
/// CSV.
const MEANING: [&str; 34] = [
    "=1+1",
    "=HYPERLINK(\"http://evil.example\")",
    "+1+1",
    "-1-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    "''=1",
    "'",
    "\"",
    "a,b;c\td",
    "line\r\nnext",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title><h1>",
    "\"><b>",
    "' autofocus onfocus=alert(1) x='",
    "&lt;b&gt;&#0;",
    "{{7*7}}",
    "a\r\nBcc: evil@evil.example",
    "a\nSubject: owned",
    "=?utf-8?q?owned?=",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>",
    "$(reboot)",
    "`reboot`",
    "; rm -rf ~",
    "%s%n%x",
    "'; DROP TABLE users; --",
    "\\u001b[31m",
    "\\x1b]0;x\\a",
    "../../etc",
    "| calc",
];

/// All that the database can hold: at least two hundred, distinct, at most a hundred characters.
pub(crate) fn corpus() -> Vec<String> {
    let mut all = BTreeSet::new();
    for tail in ESCAPES {
        all.insert(format!("\u{1b}{tail}x"));
    }
    for tail in ["2J", "6n", "?1049l", "31m"] {
        all.insert(format!("\u{9b}{tail}x"));
    }
    for command in COMMANDS {
        all.insert(format!("a\u{1b}]{command}\u{7}b"));
        all.insert(format!("a\u{1b}]{command}\u{1b}\\b"));
        all.insert(format!("a\u{9d}{command}\u{9c}b"));
    }
    for (start, c1) in [
        ("P", '\u{90}'),
        ("_", '\u{9f}'),
        ("^", '\u{9e}'),
        ("X", '\u{98}'),
    ] {
        all.insert(format!("a\u{1b}{start}1$r0m\u{1b}\\b"));
        all.insert(format!("a{c1}+q544e\u{9c}b"));
        // Never ended: what follows would be swallowed.
        all.insert(format!("a\u{1b}{start}q"));
    }
    for code in (0x01..0x20).chain(0x7f..0xa0) {
        let c = char::from_u32(code).unwrap();
        all.insert(format!("a{c}b"));
        all.insert(format!("{c}"));
    }
    for c in INVISIBLE {
        all.insert(format!("a{c}b"));
        all.insert(format!("{c}{c}lone"));
    }
    for mark in MARKS {
        all.insert(format!("a{}z", String::from(mark).repeat(60)));
        all.insert(String::from(mark).repeat(90));
    }
    all.extend(WIDE.iter().map(|text| text.repeat(4)));
    all.extend(WIDE.iter().map(|text| format!("a{text}b")));
    all.extend(MEANING.iter().map(|text| (*text).to_owned()));
    all.insert("W".repeat(LONGEST));
    all.insert("名".repeat(LONGEST));
    all.insert(" ".to_owned());
    let capped = all.iter().map(|text| text.chars().take(LONGEST).collect());
    capped.collect::<BTreeSet<String>>().into_iter().collect()
}

/// What PostgreSQL can't hold, for forms and for a mail server's words.
pub(crate) fn with_nul() -> Vec<String> {
    ["\0", "a\0b", "\0\u{1b}[2J", "a\u{1b}]0;x\0\u{7}"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn there_are_enough_and_each_is_another() {
    let all = corpus();
    assert!(all.len() >= 200, "{}", all.len());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(
        all.iter()
            .all(|text| (1..=LONGEST).contains(&text.chars().count()))
    );
    assert!(all.iter().all(|text| !text.contains('\0')));
}
