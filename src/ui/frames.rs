//! Frames on their way to the terminal: gathered, and handed over whole in one write(2) inside a
//! synchronized update. A frame that changes nothing writes nothing.
//!
//! The marks of a synchronized update are a private mode (DECSET 2026): terminals that do not know it
//! ignore it, as they do every private mode they do not know, so nobody has to be asked first.

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::io::{self, Write};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// How ratatui leaves the colours after drawing, and what does the same.
const RESETS: (&[u8], &[u8]) = (b"\x1b[39m\x1b[49m\x1b[59m\x1b[0m", b"\x1b[0m");

/// Ratatui's backend on a terminal that gets each frame whole.
pub(super) struct Frames<W: Write> {
    out: W,
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
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
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

    /// Ratatui's own encoder, at the end of the frame.
    fn encoder(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl<W: Write> Backend for Frames<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.encoder().draw(content)?;
        if self.bytes.ends_with(RESETS.0) {
            self.bytes.truncate(self.bytes.len() - RESETS.0.len());
            self.bytes.extend_from_slice(RESETS.1);
        }
        Ok(())
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
        self.encoder().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let at = self.at;
        self.encoder().set_cursor_position(at)?;
        self.encoder().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(super::terminal::area().as_size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.encoder().window_size()
    }

    /// Not before the frame is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
