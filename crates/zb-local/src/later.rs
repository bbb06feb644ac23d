//! Moments, however far away.

use std::time::Duration;

use tokio::time::Instant;

/// As good as never, and still a moment that clocks can hold.
const FAR_AWAY: Duration = Duration::from_hours(24 * 365 * 30);

/// The moment after this long.
pub(crate) fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or_else(|| now + FAR_AWAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_wait_is_too_long() {
        assert_eq!(later(Duration::ZERO), Instant::now());
        assert!(later(Duration::MAX) > later(Duration::from_hours(24 * 365)));
    }
}
