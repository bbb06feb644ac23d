//! What is sent.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use zb_convert::{ChunkLimit, EncodedVecs, Encoder, Options};

/// The limits of a sender's requests.
pub(crate) const LIMIT: ChunkLimit = ChunkLimit {
    rows: 32_768,
    framed_bytes: 2 << 20,
};

/// Batches, and the same as requests encoded beforehand.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) encoder: Encoder,
    pub(crate) requests: Vec<Vec<Vec<u8>>>,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Set {
    pub(crate) fn new(name: &'static str, batch: &RecordBatch, times: usize) -> Self {
        let schema = batch.schema();
        let encoder = Encoder::new(&schema, Options::default()).unwrap();
        let batches = vec![batch.clone(); times];
        let requests: Vec<_> = batches
            .iter()
            .flat_map(|batch| requests(&encoder, batch))
            .collect();
        let rows = requests.iter().map(Vec::len).sum();
        let bytes = requests.iter().flatten().map(Vec::len).sum();
        Self {
            name,
            schema,
            batches,
            encoder,
            requests,
            rows,
            bytes,
        }
    }
}

/// The requests that a sender would make of a batch.
pub(crate) fn requests(encoder: &Encoder, batch: &RecordBatch) -> Vec<Vec<Vec<u8>>> {
    let (mut requests, mut next) = (Vec::new(), 0);
    let mut chunk = EncodedVecs::default();
    while next < batch.num_rows() {
        next = encoder.encode_vecs(batch, next, LIMIT, &mut chunk).unwrap();
        requests.push(chunk.take_rows());
    }
    requests
}

/// Real flights, 19 columns: 210,490 rows in batches of 21,049.
pub(crate) fn flights() -> Set {
    let path = "../../tests/data/flights-sample.parquet";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap());
    let reader = reader.unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    Set::new("flights", &batch, 10)
}

/// Texts of 1 KB with a number: 50,000 rows in batches of 10,000.
pub(crate) fn texts() -> Set {
    let rows = 10_000;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let texts = (0..rows).map(|row| format!("{row:>1024}"));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap();
    Set::new("1 KB strings", &batch, 5)
}
