//! Addresses in plain text: one a line, or many in one, and as mail programs write recipients.

use super::{Found, Reading};

/// Reads every address of a text.
pub(super) fn read(text: &str, reading: &mut Reading) {
    for (at, line) in text.split('\n').enumerate() {
        for address in addresses(line) {
            reading.add(&Found {
                line: at + 1,
                address,
                ..Found::default()
            });
        }
    }
}

/// The addresses of a line. Between semicolons a comma belongs to a name (`Lovelace, Ada <ada@x.com>; …`).
fn addresses(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let parts = split(line, ';');
    let by_semicolon = parts.len() > 1;
    for part in parts {
        if by_semicolon && part.contains('<') {
            of_recipient(part, &mut found);
        } else {
            for recipient in split(part, ',') {
                of_recipient(recipient, &mut found);
            }
        }
    }
    found
}

/// Splits at a separator that does not stand between quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let balanced = text.matches('"').count().is_multiple_of(2);
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"' && balanced;
        c == separator && !quoted
    })
    .collect()
}

/// `ada@x.com`, `Ada Lovelace <ada@x.com>`, `ada@x.com (Ada)`, or several with blanks between.
fn of_recipient<'a>(mut text: &'a str, found: &mut Vec<&'a str>) {
    let mut after_address = false;
    while let Some((name, rest)) = text.split_once('<') {
        // What a comma parts from the name is an address of its own, if it is one.
        let (others, _name) = name.rsplit_once(',').unwrap_or_default();
        found.extend(
            others
                .split(',')
                .map(str::trim)
                .filter(|other| other.contains('@')),
        );
        let (address, after) = rest.split_once('>').unwrap_or((rest, ""));
        found.push(address);
        text = after;
        after_address = true;
    }
    let mut comment = false;
    for word in text.split(|c: char| c.is_whitespace() || c == ',' && after_address) {
        comment |= word.starts_with('(');
        if !comment && !word.is_empty() {
            found.push(word);
        }
        comment &= !word.ends_with(')');
    }
}
