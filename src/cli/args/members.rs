//! `rollbook member …`.

use crate::domain::Sort;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

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
member accepts with the same command on themselves, or in the console.")]
    Set(SetArgs),
    /// Give a member more permissions; what they have stays
    Grant {
        /// The member's address
        email: String,
        /// Permission keys, such as products.view; what one needs comes with it
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// Take permissions from a member; what depends on them goes too
    Revoke {
        /// The member's address
        email: String,
        /// Permission keys, such as products.view
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// End a membership with its sessions and the invitations it sent
    Remove {
        /// The member's address
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        seen: Seen,
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

/// Which members, in which order.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only members whose address or name contains this; with fewer than three letters or digits in a row,
    /// those whose address begins with it, in the order of addresses
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
    /// The member's address
    pub email: String,
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
}
