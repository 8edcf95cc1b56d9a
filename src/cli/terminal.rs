//! The person at the terminal: questions, passwords without echo, and where they come from.
//!
//! Questions go to the terminal itself, never to standard output, which belongs to the result.

use super::failure::{Failure, Outcome};
use crate::domain::{DisplaySafe, Origin};
use nix::unistd::{Uid, User, ttyname};
use secrecy::SecretString;
use std::env;
use std::io::{self, BufRead, IsTerminal, Read, Write};

/// The variable that a password is taken from where nobody can be asked.
pub const PASSWORD: &str = "ROLLBOOK_PASSWORD";

/// The same for a code of the second factor.
pub const CODE: &str = "ROLLBOOK_CODE";

/// The most bytes of a secret on standard input, four times what the policy could ever take.
const MAX_SECRET_BYTES: u64 = 4096;

/// Whether somebody is there to be asked.
pub fn attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The password in the environment, if one is there.
pub fn password_in_environment() -> Option<SecretString> {
    env::var(PASSWORD).ok().map(SecretString::from)
}

/// A password from the environment, or asked for without echo.
///
/// # Errors
/// [`Failure::Usage`] when there is neither.
pub fn password(prompt: &str) -> Outcome<SecretString> {
    match password_in_environment() {
        Some(password) => Ok(password),
        None => ask_password(prompt),
    }
}

/// A code of the second factor, from the environment or asked for.
///
/// # Errors
/// [`Failure::Usage`] when there is neither.
pub fn code() -> Outcome<SecretString> {
    match env::var(CODE) {
        Ok(code) => Ok(code.into()),
        Err(_) if attended() => Ok(ask("Code of your authenticator: ")?.into()),
        Err(_) => Err(Failure::Usage(format!(
            "A second factor is enrolled: put a code of it into {CODE}"
        ))),
    }
}

/// A new password: from the environment, or asked for twice.
///
/// # Errors
/// [`Failure::Usage`] when there is neither, or the two differ.
pub fn new_password() -> Outcome<SecretString> {
    if let Some(password) = password_in_environment() {
        return Ok(password);
    }
    let first = ask_password("New password: ")?;
    let again = ask_password("The same again: ")?;
    if same(&first, &again) {
        Ok(first)
    } else {
        Err(Failure::Usage("The two passwords differ".to_owned()))
    }
}

/// A password from standard input, up to the first line end.
///
/// # Errors
/// [`Failure::Machine`] when standard input can't be read.
pub fn password_from_stdin() -> Outcome<SecretString> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX_SECRET_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::machine("Can't read the password from standard input", &error))?;
    first_line(text, "No password came on standard input")
}

/// An invitation's link: one line of standard input, so that a password may follow.
///
/// # Errors
/// [`Failure::Machine`] when standard input can't be read.
pub fn link_from_stdin() -> Outcome<SecretString> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX_SECRET_BYTES)
        .read_line(&mut text)
        .map_err(|error| Failure::machine("Can't read the link from standard input", &error))?;
    first_line(text, "No link came on standard input")
}

fn first_line(text: String, missing: &str) -> Outcome<SecretString> {
    let line = text.lines().next().unwrap_or_default().to_owned();
    drop(SecretString::from(text));
    if line.is_empty() {
        return Err(Failure::Usage(missing.to_owned()));
    }
    Ok(line.into())
}

/// Asks yes or no; a bare Enter is no.
///
/// # Errors
/// [`Failure::Usage`] naming `instead` when nobody is there to be asked.
pub fn confirm(question: &str, instead: &str) -> Outcome<bool> {
    must_be_attended(instead)?;
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Whether the question that comes can be asked.
///
/// # Errors
/// [`Failure::Usage`] naming `instead` when nobody is there.
pub fn must_be_attended(instead: &str) -> Outcome {
    if attended() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "Nobody is there to be asked; say {instead}"
    )))
}

/// Asks for a line of text.
///
/// # Errors
/// [`Failure::Machine`] when the terminal can't be read.
pub fn ask(prompt: &str) -> Outcome<String> {
    let mut err = io::stderr().lock();
    write!(err, "{}", DisplaySafe::new(prompt))?;
    err.flush()?;
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::machine("Can't read the terminal", &error))?;
    Ok(line.trim().to_owned())
}

fn ask_password(prompt: &str) -> Outcome<SecretString> {
    let asked = if attended() {
        rpassword::prompt_password(DisplaySafe::new(prompt).as_str())
    } else {
        Err(io::Error::from(io::ErrorKind::NotConnected))
    };
    asked.map(SecretString::from).map_err(|_no_terminal| {
        Failure::Usage(format!(
            "Nobody is there to be asked for the password; set {PASSWORD}"
        ))
    })
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    use secrecy::ExposeSecret;
    one.expose_secret() == other.expose_secret()
}

/// Where this process was started from: the client address of an SSH connection, or the terminal.
pub fn origin() -> Origin {
    let ssh = env::var("SSH_CONNECTION").ok();
    let client = ssh.as_deref().and_then(ssh_client);
    let place = client.unwrap_or_else(|| {
        ttyname(io::stdin()).map_or_else(
            |_no_terminal| "no terminal".to_owned(),
            |path| path.display().to_string(),
        )
    });
    Origin::new(&place)
}

/// The client's address out of `client-ip client-port server-ip server-port` (sshd(8)).
fn ssh_client(connection: &str) -> Option<String> {
    let address = connection.split_whitespace().next()?;
    Some(format!("ssh {address}"))
}

/// The operating system's user, and behind `sudo` the person who used it.
pub fn os_user() -> String {
    let uid = Uid::current();
    let name = User::from_uid(uid)
        .ok()
        .flatten()
        .map_or_else(|| format!("uid {uid}"), |user| user.name);
    match env::var("SUDO_USER") {
        Ok(person) if uid.is_root() && person != name => format!("{person} as {name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::ssh_client;

    #[test]
    fn the_client_s_address_is_the_first_word() {
        assert_eq!(
            ssh_client("203.0.113.9 50022 198.51.100.1 22").as_deref(),
            Some("ssh 203.0.113.9")
        );
        assert_eq!(ssh_client(""), None);
    }
}
