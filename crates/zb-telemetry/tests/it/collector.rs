//! A collector that keeps what it receives: OTLP over HTTP and gRPC on one port of the loopback.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point::Value as Number},
    trace::v1::Span,
};
use prost::Message as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Runtime,
};
use tokio_rustls::{TlsAcceptor, rustls};
use tonic::{Request, Response, Status, service::Routes};

/// Attributes, as text.
pub(crate) type Attributes = BTreeMap<String, String>;

/// Runs until it is dropped, on a runtime of its own.
pub(crate) struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
    /// PEM of the authority, if it speaks TLS.
    authority: Option<String>,
    _runtime: Runtime,
}

/// All that came.
#[derive(Default)]
pub(crate) struct Received {
    traces: Mutex<Vec<ExportTraceServiceRequest>>,
    metrics: Mutex<Vec<ExportMetricsServiceRequest>>,
    headers: Mutex<Vec<HeaderMap>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::serve(None, None)
    }

    pub(crate) fn with_tls() -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![key.cert.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der())
                    .unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self::serve(
            Some(TlsAcceptor::from(Arc::new(config))),
            Some(key.cert.pem()),
        )
    }

    fn serve(tls: Option<TlsAcceptor>, authority: Option<String>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Received::default());
        let router = router(received.clone());
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (router, tls) = (router.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => connection(stream, router).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                connection(stream, router).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            received,
            authority,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> String {
        match self.authority {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.address.port()),
        }
    }

    pub(crate) fn authority(&self) -> &str {
        self.authority.as_deref().unwrap()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        lock(&self.received.headers).clone()
    }

    /// The spans, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let traces = lock(&self.received.traces);
        let resources = traces.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// The span of this name.
    pub(crate) fn span(&self, name: &str) -> Span {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
        let found = spans.into_iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("{name} is not among {names:?}"))
    }

    /// What the resource of the metrics says.
    pub(crate) fn resource(&self) -> Attributes {
        let metrics = lock(&self.received.metrics);
        let request = metrics.last().expect("metrics came");
        attributes(
            &request.resource_metrics[0]
                .resource
                .clone()
                .unwrap()
                .attributes,
        )
    }

    /// The metrics of the last export.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let metrics = lock(&self.received.metrics);
        let resources = metrics.last().into_iter().flat_map(|m| &m.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.clone()).collect()
    }

    /// The sum over all points of a counter of the last export.
    pub(crate) fn sum(&self, name: &str) -> i64 {
        let metrics = self.metrics();
        let metric = metrics.into_iter().find(|metric| metric.name == name);
        let Some(Data::Sum(sum)) = metric.and_then(|metric| metric.data) else {
            panic!("{name} did not come as a sum")
        };
        let values = sum.data_points.iter().map(|point| match point.value {
            Some(Number::AsInt(value)) => value,
            other => panic!("{name} is {other:?}"),
        });
        values.sum()
    }
}

/// Attributes as they came, as text.
pub(crate) fn attributes(found: &[KeyValue]) -> Attributes {
    let text = |value: &Value| match value {
        Value::StringValue(value) => value.clone(),
        Value::IntValue(value) => value.to_string(),
        other => format!("{other:?}"),
    };
    let value = |pair: &KeyValue| pair.value.as_ref().and_then(|v| v.value.as_ref()).map(text);
    found
        .iter()
        .map(|pair| (pair.key.clone(), value(pair).unwrap_or_default()))
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = auto::Builder::new(TokioExecutor::new());
    // A connection that a test cuts is no failure of the collector.
    drop(
        connection
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

fn router(received: Arc<Received>) -> Router {
    let http = Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(metrics))
        .with_state(received.clone());
    let mut grpc = Routes::builder();
    grpc.add_service(TraceServiceServer::from_arc(received.clone()));
    grpc.add_service(MetricsServiceServer::from_arc(received));
    http.merge(grpc.routes().into_axum_router())
}

async fn traces(
    State(received): State<Arc<Received>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(), StatusCode> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    lock(&received.headers).push(headers);
    lock(&received.traces).push(request);
    Ok(())
}

async fn metrics(
    State(received): State<Arc<Received>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(), StatusCode> {
    let request = ExportMetricsServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    lock(&received.headers).push(headers);
    lock(&received.metrics).push(request);
    Ok(())
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (headers, _, request) = request.into_parts();
        lock(&self.headers).push(headers.into_headers());
        lock(&self.traces).push(request);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Received {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (headers, _, request) = request.into_parts();
        lock(&self.headers).push(headers.into_headers());
        lock(&self.metrics).push(request);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
