//! Comma-separated values with a heading (RFC 4180; semicolons and tabs too, as spreadsheets write them).

use super::{Found, Reading, RosterError, Wanted};
use crate::domain::DisplaySafe;
use csv::{ReaderBuilder, StringRecord};

/// What the column of addresses may be called.
const ADDRESS: [&str; 7] = [
    "email",
    "e-mail",
    "mail",
    "email address",
    "e-mail address",
    "address",
    "user",
];
const ROLE: &str = "role";
const PERMISSIONS: &str = "permissions";
/// How alike a column's name must be to one that gives permissions before it is taken for a slip.
const ALIKE: f64 = 0.9;
/// What spreadsheets put before a cell so that it is no formula, and what then follows.
const GUARDED: [char; 5] = ['=', '+', '-', '@', '\''];

/// Which column is what.
pub(super) struct Heading {
    delimiter: u8,
    address: usize,
    role: Option<usize>,
    permissions: Vec<usize>,
    ignored: Vec<DisplaySafe>,
}

impl Heading {
    /// The heading, where the first line is one.
    pub(super) fn find(text: &str, wanted: &Wanted) -> Result<Option<Self>, RosterError> {
        let first = text.lines().find(|line| !line.trim().is_empty());
        let first = first.unwrap_or_default();
        for delimiter in [b',', b';', b'\t'] {
            let names = names(first, delimiter);
            let address = names
                .iter()
                .position(|name| ADDRESS.contains(&name.as_str()));
            if let Some(address) = address {
                return Self::of(&names, (delimiter, address), wanted).map(Some);
            }
            if names.iter().any(|name| name == ROLE || name == PERMISSIONS) {
                let heading = DisplaySafe::new(first.trim()).to_string();
                return Err(RosterError::NoAddressColumn { heading });
            }
        }
        Ok(None)
    }

    fn of(
        names: &[String],
        (delimiter, address): (u8, usize),
        wanted: &Wanted,
    ) -> Result<Self, RosterError> {
        let mut heading = Self {
            delimiter,
            address,
            role: None,
            permissions: Vec::new(),
            ignored: Vec::new(),
        };
        if *wanted == Wanted::Addresses {
            return Ok(heading);
        }
        for (at, name) in names.iter().enumerate().filter(|(at, _)| *at != address) {
            match name.as_str() {
                ROLE => heading.role = Some(at),
                PERMISSIONS => heading.permissions.push(at),
                // What follows the permissions without a name of its own is one more of them.
                "" if heading.permissions.last() == Some(&(at - 1)) => heading.permissions.push(at),
                name => heading.ignored.push(ignored(name)?),
            }
        }
        Ok(heading)
    }
}

/// A column that is not read. One that was meant to give permissions must not be passed over.
fn ignored(name: &str) -> Result<DisplaySafe, RosterError> {
    let alike = |known: &&&str| strsim::jaro_winkler(known, name) > ALIKE;
    match [ROLE, PERMISSIONS].iter().find(alike) {
        Some(nearest) => Err(RosterError::Column {
            name: DisplaySafe::new(name).to_string(),
            nearest: (*nearest).to_owned(),
        }),
        None => Ok(DisplaySafe::new(name)),
    }
}

fn names(line: &str, delimiter: u8) -> Vec<String> {
    let mut record = StringRecord::new();
    // A heading that can't be read has no names.
    reader(line, delimiter).read_record(&mut record).ok();
    record
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect()
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// Reads the rows under the heading.
pub(super) fn read(text: &str, heading: &Heading, reading: &mut Reading) {
    let mut reader = reader(text, heading.delimiter);
    let mut record = StringRecord::new();
    let mut first = true;
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    // Nothing is left to go wrong in text that is UTF-8, with rows of any length.
    while reader.read_record(&mut record).unwrap_or(false) {
        if std::mem::take(&mut first) {
            continue;
        }
        let begins = record.position().map_or(0, csv::Position::byte);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        // A line of nothing but delimiters is the end of many a spreadsheet.
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        reading.add(&Found {
            line: lines.of(begins),
            address: unguarded(cell(heading.address)),
            role: heading.role.map(cell).unwrap_or_default(),
            keys: heading.permissions.iter().map(|at| cell(*at)).collect(),
        });
    }
    reading.roster.ignored.clone_from(&heading.ignored);
}

/// Finds lines. The reader's own count is one short after CRLF: it comes to the LF with the next record.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of a record that begins here, or after the line ends that stand here.
    fn of(&mut self, begins: u64) -> usize {
        let ends = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        let begins = usize::try_from(begins).unwrap_or(usize::MAX);
        let bytes = self.text.as_bytes();
        let rest = bytes.get(begins..).unwrap_or_default();
        let begins = begins + rest.iter().take_while(ends).count();
        let passed = bytes.get(self.at..begins).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').count() - 1;
        self.at = begins;
        self.line
    }
}

/// The cell without the `'` that keeps it from being a formula.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| rest.starts_with(GUARDED))
        .unwrap_or(cell)
}
