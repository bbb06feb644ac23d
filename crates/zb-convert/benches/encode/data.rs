//! The data sets: made from a fixed seed, one value in ten null.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Fields, Schema};

pub(crate) const ROWS: usize = 100_000;

/// Xorshift: enough for data that no one guesses.
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(10) != 0).then(|| value(self))
    }

    fn text(&mut self, shortest: u64, longest: u64) -> String {
        let len = shortest + self.below(longest - shortest + 1);
        (0..len)
            .map(|_| char::from(b'a' + self.below(26) as u8))
            .collect()
    }

    fn many<T, C: FromIterator<Option<T>>>(
        &mut self,
        count: usize,
        mut value: impl FnMut(&mut Self) -> T,
    ) -> C {
        (0..count).map(|_| self.maybe(&mut value)).collect()
    }

    fn nulls(&mut self, count: usize) -> NullBuffer {
        (0..count).map(|_| self.below(10) != 0).collect()
    }
}

fn batch(columns: Vec<(String, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn named(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    batch(
        columns
            .into_iter()
            .map(|(n, a)| (n.to_owned(), a))
            .collect(),
    )
}

const INSTANT: i64 = 1_700_000_000_000_000;

pub(crate) fn flat() -> RecordBatch {
    flat_rows(ROWS)
}

pub(crate) fn flat_rows(rows: usize) -> RecordBatch {
    let r = &mut Random(1);
    let id: Int64Array = r.many(rows, |r| r.below(1 << 34) as i64);
    let at: TimestampMicrosecondArray = r.many(rows, |r| INSTANT + r.below(1 << 40) as i64);
    let value: Float64Array = r.many(rows, |r| r.below(1 << 40) as f64 / 1024.0);
    let count: Int32Array = r.many(rows, |r| r.below(10_000) as i32);
    let flag: BooleanArray = r.many(rows, |r| r.below(2) == 0);
    let name: StringArray = r.many(rows, |r| r.text(4, 20));
    let code: StringArray = r.many(rows, |r| r.text(2, 4));
    named(vec![
        ("id", Arc::new(id)),
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("value", Arc::new(value)),
        ("count", Arc::new(count)),
        ("flag", Arc::new(flag)),
        ("name", Arc::new(name)),
        ("code", Arc::new(code)),
    ])
}

pub(crate) fn nested() -> RecordBatch {
    let r = &mut Random(2);
    let raw: BinaryArray = r.many(ROWS, |r| r.text(16, 32).into_bytes());

    let lengths: Vec<usize> = (0..ROWS).map(|_| r.below(6) as usize).collect();
    let items: StringArray = (0..lengths.iter().sum())
        .map(|_| Some(r.text(3, 12)))
        .collect();
    let item = Arc::new(Field::new("item", DataType::Utf8, true));
    let tags = ListArray::new(
        item,
        OffsetBuffer::from_lengths(lengths),
        Arc::new(items),
        Some(r.nulls(ROWS)),
    );

    let place = Fields::from(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("lat", DataType::Float64, true),
        Field::new("lon", DataType::Float64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let id: Int64Array = r.many(ROWS, |r| r.below(1 << 20) as i64);
    let lat: Float64Array = r.many(ROWS, |r| r.below(180) as f64 - 90.0);
    let lon: Float64Array = r.many(ROWS, |r| r.below(360) as f64 - 180.0);
    let name: StringArray = r.many(ROWS, |r| r.text(4, 16));
    let columns: Vec<ArrayRef> = vec![Arc::new(id), Arc::new(lat), Arc::new(lon), Arc::new(name)];
    let place = StructArray::new(place, columns, Some(r.nulls(ROWS)));

    let lengths: Vec<usize> = (0..ROWS).map(|_| r.below(5) as usize).collect();
    let count = lengths.iter().sum();
    let reading = Fields::from(vec![
        Field::new("key", DataType::Utf8, true),
        Field::new("value", DataType::Float64, true),
    ]);
    let key: StringArray = r.many(count, |r| r.text(3, 10));
    let value: Float64Array = r.many(count, |r| r.below(1 << 20) as f64 / 8.0);
    let columns: Vec<ArrayRef> = vec![Arc::new(key), Arc::new(value)];
    let item = Field::new("item", DataType::Struct(reading.clone()), true);
    let readings = ListArray::new(
        Arc::new(item),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(StructArray::new(reading, columns, None)),
        Some(r.nulls(ROWS)),
    );
    named(vec![
        ("raw", Arc::new(raw)),
        ("tags", Arc::new(tags)),
        ("place", Arc::new(place)),
        ("readings", Arc::new(readings)),
    ])
}

/// Five types of columns in turn.
pub(crate) fn columns(count: usize, rows: usize) -> RecordBatch {
    let r = &mut Random(3);
    let columns = (0..count)
        .map(|i| {
            let array: ArrayRef = match i % 5 {
                0 => Arc::new(r.many::<_, Int64Array>(rows, |r| r.below(1 << 34) as i64)),
                1 => Arc::new(r.many::<_, Float64Array>(rows, |r| r.below(1 << 30) as f64)),
                2 => Arc::new(r.many::<_, StringArray>(rows, |r| r.text(4, 20))),
                3 => Arc::new(r.many::<_, Int32Array>(rows, |r| r.below(100_000) as i32)),
                _ => Arc::new(r.many::<_, BooleanArray>(rows, |r| r.below(2) == 0)),
            };
            (format!("c{i}"), array)
        })
        .collect();
    batch(columns)
}

pub(crate) fn wide() -> RecordBatch {
    columns(200, ROWS)
}

pub(crate) fn strings() -> RecordBatch {
    let r = &mut Random(4);
    let id: Int64Array = r.many(ROWS, |r| r.below(1 << 34) as i64);
    let body: StringArray = r.many(ROWS, |r| {
        let piece = r.text(50, 100);
        piece.repeat(20)[..900 + r.below(100) as usize].to_owned()
    });
    named(vec![("id", Arc::new(id)), ("body", Arc::new(body))])
}

pub(crate) fn dictionary() -> RecordBatch {
    let r = &mut Random(5);
    let of = |r: &mut Random, count: usize| -> ArrayRef {
        let values: Vec<String> = (0..count).map(|_| r.text(4, 24)).collect();
        let column: StringArray = r.many(ROWS, |r| values[r.below(count as u64) as usize].clone());
        let t = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        cast(&column, &t).unwrap()
    };
    let id: Int64Array = r.many(ROWS, |r| r.below(1 << 34) as i64);
    named(vec![
        ("id", Arc::new(id)),
        ("country", of(r, 50)),
        ("city", of(r, 2_000)),
        ("state", of(r, 10)),
    ])
}

pub(crate) fn decimals() -> RecordBatch {
    let r = &mut Random(6);
    let of = |r: &mut Random, bits: u32, precision, scale| -> ArrayRef {
        let column: Decimal128Array = r.many(ROWS, |r| {
            let value = i128::from(r.next()) << 64 | i128::from(r.next());
            value >> (128 - bits)
        });
        Arc::new(column.with_precision_and_scale(precision, scale).unwrap())
    };
    let id: Int64Array = r.many(ROWS, |r| r.below(1 << 34) as i64);
    named(vec![
        ("id", Arc::new(id)),
        ("price", of(r, 30, 18, 2)),
        ("amount", of(r, 60, 20, 4)),
        ("total", of(r, 120, 38, 10)),
    ])
}

/// Real flights: the 500 in the repository, again and again.
pub(crate) fn flights() -> RecordBatch {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/flights-500.arrow"
    );
    let file = std::fs::File::open(path).unwrap();
    let batches: Vec<RecordBatch> = arrow_ipc::reader::FileReader::try_new(file, None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let many: Vec<&RecordBatch> = (0..ROWS / rows).flat_map(|_| &batches).collect();
    arrow_select::concat::concat_batches(&batches[0].schema(), many).unwrap()
}
