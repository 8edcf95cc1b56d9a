//! A bar on the terminal while rows are being worked on: how far, how fast, how long it will take.

use super::output::Format;
use crate::domain::grouped;
use crate::service::Progress;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Columns of the bar itself.
const WIDTH: usize = 24;

/// One line of standard error, drawn over and over; nothing where that is no terminal.
pub struct Bar {
    began: Instant,
    shown: bool,
    drawn: usize,
}

impl Bar {
    /// A bar for a person; scripts get none.
    pub fn start(format: Format) -> Self {
        Self {
            began: Instant::now(),
            shown: format == Format::Plain && io::stderr().is_terminal(),
            drawn: 0,
        }
    }

    /// Draws how far it is.
    pub fn draw(&mut self, progress: Progress) {
        if !self.shown {
            return;
        }
        let line = line(progress, self.began.elapsed());
        self.over(&line);
    }

    /// Takes the bar away.
    pub fn end(mut self) {
        if self.shown {
            self.over("");
            // Nobody may be left to see it.
            io::stderr().write_all(b"\r").ok();
        }
    }

    /// Writes a line over the one before, blanks over what is left of that: any terminal can do it.
    fn over(&mut self, line: &str) {
        let width = line.chars().count();
        let rest = self.drawn.saturating_sub(width);
        self.drawn = width;
        let mut err = io::stderr().lock();
        // Nobody may be left to see it.
        write!(err, "\r{line}{:rest$}", "").ok();
        err.flush().ok();
    }
}

/// `[######------------------] 25,000 of 100,000 · 5,000 a second · 0:15 left`.
fn line(progress: Progress, elapsed: Duration) -> String {
    let Progress { done, total } = progress;
    let full = (done * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let bar = format!(
        "{}{}",
        "#".repeat(full),
        "-".repeat(WIDTH - full.min(WIDTH))
    );
    let head = format!("[{bar}] {} of {}", grouped(done), grouped(total));
    let millis = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
    let Some(rate) = done
        .saturating_mul(1000)
        .checked_div(millis)
        .filter(|rate| *rate > 0)
    else {
        return head;
    };
    let left = (total - done) / rate;
    format!(
        "{head} · {} a second · {}:{:02} left",
        grouped(rate),
        left / 60,
        left % 60
    )
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::domain::grouped;
    use crate::service::Progress;
    use std::time::Duration;

    #[test]
    fn it_says_how_far_how_fast_and_how_long() {
        let quarter = Progress {
            done: 25_000,
            total: 100_000,
        };
        assert_eq!(
            line(quarter, Duration::from_secs(5)),
            "[######------------------] 25,000 of 100,000 · 5,000 a second · 0:15 left"
        );
        let all = Progress { done: 7, total: 7 };
        assert_eq!(
            line(all, Duration::ZERO),
            "[########################] 7 of 7"
        );
        let slow = Progress {
            done: 1,
            total: 601,
        };
        assert!(line(slow, Duration::from_secs(1)).ends_with("1 a second · 10:00 left"));
    }

    #[test]
    fn numbers_are_grouped() {
        let grouped: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }
}
