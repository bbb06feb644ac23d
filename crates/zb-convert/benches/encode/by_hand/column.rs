//! From an array to the field of a struct.

use std::fmt::Write as _;

use arrow_array::{
    Array, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal128Array, Int32Array,
    PrimitiveArray, StringArray, TimestampMillisecondArray,
    cast::AsArray,
    types::{Decimal128Type, Int32Type},
};

/// An array whose values become those of a field.
pub(crate) trait Column<'a>: Sized {
    type Value;

    fn bind(array: &'a dyn Array) -> Self;

    /// Puts the value of `row`, or none.
    fn put(&self, row: usize, to: &mut Option<Self::Value>);
}

impl<'a, T: ArrowPrimitiveType> Column<'a> for &'a PrimitiveArray<T> {
    type Value = T::Native;

    fn bind(array: &'a dyn Array) -> Self {
        array.as_primitive()
    }

    fn put(&self, row: usize, to: &mut Option<T::Native>) {
        *to = self.is_valid(row).then(|| self.value(row));
    }
}

impl<'a> Column<'a> for &'a BooleanArray {
    type Value = bool;

    fn bind(array: &'a dyn Array) -> Self {
        array.as_boolean()
    }

    fn put(&self, row: usize, to: &mut Option<bool>) {
        *to = self.is_valid(row).then(|| self.value(row));
    }
}

impl<'a> Column<'a> for &'a StringArray {
    type Value = String;

    fn bind(array: &'a dyn Array) -> Self {
        array.as_string()
    }

    fn put(&self, row: usize, to: &mut Option<String>) {
        put_str(to, self.is_valid(row).then(|| self.value(row)));
    }
}

impl<'a> Column<'a> for &'a BinaryArray {
    type Value = Vec<u8>;

    fn bind(array: &'a dyn Array) -> Self {
        array.as_binary()
    }

    fn put(&self, row: usize, to: &mut Option<Vec<u8>>) {
        if self.is_valid(row) {
            let to = to.get_or_insert_default();
            to.clear();
            to.extend_from_slice(self.value(row));
        } else {
            *to = None;
        }
    }
}

/// Keeps the memory of the string that was there before.
fn put_str(to: &mut Option<String>, value: Option<&str>) {
    match value {
        Some(value) => {
            let to = to.get_or_insert_default();
            to.clear();
            to.push_str(value);
        }
        None => *to = None,
    }
}

/// Instants in milliseconds, to be sent as microseconds.
pub(crate) struct Milliseconds<'a>(&'a TimestampMillisecondArray);

impl<'a> Column<'a> for Milliseconds<'a> {
    type Value = i64;

    fn bind(array: &'a dyn Array) -> Self {
        Self(array.as_primitive())
    }

    fn put(&self, row: usize, to: &mut Option<i64>) {
        *to = self.0.is_valid(row).then(|| self.0.value(row) * 1000);
    }
}

/// Strings of a dictionary.
pub(crate) struct Words<'a> {
    keys: &'a Int32Array,
    words: &'a StringArray,
}

impl<'a> Column<'a> for Words<'a> {
    type Value = String;

    fn bind(array: &'a dyn Array) -> Self {
        let dictionary = array.as_dictionary::<Int32Type>();
        Self {
            keys: dictionary.keys(),
            words: dictionary.values().as_string(),
        }
    }

    fn put(&self, row: usize, to: &mut Option<String>) {
        let word = || self.words.value(self.keys.value(row) as usize);
        put_str(to, self.keys.is_valid(row).then(word));
    }
}

/// Decimals, to be sent as text.
pub(crate) struct Decimal<'a> {
    values: &'a Decimal128Array,
    scale: usize,
}

impl<'a> Column<'a> for Decimal<'a> {
    type Value = String;

    fn bind(array: &'a dyn Array) -> Self {
        let values = array.as_primitive::<Decimal128Type>();
        let scale = values.scale().try_into().unwrap();
        Self { values, scale }
    }

    fn put(&self, row: usize, to: &mut Option<String>) {
        if self.values.is_valid(row) {
            put_decimal(
                to.get_or_insert_default(),
                self.values.value(row),
                self.scale,
            );
        } else {
            *to = None;
        }
    }
}

/// All digits of the value, at least one of them before the point.
pub(crate) fn put_decimal(to: &mut String, value: i128, scale: usize) {
    to.clear();
    if value < 0 {
        to.push('-');
    }
    let digits = value.unsigned_abs();
    let width = scale + 1;
    // Most values are short, and shorter integers are printed faster.
    match u64::try_from(digits) {
        Ok(digits) => write!(to, "{digits:0width$}"),
        Err(_) => write!(to, "{digits:0width$}"),
    }
    .unwrap();
    to.insert(to.len() - scale, '.');
}
