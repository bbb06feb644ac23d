//! What a lane waits for, and does in turn: requests come, acknowledgements come, or the service is
//! silent.

use crate::{Code, Error, Status, sdk::Waited};

use super::{Delivery, Queued, verdict::Lost};

/// What woke the lane.
enum Woken {
    Came(Queued),
    /// No more will come.
    Ended,
    Waited(Result<Waited, Error>),
    Silent,
}

impl Delivery {
    /// Hands over and settles until the stream is lost, or the queue has ended and nothing is in
    /// flight.
    pub(super) async fn flow(&mut self) -> Result<(), Lost> {
        if !self.in_flight.is_empty() {
            self.send_again().await?;
        }
        let mut ended = false;
        loop {
            if ended && self.in_flight.is_empty() {
                return Ok(());
            }
            match self.woken(ended).await {
                Woken::Came(queued) => self.hand_over(queued).await?,
                Woken::Ended => ended = true,
                Woken::Waited(Ok(Waited::NotYet)) => {}
                Woken::Waited(Ok(Waited::Acknowledged)) => self.acknowledge_oldest(),
                Woken::Waited(Err(error)) => return Err(Lost::open(error)),
                Woken::Silent => return Err(Lost::open(self.silent())),
            }
        }
    }

    async fn woken(&mut self, ended: bool) -> Woken {
        let patience = self.shared.options.ack_timeout;
        let Self {
            line,
            queue,
            stream,
            in_flight,
            ..
        } = self;
        let oldest = in_flight.front().and_then(|request| request.offset);
        let sent = in_flight.front().and_then(|request| request.sent);
        let acknowledged = async {
            match (stream.as_ref(), oldest) {
                (Some(stream), Some(offset)) => stream.wait(offset).await,
                _ => std::future::pending().await,
            }
        };
        let silence = async {
            match sent {
                Some((sent, _)) => line.silence(sent, patience).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Acknowledgements first: they make room.
            biased;
            waited = acknowledged => Woken::Waited(waited),
            queued = queue.recv(), if !ended => match queued {
                Some(queued) => Woken::Came(queued),
                None => Woken::Ended,
            },
            () = silence => Woken::Silent,
        }
    }

    /// The service has been silent for too long, counted for the oldest request in flight.
    pub(super) fn silent(&self) -> Error {
        let waited = self.shared.options.ack_timeout;
        let message = format!("no acknowledgement within {waited:?}");
        let status = Status::new(Code::DEADLINE_EXCEEDED.number(), message);
        let shared = &*self.shared;
        Error::unavailable(
            &shared.table,
            &shared.options.endpoint,
            &self.line.pace,
            status,
        )
    }
}
