//! A write whose answer was lost is asked for again under its own command id, which does nothing twice.

use super::{Result, ServiceError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an answer is asked for before the person is told that it is not known.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs a write until it is known what became of it: done, this time or the first, or refused. `write`
/// must use the same command id each time.
///
/// # Errors
/// Those of the write; [`ServiceError::Unknown`] where the database did not come back in time: it may have
/// been done or not.
pub async fn until_known<T, F>(write: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let began = Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut lost = false;
    loop {
        match write().await {
            Err(ServiceError::Unavailable(words)) if began.elapsed() < PATIENCE => {
                lost = true;
                tracing::warn!(words, "asking what became of a write");
                sleep(pause).await;
                pause *= 2;
            }
            Err(ServiceError::Unavailable(_) | ServiceError::Stopped) if lost => {
                return Err(ServiceError::Unknown);
            }
            other => return other,
        }
    }
}
