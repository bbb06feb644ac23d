//! Rows that are sent once and never again, and what is left of them: `tests/python/survivors.py`.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};
use zb_core::{Client, Sender, TableName, ingest::SenderOptions, retry::Policy};
use zb_tests::{Address, python};

/// The columns in SQL.
pub(crate) const COLUMNS: &str =
    "producer BIGINT NOT NULL, seq BIGINT NOT NULL, text STRING NOT NULL";

fn schema() -> Schema {
    let field = |name, of| Field::new(name, of, false);
    Schema::new(vec![
        field("producer", DataType::Int64),
        field("seq", DataType::Int64),
        field("text", DataType::Utf8),
    ])
}

/// Rows of one producer.
pub(crate) fn rows(producer: i64, seqs: std::ops::Range<i64>) -> RecordBatch {
    let texts = seqs.clone().map(|seq| {
        let times = usize::try_from(1 + seq % 5).unwrap();
        format!("{producer}.{seq}.").repeat(times)
    });
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(seqs.clone().map(|_| producer))),
        Arc::new(Int64Array::from_iter_values(seqs)),
        Arc::new(StringArray::from_iter_values(texts)),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

/// A sender that tries nothing twice.
pub(crate) async fn sender(address: &Address, table: &TableName) -> Result<Sender, zb_core::Error> {
    let once = |options: SenderOptions| {
        let options = options.retry(Policy::once());
        options
            .connect_timeout(Duration::from_mins(1))
            .ack_timeout(Duration::from_mins(1))
    };
    let client = Client::builder()
        .endpoint(&address.endpoint)
        .host(&address.unity_catalog_url)
        .client_id(&address.client_id)
        .client_secret(address.client_secret.as_str().into())
        .build()?;
    client.sender(table, &schema()).options(once).open().await
}

/// What a client believes of one table: ranges (producer, from, to).
#[derive(Debug, Serialize)]
pub(crate) struct Belief {
    pub(crate) table: PathBuf,
    pub(crate) acked: Vec<(i64, i64, i64)>,
    pub(crate) sent: Vec<(i64, i64, i64)>,
}

impl Belief {
    pub(crate) fn of(table: PathBuf) -> Self {
        Self {
            table,
            acked: Vec::new(),
            sent: Vec::new(),
        }
    }
}

/// What the readers found.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    lost: u64,
    twice: u64,
    strangers: u64,
    differs: u64,
    changed: u64,
    pub(crate) rows: u64,
    pub(crate) acked: u64,
    pub(crate) versions: u64,
    pub(crate) files: u64,
    pub(crate) optimized: u64,
}

/// Asserts that every row that was acknowledged is there, each row once and as it was sent.
pub(crate) fn assert_all_survived(beliefs: &[Belief], scratch: &std::path::Path) -> Vec<Found> {
    let files: Vec<_> = (0..beliefs.len())
        .map(|number| scratch.join(format!("belief-{number:03}.json")))
        .collect();
    for (file, belief) in files.iter().zip(beliefs) {
        fs::write(file, serde_json::to_vec(belief).unwrap()).unwrap();
    }
    let output = python::script("survivors.py", &files);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "a table cannot be read:\n{stderr}");
    let found: BTreeMap<PathBuf, Found> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), beliefs.len());
    for (file, found) in &found {
        let wrong = found.lost + found.twice + found.strangers + found.differs + found.changed;
        assert_eq!(wrong, 0, "{}: {found:?}", file.display());
    }
    found.into_values().collect()
}
