//! The endpoint for the tests of others, used as they would use it: with the official SDK.

use std::{net::TcpStream, path::PathBuf, time::Duration};

use arrow_array::{Array as _, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use databricks_zerobus_ingest_sdk::{JsonString, ZerobusError, ZerobusSdk, ZerobusStream};
use zb_local::{
    Error, ErrorKind, LocalZerobus, LocalZerobusBuilder,
    faults::{Code, Fault},
};
use zb_types::ExposeSecret as _;

use crate::lake::{self, schema};

const TABLE: &str = "main.nyc.flights";
const REFUSED: &str = "refused for the test";

fn with_flights() -> LocalZerobusBuilder {
    LocalZerobus::builder().table(TABLE, &schema())
}

/// A stream of the SDK, with nothing of ours but the four facts.
async fn stream(zerobus: &LocalZerobus) -> Result<ZerobusStream, ZerobusError> {
    let sdk = ZerobusSdk::builder()
        .endpoint(zerobus.endpoint())
        .unity_catalog_url(zerobus.unity_catalog_url())
        .build()?;
    sdk.stream_builder()
        .table(TABLE)
        .oauth(zerobus.client_id(), zerobus.client_secret().expose_secret())
        .json()
        .build()
        .await
}

async fn send(stream: &mut ZerobusStream, id: i64) -> Result<(), ZerobusError> {
    let row = JsonString(format!(r#"{{"id": {id}, "name": "flight {id}"}}"#));
    let offset = stream.ingest_record_offset(row).await?;
    stream.wait_for_offset(offset).await
}

async fn ids(zerobus: &LocalZerobus) -> Vec<i64> {
    let rows = zerobus.rows(TABLE).await.unwrap();
    let column = rows.column_by_name("id").unwrap();
    let column = column.as_any().downcast_ref::<Int64Array>().unwrap();
    let mut ids = column.values().to_vec();
    ids.sort_unstable();
    ids
}

/// Ids and names, in order.
fn named(rows: &RecordBatch) -> Vec<(i64, String)> {
    let ids = rows.column(0).as_any().downcast_ref::<Int64Array>();
    let names = rows.column(1).as_any().downcast_ref::<StringArray>();
    let pairs = ids.unwrap().values().iter().zip(names.unwrap());
    let mut pairs: Vec<_> = pairs
        .map(|(id, name)| (*id, name.unwrap().to_owned()))
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Nobody listens there any more: at once, or as soon as the runtime has come to it.
async fn is_gone(endpoint: &str) -> bool {
    let address = endpoint.strip_prefix("http://").unwrap();
    for _ in 0..1000 {
        if TcpStream::connect(address).is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn a_client_of_the_sdk_needs_nothing_but_what_it_is_told() {
    let zerobus = with_flights().start().await.unwrap();
    let mut stream = stream(&zerobus).await.unwrap();
    for id in 0..3 {
        send(&mut stream, id).await.unwrap();
    }
    assert_eq!(ids(&zerobus).await, [0, 1, 2]);
    // Another reader, with none of our code for reading, finds the same.
    let read = lake::read(&zerobus.table_path(TABLE).unwrap()).await;
    let rows = zerobus.rows(TABLE).await.unwrap();
    assert_eq!((read.schema(), named(&read)), (rows.schema(), named(&rows)));
    assert_eq!(named(&rows)[2], (2, "flight 2".to_owned()));
    let stats = zerobus.stats();
    assert_eq!((stats.rows, stats.commits, stats.requests), (3, 3, 3));
    stream.close().await.unwrap();
    let dir = zerobus.dir().to_owned();
    assert!(dir.is_dir());
    zerobus.shutdown().await.unwrap();
    assert!(!dir.exists());
}

#[tokio::test]
async fn two_at_once_have_nothing_in_common() {
    let (one, two) = tokio::join!(with_flights().start(), with_flights().start());
    let (one, two) = (one.unwrap(), two.unwrap());
    let (mut to_one, mut to_two) = (stream(&one).await.unwrap(), stream(&two).await.unwrap());
    tokio::try_join!(send(&mut to_one, 1), send(&mut to_two, 2)).unwrap();
    assert_eq!((ids(&one).await, ids(&two).await), (vec![1], vec![2]));
    assert_ne!(one.endpoint(), two.endpoint());
    assert_ne!(
        one.client_secret().expose_secret(),
        two.client_secret().expose_secret()
    );
    one.shutdown().await.unwrap();
    // The end of one is nothing to the other.
    send(&mut to_two, 3).await.unwrap();
    assert_eq!(ids(&two).await, [2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_panics_leaves_nothing_behind() {
    let (told, facts) = tokio::sync::oneshot::channel::<(String, PathBuf)>();
    let test = tokio::spawn(async move {
        let zerobus = with_flights().start().await.unwrap();
        let mut stream = stream(&zerobus).await.unwrap();
        send(&mut stream, 1).await.unwrap();
        let facts = (zerobus.endpoint().to_owned(), zerobus.dir().to_owned());
        told.send(facts).unwrap();
        panic!("as a failed assertion does");
    });
    assert!(test.await.unwrap_err().is_panic());
    let (endpoint, dir) = facts.await.unwrap();
    assert!(!dir.exists());
    assert!(is_gone(&endpoint).await);
}

#[tokio::test]
async fn dropping_it_waits_for_nobody() {
    // A commit that takes an hour, and a client that waits for it.
    let hour = Duration::from_hours(1);
    let zerobus = with_flights().fault(Fault::on_commit().delay(hour));
    let zerobus = zerobus.start().await.unwrap();
    let stream = stream(&zerobus).await.unwrap();
    let row = JsonString(r#"{"id": 1}"#.to_owned());
    stream.ingest_record_offset(row).await.unwrap();
    let endpoint = zerobus.endpoint().to_owned();
    let dropping = std::time::Instant::now();
    drop(zerobus);
    assert!(dropping.elapsed() < Duration::from_secs(5));
    assert!(is_gone(&endpoint).await);
}

#[tokio::test]
async fn a_directory_that_is_given_stays() {
    let dir = tempfile::tempdir().unwrap();
    let lake = dir.path().join("lake");
    let zerobus = with_flights().dir(&lake).start().await.unwrap();
    send(&mut stream(&zerobus).await.unwrap(), 7).await.unwrap();
    zerobus.shutdown().await.unwrap();
    // The table is there already, and asked for again.
    let zerobus = with_flights().dir(&lake).start().await.unwrap();
    assert_eq!(ids(&zerobus).await, [7]);
    assert_eq!(zerobus.tables().unwrap(), [TABLE.parse().unwrap()]);
    drop(zerobus);
    assert!(lake.join("main/nyc/flights/_delta_log").is_dir());
}

#[tokio::test]
async fn faults_go_on_and_off_while_it_runs() {
    let refused = Fault::on_open().status(Code::PermissionDenied, REFUSED);
    let lost = Fault::on_ack().once().cut();
    let zerobus = with_flights()
        .fault_off(refused.named("closed"))
        .fault(lost.named("ack lost"));
    let zerobus = zerobus.start().await.unwrap();

    // The acknowledgement of the first row is lost: the SDK sends it again, and it is there twice.
    send(&mut stream(&zerobus).await.unwrap(), 1).await.unwrap();
    assert_eq!(ids(&zerobus).await, [1, 1]);

    zerobus.switch_on("closed").unwrap();
    let error = stream(&zerobus).await.err().expect("it is closed");
    assert!(error.to_string().contains(REFUSED), "{error}");
    zerobus.switch_off("closed").unwrap();
    send(&mut stream(&zerobus).await.unwrap(), 2).await.unwrap();

    let counts = zerobus.faults();
    assert_eq!(
        (counts[0].name.as_str(), counts[1].name.as_str()),
        ("closed", "ack lost")
    );
    // How often a client asks is its own affair; how often it is refused is the fault's.
    assert!(
        counts[0].fired >= 1 && counts[0].fired == counts[0].seen,
        "{counts:?}"
    );
    assert_eq!(counts[1].fired, 1);
    assert_eq!(
        zerobus.switch_on("opened").unwrap_err().to_string(),
        "there is no fault \"opened\"; there are: closed, ack lost"
    );
}

#[tokio::test]
async fn tables_are_as_they_were_asked_for() {
    let zerobus = with_flights()
        .table_from_sql("CREATE TABLE main.nyc.weather (at TIMESTAMP NOT NULL, temp DOUBLE)")
        .start()
        .await
        .unwrap();
    let rows = zerobus.rows("main.nyc.weather").await.unwrap();
    assert_eq!(rows.num_rows(), 0);
    assert!(!rows.schema().field(0).is_nullable());
    let names = [TABLE, "main.nyc.weather"].map(|name| name.parse().unwrap());
    assert_eq!(zerobus.tables().unwrap(), names);
    let error = zerobus.rows("main.nyc.weathers").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TableNotFound);
    assert_eq!(
        error.to_string(),
        "there is no table main.nyc.weathers; there are: main.nyc.flights, main.nyc.weather"
    );
}

#[tokio::test]
async fn what_was_asked_for_wrongly_is_said_before_anything_begins() {
    let kind = |error: Error| error.kind();
    let named = LocalZerobus::builder().table("flights", &schema());
    assert_eq!(kind(named.start().await.unwrap_err()), ErrorKind::TableName);
    let stated = LocalZerobus::builder().table_from_sql("CREATE TABLE a.b.c (x NUMBER)");
    assert_eq!(
        kind(stated.start().await.unwrap_err()),
        ErrorKind::Statement
    );
    let short = LocalZerobus::builder().table_from_sql("CREATE TABLE c (x INT)");
    assert_eq!(kind(short.start().await.unwrap_err()), ErrorKind::TableName);
    let spaced = Schema::new(vec![Field::new("two words", DataType::Int64, true)]);
    let spaced = LocalZerobus::builder().table(TABLE, &spaced);
    assert_eq!(kind(spaced.start().await.unwrap_err()), ErrorKind::Schema);
    let twice = tempfile::tempdir().unwrap();
    let _first = LocalZerobus::builder().dir(twice.path()).start().await;
    let second = LocalZerobus::builder().dir(twice.path()).start().await;
    assert_eq!(kind(second.unwrap_err()), ErrorKind::DirectoryInUse);
}

#[tokio::test]
async fn rows_are_read_with_the_columns_that_the_table_has_now() {
    let zerobus = with_flights().start().await.unwrap();
    send(&mut stream(&zerobus).await.unwrap(), 1).await.unwrap();
    let columns = vec![
        Field::new("gate", DataType::Int32, true),
        Field::new("id", DataType::Int64, false),
    ];
    let name = TABLE.parse().unwrap();
    let altered = Schema::new(columns);
    zerobus.server().alter_table(&name, &altered).await.unwrap();
    let rows: RecordBatch = zerobus.rows(TABLE).await.unwrap();
    assert_eq!(rows.num_columns(), 2);
    assert_eq!(rows.column(0).null_count(), 1);
    assert_eq!(ids(&zerobus).await, [1]);
}
