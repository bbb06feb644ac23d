//! zb-convert and ptars side by side: the same batches, in one process, taking turns.
//!
//! `cargo run --release --manifest-path extras/bench-ptars/Cargo.toml`. Times are of the thread.
//! ptars does no checks of values, needs another version of arrow (the batches go over as IPC
//! bytes, before the clock starts), and leaves out columns of types it does not know: instants go
//! over as integers.

// The data sets of the bench of zb-convert.
#[allow(dead_code, reason = "only some of them")]
#[path = "../../../crates/zb-convert/benches/encode/data.rs"]
mod data;

use std::{hint::black_box, time::Duration};

use arrow_array::RecordBatch;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use ptars_arrow_array::{Array, RecordBatch as TheirBatch, cast::AsArray, make_array};
use ptars_arrow_cast::cast;
use ptars_arrow_schema::{DataType, Field, Schema};
use ptars_core::arrow_to_proto::record_batch_to_array;
use rustix::time::{ClockId, clock_gettime};
use zb_convert::{ChunkLimit, Encoded, Encoder, Options};

const CHUNK: usize = 4096;
const ROUNDS: usize = 9;

fn main() {
    // As the bench of zb-convert: luck with glibc's returning of memory is nobody's.
    drop(black_box(vec![1_u8; (32 << 20) - (64 << 10)]));
    println!(
        "{:<8} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
        "data", "buffer", "ptars", "Vec/row", "ptars V", "x", "x Vec"
    );
    compare("flat", &data::flat());
    compare("nested", &data::nested());
    compare("wide", &data::wide());
    compare("strings", &data::strings());
}

fn compare(name: &str, batch: &RecordBatch) {
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let descriptor = message(&encoder);
    let theirs = theirs(batch);
    let chunks: Vec<TheirBatch> = (0..batch.num_rows())
        .step_by(CHUNK)
        .map(|start| theirs.slice(start, CHUNK.min(batch.num_rows() - start)))
        .collect();
    let whole = encoder.encode(batch).unwrap();
    let mut rows = whole.rows();
    for chunk in &chunks {
        let array = make_array(record_batch_to_array(chunk, &descriptor));
        for row in array.as_binary::<i32>().iter() {
            assert!(row == rows.next(), "{name}: other bytes");
        }
    }
    let limit = ChunkLimit {
        rows: CHUNK,
        framed_bytes: usize::MAX,
    };
    let mut out = Encoded::default();
    let mut ours = |vecs: bool| {
        let mut next = 0;
        while next < batch.num_rows() {
            next = encoder.encode_chunk(batch, next, limit, &mut out).unwrap();
            black_box(out.bytes());
            if vecs {
                black_box(out.to_vecs());
            }
        }
    };
    let ptars = |vecs: bool| {
        for chunk in &chunks {
            let array = make_array(record_batch_to_array(chunk, &descriptor));
            if vecs {
                let rows: Vec<Vec<u8>> = (0..array.len())
                    .map(|row| array.as_binary::<i32>().value(row).to_vec())
                    .collect();
                black_box(rows);
            }
            black_box(array);
        }
    };
    let mut spent: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        spent[0].push(timed(|| ours(false)));
        spent[1].push(timed(|| ptars(false)));
        spent[2].push(timed(|| ours(true)));
        spent[3].push(timed(|| ptars(true)));
    }
    let median = spent.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2] * 1e9 / batch.num_rows() as f64
    });
    let [one, ptars, vecs, ptars_vecs] = median;
    println!(
        "{name:<8} {one:>9.1} {ptars:>9.1} {vecs:>9.1} {ptars_vecs:>9.1} {:>7.2} {:>7.2}",
        ptars / one,
        ptars_vecs / vecs
    );
}

/// The same batch for another version of arrow, instants as integers.
fn theirs(batch: &RecordBatch) -> TheirBatch {
    let mut bytes = Vec::new();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut reader = ptars_arrow_ipc::reader::StreamReader::try_new(&bytes[..], None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let column = match field.data_type() {
            DataType::Timestamp(..) => cast(column, &DataType::Int64).unwrap(),
            _ => column.clone(),
        };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    TheirBatch::try_new(Schema::new(fields).into(), columns).unwrap()
}

fn message(encoder: &Encoder) -> MessageDescriptor {
    let file = prost_types::FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![encoder.descriptor().clone()],
        ..prost_types::FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).unwrap();
    pool.get_message_by_name(encoder.descriptor().name())
        .unwrap()
}

fn timed(work: impl FnOnce()) -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let start = now();
    work();
    now().saturating_sub(start).as_secs_f64()
}
