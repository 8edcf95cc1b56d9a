//! Frames on their way to the terminal: gathered, and handed over whole in one write(2) inside a
//! synchronized update. A frame that changes nothing writes nothing.
//!
//! The marks of a synchronized update are a private mode (DECSET 2026): terminals that do not know it
//! ignore it, as they do every private mode they do not know, so nobody has to be asked first.

use super::encoder;
use super::theme::Erasing;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::io::{self, Write};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Ratatui's backend on a terminal that gets each frame whole.
pub(super) struct Frames<W: Write> {
    out: W,
    erasing: Erasing,
    /// The frame so far.
    bytes: Vec<u8>,
    /// Where the cursor is seen; it is hidden at the start.
    seen: Option<Position>,
    /// Whether it is to be seen after this frame.
    shown: bool,
    /// Where ratatui has put it.
    at: Position,
}

impl<W: Write> Frames<W> {
    pub(super) fn new(out: W, erasing: Erasing) -> Self {
        Self {
            out,
            erasing,
            bytes: Vec::with_capacity(16 * 1024),
            seen: None,
            shown: false,
            at: Position::ORIGIN,
        }
    }

    /// Hands the frame over.
    pub(super) fn send(&mut self) -> io::Result<()> {
        let (at, to_be_seen) = (self.at, self.shown.then_some(self.at));
        // Drawing has moved it.
        let stays = self.bytes.is_empty() && to_be_seen == self.seen;
        match (to_be_seen, self.seen) {
            (Some(_), _) if stays => {}
            (Some(_), Some(_)) => queue!(self.bytes, MoveTo(at.x, at.y))?,
            (Some(_), None) => queue!(self.bytes, MoveTo(at.x, at.y), Show)?,
            (None, Some(_)) => queue!(self.bytes, Hide)?,
            (None, None) => {}
        }
        self.seen = to_be_seen;
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.bytes.splice(0..0, BEGIN.iter().copied());
        self.bytes.extend_from_slice(END);
        let sent = self.out.write_all(&self.bytes);
        self.bytes.clear();
        sent.and_then(|()| self.out.flush())
    }

    /// Writes what is no part of a frame.
    pub(super) fn say(&mut self, words: &impl crossterm::Command) -> io::Result<()> {
        let mut bytes = Vec::new();
        queue!(bytes, words)?;
        self.out.write_all(&bytes)?;
        self.out.flush()
    }

    /// Ratatui's own backend, at the end of the frame.
    fn plain(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl<W: Write> Backend for Frames<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        encoder::draw(&mut self.bytes, self.erasing, content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.shown = false;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.shown = true;
        Ok(())
    }

    /// Asked of nobody: an answer would come in among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.at = position.into();
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.plain().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let at = self.at;
        self.plain().set_cursor_position(at)?;
        self.plain().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(super::terminal::area().as_size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.plain().window_size()
    }

    /// Not before the frame is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, Erasing, Frames};
    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};
    use std::io::{self, Write};

    /// Counts the writes that would be system calls.
    #[derive(Default)]
    struct Calls(Vec<Vec<u8>>);

    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal() -> Terminal<Frames<Calls>> {
        let viewport = Viewport::Fixed(Rect::new(0, 0, 200, 100));
        let frames = Frames::new(Calls::default(), Erasing::Bare);
        Terminal::with_options(frames, TerminalOptions { viewport }).unwrap()
    }

    fn draw(terminal: &mut Terminal<Frames<Calls>>, text: &str, cursor: Option<(u16, u16)>) {
        let drawn = terminal.draw(|frame| {
            frame.render_widget(text, frame.area());
            if let Some(at) = cursor {
                frame.set_cursor_position(at);
            }
        });
        drawn.unwrap();
        terminal.backend_mut().send().unwrap();
    }

    fn calls(terminal: &mut Terminal<Frames<Calls>>) -> Vec<Vec<u8>> {
        std::mem::take(&mut terminal.backend_mut().out.0)
    }

    #[test]
    fn a_frame_is_one_write_inside_a_synchronized_update() {
        let mut terminal = terminal();
        let large = "x".repeat(200).repeat(100);
        draw(&mut terminal, &large, Some((3, 4)));
        let calls = calls(&mut terminal);
        assert_eq!(calls.len(), 1);
        assert!(calls[0].starts_with(BEGIN) && calls[0].ends_with(END));
        let text = String::from_utf8(calls[0].clone()).unwrap();
        assert!(
            text.contains("\x1b[5;4H\x1b[?25h"),
            "the cursor is put and shown"
        );
    }

    #[test]
    fn a_frame_that_changes_nothing_writes_nothing() {
        let mut terminal = terminal();
        for cursor in [None, Some((3, 4))] {
            draw(&mut terminal, "the same", cursor);
            assert!(calls(&mut terminal).len() <= 1);
            draw(&mut terminal, "the same", cursor);
            assert_eq!(calls(&mut terminal), Vec::<Vec<u8>>::new(), "{cursor:?}");
        }
    }

    #[test]
    fn a_cursor_that_moves_or_goes_is_told() {
        let mut terminal = terminal();
        draw(&mut terminal, "text", Some((3, 4)));
        calls(&mut terminal);
        draw(&mut terminal, "text", Some((2, 4)));
        let moved = [BEGIN, b"\x1b[5;3H", END].concat();
        assert_eq!(calls(&mut terminal), [moved]);
        draw(&mut terminal, "text", None);
        assert_eq!(calls(&mut terminal), [[BEGIN, b"\x1b[?25l", END].concat()]);
    }
}
