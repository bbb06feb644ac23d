//! The life of one stream: what comes in is queued for its table, what is committed is
//! acknowledged, and the end is always said.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{
    Client, Ending, Last, Protocol, Reading,
    acks::{Ack, Acks},
};
use crate::{
    endpoint::Endpoint,
    faults::{AckAs, Action, CloseSignal, Event},
    lake::{Lane, Progress, Table},
    later::later,
    watch::Watched,
};

type Outbox<P> = mpsc::Sender<Result<<P as Protocol>::Answer, Status>>;

/// Serves one stream from its first message to its end.
pub(super) async fn run<P: Protocol>(
    endpoint: Arc<Endpoint>,
    client: Client,
    mut inbound: Streaming<P::Request>,
    outbox: Outbox<P>,
) {
    endpoint.counters.opens.add(1);
    // Before the stream exists for its client: a rotation in between is meant for it, too.
    let rotation = endpoint.rotation.subscribe();
    let opened = tokio::select! {
        opened = opening::<P>(&endpoint, &client, &mut inbound) => opened,
        () = endpoint.draining.cancelled() => Err(stopping().into()),
    };
    match opened {
        Ok((protocol, table, signal)) => {
            let session = Session::new(endpoint, client, protocol, table, outbox);
            session.serve(inbound, rotation, signal).await;
        }
        Err(last) => {
            tracing::info!(%last, "stream refused");
            let table = client.table();
            endpoint
                .watch
                .refused("stream refused", table.as_ref(), &last);
            say::<P>(last, &client, &outbox).await;
        }
    }
}

/// The new stream, with the close signal that it is to begin with.
async fn opening<P: Protocol>(
    endpoint: &Endpoint,
    client: &Client,
    inbound: &mut Streaming<P::Request>,
) -> Result<(P, Arc<Table>, Option<CloseSignal>), Last> {
    let first = inbound.message().await?;
    let signal = meet_opening(endpoint, client).await?;
    let (protocol, table) = P::open(endpoint, client, first).await?;
    Ok((protocol, table, signal))
}

/// What a script of faults has in store for a new stream.
async fn meet_opening(endpoint: &Endpoint, client: &Client) -> Result<Option<CloseSignal>, Last> {
    if !endpoint.faults.exist() {
        return Ok(None);
    }
    let table = client.table();
    match endpoint.faults.meet(Event::open(table.as_ref())).await {
        None => Ok(None),
        Some(Action::CloseSignal(signal)) => Ok(Some(signal)),
        // It is found out in a moment.
        Some(Action::ExpireToken) => {
            client.expire_token(endpoint);
            Ok(None)
        }
        Some(action) => {
            client.disturb(&action);
            client.last(endpoint, &action).map_or(Ok(None), Err)
        }
    }
}

/// The half of a stream that answers.
struct Session<P: Protocol> {
    protocol: P,
    endpoint: Arc<Endpoint>,
    client: Arc<Client>,
    id: Uuid,
    table: Arc<Table>,
    lane: Arc<Lane>,
    progress: watch::Receiver<Progress>,
    acks: Acks,
    watched: Watched,
    /// When the stream is ended, once it was told to close.
    ends_at: Option<Instant>,
    outbox: Outbox<P>,
}

impl<P: Protocol> Session<P> {
    fn new(
        endpoint: Arc<Endpoint>,
        client: Client,
        protocol: P,
        table: Arc<Table>,
        outbox: Outbox<P>,
    ) -> Self {
        let identity = protocol.identity();
        let (id, lane) = identity.unwrap_or_else(|| (Uuid::new_v4(), Arc::default()));
        Self {
            watched: endpoint.watch.stream(id, table.name(), protocol.format()),
            protocol,
            endpoint,
            client: Arc::new(client),
            id,
            table,
            progress: lane.progress(),
            lane,
            acks: Acks::default(),
            ends_at: None,
            outbox,
        }
    }

    async fn serve(
        mut self,
        inbound: Streaming<P::Request>,
        rotation: watch::Receiver<Duration>,
        signal: Option<CloseSignal>,
    ) {
        self.endpoint.counters.streams_opened.add(1);
        self.answer(self.protocol.opened(&self.id)).await;
        tracing::info!(stream = %self.id, table = %self.table.name(), "stream opened");
        if let Some(signal) = signal {
            self.signal_close(signal).await;
        }

        let mut ending = self.converse(inbound, rotation).await;
        let mut closing = None;
        if matches!(ending, Ending::HalfClosed) {
            let event = Event::close(self.table.name());
            closing = self.endpoint.faults.meet(event).await;
        }
        if !matches!(ending, Ending::AtOnce(_))
            && let Some(sooner) = self.settle().await
        {
            ending = sooner;
        }
        let closing = closing.and_then(|action| self.client.last(&self.endpoint, &action));
        match (ending, closing) {
            (Ending::HalfClosed, None) => tracing::info!(stream = %self.id, "stream closed"),
            (Ending::Gone, _) => {
                tracing::info!(stream = %self.id, "stream abandoned by the client");
            }
            (Ending::HalfClosed, Some(last))
            | (Ending::Settled(last) | Ending::AtOnce(last), _) => {
                tracing::info!(stream = %self.id, %last, "stream ended");
                let table = Some(self.table.name());
                self.endpoint.watch.refused("stream ended", table, &last);
                say::<P>(last, &self.client, &self.outbox).await;
            }
        }
    }

    /// Reads and acknowledges side by side until there is a reason to read no more.
    async fn converse(
        &mut self,
        inbound: Streaming<P::Request>,
        mut rotation: watch::Receiver<Duration>,
    ) -> Ending {
        let (sender, mut signals) = mpsc::unbounded_channel();
        let reading = self.protocol.read(inbound, self.reading(sender));
        tokio::pin!(reading);
        let lifetime = self.endpoint.lifetime;
        let mut grow_old = lifetime.map(|lifetime| later(lifetime.until_signal));
        let draining = self.endpoint.draining.clone();
        let outbox = self.outbox.clone();
        loop {
            let signal = tokio::select! {
                ending = &mut reading => return ending,
                changed = self.progress.changed() => {
                    if changed.is_err() {
                        return Ending::Gone;
                    }
                    if let Some(ending) = self.acknowledge().await {
                        return ending;
                    }
                    if let Some(status) = self.failure() {
                        return status.into();
                    }
                    continue;
                }
                () = moment(self.acks.due()) => {
                    if let Some(ending) = self.send_due().await {
                        return ending;
                    }
                    continue;
                }
                () = draining.cancelled() => return stopping().into(),
                () = outbox.closed() => return Ending::Gone,
                () = moment(self.ends_at) => return self.outlived().into(),
                () = moment(grow_old) => {
                    CloseSignal::honest(lifetime.map_or(Duration::ZERO, |lifetime| lifetime.grace))
                }
                Ok(()) = rotation.changed() => CloseSignal::honest(*rotation.borrow_and_update()),
                Some(signal) = signals.recv() => signal,
            };
            grow_old = None;
            self.signal_close(signal).await;
        }
    }

    /// Has what was queued committed at once, and acknowledges it, late where it has to be late.
    async fn settle(&mut self) -> Option<Ending> {
        if !self.progress.borrow().settled() && self.table.flush().await.is_err() {
            tracing::warn!(stream = %self.id, "not all that was received could be committed");
        }
        if let Some(ending) = self.acknowledge().await {
            return Some(ending);
        }
        while let Some(due) = self.acks.due() {
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.endpoint.draining.cancelled() => {}
                () = self.outbox.closed() => return None,
            }
            if let Some(ack) = self.acks.next()
                && let Some(ending) = self.acknowledge_one(ack).await
            {
                return Some(ending);
            }
        }
        None
    }

    /// Acknowledges what is committed, or lets it wait for its time.
    async fn acknowledge(&mut self) -> Option<Ending> {
        let committed = self.progress.borrow_and_update().committed;
        let faults = &self.endpoint.faults;
        self.acks.committed(committed, self.table.name(), faults);
        self.send_due().await
    }

    async fn send_due(&mut self) -> Option<Ending> {
        while let Some(ack) = self.acks.next_due() {
            if let Some(ending) = self.acknowledge_one(ack).await {
                return Some(ending);
            }
        }
        None
    }

    /// Sends an acknowledgement, or does what is to be done instead. Gives an ending if that is one.
    async fn acknowledge_one(&mut self, ack: Ack) -> Option<Ending> {
        let offset = ack.offset;
        match self.endpoint.faults.unless_freezing(ack.action) {
            None => self.ack(Some(offset)).await,
            Some(Action::Withhold) => {}
            Some(Action::Acknowledge(what)) => self.ack_as(what, offset).await,
            Some(Action::CloseSignal(signal)) => {
                self.ack(Some(offset)).await;
                self.signal_close(signal).await;
            }
            Some(Action::CutMidMessage) => {
                self.client.connection.cut_mid_message();
                self.ack(Some(offset)).await;
                // Nothing may come after it in the same write, such as the end of this stream.
                tokio::select! {
                    () = self.outbox.closed() => {}
                    () = self.endpoint.draining.cancelled() => {}
                }
                return Some(Ending::AtOnce(Last::Cut));
            }
            Some(action) => {
                let last = self.client.last(&self.endpoint, &action);
                return last.map(Ending::AtOnce);
            }
        }
        None
    }

    /// An acknowledgement that does not say what is true.
    async fn ack_as(&mut self, what: AckAs, offset: i64) {
        match what {
            AckAs::Exactly(other) => self.ack(Some(other)).await,
            AckAs::Behind(fewer) => self.ack(Some(offset.saturating_sub(fewer))).await,
            AckAs::Beyond(more) => {
                let received = self.progress.borrow().queued.max(Some(offset));
                let beyond = received.map(|offset| offset.saturating_add(more));
                self.ack(beyond).await;
            }
            AckAs::Twice => {
                self.ack(Some(offset)).await;
                self.ack(Some(offset)).await;
            }
            AckAs::Backwards(fewer) => {
                self.ack(Some(offset)).await;
                self.ack(Some(offset.saturating_sub(fewer))).await;
            }
            AckAs::Absent => self.ack(None).await,
        }
    }

    async fn ack(&mut self, offset: Option<i64>) {
        self.endpoint.counters.acks_sent.add(1);
        self.watched.acknowledged(offset);
        let answer = self.protocol.acknowledged(offset);
        self.answer(answer).await;
    }

    /// Tells the client to close. Told once: what a second signal would mean is not defined.
    async fn signal_close(&mut self, signal: CloseSignal) {
        if self.ends_at.is_some() {
            return;
        }
        tracing::info!(stream = %self.id, ?signal, "stream is told to close");
        self.ends_at = Some(later(signal.grace));
        self.watched.told_to_close();
        self.answer(self.protocol.closing(signal)).await;
    }

    async fn answer(&self, answer: P::Answer) {
        // A client that has gone is noticed where the stream is read.
        let _ = self.outbox.send(Ok(answer)).await;
    }

    fn failure(&self) -> Option<Status> {
        let progress = self.progress.borrow();
        let reason = progress.failure.as_ref()?;
        let table = self.table.name();
        Some(Status::unavailable(format!(
            "Rows could not be committed to {table}: {reason}"
        )))
    }

    fn outlived(&self) -> Status {
        // The service's own words: there are clients that look for the code.
        Status::unavailable(format!(
            "Stream timeout reached. Closing the stream (ID: {}). Error Code: 6002, \
             Error State: 0.",
            self.id
        ))
    }

    fn reading(&self, signals: mpsc::UnboundedSender<CloseSignal>) -> Reading {
        Reading {
            endpoint: self.endpoint.clone(),
            client: self.client.clone(),
            table: self.table.clone(),
            lane: self.lane.clone(),
            watched: self.watched.clone(),
            signals,
        }
    }
}

/// Says how a stream ends.
async fn say<P: Protocol>(last: Last, client: &Client, outbox: &Outbox<P>) {
    match last {
        Last::Status(status) => {
            // The client may have gone in the meantime.
            let _ = outbox.send(Err(status)).await;
        }
        // Nothing more to come is what it means.
        Last::End => {}
        Last::Cut => client.connection.cut(),
    }
}

pub(super) fn stopping() -> Status {
    Status::unavailable("The server is being stopped.")
}

/// Never, where there is no such moment.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
