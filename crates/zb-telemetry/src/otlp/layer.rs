//! Which spans are exported.

use std::sync::Arc;

use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::FilterFn, registry::LookupSpan};

/// Exports spans of these targets and of nothing else.
///
/// Everything else includes the transports': an exporter whose own requests became spans would export
/// for ever.
pub(super) fn layer<S>(tracer: SdkTracer, targets: Arc<[String]>) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let filter = FilterFn::new(move |metadata| {
        *metadata.level() <= tracing::Level::INFO
            && targets
                .iter()
                .any(|target| is_within(metadata.target(), target))
    });
    unfiltered(tracer).with_filter(filter.with_max_level_hint(LevelFilter::INFO))
}

/// Exports every span.
pub(super) fn unfiltered<S>(tracer: SdkTracer) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
}

/// Whether a target is the other one or a module in it: `zb_ingest` is not in `zb`.
fn is_within(target: &str, of: &str) -> bool {
    target
        .strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn only_whole_modules_match() {
        assert!(is_within("zb", "zb"));
        assert!(is_within("app::job", "app"));
        assert!(!is_within("zb_ingest::lane", "zb"));
        assert!(!is_within("h2::client", "zb"));
    }
}
