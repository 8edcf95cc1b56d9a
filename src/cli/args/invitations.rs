//! `rollbook invite …`.

use crate::domain::{CommandId, InvitationId};
use crate::service::BATCH;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// Invite an address; the mail with the one-time link is queued
    #[command(after_help = "\
Examples:
  rollbook invite send ada@example.com --all
  rollbook invite send ada@example.com --permission products.view invoices.pay
  rollbook invite send ada@example.com --all --show-link --json | jq -r .link")]
    Send(SendArgs),
    /// List pending and recently expired invitations with their delivery
    List,
    /// Send a new link; the old one stops working
    Resend {
        /// The invitation's id, from `rollbook invite list`
        id: InvitationId,
        /// Print the one-time link; the audit log records that
        #[arg(long)]
        show_link: bool,
    },
    /// Withdraw a pending invitation
    Cancel {
        /// The invitation's id, from `rollbook invite list`
        id: InvitationId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Give a pending invitation other permissions; its link stays
    Set {
        /// The invitation's id, from `rollbook invite list`
        id: InvitationId,
        #[command(flatten)]
        choice: Choice,
    },
    /// Invite everybody in a list: a verdict for each row first, then all that are new
    #[command(after_help = "\
The list is comma-separated values under a heading with a column email, and if you like role
(full, custom) and permissions (keys with blanks between); or any text with addresses in it,
as a mail program writes recipients. Rows that name no permissions get those of --all and
--permission.

Examples:
  rollbook invite import team.csv --dry-run
  rollbook invite import team.csv --permission products.view --yes
  pbpaste | rollbook invite import - --all --yes --json

Rows that can't be invited are named and passed over; the exit code is then what
`rollbook invite send` has for the first of them. Ctrl-C ends before the next batch (exit 130);
the same command with --resume ID goes on, and does nothing twice.")]
    Import(ImportArgs),
    /// Accept an invitation without a browser
    #[command(after_help = "\
Somebody who has a user already gives their password; somebody who has none gives a
name and a new password, and is registered. Without a terminal the password comes from
ROLLBOOK_PASSWORD and the name from --name.")]
    Accept(AcceptArgs),
}

/// Whom to invite, with which permissions.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// The address to invite
    pub email: String,
    #[command(flatten)]
    pub choice: Choice,
    /// Print the one-time link; the audit log records that
    #[arg(long)]
    pub show_link: bool,
    /// Lift the sending limits; for the operator only
    #[arg(long)]
    pub no_limit: bool,
}

/// Whom to invite out of a list.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The list; - reads it from standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// All permissions, for rows that name none
    #[arg(long)]
    pub all: bool,
    /// Permission keys for rows that name none; what one needs comes with it
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub permission: Vec<String>,
    /// Lift the sending limits; for the operator only
    #[arg(long)]
    pub no_limit: bool,
    #[command(flatten)]
    pub course: CourseArgs,
}

/// How work on many rows goes on.
#[derive(Debug, Clone, Args)]
pub struct CourseArgs {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Rows a transaction
    #[arg(long, value_name = "N", default_value_t = BATCH.get(), hide_default_value = true,
        value_parser = rows)]
    pub batch: usize,
    /// Go on with work that was broken off: the same list and options under the same id
    #[arg(long, value_name = "ID")]
    pub resume: Option<CommandId>,
}

fn rows(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rows) if (1..=5_000).contains(&rows) => Ok(rows),
        _ => Err("1 to 5000 rows make a batch".to_owned()),
    }
}

/// The permissions that an invitation gives.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("choice").required(true).multiple(true).args(["all", "permission"])))]
pub struct Choice {
    /// All permissions, today's and future ones; add administrative keys with --permission
    #[arg(long)]
    pub all: bool,
    /// Permission keys, such as products.view; what one needs comes with it
    #[arg(long, value_name = "KEY", num_args = 1..)]
    pub permission: Vec<String>,
}

/// An invitation link and what its holder says to it.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// The link from the mail; - reads it from standard input, where no process list shows it
    pub link: String,
    /// The name to register with
    #[arg(long, conflicts_with = "decline")]
    pub name: Option<String>,
    /// Decline instead
    #[arg(long)]
    pub decline: bool,
}
