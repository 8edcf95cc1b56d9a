//! The commands of whoever runs the installation: set-up, accounts, users, the audit log, the demo.

use clap::{Args, Subcommand, ValueEnum};

/// The first account (the global `--account` names it) and its owner.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  printf '%s' \"$OWNER_PASSWORD\" |
    rollbook setup --account 'Example Ltd' --owner ada@example.com --password-stdin")]
pub struct SetupArgs {
    /// The owner's address
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// Read the owner's password from standard input; else it is asked for
    #[arg(long)]
    pub password_stdin: bool,
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List the accounts; with --as those that the user can reach
    List,
    /// Say whether the account asks everybody for a second factor
    SecondFactor(Requirement),
    /// Create an account; a new owner's password comes from standard input or a prompt
    Create {
        /// The account's name
        name: String,
        /// The owner's address; an existing user keeps their password
        #[arg(long, value_name = "EMAIL")]
        owner: String,
        /// Read a new owner's password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Whether an account asks for a second factor.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Requirement {
    /// Let nobody in without one
    #[arg(long)]
    pub required: bool,
    /// Leave it to each
    #[arg(long)]
    pub optional: bool,
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List the users of the platform by address
    List {
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a heading
    Csv,
    /// One JSON array
    Json,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List the newest events, newest first
    List {
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Print all events, oldest first
    #[command(after_help = "\
CSV is RFC 4180 with a heading. A cell that a spreadsheet would take for a formula, and one that
begins with ', has a ' put in front; a reader takes the first ' of a cell away again.

Example:
  rollbook audit export --account 'Example Ltd' > audit.csv")]
    Export {
        /// Of which form; --json means json
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
    },
    /// Recompute the hash chain and say where it breaks, if it does
    Verify,
}

/// What can be done with the installation's keys.
#[derive(Debug, Subcommand)]
pub enum TokenKeyCommand {
    /// Put a fresh key before the others; what was made under them still holds
    Rotate,
    /// Say what hangs on each key, and whether the retired ones can go
    Status,
    /// Drop the retired keys, unless something still hangs on them
    DropRetired,
}

/// The sample data.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many members the first account has
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub members: u32,
}
