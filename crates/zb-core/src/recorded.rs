//! What happens, told to a recorder of `zb-telemetry`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use tokio::time::Instant;
use zb_auth::{Scope, Token};
use zb_debug::Mirrors;
use zb_ingest::{Event, Observer, Rejection};
use zb_telemetry::{Event as Told, Fates, Recorder};
use zb_types::TableName;

/// Tells a recorder what senders do.
pub(crate) struct Recorded(pub(crate) Arc<dyn Recorder>);

impl Observer for Recorded {
    fn observe(&self, table: &TableName, event: &Event<'_>) {
        let record = |told: Told<'_>| self.0.record(&told);
        match event {
            Event::HandedIn { batch, .. } => record(Told::Submitted {
                table,
                rows: count(batch.num_rows()),
                bytes: count(batch.get_array_memory_size()),
            }),
            &Event::Encoded {
                rows,
                bytes,
                elapsed,
                ..
            } => record(Told::Encoded {
                table,
                rows: count(rows),
                bytes: count(bytes),
                elapsed,
            }),
            &Event::Admitted {
                rows,
                bytes,
                waited,
                ..
            } => record(Told::Admitted {
                table,
                rows: count(rows),
                bytes: count(bytes),
                waited,
            }),
            &Event::Sent { rows, bytes, .. } => record(Told::Sent {
                table,
                rows: count(rows),
                bytes: count(bytes),
            }),
            &Event::Acknowledged {
                rows,
                bytes,
                latency,
                ..
            } => record(Told::Acknowledged {
                table,
                rows: count(rows),
                bytes: count(bytes),
                latency,
            }),
            &Event::Released { rows, bytes, .. } => record(Told::Released {
                table,
                rows: count(rows),
                bytes: count(bytes),
            }),
            Event::Rejected { rejections, .. } => {
                for (kind, rows) in Rejection::count_by_kind(rejections) {
                    let rows = count(rows);
                    record(Told::Rejected { table, kind, rows });
                }
            }
            &Event::Connecting {
                attempt,
                wait,
                again,
                ..
            } => record(Told::Connecting {
                table,
                attempt,
                wait,
                again,
            }),
            Event::Lost { error, retried, .. } => {
                let kind = error.kind().name();
                record(if *retried {
                    Told::Retried { table, cause: kind }
                } else {
                    Told::Failed { table, kind }
                });
            }
            Event::Settled { fates, elapsed, .. } => {
                if fates.possibly_duplicated > 0 {
                    let rows = count(fates.possibly_duplicated);
                    record(Told::PossiblyDuplicated { table, rows });
                }
                record(Told::Settled {
                    table,
                    fates: Fates {
                        durable: count(fates.durable),
                        rejected: count(fates.rejected),
                        not_sent: count(fates.not_sent),
                        unknown: count(fates.unknown),
                    },
                    elapsed: *elapsed,
                });
            }
            _ => {}
        }
    }
}

fn count(of: usize) -> u64 {
    of as u64
}

/// Tells a recorder how long tokens take.
pub(crate) struct WatchedTokens<S> {
    pub(crate) source: S,
    pub(crate) recorder: Arc<dyn Recorder>,
}

#[async_trait]
impl<S: zb_auth::TokenSource> zb_auth::TokenSource for WatchedTokens<S> {
    async fn fetch(&self, scope: &Scope) -> Result<Token, zb_auth::Error> {
        let asked = Instant::now();
        let answer = self.source.fetch(scope).await;
        let error = answer.as_ref().err().map(|error| kind(error.kind()));
        self.recorder.record(&Told::TokenRequested {
            elapsed: asked.elapsed(),
            error,
        });
        answer
    }
}

fn kind(kind: zb_auth::ErrorKind) -> &'static str {
    match kind {
        zb_auth::ErrorKind::Endpoint
        | zb_auth::ErrorKind::Place
        | zb_auth::ErrorKind::Permission
        | zb_auth::ErrorKind::Unavailable => kind.name(),
        _ => "authentication",
    }
}

/// Tells a recorder what the mirrors left out, whenever a batch has passed them.
pub(crate) struct WatchedMirrors {
    pub(crate) mirrors: Arc<Mirrors>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) told: [AtomicU64; 2],
}

impl Observer for WatchedMirrors {
    fn observe(&self, _: &TableName, event: &Event<'_>) {
        if !matches!(event, Event::Settled { .. }) {
            return;
        }
        let stats = self.mirrors.stats();
        let dropped = [stats.arrow.dropped_batches, stats.proto.dropped_batches];
        for ((mirror, dropped), told) in ["arrow", "proto"].into_iter().zip(dropped).zip(&self.told)
        {
            // Of two that are here at once one tells it.
            let batches = dropped.saturating_sub(told.fetch_max(dropped, Ordering::Relaxed));
            if batches > 0 {
                self.recorder
                    .record(&Told::DebugDropped { mirror, batches });
            }
        }
    }
}
