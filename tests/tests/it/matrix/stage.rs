//! What a deed can see and do while rows are sent.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use zb_core::{Event, Observer, TableName};

use super::host::Host;

/// What takes longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, and a sender that is watched.
pub(super) struct Stage {
    pub(super) lake: PathBuf,
    pub(super) script: String,
    pub(super) stamped: bool,
    pub(super) host: tokio::sync::Mutex<Option<Host>>,
    pub(super) witness: Arc<Witness>,
}

impl Stage {
    /// Waits until so many rows are acknowledged.
    pub(super) async fn acknowledged(&self, rows: usize) {
        let what = format!("{rows} rows are acknowledged");
        until(&what, || self.witness.seen().acknowledged >= rows).await;
    }

    /// Waits until the sender has tried so many times more to connect.
    pub(super) async fn attempts(&self, more: usize) {
        let want = self.witness.seen().attempts + more;
        let what = format!("{more} attempts to connect more");
        until(&what, || self.witness.seen().attempts >= want).await;
    }

    /// The server in this process.
    pub(super) async fn with_server<T>(
        &self,
        what: impl FnOnce(&zb_core::local::Server) -> T,
    ) -> T {
        match &*self.host.lock().await {
            Some(Host::Here(server)) => what(server),
            _ => panic!("the server is not in this process"),
        }
    }

    /// The server in a process of its own.
    pub(super) async fn with_process<T>(&self, what: impl FnOnce(&zb_tests::Serve) -> T) -> T {
        match &*self.host.lock().await {
            Some(Host::Process(serve)) => what(serve),
            _ => panic!("the server is not in a process of its own"),
        }
    }

    /// The server in this process is dropped, as a crash would end it, and started again where it was.
    pub(super) async fn crash(&self) {
        let Some(Host::Here(server)) = self.host.lock().await.take() else {
            panic!("the server is not in this process");
        };
        let listen = server.endpoint().replace("http://", "");
        drop(server);
        let end = Instant::now() + PATIENCE;
        loop {
            match Host::here(&self.lake, &self.script, self.stamped, Some(&listen)).await {
                Ok(host) => return *self.host.lock().await = Some(host),
                // The former one has not let go of the port yet.
                Err(error) => assert!(Instant::now() < end, "not started again: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The server's process is killed; it is gone when this returns.
    pub(super) async fn kill(&self) -> String {
        let Some(Host::Process(serve)) = self.host.lock().await.take() else {
            panic!("the server is not in a process of its own");
        };
        let listen = serve.address.endpoint.replace("http://", "");
        let killed = tokio::task::spawn_blocking(move || serve.kill());
        assert!(!killed.await.unwrap().status.success());
        listen
    }

    /// The server is started again where it was, in the same directory.
    pub(super) async fn start_again(&self, listen: &str) {
        let host = Host::process(&self.lake, &self.script, Some(listen)).await;
        *self.host.lock().await = Some(host);
    }
}

/// Waits for something to become true, for a while and no longer.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What a sender was seen to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) sent: usize,
    pub(super) acknowledged: usize,
    pub(super) attempts: usize,
    /// From each first attempt to connect again to the next acknowledgement.
    pub(super) recoveries: Vec<Duration>,
    lost_at: Option<Instant>,
}

/// Watches a sender.
#[derive(Default)]
pub(super) struct Witness(Mutex<Seen>);

impl Witness {
    /// Waits until something was sent, or nothing will be.
    pub(super) async fn moved(&self) {
        until("something happens", || {
            let seen = self.seen();
            seen.acknowledged > 0 || seen.sent > 0
        })
        .await;
    }

    pub(super) fn seen(&self) -> Seen {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Observer for Witness {
    fn observe(&self, _: &TableName, event: &Event<'_>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *event {
            Event::Acknowledged { rows, .. } => {
                seen.acknowledged += rows;
                if let Some(lost_at) = seen.lost_at.take() {
                    seen.recoveries.push(lost_at.elapsed());
                }
            }
            Event::Connecting { in_flight, .. } => {
                seen.attempts += 1;
                if in_flight > 0 {
                    seen.lost_at.get_or_insert_with(Instant::now);
                }
            }
            Event::Sent { rows, .. } => seen.sent += rows,
            _ => {}
        }
    }
}
