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
    },
    /// Take permissions from a member; what depends on them goes too
    Revoke {
        /// The member's address
        email: String,
        /// Permission keys, such as products.view
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// End a membership with its sessions and the invitations it sent
    Remove {
        /// The member's address
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take back a removal, with the permissions the member had
    Restore {
        /// The former member's address
        email: String,
    },
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
}
