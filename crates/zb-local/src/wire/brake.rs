//! What stops a whole server.

use std::{sync::Mutex, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{later::later, lock::lock};

/// Until when nothing moves.
#[derive(Debug, Default)]
pub(crate) struct Brake(Mutex<Option<Instant>>);

impl Brake {
    /// Holds everything from now on for this long, or longer where it is held already.
    pub(crate) fn hold(&self, lasting: Duration) {
        let until = later(lasting);
        let mut held = lock(&self.0);
        *held = (*held).max(Some(until));
    }

    /// When it lets go, if it holds.
    pub(super) fn held_until(&self) -> Option<Instant> {
        let mut held = lock(&self.0);
        if held.is_some_and(|until| until <= Instant::now()) {
            *held = None;
        }
        *held
    }

    /// Waits until it lets go.
    pub(crate) async fn released(&self) {
        while let Some(until) = self.held_until() {
            sleep_until(until).await;
        }
    }
}
