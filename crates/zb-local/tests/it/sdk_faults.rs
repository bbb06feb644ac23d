//! The official SDK, unmodified, in a world where things go wrong.

use std::{collections::HashMap, sync::Arc, time::Duration};

use databricks_zerobus_ingest_sdk::{
    HeadersProvider, ProtoBytes, TlsConfig, ZerobusError, ZerobusResult, ZerobusSdk, ZerobusStream,
};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use zb_local::{
    Server, ServerBuilder,
    faults::{Code, Fault, FaultScript},
};
use zb_types::ExposeSecret as _;

use crate::{
    client::{TABLE_HEADER, encoder, rows, token, token_form},
    lake::{flights, ids, schema, server, table_name},
};

const MS: Duration = Duration::from_millis(1);

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.commit_every(MS * 20).faults(script)).await
}

async fn open(server: &Server) -> ZerobusResult<ZerobusStream> {
    let sdk = ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .build()?;
    sdk.stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .recovery_backoff_ms(10)
        .flush_timeout_ms(30_000)
        .build()
        .await
}

fn payload(ids: std::ops::Range<i64>) -> Vec<ProtoBytes> {
    rows(&encoder(&schema()), &flights(ids))
        .into_iter()
        .map(ProtoBytes)
        .collect()
}

/// Sends a batch of ten rows and waits for it.
async fn send(stream: &ZerobusStream, batch: i64) -> ZerobusResult<()> {
    let rows = payload(batch * 10..batch * 10 + 10);
    let offset = stream.ingest_records_offset(rows).await?;
    match offset {
        Some(offset) => stream.wait_for_offset(offset).await,
        None => Ok(()),
    }
}

/// Sends six batches, one after another, and gives the batches that landed twice.
async fn batches_twice(fault: Fault) -> Vec<i64> {
    let (server, _dir) = faulty(fault.clone()).await;
    let mut stream = open(&server).await.unwrap();
    for batch in 0..6 {
        send(&stream, batch)
            .await
            .unwrap_or_else(|e| panic!("{fault:?}: {e}"));
    }
    stream.close().await.unwrap();
    assert!(server.faults()[0].fired > 0, "{fault:?} did not happen");

    let mut landed = ids(&server).await;
    let count = |id| landed.iter().filter(|other| **other == id).count();
    let twice: Vec<i64> = (0..6).filter(|batch| count(batch * 10) > 1).collect();
    landed.dedup();
    assert_eq!(landed, (0..60).collect::<Vec<_>>(), "{fault:?}");
    server.shutdown().await.unwrap();
    twice
}

#[tokio::test]
async fn what_the_sdk_recovers_from_loses_nothing_and_repeats_what_was_in_flight() {
    let unavailable = |on: &str| format!("injected at {on}");
    for (fault, twice) in [
        (Fault::on_connect().nth(2).cut(), vec![]),
        (Fault::on_token().nth(1).answer(503), vec![]),
        (
            Fault::on_open()
                .times(2)
                .status(Code::Unavailable, unavailable("open")),
            vec![],
        ),
        (Fault::on_open().nth(1).end(), vec![]),
        (Fault::on_open().nth(1).cut(), vec![]),
        (
            Fault::on_request()
                .nth(3)
                .status(Code::Internal, unavailable("request")),
            vec![],
        ),
        (Fault::on_request().nth(3).end(), vec![]),
        (Fault::on_request().nth(3).cut(), vec![]),
        (Fault::on_request().nth(3).close_signal(MS * 500), vec![]),
        (Fault::on_request().nth(3).freeze(MS * 300), vec![]),
        (Fault::on_request().nth(3).delay(MS * 300), vec![]),
        (Fault::on_commit().nth(3).disk_full(), vec![]),
        (Fault::on_ack().nth(3).delay(MS * 300), vec![]),
        (Fault::on_ack().nth(3).twice(), vec![]),
        // Committed, and the SDK cannot know.
        (Fault::on_ack().nth(3).cut(), vec![2]),
        (Fault::on_ack().nth(3).cut_mid_message(), vec![2]),
        (Fault::on_ack().nth(3).end(), vec![2]),
        (
            Fault::on_ack()
                .nth(3)
                .status(Code::Unavailable, unavailable("ack")),
            vec![2],
        ),
        (Fault::on_ack().nth(3).without_offset(), vec![2]),
    ] {
        assert_eq!(batches_twice(fault.clone()).await, twice, "{fault:?}");
    }
}

/// Sends batches until one fails, and gives the error and the batches that come back.
async fn failure(fault: Fault) -> (ZerobusError, usize) {
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server).await.unwrap();
    let mut batch = 0;
    let error = loop {
        match send(&stream, batch).await {
            Ok(()) => batch += 1,
            Err(error) => break error,
        }
        assert!(batch < 10, "nothing failed");
    };
    // It says so although the stream failed.
    stream.close().await.unwrap();
    let unacked = stream.get_unacked_batches().await.unwrap().len();
    server.shutdown().await.unwrap();
    (error, unacked)
}

#[tokio::test]
async fn a_poison_row_comes_back_without_a_word_about_which_one_it_is() {
    let (error, unacked) = failure(Fault::on_record().column("id", 25).refuse()).await;
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    assert_eq!(unacked, 1);
}

#[tokio::test]
async fn a_token_that_expires_in_mid_stream_is_final() {
    let (error, unacked) = failure(Fault::on_request().nth(3).expire_token()).await;
    assert!(
        matches!(&error, ZerobusError::StreamClosedError(status)
            if status.code() == tonic::Code::Unauthenticated),
        "{error:?}"
    );
    assert_eq!(unacked, 1);
}

#[tokio::test]
async fn a_token_request_that_breaks_is_final() {
    let (server, _dir) = faulty(Fault::on_token().nth(1).cut()).await;
    let error = open(&server).await.err().unwrap();
    assert!(
        matches!(error, ZerobusError::InvalidUCTokenError(_)),
        "{error:?}"
    );
    send(&open(&server).await.unwrap(), 0).await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn acknowledgements_that_cannot_be_true_are_refused() {
    for fault in [
        Fault::on_ack().nth(3).beyond(1000),
        Fault::on_ack().nth(3).saying(i64::MAX),
        Fault::on_ack().nth(3).behind(2),
        Fault::on_ack().nth(3).saying(-1),
    ] {
        let (error, unacked) = failure(fault.clone()).await;
        assert!(
            matches!(error, ZerobusError::InvalidArgument(_)),
            "{fault:?}: {error:?}"
        );
        assert_eq!(unacked, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn acknowledgements_that_stay_away_end_in_a_time_out() {
    let (server, _dir) = faulty(Fault::on_ack().from_offset(1).withhold()).await;
    let sdk = ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .build()
        .unwrap();
    let stream = sdk
        .stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .flush_timeout_ms(3_000)
        .build()
        .await
        .unwrap();
    send(&stream, 0).await.unwrap();
    let error = send(&stream, 1).await.unwrap_err();
    assert!(
        matches!(&error, ZerobusError::StreamClosedError(status)
            if status.code() == tonic::Code::DeadlineExceeded),
        "{error:?}"
    );
    // They are in the table all the same.
    assert_eq!(ids(&server).await, (0..20).collect::<Vec<_>>());
    drop(stream);
    server.shutdown().await.unwrap();
}

/// Trusts the authority of one server.
struct Trusting(String);

impl TlsConfig for Trusting {
    fn configure_endpoint(&self, endpoint: Endpoint) -> ZerobusResult<Endpoint> {
        let authority = Certificate::from_pem(&self.0);
        endpoint
            .tls_config(ClientTlsConfig::new().ca_certificate(authority))
            .map_err(|_| ZerobusError::FailedToEstablishTlsConnectionError)
    }
}

/// A token that was asked for beforehand.
struct Headers(String);

#[async_trait::async_trait]
impl HeadersProvider for Headers {
    async fn get_headers(&self) -> ZerobusResult<HashMap<&'static str, String>> {
        let bearer = format!("Bearer {}", self.0);
        Ok(HashMap::from([
            ("authorization", bearer),
            (TABLE_HEADER, table_name().to_string()),
        ]))
    }
}

#[tokio::test]
async fn rows_land_over_tls() {
    let (server, _dir) = server(ServerBuilder::tls).await;
    let token = token(&server, &token_form(&table_name())).await;
    let trusting = Trusting(server.ca_pem().unwrap().to_owned());
    let sdk = ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .tls_config(Arc::new(trusting))
        .build()
        .unwrap();
    let mut stream = sdk
        .stream_builder()
        .table(table_name().as_str())
        .headers_provider(Arc::new(Headers(token)))
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .build()
        .await
        .unwrap();
    send(&stream, 0).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}
