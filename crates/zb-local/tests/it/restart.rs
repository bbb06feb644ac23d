//! A server that is started again goes on where it stopped.

use zb_local::Server;
use zb_types::ExposeSecret as _;

use crate::{
    client::{Said, Stream, TABLE_HEADER, batch, create, encoder, rows, token, token_form},
    lake::{flights, ids, schema, server, table_name},
};

#[tokio::test]
async fn credentials_tokens_and_tables_survive() {
    let (first, dir) = server(|builder| builder).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&first, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.acked(0).await;
    let id = first.client_id().to_owned();
    let secret = first.client_secret().expose_secret().to_owned();
    let bearer = format!("Bearer {}", token(&first, &token_form(&table_name())).await);
    drop(stream);
    first.shutdown().await.unwrap();

    let again = Server::builder(dir.path()).start().await.unwrap();
    assert_eq!(again.client_id(), id);
    assert_eq!(again.client_secret().expose_secret(), secret);
    // The token of the first server, and a table that nobody made in the second one.
    let table = table_name();
    let headers = [("authorization", &*bearer), (TABLE_HEADER, table.as_str())];
    let mut stream = Stream::call(&again, &headers).await;
    stream.send(create(table.as_str(), &encoder)).await;
    assert_eq!(stream.next().await, Said::Created);
    stream.send(batch(0, rows(&encoder, &flights(3..5)))).await;
    stream.acked(0).await;
    assert_eq!(ids(&again).await, [0, 1, 2, 3, 4]);
    drop(stream);
    again.shutdown().await.unwrap();
}
