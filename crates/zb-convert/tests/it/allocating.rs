//! How often memory is asked for: with the chunk, never with the row.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray, StringViewArray, StructArray,
    types::{Int32Type, Int64Type},
};
use arrow_schema::{DataType, Field};
use zb_convert::{ChunkLimit, Encoded, EncodedVecs, Encoder, Options};

use crate::allocations::count;

/// Rows that repeat every 1024, so that every chunk of as many is like the next.
fn batch(rows: usize) -> RecordBatch {
    let numbers = || (0..rows).map(|i| i % 1024);
    let text = |i: usize| (!i.is_multiple_of(5)).then(|| "some text ".repeat(i % 9));
    let names: StringArray = numbers().map(text).collect();
    let doubles: Float64Array = numbers().map(|i| i as f64).collect();
    let fields = [
        ("name", Arc::new(names.clone()) as ArrayRef),
        ("value", Arc::new(doubles)),
    ];
    let fields = fields.map(|(name, array)| {
        let field = Field::new(name, array.data_type().clone(), true);
        (Arc::new(field), array)
    });
    let lists = numbers().map(|i| Some((0..i % 4).map(move |j| Some((i * j) as i64))));
    let keys = numbers().map(|i| ["one", "two", "three"][i % 3]);
    let decimals: Decimal128Array = numbers().map(|i| Some(i as i128 * 7)).collect();
    RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(Int64Array::from_iter_values(numbers().map(|i| i as i64))) as ArrayRef,
        ),
        ("name", Arc::new(names)),
        ("place", Arc::new(StructArray::from(fields.to_vec()))),
        (
            "lists",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
        ),
        (
            "kind",
            Arc::new(keys.collect::<DictionaryArray<Int32Type>>()),
        ),
        (
            "view",
            Arc::new(numbers().map(text).collect::<StringViewArray>()),
        ),
        ("price", Arc::new(decimals)),
    ])
    .unwrap()
}

/// What each chunk of 1024 rows asks for, after one that made room.
fn per_chunk(rows: usize, mut encode: impl FnMut(usize)) -> Vec<usize> {
    encode(0);
    let counts = (0..rows)
        .step_by(1024)
        .map(|start| count(|| encode(start)).1);
    counts.collect()
}

#[test]
fn a_chunk_asks_for_memory_a_few_times_however_many_rows_there_are() {
    let mut all = Vec::new();
    for rows in [10 * 1024, 100 * 1024] {
        let batch = batch(rows);
        assert_eq!(
            batch.column(4).data_type(),
            &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        );
        let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
        let limit = ChunkLimit {
            rows: 1024,
            framed_bytes: usize::MAX,
        };
        let mut chunk = Encoded::default();
        all.extend(per_chunk(rows, |start| {
            encoder
                .encode_chunk(&batch, start, limit, &mut chunk)
                .unwrap();
            assert_eq!(chunk.len(), 1024);
        }));
    }
    assert_eq!(all.len(), 110);
    assert!(all.iter().all(|&count| count == all[0]), "{all:?}");
    assert!(all[0] < 100, "{} for a chunk", all[0]);
}

#[test]
fn rows_in_vectors_ask_for_memory_once_each() {
    let batch = batch(4 * 1024);
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let limit = ChunkLimit {
        rows: 1024,
        framed_bytes: usize::MAX,
    };
    let mut chunk = EncodedVecs::default();
    let counts = per_chunk(4 * 1024, |start| {
        encoder
            .encode_vecs(&batch, start, limit, &mut chunk)
            .unwrap();
    });
    for count in counts {
        assert!((1024..1024 + 100).contains(&count), "{count}");
    }
}
