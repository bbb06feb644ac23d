//! Records of 1 KB.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::SchemaRef;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use zb_convert::{Encoder, Options};

/// Records of a request: 1 MB.
const ROWS: usize = 1_000;

/// Requests of a round: 200 MB.
pub(crate) const REQUESTS: usize = 200;

/// What a record weighs on the wire, nearly.
const BYTES: usize = 1_000;

pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaRef,
    pub(crate) encoder: Encoder,
    pub(crate) requests: Vec<Vec<Vec<u8>>>,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Set {
    fn new(name: &'static str, batches: &[RecordBatch]) -> Self {
        let schema = batches[0].schema();
        let encoder = Encoder::new(&schema, Options::default()).unwrap();
        let requests: Vec<_> = batches
            .iter()
            .map(|batch| encoder.encode(batch).unwrap().to_vecs())
            .collect();
        let rows = requests.iter().map(Vec::len).sum();
        let bytes = requests.iter().flatten().map(Vec::len).sum();
        assert!(
            (BYTES * 95 / 100..BYTES * 105 / 100).contains(&(bytes / rows)),
            "a record of {name} has {} bytes",
            bytes / rows
        );
        Self {
            name,
            schema,
            encoder,
            requests,
            rows,
            bytes,
        }
    }
}

/// A number and a text of letters by chance, which no compression makes much of.
pub(crate) fn texts(requests: usize) -> Set {
    let mut dice = StdRng::seed_from_u64(1);
    let batches: Vec<_> = (0..requests)
        .map(|request| {
            let first = (request * ROWS) as i64;
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + ROWS as i64));
            let texts = (0..ROWS).map(|_| letters(&mut dice, BYTES - 8));
            let texts: ArrayRef = Arc::new(texts.map(Some).collect::<StringArray>());
            RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
        })
        .collect();
    Set::new("texts", &batches)
}

/// What a device says of itself: 96 columns of numbers, instants, flags and short texts.
pub(crate) fn readings(requests: usize) -> Set {
    let mut dice = StdRng::seed_from_u64(2);
    let batches: Vec<_> = (0..requests).map(|_| reading(&mut dice)).collect();
    Set::new("readings", &batches)
}

fn reading(dice: &mut StdRng) -> RecordBatch {
    let columns = (0..96).map(|number| {
        let rows = 0..ROWS;
        let (kind, column): (_, ArrayRef) = match number % 6 {
            0 => {
                let values = rows.map(|_| dice.random_range(0..1_000_000));
                ("count", Arc::new(Int64Array::from_iter_values(values)))
            }
            1 | 2 => {
                let values = rows.map(|_| dice.random_range(-40.0..120.0));
                ("value", Arc::new(Float64Array::from_iter_values(values)))
            }
            3 => {
                let values = rows.map(|_| dice.random_range(0..1_000_000_000));
                let values = values.map(|after| 1_700_000_000_000_000 + after);
                let values = TimestampMicrosecondArray::from_iter_values(values);
                ("at", Arc::new(values.with_timezone("UTC")))
            }
            4 => {
                let values = rows.map(|_| Some(dice.random_bool(0.5)));
                ("flag", Arc::new(values.collect::<BooleanArray>()))
            }
            _ => {
                let values = rows.map(|_| Some(letters(dice, 22)));
                ("name", Arc::new(values.collect::<StringArray>()))
            }
        };
        (format!("{kind}_{number}"), column)
    });
    RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap()
}

fn letters(dice: &mut StdRng, len: usize) -> String {
    (0..len)
        .map(|_| char::from(dice.random_range(b'a'..=b'z')))
        .collect()
}
