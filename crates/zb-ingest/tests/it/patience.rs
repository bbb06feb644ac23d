//! Waiting for something to become true, for a while and no longer.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// What takes longer than this does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        sleep(Duration::from_millis(2)).await;
    }
}
