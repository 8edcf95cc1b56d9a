//! When a deferred mail is tried again: after 1, 5, 15, 30, 60 minutes, then every hour, with up to a
//! tenth more, so that a thousand mails do not come back at once.

use std::time::Duration;

const MINUTES: [u64; 5] = [1, 5, 15, 30, 60];

/// The wait after the `attempts`-th try; `jitter` is from 0 to 1.
pub fn wait(attempts: i32, jitter: f64) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    let minutes = MINUTES.get(index).copied().unwrap_or(60);
    Duration::from_mins(minutes).mul_f64(1.0 + 0.1 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::wait;
    use std::time::Duration;

    #[test]
    fn waits_grow_to_an_hour() {
        let plain: Vec<u64> = (1..8)
            .map(|attempt| wait(attempt, 0.0).as_secs() / 60)
            .collect();
        assert_eq!(plain, [1, 5, 15, 30, 60, 60, 60]);
        assert_eq!(wait(i32::MIN, 0.0), Duration::from_mins(1));
        assert_eq!(wait(1, 9.0), Duration::from_secs(66));
    }
}
