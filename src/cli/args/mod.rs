//! What may be typed: clap's types for every command, and nothing else.
//!
//! Help texts are written for the person at the prompt; the man page and the completions are made
//! from the same types.

mod invitations;
mod members;
mod operator;
mod own;

pub use invitations::{AcceptArgs, Choice, CourseArgs, ImportArgs, InviteCommand, SendArgs};
pub use members::{AdjustArgs, ListArgs, Many, MemberCommand, Seen, SetArgs};
pub use operator::{
    AccountCommand, AuditCommand, DemoArgs, ExportFormat, SetupArgs, TokenKeyCommand, UserCommand,
};
pub use own::{SecondFactorCommand, SessionCommand};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  rollbook                                    open the console
  rollbook invite send ada@example.com --permission products.view invoices.pay
  rollbook member list --search ada --json
  rollbook member set ada@example.com --all --dry-run
  rollbook --as ada@example.com audit list

Exit codes: 0 done, 1 unexpected, 2 wrong usage, 3 not allowed, 4 not found,
5 conflict (already a member, already pending, changed meanwhile, last owner),
6 database or mail server unreachable, 130 ended by Ctrl-C between two batches.";

/// See who can reach an account, give and take permissions, remove and invite people.
///
/// Without a command, Rollbook opens its console.
#[derive(Debug, Parser)]
#[command(
    name = "rollbook",
    version,
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    infer_long_args = false
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Read this configuration file over the usual ones
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Work in this account; needed only where you can reach several
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "ROLLBOOK_ACCOUNT",
        hide_env_values = true
    )]
    pub account: Option<String>,

    /// Act as this user; the password comes from `ROLLBOOK_PASSWORD` or a prompt
    #[arg(long = "as", global = true, value_name = "EMAIL")]
    pub act_as: Option<String>,

    /// Print one JSON document on standard output, and errors as JSON on standard error
    #[arg(long, global = true)]
    pub json: bool,

    /// Check everything and show what would change, without changing it
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// Use no colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the acceptance pages and the mail delivery until told to stop
    Serve,
    /// Make the schema, the first account and its owner; the same again changes nothing
    Setup(SetupArgs),
    /// Bring the database's schema up to date; safe when several start at once
    Migrate,
    /// List, show and change the members of an account
    #[command(subcommand)]
    Member(MemberCommand),
    /// Send, follow and accept invitations
    #[command(subcommand)]
    Invite(InviteCommand),
    /// List and create accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Look at the users of the platform
    #[command(subcommand)]
    User(UserCommand),
    /// Read and verify the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// List and end your own sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Set up your second factor, or take it off
    #[command(subcommand)]
    SecondFactor(SecondFactorCommand),
    /// Change the key behind links, second factors and the audit log's end
    #[command(subcommand)]
    TokenKey(TokenKeyCommand),
    /// Open the console on sample data in a throw-away database
    Demo(DemoArgs),
    /// Check configuration, database, mail and terminal, and say how to mend each
    Doctor,
    /// Print the completions of a shell
    #[command(
        after_help = "Example:\n  rollbook completions bash > /etc/bash_completion.d/rollbook"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page (roff)
    #[command(after_help = "Example:\n  rollbook man | man -l -")]
    Man,
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, InviteCommand, MemberCommand};
    use clap::{CommandFactory, Parser};

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_design_s_command_lines_are_understood() {
        for line in [
            "rollbook",
            "rollbook serve",
            "rollbook setup --account Acme --owner a@x.com --password-stdin",
            "rollbook migrate",
            "rollbook member list --search a --sort last-login --reverse --limit 5",
            "rollbook member show a@x.com --json",
            "rollbook member set a@x.com --owner",
            "rollbook member set a@x.com --all --permission members.view",
            "rollbook member set a@x.com --permission products.view invoices.pay",
            "rollbook member grant a@x.com products.view invoices.pay --dry-run",
            "rollbook member revoke a@x.com products.view",
            "rollbook member remove a@x.com --yes",
            "rollbook member remove a@x.com --yes --if-version 3",
            "rollbook member grant a@x.com products.view --if-version 3",
            "rollbook member restore a@x.com --partial --dry-run",
            "rollbook member history a@x.com --limit 5 --json",
            "rollbook invite send a@x.com --all --show-link",
            "rollbook invite send a@x.com --permission products.view --no-limit",
            "rollbook invite import - --all --no-limit --yes --json",
            "rollbook invite import team.csv --permission a.b c.d --batch 500 --dry-run",
            "rollbook invite import team.csv --resume 0197a0c2-6a0a-7000-8000-000000000000",
            "rollbook member grant a@x.com b@x.com products.view --yes",
            "rollbook member revoke products.view --from list.txt --yes",
            "rollbook member set a@x.com b@x.com --all",
            "rollbook member set --all --from -",
            "rollbook member remove a@x.com b@x.com --from list.txt --yes",
            "rollbook invite list",
            "rollbook session end-all --as a@x.com",
            "rollbook second-factor enrol --as a@x.com",
            "rollbook account second-factor --required",
            "rollbook invite accept -",
            "rollbook invite resend 0197a0c2-6a0a-7000-8000-000000000000 --show-link",
            "rollbook invite cancel 0197a0c2-6a0a-7000-8000-000000000000 --yes",
            "rollbook invite set 0197a0c2-6a0a-7000-8000-000000000000 --all",
            "rollbook invite accept https://x.example/invite/abc --decline",
            "rollbook account list --as a@x.com",
            "rollbook account create Acme --owner a@x.com",
            "rollbook user list",
            "rollbook token-key rotate --dry-run",
            "rollbook token-key status --json",
            "rollbook token-key drop-retired",
            "rollbook audit list --account Acme",
            "rollbook audit export --format csv",
            "rollbook audit export --json",
            "rollbook member list --csv --search a",
            "rollbook audit verify --no-color",
            "rollbook demo --members 50",
            "rollbook doctor --config /tmp/x.toml",
            "rollbook completions zsh",
            "rollbook man",
        ] {
            assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
        }
    }

    #[test]
    fn a_grant_must_be_chosen_and_only_one() {
        for line in [
            "rollbook member set a@x.com",
            "rollbook member set a@x.com --owner --all",
            "rollbook member set a@x.com --owner --permission products.view",
            "rollbook invite send a@x.com",
            "rollbook invite send a@x.com --owner",
            "rollbook member grant a@x.com",
            "rollbook member remove",
            "rollbook member set --all",
            "rollbook invite import team.csv --batch 0",
            "rollbook member remove --from list.txt --if-version 3",
            "rollbook invite accept LINK --decline --name Ada",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn addresses_and_keys_are_told_apart() {
        let sorted = |line: &str| match parse(line).unwrap().command {
            Some(Command::Member(MemberCommand::Grant(grant))) => grant.sorted(),
            _ => panic!("not a grant"),
        };
        let (emails, keys) = sorted("rollbook member grant a@x.com b@x.com a.x b.y");
        assert_eq!((emails.len(), keys.len()), (2, 2));
        let (emails, keys) = sorted("rollbook member grant a.x b.y --from list.txt");
        assert_eq!(
            (emails.len(), keys),
            (0, vec!["a.x".to_owned(), "b.y".to_owned()])
        );
        // What is no address is told so, not taken for a key.
        assert_eq!(sorted("rollbook member grant ada a.x").0, ["ada"]);
    }

    #[test]
    fn permissions_may_be_listed_or_repeated() {
        let cli = parse("rollbook invite send --permission a.x b.y --permission c.z -- a@x.com");
        let Some(Command::Invite(InviteCommand::Send(send))) = cli.unwrap().command else {
            panic!("not a send");
        };
        assert_eq!(send.choice.permission, ["a.x", "b.y", "c.z"]);
        let cli = parse("rollbook member revoke a@x.com a.x b.y").unwrap();
        let Some(Command::Member(MemberCommand::Revoke(revoke))) = cli.command else {
            panic!("not a revoke");
        };
        assert_eq!(revoke.keys, ["a.x", "b.y"]);
    }
}
