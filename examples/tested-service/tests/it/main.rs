//! The station against an endpoint that lives as long as a test, and fails on purpose.
#![allow(clippy::unwrap_used, reason = "tests")]

use tested_service::{Reading, Station};
use zb_core::{
    Client,
    local::{
        LocalZerobus, LocalZerobusBuilder,
        faults::{Code, Fault},
    },
    retry::Policy,
};

const TABLE: &str = "main.weather.readings";

/// The table as it is in the workspace.
fn zerobus() -> LocalZerobusBuilder {
    LocalZerobus::builder().table_from_sql(
        "CREATE TABLE main.weather.readings (sensor STRING NOT NULL, celsius DOUBLE)",
    )
}

/// A station that gives up after two attempts, since a test has little time.
fn station(zerobus: &LocalZerobus) -> Station {
    let client = Client::builder()
        .against(zerobus)
        .options(|options| options.retry(Policy::new().with_max_attempts(2)))
        .build()
        .unwrap();
    let mut station = Station::new(client, TABLE.parse().unwrap());
    station.take(Reading::new("north", 21.5));
    station.take(Reading::new("south", 19.0));
    station
}

#[tokio::test]
async fn readings_are_stored_and_forgotten() {
    let zerobus = zerobus().start().await.unwrap();
    let mut station = station(&zerobus);
    assert!(station.upload().await.unwrap().is_all_durable());
    assert_eq!(station.kept(), 0);
    let rows = zerobus.rows(TABLE).await.unwrap();
    assert_eq!(rows.num_rows(), 2);
    station.close().await.unwrap();
    zerobus.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_acknowledgement_that_is_lost_costs_duplicates_and_no_reading() {
    let lost = Fault::on_ack().once().cut().named("ack lost");
    let zerobus = zerobus().fault(lost).start().await.unwrap();
    let mut station = station(&zerobus);
    let receipt = station.upload().await.unwrap();
    assert!(receipt.is_all_durable());
    // The fault has happened, and is what the receipt tells.
    assert_eq!(zerobus.faults()[0].fired, 1);
    assert_eq!(receipt.possibly_duplicated().count(), 2);
    assert_eq!(zerobus.rows(TABLE).await.unwrap().num_rows(), 4);
}

#[tokio::test]
async fn readings_are_kept_while_the_service_is_away() {
    let away = Fault::on_open().status(Code::Unavailable, "in maintenance");
    let zerobus = zerobus().fault_off(away.named("away")).start().await;
    let zerobus = zerobus.unwrap();
    let mut station = station(&zerobus);
    zerobus.switch_on("away").unwrap();
    let receipt = station.upload().await;
    assert!(receipt.is_err() || receipt.unwrap().not_sent().count() == 2);
    assert_eq!(station.kept(), 2);
    assert_eq!(zerobus.rows(TABLE).await.unwrap().num_rows(), 0);

    zerobus.switch_off("away").unwrap();
    station.take(Reading::new("west", 18.0));
    assert!(station.upload().await.unwrap().is_all_durable());
    assert_eq!(station.kept(), 0);
    assert_eq!(zerobus.rows(TABLE).await.unwrap().num_rows(), 3);
}
