//! A request for a token under way, and those who wait for it.

use tokio::sync::watch;

use crate::{Error, Lease, Outage};

/// What became of a request.
pub(crate) type Outcome = Result<Lease, Error>;

/// A request under way. Any number may wait for it; none of them carries it, so that who goes away
/// takes nothing along.
#[derive(Debug, Clone)]
pub(crate) struct Flight(watch::Receiver<Option<Outcome>>);

/// Tells those who wait. Dropped without a word, it tells them that nobody works on it any more.
#[derive(Debug)]
pub(crate) struct Pilot(watch::Sender<Option<Outcome>>);

/// A request to wait for, and who is to start it if nobody did.
#[must_use = "a pilot must be put to work"]
pub(crate) struct Boarding {
    pub(crate) flight: Flight,
    pub(crate) pilot: Option<Pilot>,
}

impl Flight {
    pub(crate) fn new() -> (Pilot, Self) {
        let (tell, hear) = watch::channel(None);
        (Pilot(tell), Self(hear))
    }

    /// Whether somebody works on it: a task ends with its runtime, or when the source panics.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.has_changed().is_ok()
    }

    /// Waits for the outcome.
    pub(crate) async fn landed(mut self) -> Outcome {
        let abandoned = || Err(Error::outage(Outage::Abandoned));
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(abandoned),
            Err(_) => abandoned(),
        }
    }
}

impl Pilot {
    pub(crate) fn land(self, outcome: Outcome) {
        // Nobody may be waiting.
        let _ = self.0.send(Some(outcome));
    }
}
