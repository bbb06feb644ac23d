//! What every connection, stream and request handler shares.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    builder::ServerBuilder, credentials::Credentials, faults::Faults, grpc::Resumable, lake::Lake,
    limits::MAX_WAITING_BYTES, stats::Counters, tokens::Tokens, watch::Watch,
};

/// The endpoint without its listeners.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) credentials: Credentials,
    pub(crate) tokens: Tokens,
    pub(crate) lake: Lake,
    pub(crate) counters: Arc<Counters>,
    /// The connections that persistent streams have now.
    pub(crate) resumable: Resumable,
    /// Takes down what a page shows, where there is one.
    pub(crate) watch: Watch,
    /// Asked at every event whether it should go wrong.
    pub(crate) faults: Faults,
    /// Whether the first stream to an unknown table makes it.
    pub(crate) auto_create: bool,
    /// When streams are told to close, as the service does with those that grow old.
    pub(crate) lifetime: Option<Lifetime>,
    /// The order to close that all open streams get at once.
    pub(crate) rotation: watch::Sender<Duration>,
    /// Room for rows that wait for their commit, in KiB.
    pub(crate) room: Arc<Semaphore>,
    /// Nothing new is accepted, what was received is committed.
    pub(crate) draining: CancellationToken,
    /// Connections and streams end where they are.
    pub(crate) cut: CancellationToken,
    /// Connections and streams.
    pub(crate) tasks: TaskTracker,
}

impl Endpoint {
    /// An endpoint for the tables below `dir`, which nobody can reach yet. It ends where it is when it
    /// is `killed`, commits included.
    pub(crate) fn new(
        builder: ServerBuilder,
        dir: PathBuf,
        credentials: Credentials,
        killed: CancellationToken,
    ) -> Self {
        let counters = Arc::<Counters>::default();
        let (faults, watch) = if builder.ui {
            let faults = Faults::switched(builder.faults, counters.clone());
            (faults, Watch::closely())
        } else {
            let faults = Faults::new(builder.faults, counters.clone());
            (faults, Watch::default())
        };
        for number in builder.faults_off {
            faults.switch(number, false);
        }
        Self {
            tokens: Tokens::new(&credentials.signing_key, builder.token_lifetime),
            credentials,
            cut: killed.child_token(),
            lake: Lake::new(
                dir,
                builder.group_commit,
                counters.clone(),
                faults.clone(),
                watch.clone(),
                killed,
            ),
            counters,
            resumable: Resumable::default(),
            faults,
            watch,
            auto_create: builder.auto_create,
            lifetime: builder.lifetime,
            rotation: watch::Sender::new(Duration::ZERO),
            room: Arc::new(Semaphore::new(MAX_WAITING_BYTES / 1024)),
            draining: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Serves a stream beside whatever else there is, until it ends or the endpoint is cut.
    pub(crate) fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tasks.spawn(async move {
            cut.run_until_cancelled(session).await;
        });
    }
}

/// How long a stream may live, and how long it is still served after it was told to close.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) until_signal: Duration,
    pub(crate) grace: Duration,
}
