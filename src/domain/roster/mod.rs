//! A list of addresses, as a file or as pasted: who is meant, and with which grant.
//!
//! Comma-separated values with a heading that names a column of addresses, or any text with addresses
//! in it. Which of the two is read off the first line. Nothing here knows an account; a row that can't
//! be right says why, and never stops the others.

mod list;
mod table;

use super::{DisplaySafe, Email, EmailError, Grant, PermissionSet, Role, Verdict};
use std::collections::HashMap;

/// The most characters of what was typed that a fault repeats.
const REPEATED: usize = 80;

/// Addresses with their grants, in the order in which they were written.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    rows: Vec<Row>,
    /// The different grants: a list has few of them.
    grants: Vec<Grant>,
    ignored: Vec<DisplaySafe>,
}

/// One address of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands, from 1.
    pub line: usize,
    /// Who is meant, or what is wrong.
    pub entry: Result<Listed, RowFault>,
}

/// Who is meant, and with which of the list's grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub email: Email,
    /// Its place among the list's grants.
    pub grant: usize,
}

/// A row that can't be right, or says the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// What was typed, cleaned and no longer than a line.
    pub typed: DisplaySafe,
    pub why: Why,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error(transparent)]
    Email(#[from] EmailError),
    #[error("No role is called {0:?}; write full or custom")]
    Role(String),
    #[error("Names no permissions, and none were chosen for rows that name none")]
    NoGrant,
    /// The line where the address stands first.
    #[error("The same address stands in line {0}")]
    Duplicate(usize),
}

/// Why a text is no list at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    #[error("This is UTF-16; save it as UTF-8 (in a spreadsheet: “CSV UTF-8”)")]
    Utf16,
    #[error("Line {line} is not UTF-8; save the list as UTF-8 (in a spreadsheet: “CSV UTF-8”)")]
    NotUtf8 { line: usize },
    #[error("No column is called email; the heading is {heading:?}")]
    NoAddressColumn { heading: String },
    #[error("A column is called {name:?}; did you mean {nearest:?}?")]
    Column { name: String, nearest: String },
    #[error("The list names nobody")]
    Empty,
}

/// What a list is read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Only whom it names.
    Addresses,
    /// Invitations; rows that name no grant get this one.
    Invitations(Option<Grant>),
}

impl Roster {
    /// Reads a list.
    ///
    /// # Errors
    /// [`RosterError`] where the text is none; what is wrong with a row stands in the row.
    pub fn parse(bytes: &[u8], wanted: &Wanted) -> Result<Self, RosterError> {
        let text = text(bytes)?;
        let mut reading = Reading::new(wanted);
        match table::Heading::find(text, wanted)? {
            Some(heading) => table::read(text, &heading, &mut reading),
            None => list::read(text, &mut reading),
        }
        if reading.roster.rows.is_empty() {
            return Err(RosterError::Empty);
        }
        Ok(reading.roster)
    }

    /// The rows, in the order of the text.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The different grants.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The grant of a row.
    pub fn grant(&self, listed: &Listed) -> Option<&Grant> {
        self.grants.get(listed.grant)
    }

    /// Columns that say nothing about a grant and were not read.
    pub fn ignored(&self) -> &[DisplaySafe] {
        &self.ignored
    }
}

impl Row {
    /// Who is meant, as far as that can be said.
    pub fn typed(&self) -> &str {
        match &self.entry {
            Ok(listed) => listed.email.as_str(),
            Err(fault) => fault.typed.as_str(),
        }
    }
}

impl From<&RowFault> for Verdict {
    fn from(fault: &RowFault) -> Self {
        match fault.why {
            Why::Duplicate(line) => Self::Duplicate(line),
            ref why => Self::Invalid(why.to_string()),
        }
    }
}

/// A row as it was found, before anything in it was understood.
#[derive(Default)]
struct Found<'a> {
    line: usize,
    address: &'a str,
    role: &'a str,
    keys: Vec<&'a str>,
}

/// The list so far.
struct Reading {
    roster: Roster,
    chosen: Option<usize>,
    /// The grants that cells came to, by the cells.
    known: HashMap<(String, String), usize>,
    /// Where each address stands first.
    seen: HashMap<String, usize>,
}

impl Reading {
    fn new(wanted: &Wanted) -> Self {
        let grants = match wanted {
            Wanted::Addresses => vec![Grant::custom(PermissionSet::new())],
            Wanted::Invitations(chosen) => chosen.iter().cloned().collect(),
        };
        Self {
            chosen: (!grants.is_empty()).then_some(0),
            roster: Roster {
                grants,
                ..Roster::default()
            },
            known: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    fn add(&mut self, found: &Found<'_>) {
        let entry = self.understood(found).map_err(|why| RowFault {
            typed: DisplaySafe::new(&found.address.chars().take(REPEATED).collect::<String>()),
            why,
        });
        self.roster.rows.push(Row {
            line: found.line,
            entry,
        });
    }

    fn understood(&mut self, found: &Found<'_>) -> Result<Listed, Why> {
        let email = Email::parse(found.address)?;
        let grant = self.grant(found)?;
        if let Some(first) = self.seen.get(email.key()) {
            return Err(Why::Duplicate(*first));
        }
        self.seen.insert(email.key().to_owned(), found.line);
        Ok(Listed { email, grant })
    }

    fn grant(&mut self, found: &Found<'_>) -> Result<usize, Why> {
        let role = found.role.trim().to_lowercase();
        let keys = found.keys.join(" ");
        if role.is_empty() && keys.trim().is_empty() {
            return self.chosen.ok_or(Why::NoGrant);
        }
        let cells = (role, keys);
        if let Some(at) = self.known.get(&cells) {
            return Ok(*at);
        }
        let role = match cells.0.as_str() {
            "all" | "all permissions" => Role::Full,
            "" => Role::Custom,
            word => Role::from_word(word)
                .ok_or_else(|| Why::Role(DisplaySafe::new(found.role.trim()).to_string()))?,
        };
        let split = |c: char| c.is_whitespace() || ",;|".contains(c);
        let permissions = cells.1.split(split).filter(|key| !key.is_empty()).collect();
        let at = self.roster.grants.len();
        self.roster.grants.push(Grant { role, permissions });
        self.known.insert(cells, at);
        Ok(at)
    }
}

/// The text of a file.
fn text(bytes: &[u8]) -> Result<&str, RosterError> {
    let wide = matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..]
    );
    if wide {
        return Err(RosterError::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|fault| {
        let good = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count();
        RosterError::NotUtf8 { line }
    })
}

#[cfg(test)]
mod tests;
