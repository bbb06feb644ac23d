//! Listening and serving: HTTP/1 and plaintext HTTP/2 on the same port.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    endpoint::Endpoint,
    error::Error,
    limits::{CONNECTION_WINDOW_BYTES, MAX_CONCURRENT_STREAMS, STREAM_WINDOW_BYTES},
};

/// A bound address that serves a router.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `HOST:PORT`.
    pub(crate) async fn bind(address: &str) -> Result<Self, Error> {
        let failed = |source| Error::listen(address, source);
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// The URL under which a client on this machine reaches the listener.
    pub(crate) fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// Accepts connections until the endpoint is drained or cut.
    pub(crate) fn serve(self, endpoint: &Arc<Endpoint>, router: Router) {
        let listening = self.accept(endpoint.clone(), router);
        let (draining, cut) = (endpoint.draining.clone(), endpoint.cut.clone());
        endpoint.tasks.spawn(async move {
            tokio::select! {
                () = listening => {}
                () = draining.cancelled() => {}
                () = cut.cancelled() => {}
            }
        });
    }

    async fn accept(self, endpoint: Arc<Endpoint>, router: Router) {
        loop {
            match self.socket.accept().await {
                Ok((connection, _)) => {
                    let serving = serve_connection(connection, endpoint.clone(), router.clone());
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

async fn serve_connection(connection: TcpStream, endpoint: Arc<Endpoint>, router: Router) {
    // Acknowledgements are small, and somebody waits for each.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    let service = TowerToHyperService::new(router);
    let serving = http.serve_connection(TokioIo::new(connection), service);
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
