//! A server with a table, clients of it, and what is in the table as a reader without our code
//! finds it.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use arrow_array::{Array, RecordBatch};
use arrow_schema::Schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use tempfile::TempDir;
use zb_core::{
    Client, ClientBuilder, TableName,
    local::{Server, ServerBuilder},
    retry::Policy,
};

pub(crate) struct Ground {
    pub(crate) server: Server,
    _dir: TempDir,
}

pub(crate) fn table() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

impl Ground {
    pub(crate) async fn new(schema: &Schema) -> Self {
        Self::with(schema, |builder| builder).await
    }

    pub(crate) async fn with(
        schema: &Schema,
        set_up: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let builder = Server::builder(dir.path()).commit_every(Duration::from_millis(10));
        let server = set_up(builder).start().await.unwrap();
        server.create_table(&table(), schema).await.unwrap();
        Self { server, _dir: dir }
    }

    /// A client that is not on the server's own side, with many attempts close together.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let retries = Policy::new()
            .with_base(Duration::from_millis(5))
            .with_cap(Duration::from_millis(40))
            .with_max_attempts(500);
        Client::builder()
            .endpoint(self.server.endpoint())
            .host(self.server.unity_catalog_url())
            .client_id(self.server.client_id())
            .client_secret(self.server.client_secret().clone())
            .options(move |options| options.retry(retries))
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// The values of a column as text, in the order in which they were committed; files that lack
    /// the column have nothing for it.
    pub(crate) fn landed(&self, column: &str) -> Vec<Option<String>> {
        let values = |batch: &RecordBatch| -> Vec<Option<String>> {
            let Some(array) = batch.column_by_name(column) else {
                return vec![None; batch.num_rows()];
            };
            let text = |row| {
                let value = || array_text(array, row);
                array.is_valid(row).then(value)
            };
            (0..array.len()).map(text).collect()
        };
        let path = self.server.table_path(&table());
        files(&path)
            .iter()
            .flat_map(|name| {
                let file = fs::File::open(path.join(name)).unwrap();
                let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                reader.build().unwrap()
            })
            .flat_map(|batch| values(&batch.unwrap()))
            .collect()
    }
}

/// Each of them once, where it came first: a row that was on its way when a stream was lost may be
/// there twice.
pub(crate) fn once(values: Vec<Option<String>>) -> Vec<Option<String>> {
    let mut seen = HashSet::new();
    let mut values = values;
    values.retain(|value| seen.insert(value.clone()));
    values
}

fn array_text(array: &dyn Array, row: usize) -> String {
    let one = array.slice(row, 1);
    let text = arrow_cast::cast(&one, &arrow_schema::DataType::Utf8).unwrap();
    let text = text.as_any().downcast_ref::<arrow_array::StringArray>();
    text.unwrap().value(0).to_owned()
}

/// The files that the Delta log names, in its order.
fn files(path: &Path) -> Vec<String> {
    let mut commits: Vec<_> = fs::read_dir(path.join("_delta_log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    commits.sort();
    let mut files = Vec::new();
    for commit in commits {
        for action in fs::read_to_string(commit).unwrap().lines() {
            let action: Value = serde_json::from_str(action).unwrap();
            if let Some(added) = action["add"]["path"].as_str() {
                files.push(added.to_owned());
            }
            if let Some(removed) = action["remove"]["path"].as_str() {
                files.retain(|file| file != removed);
            }
        }
    }
    files
}
