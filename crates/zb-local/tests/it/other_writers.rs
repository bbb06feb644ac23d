//! Tables that somebody else writes, too.

use arrow_schema::{DataType, Field, Schema};
use deltalake_core::{
    DeltaTableBuilder,
    kernel::{DataType as Kernel, StructField},
    writer::{DeltaWriter as _, RecordBatchWriter},
};
use tonic::Code;
use zb_types::TableName;

use crate::{
    client::{Said, Stream, batch, encoder, rows},
    lake::{flights, ids, open, schema, server, table_name, version},
};

#[tokio::test]
async fn rows_of_others_come_between() {
    let (server, _dir) = server(|builder| builder).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..2)))).await;
    stream.acked(0).await;

    let mut table = open(&server.table_path(&table_name())).await;
    let mut writer = RecordBatchWriter::for_table(&table).unwrap();
    writer.write(flights(2..4)).await.unwrap();
    writer.flush_and_commit(&mut table).await.unwrap();

    stream.send(batch(1, rows(&encoder, &flights(4..6)))).await;
    stream.acked(1).await;
    assert_eq!(ids(&server).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(version(&server, &table_name()).await, 3);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_column_of_others_is_seen_by_the_next_stream() {
    let (server, _dir) = server(|builder| builder).await;
    let old = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &old).await;
    open(&server.table_path(&table_name()))
        .await
        .add_columns()
        .with_fields([StructField::new("delay", Kernel::INTEGER, true)])
        .await
        .unwrap();

    let mut columns = schema().fields().to_vec();
    columns.push(Field::new("delay", DataType::Int32, true).into());
    let new = encoder(&Schema::new(columns));
    let mut newer = Stream::open(&server, &table_name(), &new).await;
    newer.half_close();
    assert_eq!(newer.next().await, Said::End);

    // The rows of the older one are checked against columns that the table no longer has.
    stream.send(batch(0, rows(&old, &flights(0..2)))).await;
    let (acked, end) = stream.end().await;
    assert_eq!(acked, None);
    assert!(matches!(end, Said::Failed(Code::Unavailable, _)), "{end:?}");

    let mut stream = Stream::open(&server, &table_name(), &old).await;
    stream.send(batch(0, rows(&old, &flights(0..2)))).await;
    stream.acked(0).await;
    assert_eq!(ids(&server).await, [0, 1]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_table_of_others_is_appended_to() {
    let (server, _dir) = server(|builder| builder).await;
    let table: TableName = "main.nyc.foreign".parse().unwrap();
    let path = server.table_path(&table);
    std::fs::create_dir_all(&path).unwrap();
    let comment = [("comment".to_owned(), "what it is called".into())];
    DeltaTableBuilder::from_url(url::Url::from_directory_path(&path).unwrap())
        .unwrap()
        .build()
        .unwrap()
        .create()
        .with_column("id", Kernel::LONG, false, None)
        .with_column("name", Kernel::STRING, true, Some(comment.into()))
        .with_partition_columns(["name"])
        .await
        .unwrap();
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table, &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.acked(0).await;
    let files = open(&path).await.get_file_uris().unwrap().count();
    assert_eq!(files, 3, "one file for each partition");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn checkpoints_are_written_where_the_table_wants_them() {
    let (server, _dir) = server(|builder| builder.commit_rows(1)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    for offset in 0..101 {
        let rows = rows(&encoder, &flights(offset..offset + 1));
        stream.send(batch(offset, rows)).await;
        stream.acked(offset).await;
    }
    let log = server.table_path(&table_name()).join("_delta_log");
    assert!(log.join("_last_checkpoint").exists());
    assert!(log.join("00000000000000000100.checkpoint.parquet").exists());
    assert_eq!(ids(&server).await, (0..101).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}
