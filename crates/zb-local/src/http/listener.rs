//! Listening and serving: HTTP/1 and HTTP/2 on the same port, in clear text or over TLS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, middleware::AddExtension};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::Layer as _;

use crate::{
    endpoint::Endpoint,
    error::Error,
    faults::{Action, Event},
    limits::{
        CONNECTION_WINDOW_BYTES, HANDSHAKE_PATIENCE, MAX_CONCURRENT_STREAMS, STREAM_WINDOW_BYTES,
    },
    ui::Peer,
    wire::{Connection, Reset as _},
};

/// All there is to ask for, the connection that it is asked over, and who asks.
type Service = TowerToHyperService<AddExtension<AddExtension<Router, Connection>, Peer>>;

/// A bound address that serves a router.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// The host as it was given.
    host: String,
}

impl Listener {
    /// Binds `HOST:PORT`.
    pub(crate) async fn bind(given: &str) -> Result<Self, Error> {
        let failed = |source| Error::listen(given, source);
        let socket = TcpListener::bind(given).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let host = given.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self {
            socket,
            address,
            host,
        })
    }

    /// The names that clients may know this address by.
    pub(crate) fn hosts(&self) -> [String; 2] {
        [self.host.clone(), self.address.ip().to_string()]
    }

    /// The URL under which a client on this machine reaches the listener.
    pub(crate) fn url(&self, scheme: &str) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("{scheme}://{address}")
    }

    /// Accepts connections until the endpoint is drained or cut.
    pub(crate) fn serve(self, endpoint: &Arc<Endpoint>, router: Router, tls: Option<TlsAcceptor>) {
        let listening = self.accept(endpoint.clone(), router, tls);
        let (draining, cut) = (endpoint.draining.clone(), endpoint.cut.clone());
        endpoint.tasks.spawn(async move {
            tokio::select! {
                () = listening => {}
                () = draining.cancelled() => {}
                () = cut.cancelled() => {}
            }
        });
    }

    async fn accept(self, endpoint: Arc<Endpoint>, router: Router, tls: Option<TlsAcceptor>) {
        loop {
            match self.socket.accept().await {
                Ok((connection, peer)) => {
                    let serving = serve_connection(
                        (connection, Peer(peer)),
                        endpoint.clone(),
                        router.clone(),
                        tls.clone(),
                    );
                    let cut = endpoint.cut.clone();
                    endpoint
                        .tasks
                        .spawn(async move { cut.run_until_cancelled(serving).await });
                }
                Err(error) => {
                    // Out of file handles, as a rule. They come back when connections end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn serve_connection(
    (socket, peer): (TcpStream, Peer),
    endpoint: Arc<Endpoint>,
    router: Router,
    tls: Option<TlsAcceptor>,
) {
    // Acknowledgements are small, and somebody waits for each.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    if let Some(Action::Cut) = endpoint.faults.meet(Event::connect()).await {
        return socket.reset();
    }
    let (wire, connection) = endpoint.faults.wire(socket);
    // Who serves a request has power over the connection that it came over.
    let router = Extension(connection).layer(router);
    let service = TowerToHyperService::new(Extension(peer).layer(router));
    let Some(tls) = tls else {
        return serve_http(wire, service, &endpoint).await;
    };
    match timeout(HANDSHAKE_PATIENCE, tls.accept(wire)).await {
        Ok(Ok(encrypted)) => serve_http(encrypted, service, &endpoint).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS with a client"),
        Err(_) => tracing::debug!("a client did not finish its TLS handshake"),
    }
}

async fn serve_http<IO>(io: IO, service: Service, endpoint: &Endpoint)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    let serving = http.serve_connection(TokioIo::new(io), service);
    tokio::pin!(serving);

    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = endpoint.draining.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(error, "a connection broke");
    }
}
