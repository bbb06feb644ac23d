//! Random schemas and batches, with everything in them that a row can be left out for: the blocks
//! give what writing row by row gives, rows and errors alike.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BinaryViewArray, BooleanArray, Date32Array,
    Date64Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray,
    Float16Array, Float32Array, Float64Array, GenericListViewArray, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, ListArray,
    MapArray, PrimitiveArray, RecordBatch, RecordBatchOptions, RunArray, StringArray,
    StringViewArray, StructArray, Time32MillisecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
    types::{
        ArrowDictionaryKeyType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
        DecimalType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
        DurationSecondType, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType,
        Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMillisecondType,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::{ArrowNativeType, NullBuffer, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::{DataType, Field, Fields, Schema};
use half::f16;
use proptest::prelude::*;

use crate::{
    ChunkLimit, Encoded, EncodedVecs, Encoder, Options, RowError, RowErrorKind, SubMicroseconds,
};

/// Xorshift: a batch is its seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    /// Of any magnitude, so that varints are of any length; up to one of `bits`.
    fn number(&mut self, bits: usize) -> u64 {
        let wide = 1 + self.below(bits);
        self.next() >> (64 - wide)
    }

    fn many<T, C: FromIterator<Option<T>>>(
        &mut self,
        len: usize,
        mut value: impl FnMut(&mut Self) -> T,
    ) -> C {
        let nulls = [0, 0, 5, 50][self.below(4)];
        (0..len)
            .map(|_| {
                let value = value(self);
                (self.below(100) >= nulls).then_some(value)
            })
            .collect()
    }

    fn nulls(&mut self, len: usize) -> Option<NullBuffer> {
        match self.below(3) {
            0 => None,
            _ => Some((0..len).map(|_| self.below(10) != 0).collect()),
        }
    }

    fn text(&mut self, longest: usize) -> String {
        "0123456789äöü".repeat(1 + longest / 10)[..]
            .chars()
            .take(self.below(longest + 1))
            .collect()
    }

    fn lengths(&mut self, len: usize) -> Vec<usize> {
        let most = 1 + self.below(5);
        (0..len).map(|_| self.below(most)).collect()
    }

    fn primitive<T: ArrowPrimitiveType>(
        &mut self,
        len: usize,
        value: impl FnMut(&mut Self) -> T::Native,
    ) -> PrimitiveArray<T> {
        let values: Vec<Option<T::Native>> = self.many(len, value);
        values.into_iter().collect()
    }

    /// Times of any unit, as 64 bits.
    fn times<T: ArrowPrimitiveType<Native = i64>>(&mut self, len: usize, bits: usize) -> ArrayRef {
        Arc::new(self.primitive::<T>(len, |r| r.number(bits) as i64 >> r.below(2)))
    }

    /// Decimals of any precision and scale that a table can hold; a few are out of range.
    fn decimals<T: DecimalType + ArrowPrimitiveType>(
        &mut self,
        len: usize,
        of: fn(i128) -> T::Native,
    ) -> ArrayRef {
        let precision = 1 + self.below(usize::from(T::MAX_PRECISION.min(38))) as u8;
        let scale = self.below(usize::from(precision) + 4) as i8 - 3;
        let scale = scale.min(precision as i8);
        let (precision, scale) = match scale {
            ..0 if precision > 35 => (precision, 0),
            _ => (precision, scale),
        };
        let most = 10_i128.pow(precision.into()) - i128::from(self.below(50) != 0);
        let array = self.primitive::<T>(len, |r| {
            let value = i128::from(r.next()) << 64 | i128::from(r.next());
            let value = match r.below(4) {
                0 => (value >> r.below(127)) % (most + 1),
                1 => most,
                2 => -most,
                _ => i128::from(r.number(10)) % (most + 1),
            };
            of(value)
        });
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    }

    fn dictionary<K: ArrowDictionaryKeyType>(&mut self, len: usize) -> ArrayRef {
        let count = 1 + self.below(100);
        let values = self.array_of(25, count, 0);
        let keys = self.primitive::<K>(len, |r| K::Native::usize_as(r.below(count)));
        Arc::new(DictionaryArray::new(keys, values))
    }

    fn runs<R: RunEndIndexType>(&mut self, len: usize) -> ArrayRef {
        let (mut ends, mut end) = (Vec::new(), 0);
        while end < len {
            end = (end + 1 + self.below(9)).min(len);
            ends.push(R::Native::usize_as(end));
        }
        let values = self.array_of(25, ends.len(), 0);
        let ends = PrimitiveArray::<R>::new(ends.into(), None);
        Arc::new(RunArray::try_new(&ends, &values).unwrap())
    }

    /// In order, or anywhere.
    fn list_views<O: arrow_array::OffsetSizeTrait>(
        &mut self,
        len: usize,
        depth: usize,
    ) -> ArrayRef {
        let sizes = self.lengths(len);
        let count = sizes.iter().sum::<usize>() + 1;
        let anywhere = self.below(2) == 0;
        let mut next = 0;
        let offsets: Vec<O> = sizes
            .iter()
            .map(|size| {
                let offset = match size {
                    _ if anywhere => self.below(count - size),
                    0 => self.below(count),
                    _ => next,
                };
                next += size;
                O::usize_as(offset)
            })
            .collect();
        let sizes: Vec<O> = sizes.into_iter().map(O::usize_as).collect();
        let values = self.array_of_no_lists(count, depth);
        let item = Arc::new(field("item", &values));
        let (offsets, sizes) = (ScalarBuffer::from(offsets), ScalarBuffer::from(sizes));
        let nulls = self.nulls(len);
        Arc::new(GenericListViewArray::<O>::new(
            item, offsets, sizes, values, nulls,
        ))
    }

    fn array(&mut self, len: usize, depth: usize) -> ArrayRef {
        self.array_of(if depth == 0 { 62 } else { 70 }, len, depth)
    }

    /// One of the first `kinds`: 25 without indirection, 62 without nesting.
    fn array_of(&mut self, kinds: usize, len: usize, depth: usize) -> ArrayRef {
        let bits = [1, 7, 14, 31, 55, 64][self.below(6)];
        let longest = [3, 20, 64, 65, 200][self.below(5)];
        let kind = match (self.below(kinds), self.below(4)) {
            // The new ones share a place with the old ones.
            (kind, 0) if kinds == 25 => 100 + kind,
            (kind, _) => kind,
        };
        match kind {
            0 => Arc::new(self.many::<_, BooleanArray>(len, |r| r.below(2) == 0)),
            1 => Arc::new(self.many::<_, Int8Array>(len, |r| r.number(bits) as i8)),
            2 => Arc::new(self.many::<_, Int16Array>(len, |r| r.number(bits) as i16)),
            3 => Arc::new(self.many::<_, Int32Array>(len, |r| r.number(bits) as i32)),
            4 => Arc::new(self.many::<_, Int64Array>(len, |r| r.number(bits) as i64)),
            5 => Arc::new(self.many::<_, UInt8Array>(len, |r| r.number(bits) as u8)),
            6 => Arc::new(self.many::<_, UInt16Array>(len, |r| r.number(bits) as u16)),
            7 => Arc::new(self.many::<_, UInt32Array>(len, |r| r.number(bits) as u32)),
            8 => Arc::new(self.many::<_, UInt64Array>(len, |r| r.number(bits))),
            9 => {
                let value = |r: &mut Self| f16::from_f32(r.below(100) as f32);
                Arc::new(self.many::<_, Float16Array>(len, value))
            }
            10 => Arc::new(self.many::<_, Float32Array>(len, |r| r.below(100) as f32)),
            11 => Arc::new(self.many::<_, Float64Array>(len, |r| r.below(100) as f64)),
            12 => Arc::new(self.many::<_, Date32Array>(len, |r| r.number(bits) as i32)),
            13 => {
                let day =
                    |r: &mut Self| r.number(31) as i64 * (86_400_000 - r.below(50) as i64 / 49);
                Arc::new(self.many::<_, Date64Array>(len, day))
            }
            14 => {
                let value = |r: &mut Self| r.number(bits) as i32;
                Arc::new(self.many::<_, Time32MillisecondArray>(len, value))
            }
            15 => {
                let value = |r: &mut Self| r.number(bits) as i64;
                Arc::new(self.many::<_, TimestampSecondArray>(len, value))
            }
            16 => {
                let value = |r: &mut Self| r.number(bits) as i64;
                Arc::new(self.many::<_, TimestampMicrosecondArray>(len, value))
            }
            17 => {
                let value = |r: &mut Self| r.number(50) as i64 * (1_000 - r.below(50) as i64 / 49);
                Arc::new(self.many::<_, TimestampNanosecondArray>(len, value))
            }
            18 => {
                let value = |r: &mut Self| r.number(40).into();
                let array: Decimal128Array = self.many(len, value);
                Arc::new(array.with_precision_and_scale(12, 2).unwrap())
            }
            19 | 20 => Arc::new(self.many::<_, StringArray>(len, |r| r.text(longest))),
            21 => Arc::new(self.many::<_, LargeStringArray>(len, |r| r.text(longest))),
            22 => Arc::new(self.many::<_, StringViewArray>(len, |r| r.text(longest))),
            23 => Arc::new(self.many::<_, BinaryArray>(len, |r| r.text(longest).into_bytes())),
            24 => {
                let values: Vec<Option<[u8; 3]>> = self.many(len, |_| *b"abc");
                let values = values.into_iter();
                let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 3);
                Arc::new(array.unwrap())
            }
            25 | 100 => self.decimals::<Decimal32Type>(len, |v| v as i32),
            26 | 101 => self.decimals::<Decimal64Type>(len, |v| v as i64),
            27 | 28 | 102 | 103 => self.decimals::<Decimal128Type>(len, |v| v),
            29 | 104 => self.decimals::<Decimal256Type>(len, i256::from_i128),
            30 | 105 => {
                Arc::new(self.many::<_, BinaryViewArray>(len, |r| r.text(longest).into_bytes()))
            }
            31 | 106 => {
                Arc::new(self.many::<_, LargeBinaryArray>(len, |r| r.text(longest).into_bytes()))
            }
            32 | 33 | 107 => {
                let values: Vec<Option<[u8; 16]>> = self.many(len, |r| {
                    (u128::from(r.next()) << 64 | u128::from(r.next())).to_le_bytes()
                });
                let values = values.into_iter();
                let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 16);
                Arc::new(array.unwrap())
            }
            34 | 108 => self.times::<DurationSecondType>(len, bits),
            35 | 109 => self.times::<DurationMillisecondType>(len, bits),
            36 | 110 => self.times::<DurationMicrosecondType>(len, bits),
            37 | 111 => self.times::<DurationNanosecondType>(len, bits),
            38 | 112 => self.times::<Time64MicrosecondType>(len, bits),
            39 | 113 => self.times::<Time64NanosecondType>(len, bits),
            40 | 114 => self.times::<TimestampMillisecondType>(len, bits),
            41 | 100.. => {
                Arc::new(self.primitive::<Time32SecondType>(len, |r| r.number(bits) as i32))
            }
            42..46 => self.dictionary::<Int32Type>(len),
            46 => self.dictionary::<Int8Type>(len),
            47 => self.dictionary::<Int16Type>(len),
            48 => self.dictionary::<Int64Type>(len),
            49 => self.dictionary::<UInt8Type>(len),
            50 => self.dictionary::<UInt16Type>(len),
            51 => self.dictionary::<UInt32Type>(len),
            52 => self.dictionary::<UInt64Type>(len),
            53..56 => self.runs::<Int32Type>(len),
            56 => self.runs::<Int16Type>(len),
            57..62 => self.runs::<Int64Type>(len),
            62 | 63 => self.structs(len, depth),
            64 => self.list_views::<i32>(len, depth),
            65 => self.list_views::<i64>(len, depth),
            66 => {
                let lengths = self.lengths(len);
                let values = self.array_of_no_lists(lengths.iter().sum(), depth);
                let item = Arc::new(field("item", &values));
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::new(item, offsets, values, self.nulls(len)))
            }
            67 => {
                let lengths = self.lengths(len);
                let values = self.array_of_no_lists(lengths.iter().sum(), depth);
                let item = Arc::new(field("item", &values));
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(LargeListArray::new(item, offsets, values, self.nulls(len)))
            }
            68 => {
                let values = self.array_of_no_lists(len * 2, depth);
                let item = Arc::new(field("item", &values));
                Arc::new(FixedSizeListArray::new(item, 2, values, self.nulls(len)))
            }
            _ => {
                let lengths = self.lengths(len);
                let count = lengths.iter().sum();
                let keys: ArrayRef = Arc::new(StringArray::from_iter_values(
                    (0..count).map(|_| self.text(longest)),
                ));
                let values = self.array_of_no_lists(count, depth);
                let fields = Fields::from(vec![
                    Field::new("key", DataType::Utf8, false),
                    field("value", &values),
                ]);
                let entries = StructArray::new(fields, vec![keys, values], None);
                let field = Field::new("entries", entries.data_type().clone(), false);
                let offsets = OffsetBuffer::from_lengths(lengths);
                let nulls = self.nulls(len);
                Arc::new(MapArray::new(
                    Arc::new(field),
                    offsets,
                    entries,
                    nulls,
                    false,
                ))
            }
        }
    }

    fn structs(&mut self, len: usize, depth: usize) -> ArrayRef {
        let count = 1 + self.below(3);
        let columns: Vec<ArrayRef> = (0..count).map(|_| self.array(len, depth - 1)).collect();
        let fields: Fields = columns
            .iter()
            .enumerate()
            .map(|(i, c)| field(&format!("f{i}"), c))
            .collect();
        Arc::new(StructArray::new(fields, columns, self.nulls(len)))
    }

    fn array_of_no_lists(&mut self, len: usize, depth: usize) -> ArrayRef {
        match self.below(2) {
            0 => self.array(len, 0),
            _ => self.structs(len, depth),
        }
    }
}

/// Sixteen bytes of a fixed size are a UUID.
fn field(name: &str, array: &ArrayRef) -> Field {
    let field = Field::new(name, array.data_type().clone(), true);
    match array.data_type() {
        DataType::FixedSizeBinary(16) => {
            let uuid = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            field.with_metadata([uuid].into())
        }
        _ => field,
    }
}

pub(super) fn batch(seed: u64) -> RecordBatch {
    let r = &mut Random(seed);
    let (len, skip) = ([0, 3, 64, 65, 200][r.below(5)], r.below(70));
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for i in 0..=r.below(6) {
        let column = r.array(len + skip, 2);
        fields.push(field(&format!("c{i}"), &column));
        columns.push(column);
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(len + skip));
    let batch = RecordBatch::try_new_with_options(schema, columns, &options).unwrap();
    batch.slice(skip, len)
}

/// An encoder that finds nulls where it has planned for none, in a third of the columns.
fn encoder(batch: &RecordBatch, seed: u64) -> Encoder {
    let fields = batch.schema().fields().clone();
    let fields = fields.iter().enumerate().map(|(i, field)| {
        let required = seed >> i & 3 == 3;
        Arc::new(field.as_ref().clone().with_nullable(!required))
    });
    let rounding = match seed >> 60 & 1 {
        0 => SubMicroseconds::Reject,
        _ => SubMicroseconds::Truncate,
    };
    let options = Options::default()
        .sub_microseconds(rounding)
        .max_record_bytes(if seed >> 61 == 0 { 100 } else { 1 << 20 });
    Encoder::new(&Schema::new(fields.collect::<Fields>()), options).unwrap()
}

/// Row by row, value by value.
pub(super) fn slow(encoder: &Encoder, batch: &RecordBatch) -> (Vec<Vec<u8>>, Vec<RowError>, u64) {
    let sources = encoder.bind(batch).unwrap();
    let (mut rows, mut errors, mut null_lists) = (Vec::new(), Vec::new(), 0);
    for row in 0..batch.num_rows() {
        let (mut bytes, mut lists) = (Vec::new(), 0);
        match encoder.write_row(&sources, row, &mut bytes, &mut lists) {
            Ok(()) => {
                rows.push(bytes);
                null_lists += lists;
            }
            Err(fault) => errors.push(RowError::new(row, fault)),
        }
    }
    (rows, errors, null_lists)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn blocks_are_what_rows_are_one_by_one(seed in 1..u64::MAX) {
        let batch = batch(seed);
        let encoder = encoder(&batch, seed);
        let (rows, errors, null_lists) = slow(&encoder, &batch);
        let whole = encoder.encode(&batch).unwrap();
        prop_assert_eq!(whole.errors(), &errors);
        prop_assert_eq!(whole.to_vecs(), rows.clone());
        prop_assert_eq!(whole.null_lists(), null_lists);

        let limit = ChunkLimit { rows: 1 + seed as usize % 150, framed_bytes: 1 << (5 + seed % 10) };
        let (mut chunk, mut next) = (Encoded::default(), 0);
        let (mut pieces, mut found, mut lists) = (Vec::new(), Vec::new(), 0);
        while next < batch.num_rows() {
            next = encoder.encode_chunk(&batch, next, limit, &mut chunk).unwrap();
            pieces.extend(chunk.to_vecs());
            lists += chunk.null_lists();
            found.extend(chunk.take_errors());
        }
        prop_assert_eq!(&pieces, &rows);

        let (mut vecs, mut next, mut pieces) = (EncodedVecs::default(), 0, Vec::new());
        while next < batch.num_rows() {
            let before = next;
            next = encoder.encode_vecs(&batch, next, limit, &mut vecs).unwrap();
            encoder.encode_chunk(&batch, before, limit, &mut chunk).unwrap();
            prop_assert_eq!(vecs.rows(), chunk.to_vecs());
            prop_assert_eq!(vecs.row_ranges(), chunk.row_ranges());
            prop_assert_eq!(vecs.framed_len(), chunk.framed_len());
            prop_assert_eq!(vecs.null_lists(), chunk.null_lists());
            prop_assert_eq!(vecs.errors(), chunk.errors());
            pieces.extend(vecs.take_rows());
        }
        prop_assert_eq!(pieces, rows);
        prop_assert_eq!(found, errors);
        prop_assert_eq!(lists, null_lists);
    }
}

#[test]
fn the_random_batches_have_good_rows_and_bad_ones_of_many_kinds() {
    let (mut good, mut kinds) = (0, std::collections::BTreeSet::new());
    for seed in 1..500_u64 {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let batch = batch(seed);
        let encoded = encoder(&batch, seed).encode(&batch).unwrap();
        good += encoded.len();
        kinds.extend(encoded.error_counts().keys().copied());
    }
    assert!(good > 10_000, "{good}");
    for kind in [
        RowErrorKind::NullInRequired,
        RowErrorKind::NullElement,
        RowErrorKind::NullMapValue,
        RowErrorKind::IntegerRange,
        RowErrorKind::TimeRange,
        RowErrorKind::SubMicrosecond,
        RowErrorKind::PartialDay,
        RowErrorKind::DecimalRange,
        RowErrorKind::RecordTooLarge,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} not among {kinds:?}");
    }
}
