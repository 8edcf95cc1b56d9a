//! How many mails go out in a second: evenly, not in bursts, and nothing is saved up while there was
//! nothing to send.

use std::time::Duration;
use tokio::time::Instant;

/// The timer's grain: what it let pass by waking late may be caught up.
const GRAIN: Duration = Duration::from_millis(10);

/// Lets mails through at an even rate.
#[derive(Debug)]
pub struct Pace {
    /// From one mail to the next; zero where there is no limit.
    every: Duration,
    next: Instant,
}

impl Pace {
    /// So many mails a second; any number where that is not more than zero.
    pub fn new(rate: f64) -> Self {
        let every = if rate > 0.0 { 1.0 / rate } else { 0.0 };
        Self {
            every: Duration::try_from_secs_f64(every).unwrap_or_default(),
            next: Instant::now(),
        }
    }

    /// When the next mail may go.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Whether a mail may go now; then it is counted.
    pub fn go(&mut self) -> bool {
        let now = Instant::now();
        if self.every.is_zero() {
            return true;
        }
        if now < self.next {
            return false;
        }
        let earliest = now.checked_sub(GRAIN).unwrap_or(now);
        self.next = self.next.max(earliest) + self.every;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;
    use tokio::time::{Instant, advance, sleep_until};

    /// How many mails go in so many milliseconds, a millisecond at a time.
    async fn gone(pace: &mut Pace, milliseconds: u32) -> Vec<u32> {
        let mut gone = Vec::new();
        for _ in 0..milliseconds {
            advance(Duration::from_millis(1)).await;
            let mut now = 0;
            while now < 1000 && pace.go() {
                now += 1;
            }
            gone.push(now);
        }
        gone
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_evenly() {
        for rate in [10_u32, 100, 1_000, 5_000] {
            let mut pace = Pace::new(f64::from(rate));
            let gone = gone(&mut pace, 2_000).await;
            let total: u32 = gone.iter().sum();
            assert!(total.abs_diff(2 * rate) <= 1, "{rate}: {total}");
            let burst = gone.iter().max().unwrap();
            assert!(
                *burst <= (rate / 1_000).max(1) + 1,
                "{rate}: {burst} at once"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_saves_nothing_up() {
        let mut pace = Pace::new(100.0);
        assert!(pace.go());
        advance(Duration::from_mins(1)).await;
        let gone: u32 = gone(&mut pace, 100).await.iter().sum();
        assert!((10..=12).contains(&gone), "{gone} in a tenth of a second");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_next_is_enough() {
        let mut pace = Pace::new(4.0);
        let began = Instant::now();
        for _ in 0..8 {
            sleep_until(pace.next()).await;
            assert!(pace.go() && !pace.go());
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(1_700), "{took:?}");
        assert!(took <= Duration::from_millis(1_800), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        for rate in [0.0, -1.0, f64::NAN] {
            let mut pace = Pace::new(rate);
            assert!((0..10_000).all(|_| pace.go()), "{rate}");
        }
    }
}
