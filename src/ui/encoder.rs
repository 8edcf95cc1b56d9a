//! Cells as the bytes that draw them. Ratatui's own backend says both colours for every change of
//! style, and where each run of cells is by row and column; on a slow line that is half of a frame.

use super::theme::Erasing;
use crossterm::cursor::{MoveRight, MoveTo, MoveToColumn};
use crossterm::queue;
use crossterm::style::Colored;
use ratatui::backend::IntoCrossterm;
use ratatui::buffer::Cell;
use ratatui::style::Modifier;
use std::io::{self, Write};

/// Each attribute with its code (ECMA-48, SGR).
const ATTRIBUTES: [(Modifier, &str); 9] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::HIDDEN, "8"),
    (Modifier::CROSSED_OUT, "9"),
];
/// Takes every colour and attribute away.
const PLAIN: &str = "0";

/// A run of so many empty cells is erased rather than written (ECMA-48, ECH).
const ERASED: u16 = 12;

/// Appends what draws these cells. Before and after, text is written plainly.
pub(super) fn draw<'a>(
    out: &mut Vec<u8>,
    erasing: Erasing,
    cells: impl Iterator<Item = (u16, u16, &'a Cell)>,
) -> io::Result<()> {
    let cells: Vec<_> = cells.collect();
    let mut pen = Pen {
        look: Cell::EMPTY,
        here: None,
    };
    let mut rest = cells.as_slice();
    while let Some(((x, y, cell), others)) = rest.split_first() {
        pen.go(out, (*x, *y))?;
        let can_erase = erasing == Erasing::InColour || cell.bg == Cell::EMPTY.bg;
        let empty = if can_erase { empty_run(rest) } else { 0 };
        if empty >= ERASED {
            pen.restyle(out, cell)?;
            write!(out, "\x1b[{empty}X")?;
            rest = rest.get(usize::from(empty)..).unwrap_or_default();
            continue;
        }
        pen.restyle(out, cell)?;
        pen.write(out, cell.symbol());
        rest = others;
    }
    if !is_plain(&pen.look) {
        write!(out, "\x1b[{PLAIN}m")?;
    }
    Ok(())
}

/// How many cells from here on, side by side, have nothing in them but one background.
fn empty_run(cells: &[(u16, u16, &Cell)]) -> u16 {
    let Some((first, row, paper)) = cells.first() else {
        return 0;
    };
    let side_by_side = (*first..).zip(cells);
    let run = side_by_side.take_while(|(column, (x, y, cell))| {
        (column, row) == (x, y) && cell.symbol() == " " && is_invisible(cell, paper)
    });
    u16::try_from(run.count()).unwrap_or(u16::MAX)
}

/// Attributes that a blank shows.
const SHOWN: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Whether a blank of this style looks like a bare one of the other.
fn is_invisible(cell: &Cell, on: &Cell) -> bool {
    cell.bg == on.bg && !cell.modifier.intersects(SHOWN)
}

/// What the terminal would do with the next character.
struct Pen {
    look: Cell,
    /// Where it would go; not known at the start.
    here: Option<Place>,
}

/// A position, and whether the terminal is sure to agree that it is there: how wide a character is
/// that is not ASCII is its own opinion.
struct Place {
    at: (u16, u16),
    sure: bool,
}

impl Pen {
    fn go(&mut self, out: &mut Vec<u8>, (x, y): (u16, u16)) -> io::Result<()> {
        match &self.here {
            Some(here) if here.at == (x, y) => return Ok(()),
            Some(here) if here.at.1 == y => match x.checked_sub(here.at.0) {
                // One is what no number means.
                Some(1) if here.sure => out.extend_from_slice(b"\x1b[C"),
                Some(more) if here.sure => queue!(out, MoveRight(more))?,
                _ => queue!(out, MoveToColumn(x))?,
            },
            _ => queue!(out, MoveTo(x, y))?,
        }
        self.here = Some(Place {
            at: (x, y),
            sure: true,
        });
        Ok(())
    }

    fn write(&mut self, out: &mut Vec<u8>, symbol: &str) {
        out.extend_from_slice(symbol.as_bytes());
        if let Some(here) = &mut self.here {
            // Behind a wide one the next cell is one further on, and is gone to.
            here.at.0 += 1;
            here.sure &= symbol.is_ascii();
        }
    }

    /// Says what is different about the next cell's style, in one sequence.
    fn restyle(&mut self, out: &mut Vec<u8>, cell: &Cell) -> io::Result<()> {
        let look = &mut self.look;
        if cell.symbol() == " " && is_invisible(cell, look) && !look.modifier.intersects(SHOWN) {
            return Ok(());
        }
        let mut words = Vec::new();
        if !cell.modifier.contains(look.modifier) {
            words.push(PLAIN.to_owned());
            *look = Cell::EMPTY;
        }
        for (attribute, code) in ATTRIBUTES {
            if cell.modifier.contains(attribute) && !look.modifier.contains(attribute) {
                words.push(code.to_owned());
            }
        }
        if cell.fg != look.fg {
            words.push(Colored::ForegroundColor(cell.fg.into_crossterm()).to_string());
        }
        if cell.bg != look.bg {
            words.push(Colored::BackgroundColor(cell.bg.into_crossterm()).to_string());
        }
        if cell.underline_color != look.underline_color {
            let line = Colored::UnderlineColor(cell.underline_color.into_crossterm());
            words.push(line.to_string());
        }
        // Where colours are off, a colour has no words.
        words.retain(|word| !word.is_empty());
        if !words.is_empty() {
            write!(out, "\x1b[{}m", words.join(";"))?;
        }
        (look.modifier, look.fg, look.bg) = (cell.modifier, cell.fg, cell.bg);
        look.underline_color = cell.underline_color;
        Ok(())
    }
}

fn is_plain(look: &Cell) -> bool {
    let plain = &Cell::EMPTY;
    look.modifier == plain.modifier
        && (look.fg, look.bg, look.underline_color) == (plain.fg, plain.bg, plain.underline_color)
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::ui::theme::{Depth, Erasing, Styles};
    use proptest::prelude::*;
    use ratatui::backend::{Backend, CrosstermBackend};
    use ratatui::buffer::{Buffer, Cell};
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    const AREA: Rect = Rect::new(0, 0, 40, 4);

    fn picture(pieces: &[(u16, u16, String, usize)]) -> Buffer {
        let dark = include_str!("../../config/themes/dark.toml");
        let roles: Vec<Style> = Styles::parse(dark, Depth::Full)
            .unwrap()
            .roles()
            .into_iter()
            .map(|(_, style)| style)
            .collect();
        let mut buffer = Buffer::empty(AREA);
        for (x, y, text, role) in pieces {
            buffer.set_string(*x, *y, text, roles[role % roles.len()]);
        }
        buffer
    }

    /// What a terminal shows after these bytes: a blank has no ink.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut parser = vt100::Parser::new(AREA.height, AREA.width, 0);
        parser.process(bytes);
        let cell = |position: ratatui::layout::Position| {
            let cell = parser.screen().cell(position.y, position.x).unwrap();
            let (text, paper) = (cell.contents().trim_end(), cell.bgcolor());
            let lines = (cell.underline(), cell.inverse());
            if text.is_empty() && lines == (false, false) {
                format!("{paper:?}")
            } else {
                let ink = (cell.fgcolor(), cell.bold(), cell.italic(), cell.dim());
                format!("{text} {ink:?} {paper:?} {lines:?}")
            }
        };
        AREA.positions().map(cell).collect()
    }

    fn pieces() -> impl Strategy<Value = Vec<(u16, u16, String, usize)>> {
        let text = "[a-c ─│▸名é…]{1,8} {0,20}[ab ]";
        let piece = (0..AREA.width, 0..AREA.height, text, 0..21_usize);
        prop::collection::vec(piece, 0..8)
    }

    proptest! {
        #[test]
        fn it_draws_what_ratatui_s_backend_draws(before in pieces(), after in pieces()) {
            let (before, after) = (picture(&before), picture(&after));
            let frames: [Vec<(u16, u16, &Cell)>; 2] =
                [Buffer::empty(AREA).diff(&before), before.diff(&after)];
            let (mut bare, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
            for frame in frames {
                draw(&mut bare, Erasing::Bare, frame.iter().copied()).unwrap();
                draw(&mut ours, Erasing::InColour, frame.iter().copied()).unwrap();
                CrosstermBackend::new(&mut theirs).draw(frame.into_iter()).unwrap();
            }
            prop_assert!(ours.len() <= bare.len() && bare.len() <= theirs.len());
            prop_assert_eq!(shown(&ours), shown(&theirs));
            prop_assert_eq!(shown(&bare), shown(&theirs));
        }
    }
}
