//! Size to areas, pure: `update` asks for page sizes and mouse hits, `view` for where to draw, and
//! both get the same answer.

use super::panes::Pane;
use ratatui::layout::Rect;

/// Smaller than this, the console only says so.
pub const MIN_WIDTH: u16 = 40;
/// Smaller than this, the console only says so.
pub const MIN_HEIGHT: u16 = 12;

/// From this height on, all panes stand open; below, only the one with the focus does.
const ROOMY: u16 = 20;
/// Frame, address, what is said about it, the choice with the button.
const INVITE_HEIGHT: u16 = 5;
/// A pane folded to its heading.
const FOLDED: u16 = 1;
/// At most so many invitations are seen at once while another pane has the focus.
const INVITATIONS_SEEN: u16 = 4;

/// The places of the main screen. An area of height 1 is a folded pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MainAreas {
    pub top: Rect,
    /// The error banner; empty when there is none.
    pub banner: Rect,
    pub members: Rect,
    pub invitations: Rect,
    pub invite: Rect,
    pub footer: Rect,
}

/// What the layout depends on besides the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MainShape {
    pub focus: Pane,
    pub invitations: usize,
    pub banner: Banner,
}

/// Whether the error banner is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Banner {
    Up,
    Down,
}

/// Whether the terminal is too small for anything but saying so.
pub fn too_small(area: Rect) -> bool {
    area.width < MIN_WIDTH || area.height < MIN_HEIGHT
}

/// The places of the main screen in `area`, from the bottom up, so that the invite pane is pinned.
pub fn main(area: Rect, shape: MainShape) -> MainAreas {
    let (invitations, invite) = heights(area.height, shape);
    let banner = u16::from(shape.banner == Banner::Up);
    let mut rest = area;
    let mut bottom = |height: u16| {
        let height = height.min(rest.height);
        rest.height -= height;
        Rect {
            y: rest.bottom(),
            height,
            ..rest
        }
    };
    let footer = bottom(1);
    let invite = bottom(invite);
    let invitations = bottom(invitations);
    let top = Rect {
        height: rest.height.min(1),
        ..rest
    };
    let banner = Rect {
        y: top.bottom(),
        height: banner.min(rest.height.saturating_sub(1)),
        ..rest
    };
    let members = Rect {
        y: banner.bottom(),
        height: rest.bottom().saturating_sub(banner.bottom()),
        ..rest
    };
    MainAreas {
        top,
        banner,
        members,
        invitations,
        invite,
        footer,
    }
}

/// The heights of the two lower panes.
fn heights(height: u16, shape: MainShape) -> (u16, u16) {
    let listed = u16::try_from(shape.invitations).unwrap_or(u16::MAX).max(1);
    if height < ROOMY {
        return match shape.focus {
            Pane::Members => (FOLDED, FOLDED),
            Pane::Invitations => (
                listed.saturating_add(2).min(height.saturating_sub(7)),
                FOLDED,
            ),
            Pane::Invite => (FOLDED, INVITE_HEIGHT),
        };
    }
    let room = height.saturating_sub(INVITE_HEIGHT + 2);
    let most = if shape.focus == Pane::Invitations {
        room / 2
    } else {
        (room / 3).min(INVITATIONS_SEEN + 2)
    };
    (listed.saturating_add(2).min(most.max(3)), INVITE_HEIGHT)
}

/// What is inside a pane's frame, with a column of padding at each side.
pub fn inside(pane: Rect) -> Rect {
    Rect {
        x: pane.x.saturating_add(2).min(pane.right()),
        y: pane.y.saturating_add(1).min(pane.bottom()),
        width: pane.width.saturating_sub(4),
        height: pane.height.saturating_sub(2),
    }
}

/// The rows of a table inside a pane: everything below the headings.
pub fn rows(pane: Rect) -> Rect {
    let inside = inside(pane);
    Rect {
        y: inside.y.saturating_add(1).min(inside.bottom()),
        height: inside.height.saturating_sub(1),
        ..inside
    }
}

#[cfg(test)]
mod tests {
    use super::{Banner, MainShape, main};
    use crate::ui::panes::Pane;
    use ratatui::layout::Rect;

    #[test]
    fn the_areas_tile_the_screen_at_every_size() {
        for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 50), (40, 13), (41, 19)] {
            for focus in [Pane::Members, Pane::Invitations, Pane::Invite] {
                for (invitations, banner) in [(0, Banner::Down), (3, Banner::Up), (500, Banner::Up)]
                {
                    let shape = MainShape {
                        focus,
                        invitations,
                        banner,
                    };
                    let areas = main(Rect::new(0, 0, width, height), shape);
                    let order = [
                        areas.top,
                        areas.banner,
                        areas.members,
                        areas.invitations,
                        areas.invite,
                        areas.footer,
                    ];
                    for pair in order.windows(2) {
                        assert_eq!(
                            pair[0].bottom(),
                            pair[1].y,
                            "{shape:?} {width}x{height} {areas:?}"
                        );
                    }
                    assert_eq!(areas.footer.bottom(), height);
                    assert!(
                        areas.members.height >= 3,
                        "{shape:?} {width}x{height} {areas:?}"
                    );
                }
            }
        }
    }
}
