//! A token endpoint that wishes its clients ill, by hand: no HTTP library would say these things.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};
use zb_auth::{ClientCredentials, Error, ErrorKind, ProtocolFault, TokenSource as _};
use zb_types::Secret;

use crate::request::flights;

/// What does not come to its end in this time does not at all.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is said when the endpoint answers with `begin` and then `again`, for ever.
async fn told(begin: &'static [u8], again: &'static [u8]) -> Error {
    told_within(PATIENCE, begin, again).await
}

/// The same for a client with this little patience.
async fn told_within(limit: Duration, begin: &'static [u8], again: &'static [u8]) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let mut more = stream.write_all(begin).await;
            while more.is_ok() {
                more = stream.write_all(again).await;
            }
        }
    });
    let secret = Secret::from("dose-hunter2");
    let credentials = ClientCredentials::builder(&url, "id", secret, "1");
    let credentials = credentials.timeout(limit).build().unwrap();
    let scope = flights();
    let fetching = credentials.fetch(&scope);
    timeout(2 * PATIENCE, fetching).await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_it() {
    let limit = 256 * 1024;
    for begin in [
        &b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n",
    ] {
        match told(begin, &[b'x'; 1024]).await {
            Error::Protocol { fault } => assert_eq!(fault, ProtocolFault::TooLarge { limit }),
            other => panic!("{other:?}"),
        }
    }
    let packed = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    match told(packed, b"4\r\nxxxx\r\n").await {
        Error::Protocol { fault } => assert_eq!(fault, ProtocolFault::TooLarge { limit }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn headers_without_end_are_not_read_to_it() {
    for again in [&b"x-flood: 1\r\n"[..], &[b'x'; 1024]] {
        let error = told(b"HTTP/1.1 200 OK\r\n", again).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_not_read_to_its_end() {
    for again in [&[0; 1024][..], b"SSH-2.0\r\n"] {
        let error = told(b"", again).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
    // This is HTTP, and has no end of its own: that of time is left.
    let soon = b"HTTP/1.1 100 Continue\r\n\r\n";
    let error = told_within(Duration::from_secs(1), b"", soon).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}
