//! Every file of `fuzz/corpus`, through the same functions as when it is fuzzed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::Schema;
use prost::Message as _;
use zb_convert::{Encoder, Options};

use crate::random::{Case, Rows, case, every_leaf};

#[path = "../../../../fuzz/src/decode.rs"]
mod decode;
#[path = "../../../../fuzz/src/encode.rs"]
mod encode;
#[path = "../../../../fuzz/src/plan.rs"]
mod plan;

fn corpus(target: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.join("../../fuzz/corpus").join(target)
}

#[expect(clippy::print_stdout, reason = "what a failed test was about")]
fn replay(target: &str, run: fn(&[u8])) {
    let mut count = 0;
    for entry in fs::read_dir(corpus(target)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "an empty corpus proves nothing");
}

#[test]
fn what_was_found_for_the_decoder_stays_settled() {
    replay("decode", decode::run);
}

#[test]
fn what_was_found_for_the_encoder_stays_settled() {
    replay("encode", encode::run);
}

#[test]
fn what_was_found_for_plans_stays_settled() {
    replay("plan", plan::run);
}

#[test]
fn the_seeds_of_the_encoder_are_read_and_encoded() {
    for (name, bytes) in encoder_seeds() {
        assert!(encode::rows_encoded(&bytes) > 0, "{name}");
    }
}

/// Writes what the corpus begins with. Files that fuzzing has added stay.
#[test]
#[ignore = "writes into fuzz/corpus: for after a change to the random batches or to the targets"]
fn seeds_are_written() {
    for (name, bytes) in encoder_seeds() {
        write("encode", &name, &bytes);
    }
    for (name, bytes) in decoder_seeds() {
        write("decode", &name, &bytes);
    }
    for (i, field) in plans().into_iter().enumerate() {
        let schema = Schema::new(vec![field.clone().with_name("c1")]);
        let encoder = Encoder::new(&schema, Options::default()).unwrap();
        let mut bytes = vec![1];
        encoder.descriptor().encode(&mut bytes).unwrap();
        write("plan", &format!("descriptor-{i:02}"), &bytes);
    }
    for seed in 0..24_u8 {
        // Directions for a schema: any bytes are some.
        let bytes = (0..64_u8).map(|i| i.wrapping_mul(seed.wrapping_mul(37) | 1).rotate_left(3));
        let bytes: Vec<u8> = [0].into_iter().chain(bytes).collect();
        write("plan", &format!("schema-{seed:02}"), &bytes);
    }
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    fs::create_dir_all(corpus(target)).unwrap();
    fs::write(corpus(target).join(name), bytes).unwrap();
}

/// Leaves, and each of them again in a struct, in a list, in a map, behind a dictionary, in runs.
fn plans() -> Vec<arrow_schema::Field> {
    use arrow_schema::{DataType as T, Field, Fields};
    let mut plans = Vec::new();
    for (i, leaf) in every_leaf().into_iter().enumerate() {
        let item = Arc::new(leaf.clone().with_name("item"));
        let nested = match i % 9 {
            0 => T::List(item),
            1 => T::LargeList(item),
            2 => T::ListView(item),
            3 => T::LargeListView(item),
            4 => T::FixedSizeList(item, 2),
            5 => T::Struct(Fields::from(vec![item])),
            6 => T::Dictionary(Box::new(T::UInt8), Box::new(leaf.data_type().clone())),
            7 => {
                let ends = Arc::new(Field::new("run_ends", T::Int16, false));
                let values = Field::new("values", leaf.data_type().clone(), true);
                T::RunEndEncoded(ends, Arc::new(values))
            }
            _ => {
                let key = Field::new("keys", T::Utf8, false);
                let entries = Fields::from(vec![key, leaf.clone().with_name("values")]);
                T::Map(
                    Arc::new(Field::new("entries", T::Struct(entries), false)),
                    false,
                )
            }
        };
        plans.push(leaf.with_data_type(nested));
    }
    plans
}

/// A few rows of two columns of a kind, as a stream and as a file, under various options.
fn encoder_seeds() -> Vec<(String, Vec<u8>)> {
    let fields = every_leaf().into_iter().chain(plans()).enumerate();
    fields
        .map(|(i, field)| {
            let twin = field.clone().with_name("d");
            let schema = Schema::new(vec![field.with_name("c"), twin]);
            let Case { batch, .. } = case(schema, 5, 1, false, Rows::Mixed, 7 + i as u64);
            // The first byte is the options: rounding, a small limit, chunks.
            let mut bytes = vec![(i % 8) as u8 | 8];
            bytes.extend(if i % 4 == 0 {
                file(&batch)
            } else {
                stream(&batch)
            });
            (format!("seed-{i:03}"), bytes)
        })
        .collect()
}

fn file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// Rows of each of the target's tables, as the encoder writes them.
fn decoder_seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (choice, table) in decode::tables().into_iter().enumerate() {
        for seed in 0..6_u64 {
            let case = case(table.clone(), 6, 0, false, Rows::Good, 100 + seed);
            let encoder = Encoder::new(&table, Options::default()).unwrap();
            let encoded = encoder.encode(&case.batch).unwrap();
            let mut bytes = vec![choice as u8];
            for row in encoded.rows().filter(|row| row.len() < 256) {
                bytes.push(row.len() as u8);
                bytes.extend_from_slice(row);
            }
            seeds.push((format!("seed-{choice}-{seed}"), bytes));
        }
    }
    seeds
}
