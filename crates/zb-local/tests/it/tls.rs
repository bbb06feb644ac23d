//! TLS with an authority of the server's own.

use std::{fs, time::Duration};

use tonic::{Code, transport::Channel};
use zb_local::{Server, ServerBuilder, faults::Fault};

use crate::{
    client::{Said, Stream, batch, encoder, http, rest_form, rows, token},
    lake::{flights, ids, schema, server, table_name},
};

#[tokio::test]
async fn rows_land_over_tls() {
    let (server, dir) = server(ServerBuilder::tls).await;
    for url in [server.endpoint(), server.unity_catalog_url()] {
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    }
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.acked(0).await;
    assert_eq!(ids(&server).await, [0, 1, 2]);

    let path = server.ca_path().unwrap();
    assert_eq!(path.parent(), fs::canonicalize(dir.path()).ok().as_deref());
    assert_eq!(fs::read_to_string(path).ok().as_deref(), server.ca_pem());
    drop(stream);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn both_addresses_and_the_name_of_the_host_are_certified() {
    let (server, _dir) = server(|builder| builder.tls().http("localhost:0")).await;
    token(&server, &rest_form()).await;
    let named = server.unity_catalog_url().replace("127.0.0.1", "localhost");
    let answer = http(&server).get(named.replace("[::1]", "localhost"));
    answer.send().await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_does_not_know_the_authority_does_not_connect() {
    let (server, _dir) = server(ServerBuilder::tls).await;
    let (other, _dir2) = crate::lake::server(ServerBuilder::tls).await;
    let error = http(&other)
        .get(server.unity_catalog_url())
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    server.shutdown().await.unwrap();
    other.shutdown().await.unwrap();
}

#[tokio::test]
async fn clear_text_is_not_served() {
    let (server, _dir) = server(ServerBuilder::tls).await;
    let plain = server.endpoint().replace("https:", "http:");
    assert!(http(&server).get(&plain).send().await.is_err());
    let channel = Channel::from_shared(plain).unwrap().connect_lazy();
    let call = Stream::call_on(channel, &[]);
    let status = tokio::time::timeout(Duration::from_secs(30), call).await;
    assert!(status.unwrap().is_err());
    assert_eq!(server.stats().opens, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_started_again_is_still_trusted() {
    let (first, dir) = server(ServerBuilder::tls).await;
    let trusting = http(&first);
    first.shutdown().await.unwrap();
    let again = Server::builder(dir.path()).tls().start().await.unwrap();
    trusting
        .get(again.unity_catalog_url())
        .send()
        .await
        .unwrap();
    again.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_tls_there_is_no_authority() {
    let (server, dir) = server(|builder| builder).await;
    assert_eq!((server.ca_pem(), server.ca_path()), (None, None));
    assert!(!dir.path().join("zb-local-ca.pem").exists());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn faults_reach_through_tls() {
    let script = [
        Fault::on_ack().nth(1).cut_mid_message(),
        Fault::on_request().nth(2).cut(),
    ];
    let (server, _dir) = server(|builder| builder.tls().faults(script)).await;
    let encoder = encoder(&schema());
    for _ in 0..2 {
        let mut stream = Stream::open(&server, &table_name(), &encoder).await;
        stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
        let said = stream.next().await;
        assert!(
            matches!(
                said,
                Said::Failed(Code::Unknown | Code::Unavailable | Code::Internal, _)
            ),
            "{said:?}"
        );
    }
    let fired: Vec<_> = server.faults().iter().map(|fault| fault.fired).collect();
    assert_eq!(fired, [1, 1]);
    assert_eq!(ids(&server).await, [0, 1, 2]);
    server.shutdown().await.unwrap();
}
