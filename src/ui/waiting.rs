//! Waiting for an answer: when it began, and whether it has lasted long enough to be worth a spinner.

use jiff::{SignedDuration, Timestamp};

const PATIENCE: SignedDuration = SignedDuration::from_millis(150);
const FRAME: SignedDuration = SignedDuration::from_millis(120);
const FRAMES: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];

/// The state of one request: idle, or waiting since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting(Option<Timestamp>);

impl Waiting {
    /// A request went out now.
    pub fn begin(&mut self, now: Timestamp) {
        self.0.get_or_insert(now);
    }

    /// The answer is there.
    pub fn end(&mut self) {
        self.0 = None;
    }

    /// Whether a request is out.
    pub fn is_on(self) -> bool {
        self.0.is_some()
    }

    /// The spinner's picture; none before 150 ms have passed.
    pub fn spinner(self, now: Timestamp) -> Option<&'static str> {
        let waited = now.duration_since(self.0?);
        if waited < PATIENCE {
            return None;
        }
        let frame = usize::try_from(waited.as_millis() / FRAME.as_millis()).unwrap_or(0);
        FRAMES.get(frame % FRAMES.len()).copied()
    }

    /// When the picture changes next.
    pub fn next_tick(self, now: Timestamp) -> Option<Timestamp> {
        let since = self.0?;
        if now.duration_since(since) < PATIENCE {
            since.checked_add(PATIENCE).ok()
        } else {
            now.checked_add(FRAME).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Waiting;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_quick_answer_shows_no_spinner() {
        let start = Timestamp::UNIX_EPOCH;
        let mut waiting = Waiting::default();
        waiting.begin(start);
        let at = |ms| start + SignedDuration::from_millis(ms);
        assert_eq!(waiting.spinner(at(149)), None);
        assert!(waiting.spinner(at(150)).is_some());
        assert_eq!(waiting.next_tick(at(10)), Some(at(150)));
        waiting.end();
        assert_eq!(waiting.next_tick(at(200)), None);
    }
}
