//! Logs on standard error, for those who ask with `RUST_LOG`.

use tracing_subscriber::EnvFilter;

/// Without `RUST_LOG` nothing is logged: what the user must know, the commands say themselves.
pub(crate) fn install() {
    if std::env::var_os("RUST_LOG").is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
}
