//! `rollbook invite …`.

use crate::domain::InvitationId;
use clap::{ArgGroup, Args, Subcommand};

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
