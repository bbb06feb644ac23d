//! Tables that their owner alters while they are written to.

use arrow_schema::{DataType, Field, Schema};
use tonic::Code;
use zb_local::ErrorKind;

use crate::{
    client::{Said, Stream, batch, encoder, rows},
    lake::{flights, ids, open, schema, server, table_name},
};

fn with(field: Field) -> Schema {
    let mut fields = schema().fields().to_vec();
    fields.push(field.into());
    Schema::new(fields)
}

#[tokio::test]
async fn a_column_that_is_added_is_there_for_the_next_stream_and_the_rows_stay() {
    let (server, _dir) = server(|builder| builder).await;
    let old = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &old).await;
    stream.send(batch(0, rows(&old, &flights(0..2)))).await;
    stream.acked(0).await;

    let wide = with(Field::new("delay", DataType::Int32, true));
    server.alter_table(&table_name(), &wide).await.unwrap();
    stream.send(batch(1, rows(&old, &flights(2..4)))).await;
    let (_, end) = stream.end().await;
    assert!(matches!(end, Said::Failed(Code::Unavailable, _)), "{end:?}");

    // One that lacks the column is taken, and one that has it.
    let mut stream = Stream::open(&server, &table_name(), &old).await;
    stream.send(batch(0, rows(&old, &flights(2..4)))).await;
    stream.acked(0).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&wide)).await;
    stream.half_close();
    assert_eq!(stream.next().await, Said::End);

    let table = open(&server.table_path(&table_name())).await;
    assert_eq!(table.get_file_uris().unwrap().count(), 2);
    assert_eq!(table.snapshot().unwrap().schema().fields().count(), 3);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_the_rows_do_not_allow_is_refused_unless_they_go() {
    let (server, _dir) = server(|builder| builder).await;
    let old = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &old).await;
    stream.send(batch(0, rows(&old, &flights(0..2)))).await;
    stream.acked(0).await;
    let retyped = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("needed", DataType::Int32, false),
    ]);
    let error = server
        .alter_table(&table_name(), &retyped)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    assert!(
        text.contains("id is Int64") && text.contains("needed"),
        "{text}"
    );
    assert_eq!(ids(&server).await, [0, 1]);

    server.replace_table(&table_name(), &retyped).await.unwrap();
    let table = open(&server.table_path(&table_name())).await;
    assert_eq!(table.get_file_uris().unwrap().count(), 0);
    let mut stream = Stream::open(&server, &table_name(), &encoder(&retyped)).await;
    stream.half_close();
    assert_eq!(stream.next().await, Said::End);
    server.shutdown().await.unwrap();
}
