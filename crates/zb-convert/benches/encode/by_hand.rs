//! What a skilled engineer writes: a struct for each data set, filled from the arrays, encoded by
//! prost.

use arrow_array::{
    Array, BinaryArray, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, cast::AsArray,
};
use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut},
    encoding::{self, DecodeContext, WireType},
};

/// Fills the struct of one data set from the arrays of a batch.
pub(crate) trait Fill<'a> {
    type Row: Message + Default;
    fn bind(batch: &'a RecordBatch) -> Self;
    fn fill(&self, row: usize, to: &mut Self::Row);
}

macro_rules! get {
    ($array:expr, $row:expr) => {
        $array.is_valid($row).then(|| $array.value($row))
    };
}

/// Keeps the memory of the string that was there before.
fn put(to: &mut Option<String>, value: Option<&str>) {
    match value {
        Some(value) => {
            let to = to.get_or_insert_default();
            to.clear();
            to.push_str(value);
        }
        None => *to = None,
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FlatRow {
    #[prost(int64, optional, tag = "1")]
    id: Option<i64>,
    #[prost(int64, optional, tag = "2")]
    at: Option<i64>,
    #[prost(double, optional, tag = "3")]
    value: Option<f64>,
    #[prost(int32, optional, tag = "4")]
    count: Option<i32>,
    #[prost(bool, optional, tag = "5")]
    flag: Option<bool>,
    #[prost(string, optional, tag = "6")]
    name: Option<String>,
    #[prost(string, optional, tag = "7")]
    code: Option<String>,
}

pub(crate) struct Flat<'a> {
    id: &'a Int64Array,
    at: &'a TimestampMicrosecondArray,
    value: &'a Float64Array,
    count: &'a Int32Array,
    flag: &'a BooleanArray,
    name: &'a StringArray,
    code: &'a StringArray,
}

impl<'a> Fill<'a> for Flat<'a> {
    type Row = FlatRow;

    fn bind(batch: &'a RecordBatch) -> Self {
        Self {
            id: batch.column(0).as_primitive(),
            at: batch.column(1).as_primitive(),
            value: batch.column(2).as_primitive(),
            count: batch.column(3).as_primitive(),
            flag: batch.column(4).as_boolean(),
            name: batch.column(5).as_string(),
            code: batch.column(6).as_string(),
        }
    }

    fn fill(&self, row: usize, to: &mut FlatRow) {
        to.id = get!(self.id, row);
        to.at = get!(self.at, row);
        to.value = get!(self.value, row);
        to.count = get!(self.count, row);
        to.flag = get!(self.flag, row);
        put(&mut to.name, get!(self.name, row));
        put(&mut to.code, get!(self.code, row));
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Place {
    #[prost(int64, optional, tag = "1")]
    id: Option<i64>,
    #[prost(double, optional, tag = "2")]
    lat: Option<f64>,
    #[prost(double, optional, tag = "3")]
    lon: Option<f64>,
    #[prost(string, optional, tag = "4")]
    name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Reading {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(double, optional, tag = "2")]
    value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NestedRow {
    #[prost(bytes = "vec", optional, tag = "1")]
    raw: Option<Vec<u8>>,
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
    #[prost(message, optional, tag = "3")]
    place: Option<Place>,
    #[prost(message, repeated, tag = "4")]
    readings: Vec<Reading>,
}

pub(crate) struct Nested<'a> {
    raw: &'a BinaryArray,
    tags: &'a ListArray,
    tag: &'a StringArray,
    place: &'a StructArray,
    place_id: &'a Int64Array,
    lat: &'a Float64Array,
    lon: &'a Float64Array,
    name: &'a StringArray,
    readings: &'a ListArray,
    key: &'a StringArray,
    value: &'a Float64Array,
}

fn items(lists: &ListArray, row: usize) -> std::ops::Range<usize> {
    if lists.is_null(row) {
        return 0..0;
    }
    lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize
}

impl<'a> Fill<'a> for Nested<'a> {
    type Row = NestedRow;

    fn bind(batch: &'a RecordBatch) -> Self {
        let tags = batch.column(1).as_list();
        let place = batch.column(2).as_struct();
        let readings = batch.column(3).as_list();
        let reading = readings.values().as_struct();
        Self {
            raw: batch.column(0).as_binary(),
            tags,
            tag: tags.values().as_string(),
            place,
            place_id: place.column(0).as_primitive(),
            lat: place.column(1).as_primitive(),
            lon: place.column(2).as_primitive(),
            name: place.column(3).as_string(),
            readings,
            key: reading.column(0).as_string(),
            value: reading.column(1).as_primitive(),
        }
    }

    fn fill(&self, row: usize, to: &mut NestedRow) {
        match get!(self.raw, row) {
            Some(value) => {
                let raw = to.raw.get_or_insert_default();
                raw.clear();
                raw.extend_from_slice(value);
            }
            None => to.raw = None,
        }
        let range = items(self.tags, row);
        to.tags.resize_with(range.len(), String::new);
        for (i, tag) in range.zip(&mut to.tags) {
            tag.clear();
            tag.push_str(self.tag.value(i));
        }
        if self.place.is_valid(row) {
            let place = to.place.get_or_insert_default();
            place.id = get!(self.place_id, row);
            place.lat = get!(self.lat, row);
            place.lon = get!(self.lon, row);
            put(&mut place.name, get!(self.name, row));
        } else {
            to.place = None;
        }
        let range = items(self.readings, row);
        to.readings.resize_with(range.len(), Reading::default);
        for (i, reading) in range.zip(&mut to.readings) {
            put(&mut reading.key, get!(self.key, i));
            reading.value = get!(self.value, i);
        }
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StringsRow {
    #[prost(int64, optional, tag = "1")]
    id: Option<i64>,
    #[prost(string, optional, tag = "2")]
    body: Option<String>,
}

pub(crate) struct Strings<'a>(&'a Int64Array, &'a StringArray);

impl<'a> Fill<'a> for Strings<'a> {
    type Row = StringsRow;

    fn bind(batch: &'a RecordBatch) -> Self {
        Self(batch.column(0).as_primitive(), batch.column(1).as_string())
    }

    fn fill(&self, row: usize, to: &mut StringsRow) {
        to.id = get!(self.0, row);
        put(&mut to.body, get!(self.1, row));
    }
}

/// Five columns of the forty times five: what the derive would write, in a loop.
#[derive(Debug, Default)]
struct Five {
    long: Option<i64>,
    double: Option<f64>,
    text: Option<String>,
    int: Option<i32>,
    flag: Option<bool>,
}

#[derive(Debug)]
pub(crate) struct WideRow([Five; 40]);

impl Default for WideRow {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Five::default()))
    }
}

impl Message for WideRow {
    fn encode_raw(&self, to: &mut impl BufMut) {
        for (tag, five) in (1..).step_by(5).zip(&self.0) {
            if let Some(v) = &five.long {
                encoding::int64::encode(tag, v, to);
            }
            if let Some(v) = &five.double {
                encoding::double::encode(tag + 1, v, to);
            }
            if let Some(v) = &five.text {
                encoding::string::encode(tag + 2, v, to);
            }
            if let Some(v) = &five.int {
                encoding::int32::encode(tag + 3, v, to);
            }
            if let Some(v) = &five.flag {
                encoding::bool::encode(tag + 4, v, to);
            }
        }
    }

    fn encoded_len(&self) -> usize {
        let mut len = 0;
        for (tag, five) in (1..).step_by(5).zip(&self.0) {
            let long = five.long.as_ref();
            len += long.map_or(0, |v| encoding::int64::encoded_len(tag, v));
            let double = five.double.as_ref();
            len += double.map_or(0, |v| encoding::double::encoded_len(tag + 1, v));
            let text = five.text.as_ref();
            len += text.map_or(0, |v| encoding::string::encoded_len(tag + 2, v));
            let int = five.int.as_ref();
            len += int.map_or(0, |v| encoding::int32::encoded_len(tag + 3, v));
            let flag = five.flag.as_ref();
            len += flag.map_or(0, |v| encoding::bool::encoded_len(tag + 4, v));
        }
        len
    }

    fn merge_field(
        &mut self,
        _: u32,
        _: WireType,
        _: &mut impl Buf,
        _: DecodeContext,
    ) -> Result<(), DecodeError> {
        unimplemented!("only written here")
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

type FiveColumns<'a> = (
    &'a Int64Array,
    &'a Float64Array,
    &'a StringArray,
    &'a Int32Array,
    &'a BooleanArray,
);

pub(crate) struct Wide<'a>(Vec<FiveColumns<'a>>);

impl<'a> Fill<'a> for Wide<'a> {
    type Row = WideRow;

    fn bind(batch: &'a RecordBatch) -> Self {
        let five = |c: &'a [arrow_array::ArrayRef]| {
            (
                c[0].as_primitive(),
                c[1].as_primitive(),
                c[2].as_string(),
                c[3].as_primitive(),
                c[4].as_boolean(),
            )
        };
        Self(batch.columns().chunks(5).map(five).collect())
    }

    fn fill(&self, row: usize, to: &mut WideRow) {
        for ((long, double, text, int, flag), to) in self.0.iter().zip(&mut to.0) {
            to.long = get!(long, row);
            to.double = get!(double, row);
            put(&mut to.text, get!(text, row));
            to.int = get!(int, row);
            to.flag = get!(flag, row);
        }
    }
}
