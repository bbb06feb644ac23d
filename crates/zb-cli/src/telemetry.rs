//! From a flag to a collector.

use std::time::Duration;

use zb_core::telemetry::Telemetry;

use crate::{arguments::Exporting, failure::Failure, legible::legible};

/// How long the last metrics and spans may take to be delivered.
const PATIENCE: Duration = Duration::from_secs(5);

impl Exporting {
    /// Starts exporting, if it is asked for.
    pub(crate) fn start(&self) -> Result<Option<Telemetry>, Failure> {
        let Some(url) = &self.otlp else {
            return Ok(None);
        };
        let mut builder = Telemetry::builder();
        if !url.is_empty() {
            builder = builder.endpoint(url);
        }
        let started = builder.start();
        let started = started.map_err(|e| Failure::usage("--otlp cannot be used").because(e))?;
        Ok(Some(started))
    }
}

/// Delivers what is left. Rows do not depend on it, so it is said and fails nothing.
#[expect(clippy::print_stderr, reason = "the user has asked for it")]
pub(crate) async fn finish(telemetry: Option<Telemetry>) {
    let Some(telemetry) = telemetry else { return };
    let done = tokio::task::spawn_blocking(move || telemetry.shutdown(PATIENCE)).await;
    if let Ok(Err(error)) = done {
        eprintln!(
            "the collector did not get all metrics and spans: {}",
            legible(Failure::of(&error).message())
        );
    }
}
