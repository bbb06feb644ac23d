//! Telemetry into Arrow IPC files (feature `arrow`): complete, and ours from end to end.

mod attributes;
mod metrics;
mod spans;
mod writer;

pub(super) use metrics::MetricFiles;
pub(super) use spans::SpanFiles;

use opentelemetry_sdk::error::OTelSdkError;

fn failure(error: impl std::fmt::Display) -> OTelSdkError {
    OTelSdkError::InternalFailure(error.to_string())
}
