//! Logs on standard error, for those who ask with `RUST_LOG`, and spans to a collector.

use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use zb_core::telemetry::Telemetry;

/// Without `RUST_LOG` nothing is logged: what the user must know, the commands say themselves.
pub(crate) fn install(telemetry: Option<&Telemetry>) {
    let logs = std::env::var_os("RUST_LOG").map(|_| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_filter(EnvFilter::from_default_env())
    });
    if logs.is_none() && telemetry.is_none() {
        return;
    }
    tracing_subscriber::registry()
        .with(logs)
        .with(telemetry.map(Telemetry::layer))
        .init();
}
