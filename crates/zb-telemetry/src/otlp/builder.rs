//! What to export, and where to.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
    tonic_types::{
        metadata::MetadataMap,
        transport::{Certificate, ClientTlsConfig, Identity},
    },
};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider, exporter::PushMetricExporter},
    trace::SdkTracerProvider,
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use zb_types::{ExposeSecret as _, Secret};

use super::{
    Error, Signal, Telemetry,
    background::Background,
    environment::{self, Tls},
    exporters::InBackground,
    http::Client,
};
use crate::{OtelRecorder, spans};

/// The attribute of a resource that says which program it is.
const SERVICE_NAME: &str = "service.name";

/// What the SDK says if nobody has named the service.
const UNNAMED: &str = "unknown_service";

/// How spans and metrics travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Protobuf over HTTP/1.1: port 4318, if none is said.
    HttpProtobuf,
    /// gRPC: port 4317, if none is said.
    Grpc,
}

/// Says where telemetry goes. What is not said here is taken from the environment's variables, and
/// then from the standard's defaults: see [`Telemetry`].
#[derive(Default)]
#[must_use]
pub struct TelemetryBuilder {
    endpoint: Option<String>,
    protocol: Option<Protocol>,
    headers: Vec<(String, Secret)>,
    timeout: Option<Duration>,
    authority: Option<Vec<u8>>,
    service_name: Option<String>,
    attributes: Vec<(String, String)>,
    metric_interval: Option<Duration>,
    server_address: Option<String>,
    without_table_names: bool,
    targets: Vec<String>,
    without_collector: bool,
    #[cfg(feature = "arrow")]
    arrow_files: Option<std::path::PathBuf>,
}

impl TelemetryBuilder {
    /// The collector, such as `http://localhost:4318`; over HTTP, `/v1/traces` and `/v1/metrics` are
    /// added.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// How to talk to it.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// A header of every request, such as an API key. It is never shown. The environment's headers are
    /// sent as well, and win over one of the same name.
    pub fn header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// How long one export may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// An authority to trust beside those of the machine, as PEM.
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// The attribute `service.name`. If neither this nor the environment says it, it is `zb`.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// An attribute of the resource, such as `deployment.environment.name`.
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((key.into(), value.into()));
        self
    }

    /// How often metrics are exported.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        self.metric_interval = Some(interval);
        self
    }

    /// The host of the ingest endpoint, which metrics have as `server.address`.
    pub fn server_address(mut self, host: impl Into<String>) -> Self {
        self.server_address = Some(host.into());
        self
    }

    /// Leaves the table out of metrics: for clients with very many.
    pub fn without_table_names(mut self) -> Self {
        self.without_table_names = true;
        self
    }

    /// Exports spans of this `tracing` target, and of modules in it, beside those of a send: those of
    /// the program itself. Name no transport, or exporting feeds itself.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// Exports to no collector, whatever the environment says: for Arrow files alone.
    #[cfg(feature = "arrow")]
    pub fn without_collector(mut self) -> Self {
        self.without_collector = true;
        self
    }

    /// Writes spans and metrics into Arrow IPC files of this directory as well, which is made if it is
    /// not there: `spans-….arrows` and `metrics-….arrows`, streams of rows that are whole: resource,
    /// scope, events, links, buckets. `docs/guides/telemetry.md` has the columns.
    ///
    /// The files are this user's alone (0600). Each export appends a batch that can be read at once, and
    /// begins another file after 100 MiB. None is ever deleted. What cannot be written, because the disk
    /// is full or the directory is gone, is lost and counted: [`Telemetry::unwritten_records`].
    ///
    /// `OTEL_SDK_DISABLED` holds for files, too; `OTEL_TRACES_EXPORTER` and `OTEL_METRICS_EXPORTER` are
    /// for collectors alone.
    #[cfg(feature = "arrow")]
    pub fn arrow_files(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.arrow_files = Some(directory.into());
        self
    }

    /// Starts exporting. Nothing is installed for the process: no global provider, no subscriber, no
    /// crypto provider. The collector need not be there yet.
    ///
    /// # Errors
    ///
    /// [`Error`] of the kind [`Configuration`](super::ErrorKind::Configuration) if a setting, of this
    /// builder or of the environment, makes no sense; of the kind
    /// [`Resources`](super::ErrorKind::Resources) if there is no thread left, or if the directory for
    /// Arrow files cannot be made.
    pub fn start(self) -> Result<Telemetry, Error> {
        let background = Arc::new(Background::start()?);
        let resource = self.resource();
        let is_disabled = environment::is_disabled();
        let to_collector = !is_disabled && !self.without_collector;

        let mut has_spans = false;
        let mut tracer = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut meter = SdkMeterProvider::builder().with_resource(resource);
        if to_collector && environment::is_exported(Signal::Traces)? {
            let exporter = self.span_exporter(&background)?;
            tracer = tracer.with_batch_exporter(InBackground::new(exporter, background.clone()));
            has_spans = true;
        }
        if to_collector && environment::is_exported(Signal::Metrics)? {
            let exporter = self.metric_exporter(&background)?;
            meter = meter.with_reader(self.reader(InBackground::new(exporter, background)));
        }
        #[cfg(feature = "arrow")]
        let mut lost = Vec::new();
        #[cfg(feature = "arrow")]
        if let Some(directory) = self.arrow_files.as_ref().filter(|_| !is_disabled) {
            let files = super::arrow::files(directory).map_err(Error::Files)?;
            let (spans, metrics) = (files.spans, files.metrics);
            lost = files.lost;
            tracer = tracer.with_batch_exporter(spans);
            meter = meter.with_reader(self.reader(metrics));
            has_spans = true;
        }
        let tracer = has_spans.then(|| tracer.build());
        let meter = meter.build();

        let mut recorder = OtelRecorder::new(&meter);
        if let Some(host) = self.server_address {
            recorder = recorder.with_server_address(host);
        }
        if self.without_table_names {
            recorder = recorder.without_table_names();
        }
        let mut targets = self.targets;
        targets.push(spans::TARGET.to_owned());
        let telemetry = Telemetry::new(tracer, meter, recorder, targets.into());
        #[cfg(feature = "arrow")]
        let telemetry = telemetry.with_files(lost);
        Ok(telemetry)
    }

    fn reader<E: PushMetricExporter>(&self, exporter: E) -> PeriodicReader<E> {
        let mut reader = PeriodicReader::builder(exporter);
        if let Some(interval) = self.metric_interval {
            reader = reader.with_interval(interval);
        }
        reader.build()
    }

    fn resource(&self) -> Resource {
        let key = opentelemetry::Key::from_static_str(SERVICE_NAME);
        let detected = Resource::builder().build();
        let is_named = detected
            .get(&key)
            .is_some_and(|name| !name.as_str().starts_with(UNNAMED));
        let mut resource = Resource::builder();
        match &self.service_name {
            Some(name) => resource = resource.with_service_name(name.clone()),
            None if !is_named => resource = resource.with_service_name("zb"),
            None => {}
        }
        let attributes = self.attributes.iter().cloned();
        resource
            .with_attributes(attributes.map(|(key, value)| KeyValue::new(key, value)))
            .build()
    }

    fn span_exporter(&self, background: &Background) -> Result<SpanExporter, Error> {
        let signal = Signal::Traces;
        let settings = self.settings(signal)?;
        background.enter(|| match settings.protocol {
            Protocol::Grpc => {
                let builder = settings.grpc(SpanExporter::builder().with_tonic());
                builder.build().map_err(|error| Error::setup(signal, error))
            }
            Protocol::HttpProtobuf => {
                let builder = settings.http(SpanExporter::builder().with_http())?;
                builder.build().map_err(|error| Error::setup(signal, error))
            }
        })
    }

    fn metric_exporter(&self, background: &Background) -> Result<MetricExporter, Error> {
        let signal = Signal::Metrics;
        let settings = self.settings(signal)?;
        background.enter(|| match settings.protocol {
            Protocol::Grpc => {
                let builder = settings.grpc(MetricExporter::builder().with_tonic());
                builder.build().map_err(|error| Error::setup(signal, error))
            }
            Protocol::HttpProtobuf => {
                let builder = settings.http(MetricExporter::builder().with_http())?;
                builder.build().map_err(|error| Error::setup(signal, error))
            }
        })
    }

    fn settings(&self, signal: Signal) -> Result<Settings, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let header = HeaderName::try_from(name)
                .map_err(|error| Error::setting(format!("the header {name:?}"), error))?;
            let mut value = HeaderValue::try_from(value.expose_secret())
                .map_err(|error| Error::setting(format!("the header {name:?}"), error))?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let mut tls = environment::tls(signal)?;
        if let Some(authority) = &self.authority {
            tls.authority = Some(authority.clone());
        }
        Ok(Settings {
            signal,
            protocol: match self.protocol {
                Some(protocol) => protocol,
                None => environment::protocol(signal)?,
            },
            endpoint: self.endpoint.clone(),
            headers,
            timeout: match self.timeout {
                Some(timeout) => timeout,
                None => environment::timeout(signal)?,
            },
            tls,
        })
    }
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TelemetryBuilder")
            .field("protocol", &self.protocol)
            .field("headers", &headers)
            .field("service_name", &self.service_name)
            .finish_non_exhaustive()
    }
}

/// All that is decided about one signal.
struct Settings {
    signal: Signal,
    protocol: Protocol,
    endpoint: Option<String>,
    headers: HeaderMap,
    timeout: Duration,
    tls: Tls,
}

impl Settings {
    fn http<B: WithExportConfig + WithHttpConfig>(&self, mut builder: B) -> Result<B, Error> {
        let client = Client::new(self.timeout, &self.tls)
            .map_err(|error| Error::setup(self.signal, error))?;
        let mut headers = HashMap::new();
        for (name, value) in &self.headers {
            // What is not text was refused when the header was made of text.
            if let Ok(value) = value.to_str() {
                headers.insert(name.to_string(), value.to_owned());
            }
        }
        builder = builder
            .with_http_client(client)
            .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
            .with_timeout(self.timeout)
            .with_headers(headers);
        if let Some(endpoint) = &self.endpoint {
            let path = self.signal.path();
            builder = builder.with_endpoint(format!("{}/{path}", endpoint.trim_end_matches('/')));
        }
        Ok(builder)
    }

    fn grpc<B: WithExportConfig + WithTonicConfig>(&self, mut builder: B) -> B {
        // Roots are said by name here: the default trusts nobody.
        let mut tls = ClientTlsConfig::new().with_enabled_roots();
        if let Some(authority) = &self.tls.authority {
            tls = tls.ca_certificate(Certificate::from_pem(authority));
        }
        if let Some((certificate, key)) = &self.tls.identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        builder = builder
            .with_timeout(self.timeout)
            .with_metadata(MetadataMap::from_headers(self.headers.clone()))
            .with_tls_config(tls);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        builder
    }
}
