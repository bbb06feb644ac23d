//! The SDK's threads have no runtime; what they export through wants one.

use std::{sync::Arc, time::Duration};

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{SpanData, SpanExporter},
};

use super::background::Background;

/// An exporter whose work is done within our runtime. Shows nothing of the exporter, which knows
/// headers.
pub(super) struct InBackground<E> {
    exporter: E,
    background: Arc<Background>,
}

impl<E> InBackground<E> {
    pub(super) fn new(exporter: E, background: Arc<Background>) -> Self {
        Self {
            exporter,
            background,
        }
    }
}

impl<E> std::fmt::Debug for InBackground<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InBackground").finish_non_exhaustive()
    }
}

impl<E: SpanExporter> SpanExporter for InBackground<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.background.within(self.exporter.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for InBackground<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.background.within(self.exporter.export(metrics)).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
