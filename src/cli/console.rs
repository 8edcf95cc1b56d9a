//! `rollbook` alone: the console, which paints before the database is reached. On the private
//! installation it also delivers mail and serves the acceptance pages on loopback.

use super::args::Global;
use super::background::{Background, pages_socket, web_settings};
use super::failure::{Failure, Outcome};
use super::terminal;
use super::wiring::{Configured, Installation, Schema};
use crate::clock::Clock;
use crate::config::{ConnectionSpeed, Theme};
use crate::domain::{DisplaySafe, Secret256};
use crate::service::Service;
use crate::telemetry::{self, Sink};
use crate::ui::{
    self, Console,
    effect::{Connect, Here},
    model::{Opening, Start},
    theme::{Charset, Decoration, Depth, Erasing},
};
use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

const KEYMAP: &str = include_str!("../../config/keymap.toml");

/// The open installation and what runs beside the console, shared with the retries.
struct Held {
    configured: Configured,
    installation: Option<Installation>,
    background: Option<Background>,
    pages: Pages,
}

/// The socket of the acceptance pages: asked for with the first connection, so that the screen does not
/// wait for whoever holds it.
enum Pages {
    NotAsked,
    Waiting(TcpListener),
    /// Served, or another console's.
    Settled,
}

impl Held {
    fn new(configured: Configured) -> Self {
        Self {
            configured,
            installation: None,
            background: None,
            pages: Pages::NotAsked,
        }
    }
}

/// Runs the console until the person leaves.
///
/// # Errors
/// [`Failure::Usage`] without a terminal or with settings that can't be used; what the terminal says.
pub async fn run(configured: Configured, global: &Global) -> Outcome {
    needs_a_terminal()?;
    log_to_file(&configured);
    // Settings that can't be used are told on the plain terminal, not in the console.
    configured.check_mail()?;
    let held = Arc::new(Mutex::new(Held::new(configured.clone())));
    let session_file = session_file();
    let opening = Opening {
        start: start(global, session_file.as_ref()),
        account: global.account.clone(),
        notices: notices(&configured),
    };
    let looks = Looks::of(&configured, global)?;
    let connect = connector(Arc::clone(&held));
    let ended = ui::run(looks.console(&configured, (connect, opening, session_file))).await;
    let mut held = held.lock().await;
    if let Some(background) = held.background.take() {
        background.finish().await;
    }
    if let Some(installation) = held.installation.take() {
        installation.close().await;
    }
    ended.map_err(|error| Failure::Machine(error.to_string()))
}

/// The console draws on standard output and reads standard input.
///
/// # Errors
/// [`Failure::Usage`].
pub fn needs_a_terminal() -> Outcome {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Failure::Usage(
        "The console needs a terminal; for commands see `rollbook --help`".to_owned(),
    ))
}

/// While the console owns the screen, the log has a file of its own.
pub fn log_to_file(configured: &Configured) {
    let file = configured
        .settings
        .log
        .file
        .clone()
        .or_else(|| state_dir().map(|dir| dir.join("rollbook.log")));
    if let Some(file) = file {
        telemetry::start(&Sink::File(file), &configured.settings.log.filter);
    }
}

/// Opens the installation the first time, and again where its private server is gone.
fn connector(held: Arc<Mutex<Held>>) -> Connect {
    Arc::new(move || {
        let held = Arc::clone(&held);
        Box::pin(async move {
            let mut held = held.lock().await;
            reach(&mut held)
                .await
                .map_err(|failure| failure.to_string())
        })
    })
}

async fn reach(held: &mut Held) -> Outcome<Service> {
    let private = held.configured.is_private();
    if let Some(installation) = &held.installation {
        if !private || installation.service.ready().await.is_ok() {
            return Ok(installation.service.clone());
        }
        if let Some(background) = held.background.take() {
            background.finish().await;
        }
    }
    if let Some(gone) = held.installation.take() {
        gone.close().await;
    }
    if let (true, Pages::NotAsked) = (private, &held.pages) {
        let socket = pages_socket(&mut held.configured).await?;
        held.pages = socket.map_or(Pages::Settled, Pages::Waiting);
    }
    let configured = &held.configured;
    let installation = configured.open(Schema::Expect).await?;
    let service = installation.service.clone();
    held.installation = Some(installation);
    if private {
        let base = configured.base_url.clone();
        let socket = match std::mem::replace(&mut held.pages, Pages::Settled) {
            Pages::Waiting(socket) => Some(socket),
            Pages::NotAsked | Pages::Settled => None,
        };
        let pages = socket.zip(base.map(|base| web_settings(configured, base)));
        held.background = Some(Background::start(&service, configured.mailer()?, pages));
    }
    Ok(service)
}

fn notices(configured: &Configured) -> Vec<DisplaySafe> {
    let no_server = configured.is_private() && configured.settings.mail.smtp_url.is_none();
    let words = "No mail server is configured: mails are written to files, and l shows an invitation's link";
    no_server.then(|| words.into()).into_iter().collect()
}

fn start(global: &Global, session_file: Option<&PathBuf>) -> Start {
    if let (Some(email), Some(password)) = (&global.act_as, terminal::password_in_environment()) {
        return Start::Credentials {
            email: email.clone(),
            password,
        };
    }
    let kept = session_file.and_then(|file| fs::read_to_string(file).ok());
    match kept.and_then(|text| Secret256::parse(&text)) {
        Some(secret) if global.act_as.is_none() => Start::Resume(secret),
        _ => Start::SignIn,
    }
}

/// Where state of this person lies, by the XDG base directory specification.
fn state_dir() -> Option<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(base.join("rollbook"))
}

fn session_file() -> Option<PathBuf> {
    state_dir().map(|dir| dir.join("session"))
}

/// Keys, colours and characters of this terminal.
pub struct Looks {
    keymap: String,
    theme: &'static str,
    depth: Depth,
    erasing: Erasing,
    charset: Charset,
    decoration: Decoration,
}

impl Looks {
    /// What the settings ask for and the terminal can do.
    ///
    /// # Errors
    /// [`Failure::Usage`] when the keymap file can't be read.
    pub fn of(configured: &Configured, global: &Global) -> Outcome<Self> {
        let set = |name: &str| env::var(name).unwrap_or_default();
        let term = set("TERM");
        let plain = global.no_color
            || !set("NO_COLOR").is_empty()
            || term == "dumb"
            || term.starts_with("vt");
        let theme = match (plain, configured.settings.ui.theme) {
            (true, _) | (_, Theme::Mono) => include_str!("../../config/themes/mono.toml"),
            (_, Theme::Dark) => include_str!("../../config/themes/dark.toml"),
            (_, Theme::Light) => include_str!("../../config/themes/light.toml"),
        };
        let rich = term.contains("256") || !set("COLORTERM").is_empty();
        let keymap = match &configured.settings.ui.keymap {
            None => KEYMAP.to_owned(),
            Some(file) => fs::read_to_string(file).map_err(|error| {
                Failure::Usage(format!("ui.keymap: {}: {error}", file.display()))
            })?,
        };
        let depth = if rich { Depth::Full } else { Depth::Sixteen };
        let speed = global.connection_speed.map(ConnectionSpeed::from);
        let decoration = match speed.unwrap_or(configured.settings.ui.connection_speed) {
            ConnectionSpeed::Slow => Decoration::Sparse,
            ConnectionSpeed::Auto if terminal::is_slow_line() => Decoration::Sparse,
            ConnectionSpeed::Auto | ConnectionSpeed::Fast => Decoration::Full,
        };
        Ok(Self {
            keymap,
            theme,
            depth,
            erasing: erasing(&term),
            charset: charset(&locale()),
            decoration,
        })
    }

    /// The console with these looks.
    pub fn console(
        self,
        configured: &Configured,
        (connect, opening, session_file): (Connect, Opening, Option<PathBuf>),
    ) -> Console {
        let clock = Clock::steady();
        Console {
            connect,
            catalogue: configured.catalogue.clone(),
            passwords: configured.passwords(),
            keymap: self.keymap,
            theme: self.theme.to_owned(),
            depth: self.depth,
            erasing: self.erasing,
            charset: self.charset,
            decoration: self.decoration,
            clock,
            here: Here {
                origin: terminal::origin(),
                os_user: terminal::os_user(),
                clock,
            },
            opening,
            session_file,
        }
    }
}

/// What a terminal of this name leaves where it erases. GNU Screen and tmux, under their own names, don't say
/// that they erase in colour (ncurses' terminfo).
fn erasing(term: &str) -> Erasing {
    const IN_COLOUR: [&str; 6] = ["xterm", "rxvt", "linux", "alacritty", "foot", "wezterm"];
    if IN_COLOUR.iter().any(|name| term.starts_with(name)) {
        Erasing::InColour
    } else {
        Erasing::Bare
    }
}

/// The locale of the terminal's characters, by POSIX's order of the variables.
pub fn locale() -> String {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
        .unwrap_or_default()
}

/// Whether a locale's encoding is UTF-8.
pub fn charset(locale: &str) -> Charset {
    let upper = locale.to_uppercase();
    if upper.contains("UTF-8") || upper.contains("UTF8") {
        Charset::Unicode
    } else {
        Charset::Ascii
    }
}
