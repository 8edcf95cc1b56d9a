//! The whole state of the console. It is changed by `update` alone and read by `view`; no task
//! shares it.

use super::action::Context;
use super::ageing;
use super::effect::{Failure, Seat, Session};
use super::keymap::Keymap;
use super::live::Vigil;
use super::modals::Modal;
use super::panes::Main;
use super::screens::{ChooseAccount, FirstRun, SignIn};
use super::theme::Decoration;
use super::times;
use super::waiting::Waiting;
use super::widgets::toast::Toasts;
use crate::domain::{
    Account, AccountSummary, Catalogue, DisplaySafe, PasswordPolicy, Secret256, Standing,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::layout::Rect;
use secrecy::SecretString;
use std::sync::Arc;

/// How much later anything that moves moves on a slow line.
const UNHURRIED: SignedDuration = SignedDuration::from_millis(900);

/// The state.
#[derive(Debug)]
pub struct Model {
    /// What panes and modals may know besides themselves.
    pub ctx: Ctx,
    pub screen: Screen,
    /// Open dialogs, the one with the focus last.
    pub modals: Vec<Modal>,
    pub toasts: Toasts,
    /// How things stand with the database.
    pub link: Link,
    pub opening: Opening,
    pub phase: Phase,
    /// When the picture last changed.
    pub changed_at: Timestamp,
    /// How much moves while it waits.
    pub decoration: Decoration,
    /// When to look again whether session and membership still hold.
    pub vigil: Vigil,
    /// The person's last key, click or paste: a screen left alone stops reading by itself.
    pub last_input: Timestamp,
}

/// What panes and modals may know besides themselves.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// By the console's own clock, which the timers run on.
    pub now: Timestamp,
    /// How far the database's clock is ahead of it.
    pub ahead: SignedDuration,
    pub zone: TimeZone,
    /// The whole screen.
    pub area: Rect,
    pub keymap: Arc<Keymap>,
    pub catalogue: Arc<Catalogue>,
    pub passwords: PasswordPolicy,
    pub mail: Mail,
    /// Who is signed in, once somebody is.
    pub session: Option<Box<Session>>,
    /// The account on the screen, once one is entered.
    pub account: Option<Box<AccountSummary>>,
}

/// Where mails go, so that a screen never says "sent" of what was written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// Not connected yet.
    Unknown,
    Smtp {
        host: DisplaySafe,
    },
    Files {
        folder: DisplaySafe,
    },
}

/// What fills the terminal.
#[derive(Debug)]
pub enum Screen {
    SignIn(SignIn),
    FirstRun(FirstRun),
    ChooseAccount(ChooseAccount),
    Main(Box<Main>),
}

/// How things stand with the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Connecting(Waiting),
    Up,
    /// The last attempt failed; Retry tries again.
    Down(Failure),
}

/// What the console was started with and has not used yet.
#[derive(Debug, Default)]
pub struct Opening {
    pub start: Start,
    /// The account asked for on the command line, by name or id.
    pub account: Option<String>,
    /// Said once the main screen is there.
    pub notices: Vec<DisplaySafe>,
}

/// How the person gets in.
#[derive(Debug, Default)]
pub enum Start {
    /// Through the sign-in screen.
    #[default]
    SignIn,
    /// With a kept session; the sign-in screen when it has ended.
    Resume(Secret256),
    /// With an address and a password given at the start.
    Credentials {
        email: String,
        password: SecretString,
    },
}

/// Whether the loop goes on, and whether the last message changed the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Draw, then wait.
    Changed,
    /// Nothing to draw.
    Unchanged,
    /// Leave.
    Quitting,
}

impl Ctx {
    /// An instant of the database in words: `5 min ago`.
    pub fn relative(&self, at: Timestamp) -> String {
        let now = self.now.checked_add(self.ahead).unwrap_or(self.now);
        times::relative(at, now)
    }

    /// Who acts in which account, when both are known.
    pub fn seat(&self) -> Option<Seat> {
        Some(Seat {
            actor: self.session.as_ref()?.actor.clone(),
            account: self.account.as_ref()?.id,
        })
    }

    /// The signed-in person's authority in the account on the screen, for `policy::may`. A hint: the
    /// service decides again.
    pub fn standing(&self) -> Option<Standing> {
        let Some(user) = self.session.as_ref()?.actor.user_id() else {
            return Some(Standing::Operator);
        };
        let grant = self.account.as_ref()?.grant.clone();
        Some(Standing::Member { user, grant })
    }

    /// The account on the screen as a domain value, for the equivalent command.
    pub fn domain_account(&self) -> Option<Account> {
        let summary = self.account.as_ref()?;
        Some(Account {
            id: summary.id,
            name: summary.name.clone(),
            members: summary.members,
            created_at: Timestamp::UNIX_EPOCH,
        })
    }
}

impl Model {
    /// The first model: nobody is signed in, the database is being reached.
    pub fn new(ctx: Ctx, opening: Opening) -> Self {
        let mut waiting = Waiting::default();
        waiting.begin(ctx.now);
        let email = match &opening.start {
            Start::Credentials { email, .. } => email.as_str(),
            Start::SignIn | Start::Resume(_) => "",
        };
        Self {
            screen: Screen::SignIn(SignIn::new(email)),
            vigil: Vigil::Never,
            last_input: ctx.now,
            changed_at: ctx.now,
            ctx,
            modals: Vec::new(),
            toasts: Toasts::default(),
            link: Link::Connecting(waiting),
            opening,
            phase: Phase::Changed,
            decoration: Decoration::Full,
        }
    }

    /// Puts a dialog on top. What was said before would stand over what it says.
    pub fn open(&mut self, dialog: Modal) {
        self.toasts = Toasts::default();
        self.modals.push(dialog);
    }

    /// The contexts in which keys are looked up now, most specific first; global comes by itself.
    pub fn contexts(&self) -> Vec<Context> {
        if let Some(modal) = self.modals.last() {
            return modal.contexts().to_vec();
        }
        match &self.screen {
            Screen::Main(main) => vec![main.context(), Context::Main],
            _ => vec![Context::Screen],
        }
    }

    /// Whether there is nothing to show because the database can't be reached.
    pub fn is_down(&self) -> bool {
        matches!(self.link, Link::Down(_)) && !matches!(self.screen, Screen::Main(_))
    }

    /// Whether plain characters are typed rather than looked up.
    pub fn is_typing(&self) -> bool {
        if let Some(modal) = self.modals.last() {
            return modal.is_typing();
        }
        match &self.screen {
            _ if self.is_down() => false,
            Screen::SignIn(screen) => screen.is_typing(),
            Screen::FirstRun(screen) => screen.is_typing(),
            Screen::ChooseAccount(_) => false,
            Screen::Main(main) => main.is_typing(),
        }
    }

    /// When the model wants [`Message::Tick`]; none while nothing moves.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let main = match &self.screen {
            Screen::Main(main) => main.next_tick(),
            _ => None,
        };
        let moves = self.moves_at();
        let moves = match self.decoration {
            Decoration::Full => moves,
            Decoration::Sparse => moves.and_then(|at| at.checked_add(UNHURRIED).ok()),
        };
        let (vigil, words) = (self.vigil.at(), ageing::next(self));
        [moves, main, vigil, words, self.toasts.next_tick()]
            .into_iter()
            .flatten()
            .min()
    }

    /// When something that moves while it waits has its next picture.
    pub fn moves_at(&self) -> Option<Timestamp> {
        let now = self.ctx.now;
        let link = match &self.link {
            Link::Connecting(waiting) => waiting.next_tick(now),
            Link::Up | Link::Down(_) => None,
        };
        let waiting = match &self.screen {
            Screen::SignIn(screen) => screen.waiting,
            Screen::FirstRun(screen) => screen.waiting,
            Screen::ChooseAccount(screen) => screen.waiting,
            Screen::Main(main) => main.members.waiting,
        };
        let modal = self.modals.last().and_then(|modal| modal.next_tick(now));
        [link, waiting.next_tick(now), modal]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whom to tell of what others change, and where: whoever is in an account.
    pub fn watched(&self) -> Option<Seat> {
        match self.screen {
            Screen::Main(_) => self.ctx.seat(),
            _ => None,
        }
    }

    /// The main screen, when it is there.
    pub fn main_mut(&mut self) -> Option<&mut Main> {
        match &mut self.screen {
            Screen::Main(main) => Some(main),
            _ => None,
        }
    }

    /// The context shown in the footer: that of what has the focus.
    pub fn focus_context(&self) -> Context {
        self.contexts().first().copied().unwrap_or(Context::Global)
    }
}
