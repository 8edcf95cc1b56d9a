//! `rollbook member …`.

use super::CourseArgs;
use crate::domain::Sort;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const MANY: &str = "\
Several addresses, or a list with --from FILE, get a verdict each first; then all that are right
are written, the others are named and passed over, and the exit code is what the command has for
the first of them alone. Ctrl-C ends before the next batch (exit 130); the same command with
--resume ID goes on, and does nothing twice.";

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// List the members of the account
    List(ListArgs),
    /// Show one member
    Show {
        /// The member's address
        email: String,
    },
    /// Give a member exactly these permissions
    #[command(after_help = "\
Examples:
  rollbook member set ada@example.com --permission products.view invoices.pay
  rollbook member set ada@example.com --all --permission members.manage
  rollbook member set ada@example.com --owner

--owner by the operator takes effect at once; by an owner it is an offer that the
member accepts with the same command on themselves, or in the console. Ownership is handed
over one by one; anything else can be set for several addresses, or with --from FILE for a list.")]
    Set(SetArgs),
    /// Give members more permissions; what they have stays
    #[command(after_help = MANY)]
    Grant(AdjustArgs),
    /// Take permissions from members; what depends on them goes too
    #[command(after_help = MANY)]
    Revoke(AdjustArgs),
    /// End a membership with its sessions and the invitations it sent
    #[command(after_help = MANY)]
    Remove {
        /// The member's address; several for several members
        #[arg(value_name = "EMAIL", required_unless_present = "from")]
        emails: Vec<String>,
        #[command(flatten)]
        seen: Seen,
        #[command(flatten)]
        many: Many,
    },
    /// Take back a removal, else the last change of permissions
    #[command(after_help = "\
The exact old set comes back. Parts that you may not give yourself are named, and nothing is
changed (exit 3); with --partial the rest comes back. Somebody else's newer change is never
overwritten (exit 5).")]
    Restore {
        /// The address of the member, or of who was removed
        email: String,
        /// Bring back what you may give where that is not everything
        #[arg(long)]
        partial: bool,
    },
    /// Show what happened to a membership, newest first; also of who was removed
    History {
        /// The address of the member, or of who was removed
        email: String,
        /// At most this many events
        #[arg(long, value_name = "N", default_value_t = 50,
            value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
}

/// What the change was made from.
#[derive(Debug, Clone, Copy, Args)]
pub struct Seen {
    /// Only if the membership still has this version, as `member show --json` gives it
    #[arg(long, value_name = "N")]
    pub if_version: Option<i64>,
}

/// Further members.
#[derive(Debug, Clone, Args)]
pub struct Many {
    /// Also everybody in this list of addresses; - reads it from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "if_version")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub course: CourseArgs,
}

/// Which keys, and whose.
#[derive(Debug, Args)]
pub struct AdjustArgs {
    /// The member's address
    pub email: String,
    /// Permission keys, such as products.view; what one needs comes along. Further addresses may stand
    /// before them
    #[arg(value_name = "KEY", required_unless_present = "from")]
    pub keys: Vec<String>,
    #[command(flatten)]
    pub seen: Seen,
    #[command(flatten)]
    pub many: Many,
}

impl AdjustArgs {
    /// The addresses and the keys. A key has no @; with a list there need be no address.
    pub fn sorted(&self) -> (Vec<String>, Vec<String>) {
        let is_address = |word: &&String| word.contains('@');
        let (mut emails, keys): (Vec<_>, Vec<_>) = self.keys.iter().partition(is_address);
        let mut keys = keys;
        if self.many.from.is_none() || self.email.contains('@') {
            emails.insert(0, &self.email);
        } else {
            keys.insert(0, &self.email);
        }
        let own = |words: Vec<&String>| words.into_iter().cloned().collect();
        (own(emails), own(keys))
    }
}

/// Which members, in which order.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only members whose address or name contains this
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub search: String,
    /// Order by this column
    #[arg(long, value_enum, default_value_t = SortBy::Email)]
    pub sort: SortBy,
    /// The other end first
    #[arg(long)]
    pub reverse: bool,
    /// At most this many; all when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Print comma-separated values, as `rollbook audit export` does
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// The columns that members can be ordered by.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SortBy {
    Email,
    LastLogin,
    Role,
}

impl From<SortBy> for Sort {
    fn from(column: SortBy) -> Self {
        match column {
            SortBy::Email => Self::Email,
            SortBy::LastLogin => Self::LastLogin,
            SortBy::Role => Self::Role,
        }
    }
}

/// Exactly which permissions a member is to have.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("grant")
        .required(true)
        .multiple(true)
        .args(["owner", "all", "permission"])
))]
pub struct SetArgs {
    /// The member's address; several for several members
    #[arg(value_name = "EMAIL", required_unless_present = "from")]
    pub emails: Vec<String>,
    /// Make the member an owner
    #[arg(long, conflicts_with_all = ["all", "permission"])]
    pub owner: bool,
    /// All permissions, today's and future ones; add administrative keys with --permission
    #[arg(long)]
    pub all: bool,
    /// Permission keys, such as products.view; what one needs comes with it
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub permission: Vec<String>,
    #[command(flatten)]
    pub seen: Seen,
    #[command(flatten)]
    pub many: Many,
}
