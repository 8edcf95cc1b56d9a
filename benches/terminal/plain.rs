//! The reference: ratatui's own table with ratatui's own terminal, of the same size as the console's,
//! with the same columns in the same colours; `Down` moves the cursor, and there is nothing else in it.

#![expect(clippy::disallowed_types, reason = "the reference has no themes")]

use crossterm::{
    event::{self, Event, KeyCode},
    execute,
    terminal::{EnterAlternateScreen, enable_raw_mode},
};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    layout::{Constraint, Rect},
    style::{Color, Modifier, Style},
    widgets::{Block, Cell, Row, Table, TableState},
};
use std::{fs, io};

/// Where the console's member table stands on a screen of 120×40 with no invitation.
const AREA: Rect = Rect::new(0, 1, 120, 30);

/// The console's colour of all columns but the first.
const MUTED: Style = Style::new().fg(Color::Indexed(245));

/// Shows the rows of this file, their fields parted by tabs, until the terminal is gone.
pub(crate) fn run(file: &str) {
    let text = fs::read_to_string(file).unwrap();
    enable_raw_mode().unwrap();
    execute!(io::stdout(), EnterAlternateScreen).unwrap();
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout())).unwrap();
    let mut state = TableState::default().with_selected(Some(0));
    let highlight = Style::new()
        .bg(Color::Indexed(236))
        .add_modifier(Modifier::BOLD);
    loop {
        let rows = text.lines().map(|line| {
            let mut fields = line.split('\t').map(Cell::from);
            let address = fields.next().unwrap_or_default();
            Row::new(std::iter::once(address).chain(fields.map(|cell| cell.style(MUTED))))
        });
        let widths = [
            Constraint::Fill(1),
            Constraint::Length(12),
            Constraint::Length(18),
            Constraint::Length(14),
        ];
        let table = Table::new(rows, widths)
            .header(Row::new([
                "E-mail address",
                "Last login",
                "Role",
                "Actions",
            ]))
            .column_spacing(2)
            .block(Block::bordered().title(" 1,000 users "))
            .row_highlight_style(highlight)
            .highlight_symbol("▸ ");
        terminal
            .draw(|frame| frame.render_stateful_widget(table, AREA, &mut state))
            .unwrap();
        match event::read() {
            Ok(Event::Key(key)) if key.code == KeyCode::Down => state.select_next(),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
