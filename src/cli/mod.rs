//! The commands, and the composition root: the only place that knows every layer.
//!
//! `args` says what may be typed, `wiring` puts an installation together, each command has a file.

pub mod acceptance;
pub mod args;
pub mod background;
pub mod bulk;
pub mod bulk_report;
pub mod caller;
pub mod console;
pub mod database;
pub mod demo;
pub mod doctor;
pub mod documents;
pub mod export;
pub mod failure;
pub mod grants;
pub mod history;
pub mod invitations;
pub mod key_file;
pub mod members;
pub mod operator;
pub mod output;
pub mod own;
pub mod progress;
pub mod serve;
pub mod terminal;
pub mod token_key;
pub mod wiring;
pub mod words;

pub use failure::Exit;

use args::{Cli, Command, Global, InviteCommand};
use caller::Caller;
use clap::{CommandFactory, Parser};
use failure::{Failure, Outcome};
use output::{Format, Output, cleaned};
use std::io::{self, BufWriter, Write as _};
use wiring::{Configured, Schema};

/// Parses the command line and does what it asks; returns the process's exit code.
pub async fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let format = if cli.global.json {
        Format::Json
    } else {
        Format::Plain
    };
    let (mut out, mut err) = (BufWriter::new(io::stdout()), io::stderr());
    let mut output = Output::new(&mut out, &mut err, format);
    let done = dispatch(&cli, &mut output)
        .await
        .and_then(|()| output.flush());
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => {
            // What was written so far goes first; nobody may be left to read either.
            output.flush().ok();
            output.failure(&failure).ok();
            failure.exit()
        }
    }
}

/// Help and version as clap prints them; its errors without paint, as they repeat what was typed.
fn misunderstood(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        let words = cleaned(&error.render().to_string());
        // Nobody may be left to read it.
        write!(io::stderr(), "{words}").ok();
        return Exit::Usage;
    }
    error.print().ok();
    Exit::Done
}

async fn dispatch(cli: &Cli, output: &mut Output<'_>) -> Outcome {
    let global = &cli.global;
    match &cli.command {
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "rollbook", &mut text);
            output.raw(&text)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text)?;
            output.raw(&text)
        }
        None => console::run(Configured::load(global)?, global).await,
        Some(Command::Demo(args)) => demo::run(args, global).await,
        Some(Command::Doctor) => doctor::run(global, output).await,
        Some(Command::Serve) => serve::run(Configured::load(global)?, output).await,
        Some(command) => in_installation(global, command, output).await,
    }
}

/// The commands that need an open installation; it is closed whatever they come to.
async fn in_installation(global: &Global, command: &Command, output: &mut Output<'_>) -> Outcome {
    let configured = Configured::load(global)?;
    configured.log_to_stderr();
    let schema = match command {
        Command::Setup(_) | Command::Migrate => Schema::Migrate,
        _ => Schema::Expect,
    };
    let installation = configured.open(schema).await?;
    let done = match command {
        Command::Migrate => operator::migrated(&installation, output),
        Command::Setup(args) => {
            operator::setup(&installation.service, (global, args), output).await
        }
        Command::TokenKey(command) => {
            let file = configured.key_file();
            token_key::run(&installation.service, &file, (global, command), output).await
        }
        // The invitee is no user of the installation yet, or comes with the link's own password.
        Command::Invite(InviteCommand::Accept(args)) => {
            acceptance::run(&installation.service, (global, args), output).await
        }
        command => as_caller(&installation.service, (global, command), output).await,
    };
    installation.close().await;
    done
}

async fn as_caller(
    service: &crate::service::Service,
    (global, command): (&Global, &Command),
    output: &mut Output<'_>,
) -> Outcome {
    let caller = Caller::arrive(service, global).await?;
    let done = match command {
        Command::Member(command) => members::run(&caller, command, output).await,
        Command::Invite(command) => invitations::run(&caller, command, output).await,
        Command::Account(command) => operator::accounts(&caller, command, output).await,
        Command::User(command) => operator::users(&caller, command, output).await,
        Command::Session(command) => own::sessions(&caller, command, output).await,
        Command::SecondFactor(command) => own::second_factor(&caller, command, output).await,
        Command::Audit(command) => operator::audit(&caller, command, output).await,
        _ => Err(Failure::Usage("This command stands alone".to_owned())),
    };
    let left = caller.leave().await;
    done.and(left)
}
