//! The tables as another reader finds them: the Delta log, and the Parquet files it names.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use deltalake_core::{
    DeltaTable, DeltaTableBuilder, kernel::engine::arrow_conversion::TryIntoArrow,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use url::Url;
use zb_local::{Server, ServerBuilder};
use zb_types::TableName;

pub(crate) fn table_name() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

/// `id BIGINT NOT NULL, name STRING`.
pub(crate) fn schema() -> Schema {
    Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ])
}

pub(crate) fn flights(ids: std::ops::Range<i64>) -> RecordBatch {
    let names: Vec<String> = ids.clone().map(|id| format!("flight {id}")).collect();
    let columns: [ArrayRef; 2] = [
        Arc::new(Int64Array::from_iter_values(ids)),
        Arc::new(StringArray::from(names)),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns.to_vec()).unwrap()
}

/// A server with the table of flights, and the directory it works in.
pub(crate) async fn server(
    set_up: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = set_up(Server::builder(dir.path())).start().await.unwrap();
    server.create_table(&table_name(), &schema()).await.unwrap();
    (server, dir)
}

/// A Delta table, read from its log.
pub(crate) async fn open(path: &Path) -> DeltaTable {
    let url = Url::from_directory_path(path).unwrap();
    DeltaTableBuilder::from_url(url)
        .unwrap()
        .load()
        .await
        .unwrap()
}

pub(crate) async fn version(server: &Server, table: &TableName) -> u64 {
    open(&server.table_path(table)).await.version().unwrap()
}

/// All rows that the log names.
pub(crate) async fn read(path: &Path) -> RecordBatch {
    let table = open(path).await;
    let schema: Schema = table
        .snapshot()
        .unwrap()
        .schema()
        .as_ref()
        .try_into_arrow()
        .unwrap();
    let schema: SchemaRef = Arc::new(schema);
    let mut batches = Vec::new();
    for uri in table.get_file_uris().unwrap() {
        let path = uri.strip_prefix("file://").unwrap_or(&uri).to_owned();
        let file = File::open(path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap();
        batches.extend(reader.map(|batch| batch.unwrap().with_schema(schema.clone()).unwrap()));
    }
    concat_batches(&schema, &batches).unwrap()
}

/// The ids of all flights in the table, in order.
pub(crate) async fn ids(server: &Server) -> Vec<i64> {
    ids_in(&server.table_path(&table_name())).await
}

pub(crate) async fn ids_in(path: &Path) -> Vec<i64> {
    let rows = read(path).await;
    let column = rows.column_by_name("id").unwrap();
    let column = column.as_any().downcast_ref::<Int64Array>().unwrap();
    let mut ids: Vec<i64> = column.values().to_vec();
    ids.sort_unstable();
    ids
}
