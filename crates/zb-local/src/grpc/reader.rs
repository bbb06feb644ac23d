//! The half of a stream that reads: requests are checked, decoded and queued for their table.

use std::sync::Arc;

use futures::FutureExt as _;
use tonic::{Status, Streaming};
use zb_convert::Decoder;

use super::{
    batch::{Part, Parts},
    form::Form,
    intake::{Gathered, Intake},
    refusing::Inspection,
};
use crate::{
    faults::Verdict,
    proto::EphemeralStreamRequest,
    stream::{Ending, Reading, wait},
};

pub(super) struct Reader {
    reading: Reading,
    decoder: Arc<Decoder>,
    form: Arc<Form>,
    intake: Intake,
    whole: bool,
    held: Option<Held>,
}

/// A request at which something happens. What came before it is queued first.
struct Held {
    request: Gathered,
    verdict: Verdict,
}

impl Reader {
    pub(super) fn new(reading: Reading, decoder: Arc<Decoder>, form: Arc<Form>) -> Self {
        Self {
            reading,
            decoder,
            form,
            intake: Intake::default(),
            whole: false,
            held: None,
        }
    }

    /// Goes on after this offset, and never commits a part of a request: what is resumed after an
    /// offset must not have rows of the next one.
    pub(super) fn resumable(mut self, last: i64) -> Self {
        self.intake = Intake::after(last);
        self.whole = true;
        self
    }

    pub(super) async fn read<R>(mut self, mut inbound: Streaming<R>) -> Ending
    where
        R: Into<EphemeralStreamRequest>,
    {
        loop {
            let (gathered, end) = match self.held.take() {
                Some(held) => self.release(held).await,
                None => self.gather(&mut inbound).await,
            };
            if let Err(ending) = self.queue(gathered).await {
                return ending;
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Waits for a request, and takes along those that are here already.
    async fn gather<R>(&mut self, inbound: &mut Streaming<R>) -> (Gathered, Option<Ending>)
    where
        R: Into<EphemeralStreamRequest>,
    {
        let mut gathered = Gathered::default();
        let mut next = Some(inbound.message().await);
        while let Some(message) = next {
            let end = match message {
                Ok(Some(message)) => self.take(message.into(), &mut gathered).err(),
                Ok(None) => return (gathered, Some(Ending::HalfClosed)),
                // A message over the limit, or bytes that are no message, are the client's fault
                // and it is told so; a broken connection has nobody to tell.
                Err(status) if status.code() == tonic::Code::Cancelled => {
                    return (gathered, Some(Ending::Gone));
                }
                Err(status) => Some(status),
            };
            if let Some(status) = end {
                return (gathered, Some(status.into()));
            }
            next = if gathered.has_room() && self.held.is_none() {
                inbound.message().now_or_never()
            } else {
                None
            };
        }
        (gathered, None)
    }

    /// Takes a message to the others, or holds it where a fault has something to do with it.
    fn take(
        &mut self,
        message: EphemeralStreamRequest,
        gathered: &mut Gathered,
    ) -> Result<(), Status> {
        let before = (gathered.rows.len(), gathered.bytes);
        let offset = self.intake.take(message, &self.form, gathered)?;
        let rows = gathered.rows.len() - before.0;
        let bytes = gathered.bytes - before.1;
        self.held = self
            .reading
            .arrived(offset, rows, bytes)
            .map(|verdict| Held {
                request: gathered.split_newest(),
                verdict,
            });
        Ok(())
    }

    /// Does what is to be done at a request, and lets it go on unless it is the end.
    async fn release(&mut self, held: Held) -> (Gathered, Option<Ending>) {
        match self.reading.meet(held.verdict).await {
            Ok(()) => (held.request, None),
            Err(ending) => (Gathered::default(), Some(ending)),
        }
    }

    /// Decodes the rows and queues them as soon as there is room. Nothing is read meanwhile, so
    /// flow control makes the client wait.
    async fn queue(&self, gathered: Gathered) -> Result<(), Ending> {
        if gathered.is_empty() {
            return Ok(());
        }
        let (table, faults) = (self.reading.table().name(), self.reading.faults());
        let inspection = Inspection::of(&gathered, table, faults);
        let mut parts = Parts::check(self.decoder.clone(), gathered).await?;
        let mut fault = None;
        if inspection.is_some() || self.whole {
            // A script looks at all records before any of them goes on.
            let mut all = Vec::new();
            while let Some(part) = parts.next().await? {
                all.push(part);
            }
            if let Some(inspection) = inspection {
                let (delay, found) = inspection.cut_short(&mut all, table, faults);
                wait(delay).await;
                fault = found;
            }
            if self.whole {
                all = Part::whole(all)?.into_iter().collect();
            }
            for part in all {
                self.commit(part).await?;
            }
        }
        while let Some(part) = parts.next().await? {
            self.commit(part).await?;
        }
        let last = fault.as_ref().and_then(|action| self.reading.last(action));
        match (last, parts.refusal) {
            (Some(last), _) => Err(Ending::Settled(last)),
            // The bad request comes after that of the record, or is the same.
            (None, Some(refusal)) if fault.is_none() => Err(refusal.into()),
            (None, _) => Ok(()),
        }
    }

    async fn commit(&self, part: Part) -> Result<(), Status> {
        self.reading
            .commit(part.batch, part.last_offset, part.bytes)
            .await
    }
}
