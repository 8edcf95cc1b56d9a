//! What becomes of each row of a list: told before anything is written, and the result afterwards.

use super::{EmailError, InvitationId};
use serde::{Deserialize, Serialize};

/// What becomes of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Is invited; the invitation's id once it is written.
    New(Option<InvitationId>),
    /// Gets other permissions.
    Change,
    /// Is removed.
    Remove,
    /// Is a member already.
    Member,
    /// Has a pending invitation already.
    Pending,
    /// Has exactly that already.
    Unchanged,
    /// The address stands in this earlier line too.
    Duplicate(usize),
    /// Can't be right, and why.
    Invalid(String),
    /// One mail too many, and when there may be more.
    OverLimit(String),
    /// Policy says no, and why.
    NotAllowed(String),
    /// Nobody with this address is a member.
    NotMember,
    /// The state of the account stands against it: changed meanwhile, the last owner.
    Conflict(String),
}

/// How a row stands once everything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is written, or would be.
    Done,
    /// There was nothing to do.
    Settled,
    /// It stays undone, and somebody has to look at it.
    Refused,
}

impl Verdict {
    /// Every word, in the order in which they are counted.
    pub const WORDS: [&'static str; 12] = [
        "new",
        "change",
        "remove",
        "member",
        "pending",
        "unchanged",
        "duplicate",
        "invalid",
        "over_limit",
        "not_allowed",
        "not_member",
        "conflict",
    ];

    /// Its place in [`Verdict::WORDS`].
    pub fn index(&self) -> usize {
        match self {
            Self::New(_) => 0,
            Self::Change => 1,
            Self::Remove => 2,
            Self::Member => 3,
            Self::Pending => 4,
            Self::Unchanged => 5,
            Self::Duplicate(_) => 6,
            Self::Invalid(_) => 7,
            Self::OverLimit(_) => 8,
            Self::NotAllowed(_) => 9,
            Self::NotMember => 10,
            Self::Conflict(_) => 11,
        }
    }

    /// Its word in JSON.
    pub fn word(&self) -> &'static str {
        Self::WORDS.get(self.index()).copied().unwrap_or_default()
    }

    /// Why nothing is written for the row, where the word alone does not say it.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Duplicate(line) => Some(format!("The same address stands in line {line}")),
            Self::Invalid(why)
            | Self::OverLimit(why)
            | Self::NotAllowed(why)
            | Self::Conflict(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// How the row stands once everything is done.
    pub fn fate(&self) -> Fate {
        match self {
            Self::New(_) | Self::Change | Self::Remove => Fate::Done,
            Self::Member | Self::Pending | Self::Unchanged | Self::Duplicate(_) => Fate::Settled,
            _ => Fate::Refused,
        }
    }
}

impl From<EmailError> for Verdict {
    fn from(fault: EmailError) -> Self {
        Self::Invalid(fault.to_string())
    }
}

/// How many rows there are of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([usize; Verdict::WORDS.len()]);

impl Tally {
    /// Counts.
    pub fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts {
            if let Some(count) = tally.0.get_mut(verdict.index()) {
                *count += 1;
            }
        }
        tally
    }

    /// Each word with its count, those that do not occur too.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, usize)> {
        Verdict::WORDS.into_iter().zip(self.0)
    }

    /// The count of a word.
    pub fn count(&self, word: &str) -> usize {
        self.iter()
            .find_map(|(known, count)| (known == word).then_some(count))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Tally, Verdict};

    fn all() -> [Verdict; 12] {
        let why = || "why".to_owned();
        [
            Verdict::New(None),
            Verdict::Change,
            Verdict::Remove,
            Verdict::Member,
            Verdict::Pending,
            Verdict::Unchanged,
            Verdict::Duplicate(3),
            Verdict::Invalid(why()),
            Verdict::OverLimit(why()),
            Verdict::NotAllowed(why()),
            Verdict::NotMember,
            Verdict::Conflict(why()),
        ]
    }

    #[test]
    fn each_has_a_word_of_its_own_and_is_counted_under_it() {
        let words: Vec<_> = all().iter().map(Verdict::word).collect();
        assert_eq!(words, Verdict::WORDS);
        let tally = Tally::of(&all());
        assert!(tally.iter().all(|(_, count)| count == 1));
        assert_eq!(
            Tally::of([&Verdict::Member, &Verdict::Member]).count("member"),
            2
        );
    }

    #[test]
    fn a_result_is_read_back_as_it_was_written() {
        for verdict in all() {
            let text = serde_json::to_string(&verdict).unwrap();
            assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
        }
    }

    #[test]
    fn what_was_refused_is_told_from_what_was_there_already() {
        let refused = all().iter().filter(|v| v.fate() == Fate::Refused).count();
        assert_eq!(refused, 5);
        assert!(
            all()
                .iter()
                .all(|v| (v.reason().is_some()) <= (v.fate() != Fate::Done))
        );
    }
}
