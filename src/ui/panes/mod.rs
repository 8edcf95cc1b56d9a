//! The three panes of the main screen and which of them has the focus.

use super::action::Context;

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    Members,
    Invitations,
    Invite,
}

/// The main screen.
#[derive(Debug)]
pub struct Main {
    pub focus: Pane,
}

impl Main {
    /// The context of the pane with the focus.
    pub fn context(&self) -> Context {
        match self.focus {
            Pane::Members => Context::Members,
            Pane::Invitations => Context::Invitations,
            Pane::Invite => Context::Invite,
        }
    }
}
