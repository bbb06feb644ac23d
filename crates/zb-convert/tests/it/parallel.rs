//! Encoding on all cores comes to what encoding on one does.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use zb_convert::{ChunkLimit, Encoded, Encoder, Options};

#[test]
fn the_chunks_are_those_of_one_thread_in_their_order() {
    let ids = (0..10_000).map(|i| if i % 97 == 5 { u64::MAX } else { i });
    let names = (0..10_000).map(|i| (i % 7 != 0).then(|| "x".repeat(i % 50)));
    let batch = RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(UInt64Array::from_iter_values(ids)) as ArrayRef,
        ),
        ("name", Arc::new(names.collect::<StringArray>())),
    ])
    .unwrap();
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let whole = encoder.encode(&batch).unwrap();
    let limit = |rows, framed_bytes| ChunkLimit { rows, framed_bytes };
    for (limit, chunks) in [
        (limit(4096, usize::MAX), 3..=3),
        (limit(1000, 20_000), 11..=40),
        (limit(0, usize::MAX), 10_000..=10_000),
        (ChunkLimit::NONE, 1..=1),
    ] {
        let parts = encoder.encode_par(&batch, limit).unwrap();
        assert!(chunks.contains(&parts.len()), "{} chunks", parts.len());
        let rows: Vec<&[u8]> = parts.iter().flat_map(Encoded::rows).collect();
        assert!(rows.iter().eq(&whole.rows().collect::<Vec<_>>()));
        let errors = parts.iter().flat_map(Encoded::errors);
        assert!(errors.eq(whole.errors()));
        assert!(
            parts
                .iter()
                .all(|part| part.framed_len() <= limit.framed_bytes)
        );
    }
    assert!(
        encoder
            .encode_par(&batch.slice(0, 0), ChunkLimit::NONE)
            .unwrap()
            .is_empty()
    );
    let other = batch.project(&[1]).unwrap();
    let narrow = Encoder::new(&other.schema(), Options::default()).unwrap();
    assert!(
        narrow.encode_par(&batch, ChunkLimit::NONE).is_err(),
        "an unknown column"
    );
}
