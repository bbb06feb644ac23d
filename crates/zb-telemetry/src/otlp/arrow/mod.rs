//! Telemetry into Arrow IPC files (feature `arrow`): complete, and ours from end to end.

mod attributes;
mod lost;
mod metrics;
mod spans;
mod stream;
mod writer;

use std::{io, path::Path, sync::Arc};

pub(super) use lost::Lost;
use metrics::MetricFiles;
use spans::SpanFiles;

use super::Signal;

/// The exporters, and what counts what they lose.
pub(super) struct Files {
    pub(super) spans: SpanFiles,
    pub(super) metrics: MetricFiles,
    pub(super) lost: Vec<Arc<Lost>>,
}

/// Files of both signals in this directory, which is made if it is not there.
pub(super) fn files(directory: &Path) -> io::Result<Files> {
    let spans = Arc::new(Lost::new(Signal::Traces));
    let metrics = Arc::new(Lost::new(Signal::Metrics));
    Ok(Files {
        spans: SpanFiles::new(directory, spans.clone())?,
        metrics: MetricFiles::new(directory, metrics.clone())?,
        lost: vec![spans, metrics],
    })
}
