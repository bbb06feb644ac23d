//! From Protobuf back to Arrow: nanoseconds a row, the best of many rounds.
//!
//! `cargo bench -p zb-convert --bench decode`. Times are of the thread, so that a busy machine
//! distorts them less.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::{fs::File, hint::black_box, sync::Arc, time::Duration};

use arrow_array::{
    Array, ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, StringArray, StructArray,
    new_null_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::reader::FileReader;
use arrow_schema::{DataType, Field, Fields, Schema};
use rustix::time::{ClockId, clock_gettime};
use zb_convert::{Decoder, Encoder, Options, delta_schema};

const ROWS: usize = 100_000;
const ROUNDS: usize = 15;

/// Rows of a request.
const CHUNK: usize = 4096;

fn main() {
    measure("flights", &flights());
    measure("nested", &nested(10, 3));
    measure("sparse", &nested(100, 2));
}

/// The sample of flights: 19 columns, few nulls.
fn flights() -> RecordBatch {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/flights-500.arrow"
    );
    let mut reader = FileReader::try_new(File::open(path).unwrap(), None).unwrap();
    reader.next().unwrap().unwrap()
}

/// Lists of three structs of so many columns, of which so many are set.
fn nested(columns: usize, set: usize) -> RecordBatch {
    let (rows, items) = (500, 1500);
    let arrays: Vec<ArrayRef> = (0..columns)
        .map(|column| match (column < set, column % 3) {
            (true, 0) => Arc::new(Int32Array::from_iter_values(0..items)) as ArrayRef,
            (true, 1) => Arc::new(Float64Array::from_iter_values(
                (0..items).map(|i| f64::from(i) / 7.0),
            )),
            (true, _) => Arc::new(StringArray::from_iter_values(
                (0..items).map(|i| format!("name {i}")),
            )),
            (false, 0) => new_null_array(&DataType::Int32, items as usize),
            (false, 1) => new_null_array(&DataType::Float64, items as usize),
            (false, _) => new_null_array(&DataType::Utf8, items as usize),
        })
        .collect();
    let fields: Fields = arrays
        .iter()
        .enumerate()
        .map(|(i, array)| Field::new(format!("c{i}"), array.data_type().clone(), true))
        .collect();
    let structs = StructArray::new(fields, arrays, None);
    let item = Arc::new(Field::new("element", structs.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(3, rows));
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(structs), None));
    let schema = Schema::new(vec![Field::new("items", list.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![list]).unwrap()
}

fn measure(name: &str, sample: &RecordBatch) {
    let encoder = Encoder::new(&sample.schema(), Options::default()).unwrap();
    let table = delta_schema(&sample.schema()).unwrap();
    let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
    let encoded = encoder.encode(sample).unwrap();
    let sample: Vec<&[u8]> = encoded.rows().collect();
    let rows: Vec<&[u8]> = sample.iter().copied().cycle().take(ROWS).collect();
    let bytes: usize = rows.iter().map(|row| row.len()).sum();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = thread_time();
        for chunk in rows.chunks(CHUNK) {
            let decoded = decoder.decode(chunk.iter().copied()).unwrap();
            assert_eq!(decoded.batch.num_rows(), chunk.len());
            black_box(decoded);
        }
        best = best.min(thread_time().saturating_sub(start));
    }
    let nanos = best.as_secs_f64() * 1e9 / ROWS as f64;
    println!(
        "{name:8} {nanos:8.0} ns/row {:6.0} MB/s",
        bytes as f64 / best.as_secs_f64() / 1e6
    );
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
