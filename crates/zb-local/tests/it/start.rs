//! Starting: addresses, directories, and what is said when they cannot be had.

use std::{fs, time::Duration};

use reqwest::StatusCode;
use zb_local::{Error, ErrorKind, Server};

use crate::client::http;

#[tokio::test]
async fn a_port_in_use_says_which_and_what_to_do() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::builder(first.path()).start().await.unwrap();
    let address = server
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let error = Server::builder(second.path())
        .listen(&*address)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    let message = error.to_string();
    assert!(message.contains(&address), "{message}");
    assert!(message.contains("another port"), "{message}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_dropped_lets_go_of_its_port() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::builder(first.path()).start().await.unwrap();
    let address = server.endpoint().replace("http://", "");
    drop(server);
    // The task that listens ends soon after; nothing tells when.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let again = loop {
        let builder = Server::builder(second.path()).listen(&*address);
        match builder.start().await {
            Err(error) if error.kind() == ErrorKind::AddressInUse => {
                assert!(tokio::time::Instant::now() < deadline, "{error}");
                tokio::task::yield_now().await;
            }
            other => break other,
        }
    };
    again.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let builder = Server::builder(dir.path()).listen("192.0.2.1:7080");
    assert_eq!(
        builder.start().await.unwrap_err().kind(),
        ErrorKind::Address
    );
    let builder = Server::builder(dir.path()).listen("no port");
    assert_eq!(
        builder.start().await.unwrap_err().kind(),
        ErrorKind::Address
    );
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Server::builder(file.join("lake"))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Directory);
    assert!(error.to_string().contains("file/lake"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_directory_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path()).start().await.unwrap();
    let error = Server::builder(dir.path()).start().await.unwrap_err();
    assert!(matches!(error, Error::DirectoryInUse { .. }), "{error}");
    assert!(error.to_string().contains("another server"), "{error}");
    server.shutdown().await.unwrap();
    let again = Server::builder(dir.path()).start().await.unwrap();
    // A server that is dropped lets go of its directory, too.
    drop(again);
    drop(Server::builder(dir.path()).start().await.unwrap());
}

#[tokio::test]
async fn two_addresses_have_two_urls() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path())
        .http("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    assert_ne!(server.endpoint(), server.unity_catalog_url());
    let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
    let status = http(&server).post(url).send().await.unwrap().status();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn debug_shows_no_secret() {
    use zb_types::ExposeSecret as _;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path()).start().await.unwrap();
    assert!(!format!("{server:?}").contains(server.client_secret().expose_secret()));
}
