//! The commands about one's own: sessions and the second factor. They need `--as`.

use clap::Subcommand;

/// What can be done with one's own sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List your live sessions
    List,
    /// End one of your sessions
    End {
        /// The session's id, from the list
        id: String,
    },
    /// End all your sessions, the console's too
    EndAll,
}

/// What can be done with one's own second factor.
#[derive(Debug, Subcommand)]
pub enum SecondFactorCommand {
    /// Say whether you have one, and how many recovery codes are left
    Show,
    /// Start to set one up: print what your authenticator has to be told
    #[command(after_help = "\
Type the secret into an authenticator, then:
  rollbook --as ada@example.com second-factor confirm")]
    Enrol,
    /// Turn it on with the authenticator's first code (asked for, or from the
    /// environment); print the recovery codes, once
    Confirm,
    /// Take it off; asks for a code of it
    Remove,
}
