//! Opening a stream: the first one, before there is a lane, and another when one is lost.

use std::sync::Arc;

use crate::{Error, plan::Plan, sdk::Stream, shared::Shared};

use super::{
    Attempts, Delivery, Line,
    verdict::{Lost, tell_loss},
};

/// Opens the first stream of a sender, within the bounds of the retry policy.
pub(crate) async fn first_stream(
    shared: &Shared,
    line: &Arc<Line>,
    plan: &Plan,
) -> Result<Stream, Error> {
    let mut attempts = Attempts::default();
    loop {
        match shared.open(line, plan).await {
            Ok(stream) => {
                line.progress();
                return Ok(stream);
            }
            Err(error) => {
                let verdict = attempts.verdict(&error, &line.pace);
                tell_loss(shared, &error, &verdict, 0);
                attempts.note(&verdict, error, &line.pace)?;
            }
        }
    }
}

impl Delivery {
    /// Opens a stream if there is none. One attempt; whoever asks again is paced by the hook.
    pub(super) async fn stream(&mut self) -> Result<&Stream, Lost> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let opening = true;
                let lost = |error| Lost { error, opening };
                self.plan = self.shared.plans.renew().await.map_err(lost)?;
                let opened = self.shared.open(&self.line, &self.plan).await;
                let stream = opened.map_err(lost)?;
                self.line.alive();
                stream
            }
        };
        Ok(self.stream.insert(stream))
    }
}
