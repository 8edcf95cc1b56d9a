//! `rollbook doctor`: checks configuration, database, mail, pages and terminal, and says how to mend
//! each.

mod database;
mod pooler;
mod replica;

use super::args::Global;
use super::console::{charset, locale};
use super::failure::{Exit, Failure, Outcome};
use super::output::{Output, Table};
use super::wiring::Configured;
use crate::ui::theme::Charset;
use crossterm::terminal::size;
use serde::Serialize;
use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    about: &'static str,
    state: State,
    found: String,
    /// What to do about it; empty where nothing is to be done.
    mend: String,
}

impl Check {
    fn new(about: &'static str, state: State, found: impl Into<String>, mend: &str) -> Self {
        Self {
            about,
            state,
            found: found.into(),
            mend: mend.to_owned(),
        }
    }
}

/// Runs all checks.
///
/// # Errors
/// [`Failure::Told`] with exit code 6 when database or mail server can't be reached, 1 when another
/// check fails.
pub async fn run(global: &Global, output: &mut Output<'_>) -> Outcome {
    let mut checks = Vec::new();
    let mut unreachable = false;
    match Configured::load(global) {
        Err(failure) => checks.push(Check::new(
            "configuration",
            State::Fail,
            failure.to_string(),
            "Correct the file at the line named",
        )),
        Ok(configured) => {
            configured.log_to_stderr();
            checks.push(Check::new(
                "configuration",
                State::Ok,
                "every file and variable can be used",
                "",
            ));
            checks.extend(pooler::check(&configured).await);
            unreachable |= !database::check(&configured, &mut checks).await;
            unreachable |= !mail(&configured, &mut checks).await;
            checks.push(pages(&configured));
            checks.push(token_key(&configured));
        }
    }
    checks.extend(terminal());
    output.document(&checks)?;
    let mut table = Table::new(&["CHECK", "", "FOUND", "WHAT TO DO"]);
    for check in &checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        table.row([
            check.about.into(),
            state.into(),
            check.found.as_str().into(),
            check.mend.as_str().into(),
        ]);
    }
    output.table(&table)?;
    match (
        unreachable,
        checks.iter().any(|check| check.state == State::Fail),
    ) {
        (true, _) => Err(Failure::Told(Exit::Unreachable)),
        (false, true) => Err(Failure::Told(Exit::Unexpected)),
        (false, false) => Ok(()),
    }
}

/// Whether the mail server can be reached.
async fn mail(configured: &Configured, checks: &mut Vec<Check>) -> bool {
    let smtp = configured.settings.mail.smtp_url.is_some();
    let mailer = match configured.mailer() {
        Ok(mailer) => mailer,
        Err(failure) => {
            checks.push(Check::new(
                "mail",
                State::Fail,
                failure.to_string(),
                "Correct the setting named",
            ));
            return true;
        }
    };
    match mailer.check().await {
        Ok(found) if smtp => checks.push(Check::new("mail", State::Ok, found, "")),
        Ok(found) => checks.push(Check::new(
            "mail",
            State::Warn,
            found,
            "Set mail.smtp_url to send mail",
        )),
        Err(found) => {
            checks.push(Check::new(
                "mail",
                State::Fail,
                found,
                "Correct mail.smtp_url, or start the mail server",
            ));
            return false;
        }
    }
    true
}

fn pages(configured: &Configured) -> Check {
    match (
        &configured.base_url,
        configured.settings.web.base_url.is_some(),
    ) {
        (Some(base), true) => {
            Check::new("pages", State::Ok, format!("links start with {base}"), "")
        }
        (Some(base), false) => {
            let mend = "Set web.base_url so that links work from other machines";
            Check::new(
                "pages",
                State::Warn,
                format!("links start with {base}, which only this machine reaches"),
                mend,
            )
        }
        (None, _) => {
            let mend = "Set web.base_url, such as https://rollbook.example.com";
            Check::new("pages", State::Fail, "no base URL for links", mend)
        }
    }
}

fn token_key(configured: &Configured) -> Check {
    let file = configured.key_file();
    let path = file.path();
    let Ok(found) = std::fs::metadata(path) else {
        return Check::new(
            "token key",
            State::Ok,
            format!("{} is made at the first use", path.display()),
            "",
        );
    };
    let mode = found.permissions().mode() & 0o777;
    let keys = match file.read() {
        Ok(keys) => keys,
        Err(failure) => {
            let mend = "Put back the copy that is kept apart from the backups";
            return Check::new("token key", State::Fail, failure.to_string(), mend);
        }
    };
    if mode.trailing_zeros() >= 6 {
        let retired = keys.retired().len();
        let found = format!("{} is private; retired keys: {retired}", path.display());
        Check::new("token key", State::Ok, found, "")
    } else {
        let mend = format!("chmod 600 {}", path.display());
        Check::new(
            "token key",
            State::Fail,
            format!("{} can be read by others (mode {mode:o})", path.display()),
            &mend,
        )
    }
}

fn terminal() -> Vec<Check> {
    let mut checks = Vec::new();
    if std::io::stdout().is_terminal() {
        let (columns, rows) = size().unwrap_or_default();
        let small = columns < 40 || rows < 12;
        let state = if small { State::Warn } else { State::Ok };
        let mend = if small {
            "The console needs 40 columns and 12 rows"
        } else {
            ""
        };
        checks.push(Check::new(
            "terminal",
            state,
            format!("{columns} columns, {rows} rows"),
            mend,
        ));
    } else {
        checks.push(Check::new(
            "terminal",
            State::Ok,
            "output is no terminal; the console would need one",
            "",
        ));
    }
    let locale = locale();
    if charset(&locale) == Charset::Ascii {
        let found = format!("locale {locale:?} is not UTF-8; frames are drawn with ASCII");
        checks.push(Check::new(
            "characters",
            State::Warn,
            found,
            "Set LANG=C.UTF-8",
        ));
    }
    checks
}
