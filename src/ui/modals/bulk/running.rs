//! Work under way: how far it is, how fast, and how long it will still take.

use super::plan::counted;
use crate::ui::effect::Progress;
use crate::ui::theme::Styles;
use crate::ui::widgets::progress_bar;
use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// After so long without news, the silence is said.
const SILENCE: SignedDuration = SignedDuration::from_secs(3);
/// Time left and silence are told anew so often.
const TICK: SignedDuration = SignedDuration::from_secs(1);

/// The state of the work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    began: Timestamp,
    heard: Timestamp,
    progress: Progress,
    pub(super) ending: Ending,
}

/// Whether somebody asked to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    No,
    /// After the batch that is under way.
    Asked,
    /// At once, on the server.
    Forced,
}

impl Running {
    pub(super) fn new(total: usize, now: Timestamp) -> Self {
        Self {
            began: now,
            heard: now,
            progress: Progress { done: 0, total },
            ending: Ending::No,
        }
    }

    pub(super) fn on_progress(&mut self, progress: Progress, now: Timestamp) {
        self.progress = progress;
        self.heard = now;
    }

    pub(super) fn next_tick(now: Timestamp) -> Option<Timestamp> {
        now.checked_add(TICK).ok()
    }

    /// `1,250 of 10,000 · 830 a second · 11 s left`.
    fn words(&self, now: Timestamp) -> String {
        let Progress { done, total } = self.progress;
        let mut words = format!("{done} of {}", counted(total, "row"));
        let took = now.duration_since(self.began).as_millis().max(1);
        if let Some(rate) = per_second(done, took) {
            words.extend([" · ", &rate.to_string(), " a second"]);
        }
        if let Some(left) = left(self.progress, took) {
            words.extend([" · ", &left, " left"]);
        }
        words
    }

    fn note(&self, now: Timestamp) -> Option<&'static str> {
        let silent = now.duration_since(self.heard) >= SILENCE;
        match (self.ending, silent) {
            (Ending::Forced, _) => Some("Ending it on the server …"),
            (Ending::Asked, true) => {
                Some("The database has not answered for a while; Esc once more ends it there")
            }
            (Ending::Asked, false) => Some("Ends after the rows that are being written"),
            (Ending::No, true) => {
                Some("The database has not answered for a while; Esc stops waiting")
            }
            (Ending::No, false) => None,
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, styles: &Styles, now: Timestamp) {
        let [bar, _, words, note] = ratatui::layout::Layout::vertical([1; 4]).areas(area);
        let Progress { done, total } = self.progress;
        progress_bar::draw(frame, bar, (done, total), styles);
        frame.render_widget(Line::styled(self.words(now), styles.text), words);
        let (said, style) = match self.note(now) {
            Some(said) => (said, styles.warning),
            None => (
                "Esc ends it after the rows that are being written",
                styles.muted,
            ),
        };
        frame.render_widget(Line::styled(said, style), note);
    }
}

fn per_second(done: usize, took: i128) -> Option<i128> {
    let done = i128::try_from(done).ok().filter(|done| *done > 0)?;
    Some((done * 1000 / took).max(1))
}

/// How long the rest will take at this rate.
fn left(Progress { done, total }: Progress, took: i128) -> Option<String> {
    let rest = i128::try_from(total.saturating_sub(done)).ok()?;
    let done = i128::try_from(done).ok().filter(|done| *done > 0)?;
    let seconds = (rest * took / done + 999) / 1000;
    Some(match seconds {
        0 => return None,
        1..120 => format!("{seconds} s"),
        _ => format!("{} min", (seconds + 59) / 60),
    })
}

#[cfg(test)]
mod tests {
    use super::{Ending, Running};
    use crate::ui::effect::Progress;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn rate_and_time_left_follow_from_what_was_done() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let mut running = Running::new(1000, start);
        assert_eq!(running.words(start), "0 of 1000 rows");
        let quarter = Progress {
            done: 250,
            total: 1000,
        };
        running.on_progress(quarter, at(2));
        assert_eq!(
            running.words(at(2)),
            "250 of 1000 rows · 125 a second · 6 s left"
        );
        assert_eq!(running.note(at(4)), None);
        assert!(running.note(at(5)).unwrap().contains("not answered"));
        running.ending = Ending::Asked;
        assert!(running.note(at(4)).unwrap().contains("Ends after"));
        let whole = Progress {
            done: 1000,
            total: 1000,
        };
        running.on_progress(whole, at(8));
        assert_eq!(running.words(at(8)), "1000 of 1000 rows · 125 a second");
    }
}
