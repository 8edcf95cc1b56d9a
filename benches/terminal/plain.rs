//! The reference: ratatui's own table with ratatui's own terminal, of the same size and columns as the
//! console's, with the cursor moved by `Down` and nothing else in it.

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
    widgets::{Block, Row, Table, TableState},
};
use std::io;

/// Where the console's member table stands on a screen of 120×40 with no invitation.
const AREA: Rect = Rect::new(0, 1, 120, 30);

/// Runs until the terminal is gone.
pub(crate) fn run() {
    enable_raw_mode().unwrap();
    execute!(io::stdout(), EnterAlternateScreen).unwrap();
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout())).unwrap();
    let mut state = TableState::default().with_selected(Some(0));
    let highlight = Style::new()
        .bg(Color::Indexed(236))
        .add_modifier(Modifier::BOLD);
    loop {
        let rows = (1..=1000).map(|n: usize| {
            let login = format!("{} d ago", 2 + n * 7919 % 28);
            Row::new([
                format!("user{n:09}@example.com"),
                login,
                "○ Custom · 2 of 13".to_owned(),
                "Manage  Remove".to_owned(),
            ])
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
