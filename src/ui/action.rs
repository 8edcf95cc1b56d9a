//! Everything that a key, a button or a menu entry can ask for: one enum and one table.
//!
//! Help, footer, keymap and the README's key table all come from [`ACTIONS`]. What an action does
//! stands in `update.rs` and the pane or modal concerned, not here.

/// A thing that a person can ask the console to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Quit,
    Help,
    Retry,
    Back,
    Confirm,
    Toggle,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Next,
    Previous,
    OpenProfile,
    OpenInvite,
    Search,
    GoTo,
    CycleSort,
    ReverseSort,
    CountExactly,
    SetGrant,
    RemoveMember,
    OfferOwnership,
    RestoreMember,
    MarkMember,
    MarkRange,
    MarkEverybody,
    UnmarkAll,
    InviteSeveral,
    NextFault,
    DropLine,
    MemberHistory,
    ResendInvitation,
    CancelInvitation,
    EditInvitation,
    RevealLink,
    CopyCommand,
    UserManagement,
    SwitchAccount,
    MyDetails,
    ChangePassword,
    LoginLog,
    MySessions,
    SecondFactor,
    AcceptOwnership,
    SignOut,
}

/// Where a key means something. The console looks a key up in the most specific context first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere.
    Global,
    /// The main screen, whichever pane has the focus.
    Main,
    /// The member table.
    Members,
    /// The pending invitations.
    Invitations,
    /// The pane "Invite New User".
    Invite,
    /// The search line of the member table.
    Search,
    /// Sign-in, first run, account choice.
    Screen,
    /// Any dialog.
    Dialog,
    /// The review before a write.
    Review,
    /// The box for several addresses.
    List,
}

impl Context {
    /// All contexts, in the order in which help lists them.
    pub const ALL: [Self; 10] = [
        Self::Members,
        Self::Invitations,
        Self::Invite,
        Self::Search,
        Self::Main,
        Self::List,
        Self::Review,
        Self::Dialog,
        Self::Screen,
        Self::Global,
    ];

    /// The table's name in `keymap.toml`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Main => "main",
            Self::Members => "members",
            Self::Invitations => "invitations",
            Self::Invite => "invite",
            Self::Search => "search",
            Self::Screen => "screen",
            Self::Dialog => "dialog",
            Self::Review => "review",
            Self::List => "list",
        }
    }

    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Main => "Main screen",
            Self::Members => "Users",
            Self::Invitations => "Pending invitations",
            Self::Invite => "Invite New User",
            Self::Search => "Search",
            Self::Screen => "Sign-in and set-up",
            Self::Dialog => "Dialogs",
            Self::Review => "Review",
            Self::List => "Several addresses",
        }
    }
}

/// Whether the footer names an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footer {
    Shown,
    Hidden,
}

/// Whether an action takes something away; such actions wear the danger colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    None,
    Takes,
}

/// What is known about an action.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub action: Action,
    /// The name in `keymap.toml`.
    pub id: &'static str,
    /// A line for the help and the menus.
    pub title: &'static str,
    /// One or two words for the footer.
    pub hint: &'static str,
    /// Where the action may be bound.
    pub contexts: &'static [Context],
    pub footer: Footer,
    pub danger: Danger,
}

const fn entry(
    action: Action,
    id: &'static str,
    words: (&'static str, &'static str),
    contexts: &'static [Context],
) -> Entry {
    Entry {
        action,
        id,
        title: words.0,
        hint: words.1,
        contexts,
        footer: Footer::Hidden,
        danger: Danger::None,
    }
}

impl Entry {
    const fn shown(mut self) -> Self {
        self.footer = Footer::Shown;
        self
    }

    const fn takes(mut self) -> Self {
        self.danger = Danger::Takes;
        self
    }
}

use Context::{Dialog, Global, Invitations, Invite, List, Main, Members, Review, Screen, Search};

const EVERY: &[Context] = &[
    Global,
    Main,
    Members,
    Invitations,
    Invite,
    Search,
    Screen,
    Dialog,
    Review,
    List,
];
const LISTS: &[Context] = &[Members, Invitations, Main, Screen, Dialog, Global];

/// The one table of actions, in the order in which help and footer show them.
#[rustfmt::skip]
pub const ACTIONS: &[Entry] = &[
    entry(Action::SetGrant, "set-grant", ("Manage permissions of the selected user", "manage"), &[Members]).shown(),
    entry(Action::RemoveMember, "remove-member", ("Remove access of the selected user", "remove"), &[Members]).shown().takes(),
    entry(Action::OfferOwnership, "offer-ownership", ("Offer ownership to the selected user", "offer ownership"), &[Members]),
    entry(Action::MemberHistory, "member-history", ("What happened to the selected user", "history"), &[Members, Review]),
    entry(Action::RestoreMember, "restore-member", ("Take back my last removal or change", "undo"), &[Members, Main]),
    entry(Action::EditInvitation, "edit-invitation", ("Edit the permissions of the selected invitation", "edit"), &[Invitations]).shown(),
    entry(Action::ResendInvitation, "resend-invitation", ("Resend the selected invitation with a new link", "resend"), &[Invitations, Invite]).shown(),
    entry(Action::CancelInvitation, "cancel-invitation", ("Cancel the selected invitation", "cancel"), &[Invitations]).shown().takes(),
    entry(Action::RevealLink, "reveal-link", ("Show the one-time link (recorded in the audit log)", "link"), &[Invitations]).shown(),
    entry(Action::CopyCommand, "copy-command", ("Copy the equivalent command", "copy command"), &[Review]).shown(),
    entry(Action::OpenInvite, "open-invite", ("Invite a new user", "invite"), &[Main]).shown(),
    entry(Action::Search, "search", ("Search users by address or name", "search"), &[Main, Members]).shown(),
    entry(Action::CycleSort, "cycle-sort", ("Sort by the next column", "sort"), &[Members]).shown(),
    entry(Action::ReverseSort, "reverse-sort", ("Reverse the order", "reverse"), &[Members]),
    entry(Action::InviteSeveral, "invite-several", ("Invite several: a list of addresses", "several"), &[Main, Invite]),
    entry(Action::NextFault, "next-fault", ("To the next line that can't be sent", "next fault"), &[List]).shown(),
    entry(Action::DropLine, "drop-line", ("Take the line out", "take out"), &[List]).shown(),
    entry(Action::OpenProfile, "open-profile", ("Open the profile menu", "profile"), &[Main]),
    entry(Action::UserManagement, "user-management", ("User Management", "users"), &[Main]),
    entry(Action::SwitchAccount, "switch-account", ("Switch account", "accounts"), &[Main]),
    entry(Action::MyDetails, "my-details", ("My details", "details"), &[Main]),
    entry(Action::ChangePassword, "change-password", ("Change password", "password"), &[Main]),
    entry(Action::LoginLog, "login-log", ("Login log", "logins"), &[Main]),
    entry(Action::MySessions, "my-sessions", ("My sessions", "sessions"), &[Main]),
    entry(Action::SecondFactor, "second-factor", ("Second factor", "second factor"), &[Main]),
    entry(Action::AcceptOwnership, "accept-ownership", ("Become an owner", "become owner"), &[Main]),
    entry(Action::SignOut, "sign-out", ("Sign out", "sign out"), &[Main]),
    entry(Action::Confirm, "confirm", ("Go ahead, or press what has the focus", "ok"), EVERY),
    entry(Action::Toggle, "toggle", ("Tick, untick, or press what has the focus", "tick"), EVERY),
    entry(Action::Up, "up", ("Up", "up"), EVERY),
    entry(Action::Down, "down", ("Down", "down"), EVERY),
    entry(Action::Left, "left", ("Left", "left"), EVERY),
    entry(Action::Right, "right", ("Right", "right"), EVERY),
    entry(Action::PageUp, "page-up", ("A page up", "page up"), LISTS),
    entry(Action::PageDown, "page-down", ("A page down", "page down"), LISTS),
    entry(Action::First, "first", ("To the first row", "first"), LISTS),
    entry(Action::Last, "last", ("To the last row", "last"), LISTS),
    entry(Action::Next, "next", ("Next pane or field", "next"), EVERY),
    entry(Action::Previous, "previous", ("Previous pane or field", "previous"), EVERY),
    entry(Action::Back, "back", ("Back, close, or leave the search", "back"), EVERY),
    entry(Action::Retry, "retry", ("Try again after an error", "retry"), EVERY),
    entry(Action::Help, "help", ("Help", "help"), EVERY).shown(),
    entry(Action::Quit, "quit", ("Quit (Ctrl-C works everywhere)", "quit"), EVERY).shown(),
    // Named where the footer has room for more.
    entry(Action::GoTo, "go-to", ("Go to the first address that begins as typed", "go to"), &[Members]).shown(),
    entry(Action::CountExactly, "count-exactly", ("Count exactly who matches, and the cursor's place", "count"), &[Members]),
    entry(Action::MarkMember, "mark-member", ("Mark or unmark the selected user, and go on", "mark"), &[Members]).shown(),
    entry(Action::MarkRange, "mark-range", ("Mark from the user marked last to the selected one", "mark range"), &[Members]),
    entry(Action::MarkEverybody, "mark-everybody", ("Mark everybody whom the list shows, or the search has found", "mark all"), &[Members]),
    entry(Action::UnmarkAll, "unmark-all", ("Take all marks away", "unmark all"), &[Members]).shown(),
];

impl Action {
    /// The row of the table; every action has one, which a test holds.
    pub fn entry(self) -> Option<&'static Entry> {
        ACTIONS.iter().find(|entry| entry.action == self)
    }

    /// The line for menus and help.
    pub fn title(self) -> &'static str {
        self.entry().map_or("", |entry| entry.title)
    }

    /// The action called `id` in `keymap.toml`.
    pub fn from_id(id: &str) -> Option<Self> {
        ACTIONS
            .iter()
            .find(|entry| entry.id == id)
            .map(|e| e.action)
    }
}
