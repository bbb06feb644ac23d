//! Senders that are kept, replaced and closed; the catalog.

use std::sync::{Arc, Mutex};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use zb_core::{
    Client, Error, ErrorKind, Fit, Receipt, Sender, TableName, Ticket, Totals,
    local::faults::{Answer, Fault},
};

use crate::ground::{self, Ground};

fn ids(from: i64, rows: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + rows));
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

fn ids_and_names(from: i64, rows: i64) -> RecordBatch {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|i| format!("n{i}")),
    ));
    let ids = ids(from, rows).column(0).clone();
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("name", names, true)]).unwrap()
}

fn table() -> TableName {
    "main.default.ids".parse().unwrap()
}

/// Said to the compiler: nothing else would notice a part that cannot go to another thread.
#[test]
fn a_client_and_what_it_gives_out_are_shared_by_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Client>();
    shared::<Sender>();
    shared::<Ticket>();
    shared::<Receipt>();
    shared::<Error>();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_two_schemas_go_to_one_table_from_many_tasks() {
    let dir = tempfile::tempdir().unwrap();
    let client = Arc::new(Client::local(dir.path()).await.unwrap());
    // The wide schema makes the table; the narrow one leaves a nullable column out.
    let sent = client.send(&table(), ids_and_names(0, 1)).await.unwrap();
    assert!(sent.is_all_durable(), "{sent:?}");
    let tasks: Vec<_> = (0..16)
        .map(|i| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                let batch = if i % 2 == 0 {
                    ids(i * 100, 100)
                } else {
                    ids_and_names(i * 100, 100)
                };
                client.send(&table(), batch).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        let receipt = task.await.unwrap();
        assert!(receipt.is_all_durable(), "{receipt:?}");
    }
    let client = Arc::into_inner(client).unwrap();
    assert!(client.close().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_submitted_is_settled_by_closing_and_nothing_is_taken_in_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let client = Arc::new(Client::local(dir.path()).await.unwrap());
    let mut tickets = Vec::new();
    // More sets of columns than are kept, by turns: the ones that make room are not cut off.
    let column = |i: i64| {
        let ids = ids(i * 10, 10).column(0).clone();
        let none: ArrayRef = Arc::new(Int64Array::from(vec![None; 10]));
        let named = format!("c{}", i % 6);
        RecordBatch::try_from_iter_with_nullable([("id", ids, false), (&*named, none, true)])
            .unwrap()
    };
    let all = (0..6).map(|i| format!("c{i}"));
    let fields = all.map(|name| Field::new(name, DataType::Int64, true));
    let first = Field::new("id", DataType::Int64, false);
    let schema = Schema::new(std::iter::once(first).chain(fields).collect::<Vec<_>>());
    let whole = client.sender(&table(), &schema).open().await.unwrap();
    for i in 0..24 {
        tickets.push(client.submit(&table(), column(i)).await.unwrap());
    }
    assert!(client.close().await.unwrap().is_empty());
    let mut totals = Totals::default();
    for ticket in tickets {
        totals.add(&ticket.try_receipt().expect("closing has settled it"));
    }
    assert_eq!((totals.rows, totals.durable.count()), (240, 240));
    assert_eq!(totals.durable, std::iter::once(0..240).collect());
    let error = client.send(&table(), ids(0, 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(
        client.close().await.unwrap().is_empty(),
        "again is no error"
    );
    drop(whole);
}

#[tokio::test]
async fn the_catalog_describes_what_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let client = Client::local(dir.path()).await.unwrap();
    let error = client.describe_table(&table()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let sent = client.send(&table(), ids_and_names(0, 1)).await.unwrap();
    assert!(sent.is_all_durable(), "{sent:?}");
    let described = client.describe_table(&table()).await.unwrap();
    let columns: Vec<_> = described
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.type_text.as_str(), c.nullable))
        .collect();
    assert_eq!(columns, [("id", "bigint", false), ("name", "string", true)]);
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_does_not_fit_names_its_column() {
    let dir = tempfile::tempdir().unwrap();
    let client = Client::local(dir.path()).await.unwrap();
    let sent = client.send(&table(), ids(0, 1)).await.unwrap();
    assert!(sent.is_all_durable(), "{sent:?}");
    let error = client
        .send(&table(), ids_and_names(0, 1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("`name`"), "{cause}");
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_dry_run_needs_no_address_and_sends_nothing() {
    let client = Client::builder().dry_run().unwrap();
    let receipt = client.send(&table(), ids_and_names(0, 5)).await.unwrap();
    assert_eq!((receipt.not_sent().count(), receipt.rows()), (5, 5));
    let error = client.describe_table(&table()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("dry run"), "{cause}");
    assert!(client.close().await.unwrap().is_empty());
}

#[tokio::test]
async fn settings_of_the_builder_are_those_of_every_sender() {
    let dir = tempfile::tempdir().unwrap();
    let builder = Client::builder().options(|options| options.request_bytes(0));
    let error = builder.local(dir.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let builder = Client::builder().options(zb_core::ingest::SenderOptions::dry_run);
    let client = builder.local(dir.path()).await.unwrap();
    let receipt = client.send(&table(), ids(0, 5)).await.unwrap();
    assert_eq!(receipt.not_sent().count(), 5);
    client.close().await.unwrap();
}

/// Gives out the token that a workspace would, and counts.
struct Vault(Mutex<usize>, zb_core::auth::ClientCredentials);

#[zb_core::auth::async_trait]
impl zb_core::auth::TokenSource for Vault {
    async fn fetch(
        &self,
        scope: &zb_core::auth::Scope,
    ) -> Result<zb_core::auth::Token, zb_core::auth::Error> {
        *self.0.lock().unwrap() += 1;
        self.1.fetch(scope).await
    }
}

#[tokio::test]
async fn a_token_source_of_the_program_needs_no_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let server = zb_core::local::Server::builder(dir.path())
        .start()
        .await
        .unwrap();
    let schema = ids(0, 0).schema();
    server.create_table(&table(), &schema).await.unwrap();
    let host = server.unity_catalog_url();
    let secret = server.client_secret().clone();
    let workspace = zb_core::auth::workspace_id_from_endpoint(server.endpoint()).unwrap();
    let credentials =
        zb_core::auth::ClientCredentials::builder(host, server.client_id(), secret, workspace);
    let vault = Arc::new(Vault(Mutex::default(), credentials.build().unwrap()));
    let builder = Client::builder().endpoint(server.endpoint()).host(host);
    let client = builder.token_source(vault.clone()).build().unwrap();
    for from in [0, 5] {
        let receipt = client.send(&table(), ids(from, 5)).await.unwrap();
        assert!(receipt.is_all_durable(), "{receipt:?}");
    }
    client.close().await.unwrap();
    // One to look at the table, one to write to it.
    assert_eq!(*vault.0.lock().unwrap(), 2);
    server.shutdown().await.unwrap();
}

#[test]
fn an_address_that_cannot_be_is_found_out_before_anything_is_tried() {
    let client = |endpoint: &str| {
        Client::builder()
            .endpoint(endpoint)
            .host("https://h.com")
            .client_id("id")
            .client_secret("secret".into())
            .build()
    };
    assert!(client("https://1.zerobus.x.com").is_ok());
    for wrong in ["ftp://1.x.com", "http://1.x.com", "https://1.x.com:99999"] {
        assert_eq!(
            client(wrong).unwrap_err().kind(),
            ErrorKind::Config,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_send_without_a_token_has_the_kind_of_what_is_wrong_with_it() {
    let ground = |answer: Answer| async move {
        let fault = Fault::on_token().answer(answer);
        Ground::with(&ids(0, 1).schema(), |builder| builder.faults(fault)).await
    };
    let oauth = |error: &str| format!(r#"{{"error":"{error}"}}"#);
    for (answer, kind) in [
        (
            Answer::status(401).body(oauth("invalid_client")),
            ErrorKind::Authentication,
        ),
        (
            Answer::status(403).body(oauth("access_denied")),
            ErrorKind::Permission,
        ),
        (Answer::status(404).body("no such page"), ErrorKind::Config),
    ] {
        let ground = ground(answer).await;
        let client = ground.builder().fit(Fit::Off).build().unwrap();
        let error = client.send(&ground::table(), ids(0, 1)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(ground.server.stats().opens, 0);
    }

    let ground = ground(Answer::status(500)).await;
    let settings = Client::builder()
        .endpoint(ground.server.endpoint())
        .host(ground.server.unity_catalog_url())
        .oidc_token_file("/nowhere/at/all");
    let client = settings.fit(Fit::Off).build().unwrap();
    let error = client.send(&ground::table(), ids(0, 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
}
