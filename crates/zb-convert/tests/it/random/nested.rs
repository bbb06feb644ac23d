//! Arrays that hold arrays.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, GenericListArray, GenericListViewArray,
    MapArray, OffsetSizeTrait, PrimitiveArray, RunArray, StructArray,
    types::{
        ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::{ArrowNativeType, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::Random;

/// As many as the narrowest key of a dictionary tells apart.
const MOST_VALUES: usize = 100;

impl Random {
    /// Values of the type of a planned field, in whose parts anything may be null but keys.
    pub(super) fn array(&mut self, field: &Field, len: usize) -> ArrayRef {
        use DataType as T;
        match field.data_type() {
            T::Struct(fields) => {
                let children: Vec<ArrayRef> = fields.iter().map(|f| self.array(f, len)).collect();
                let parts = fields.iter().zip(&children);
                let fields: Fields = parts.map(|(f, array)| found(f, array)).collect();
                let nulls = self.nulls(len, field.is_nullable());
                let array = StructArray::try_new_with_length(fields, children, nulls, len);
                Arc::new(array.unwrap())
            }
            T::List(item) => self.list::<i32>(field, item, len),
            T::LargeList(item) => self.list::<i64>(field, item, len),
            T::ListView(item) => self.list_view::<i32>(field, item, len),
            T::LargeListView(item) => self.list_view::<i64>(field, item, len),
            T::FixedSizeList(item, size) => {
                let values = self.items(item, len * *size as usize);
                let nulls = self.nulls(len, field.is_nullable());
                let nulls = nulls.unwrap_or_else(|| arrow_buffer::NullBuffer::new_valid(len));
                let item = found(item, &values);
                Arc::new(FixedSizeListArray::new(item, *size, values, Some(nulls)))
            }
            T::Map(entries, sorted) => self.map(field, entries, *sorted, len),
            T::Dictionary(key, values) => {
                let values = Field::new("values", values.as_ref().clone(), field.is_nullable())
                    .with_metadata(field.metadata().clone());
                match key.as_ref() {
                    T::Int8 => self.dictionary::<Int8Type>(&values, len),
                    T::Int16 => self.dictionary::<Int16Type>(&values, len),
                    T::Int32 => self.dictionary::<Int32Type>(&values, len),
                    T::Int64 => self.dictionary::<Int64Type>(&values, len),
                    T::UInt8 => self.dictionary::<UInt8Type>(&values, len),
                    T::UInt16 => self.dictionary::<UInt16Type>(&values, len),
                    T::UInt32 => self.dictionary::<UInt32Type>(&values, len),
                    _ => self.dictionary::<UInt64Type>(&values, len),
                }
            }
            T::RunEndEncoded(ends, values) => {
                let values = Field::new("values", values.data_type().clone(), field.is_nullable())
                    .with_metadata(field.metadata().clone());
                match ends.data_type() {
                    T::Int16 => self.runs::<Int16Type>(&values, len),
                    T::Int32 => self.runs::<Int32Type>(&values, len),
                    _ => self.runs::<Int64Type>(&values, len),
                }
            }
            leaf => {
                let nulls = self.nulls(len, field.is_nullable());
                self.scalars(leaf, len, nulls)
            }
        }
    }

    /// Items of lists and values of maps: a null among them is a fault, whatever the field says.
    fn items(&mut self, item: &Field, len: usize) -> ArrayRef {
        self.array(&item.clone().with_nullable(false), len)
    }

    /// Where lists begin and end, in values of which some may come before the first list and after
    /// the last one.
    fn offsets<O: OffsetSizeTrait>(&mut self, len: usize) -> (OffsetBuffer<O>, usize) {
        let mut end = self.below(3);
        let most = 1 + self.below(5);
        let mut offsets = vec![O::usize_as(end)];
        for _ in 0..len {
            end += self.below(most);
            offsets.push(O::usize_as(end));
        }
        (OffsetBuffer::new(offsets.into()), end + self.below(3))
    }

    fn list<O: OffsetSizeTrait>(&mut self, field: &Field, item: &Field, len: usize) -> ArrayRef {
        let (offsets, count) = self.offsets::<O>(len);
        let values = self.items(item, count);
        let nulls = self.nulls(len, field.is_nullable());
        let item = found(item, &values);
        Arc::new(GenericListArray::new(item, offsets, values, nulls))
    }

    /// Lists that overlap and come in any order.
    fn list_view<O: OffsetSizeTrait>(
        &mut self,
        field: &Field,
        item: &Field,
        len: usize,
    ) -> ArrayRef {
        let count = self.below(2 * len + 1);
        let values = self.items(item, count);
        let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
        for _ in 0..len {
            let size = self.below(5).min(count);
            offsets.push(O::usize_as(self.below(count - size + 1)));
            sizes.push(O::usize_as(size));
        }
        let nulls = self.nulls(len, field.is_nullable());
        let item = found(item, &values);
        let (offsets, sizes) = (ScalarBuffer::from(offsets), ScalarBuffer::from(sizes));
        Arc::new(GenericListViewArray::new(
            item, offsets, sizes, values, nulls,
        ))
    }

    /// With keys that stand twice now and then.
    fn map(&mut self, field: &Field, entries: &Field, sorted: bool, len: usize) -> ArrayRef {
        let DataType::Struct(parts) = entries.data_type() else {
            unreachable!("the entries of a map are structs")
        };
        let (offsets, count) = self.offsets::<i32>(len);
        // Arrow has no null keys.
        let nulls = std::mem::replace(&mut self.nulls, false);
        let keys = self.array(&parts[0], count);
        self.nulls = nulls;
        let values = self.items(&parts[1], count);
        let fields = Fields::from(vec![
            parts[0]
                .as_ref()
                .clone()
                .with_data_type(keys.data_type().clone()),
            found(&parts[1], &values).as_ref().clone(),
        ]);
        let pairs = StructArray::new(fields.clone(), vec![keys, values], None);
        let entries = Field::new(entries.name(), DataType::Struct(fields), false);
        let nulls = self.nulls(len, field.is_nullable());
        Arc::new(MapArray::new(
            Arc::new(entries),
            offsets,
            pairs,
            nulls,
            sorted,
        ))
    }

    /// With nulls among the keys and among the values.
    fn dictionary<K: ArrowDictionaryKeyType>(&mut self, values: &Field, len: usize) -> ArrayRef {
        // No value at all will do where every key is null.
        let none = self.nulls && values.is_nullable() && self.one_in(10);
        let count = if none { 0 } else { 1 + self.below(MOST_VALUES) };
        let keys: ScalarBuffer<K::Native> = (0..len)
            .map(|_| K::Native::usize_as(self.below(count.max(1))))
            .collect();
        let nulls = if none {
            Some(arrow_buffer::NullBuffer::new_null(len))
        } else {
            self.nulls(len, values.is_nullable())
        };
        let values = self.array(values, count);
        Arc::new(DictionaryArray::<K>::new(
            PrimitiveArray::new(keys, nulls),
            values,
        ))
    }

    /// In runs of a few rows, and cut off where the first and the last one are not whole.
    fn runs<R: RunEndIndexType>(&mut self, values: &Field, len: usize) -> ArrayRef {
        let (skip, mut end) = (self.below(4), 0);
        let mut ends = Vec::new();
        while end < skip + len {
            end += 1 + self.below(5);
            ends.push(R::Native::usize_as(end));
        }
        let values = self.array(values, ends.len());
        let ends = PrimitiveArray::<R>::new(ends.into(), None);
        let runs = RunArray::<R>::try_new(&ends, &values).unwrap();
        let skip = skip.min(runs.len() - len);
        Arc::new(runs.slice(skip, len))
    }
}

/// The field as it is in the batch: anything may be null.
fn found(planned: &Field, array: &ArrayRef) -> FieldRef {
    let field = Field::new(planned.name(), array.data_type().clone(), true);
    Arc::new(field.with_metadata(planned.metadata().clone()))
}
