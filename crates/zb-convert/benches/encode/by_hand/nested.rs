//! Messages within messages.

use std::ops::Range;

use arrow_array::{
    Array, BinaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    cast::AsArray,
};
use prost::Message;

use super::{Column, Record};

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

#[derive(Clone, PartialEq, Message)]
struct Place {
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
struct Reading {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(double, optional, tag = "2")]
    value: Option<f64>,
}

pub(crate) struct NestedColumns<'a> {
    raw: &'a BinaryArray,
    tags: &'a ListArray,
    tag: &'a StringArray,
    place: &'a StructArray,
    id: &'a Int64Array,
    lat: &'a Float64Array,
    lon: &'a Float64Array,
    name: &'a StringArray,
    readings: &'a ListArray,
    key: &'a StringArray,
    value: &'a Float64Array,
}

impl Record for NestedRow {
    type Columns<'a> = NestedColumns<'a>;

    fn bind(batch: &RecordBatch) -> NestedColumns<'_> {
        let tags = batch.column(1).as_list();
        let place = batch.column(2).as_struct();
        let readings = batch.column(3).as_list();
        let reading = readings.values().as_struct();
        NestedColumns {
            raw: batch.column(0).as_binary(),
            tags,
            tag: tags.values().as_string(),
            place,
            id: place.column(0).as_primitive(),
            lat: place.column(1).as_primitive(),
            lon: place.column(2).as_primitive(),
            name: place.column(3).as_string(),
            readings,
            key: reading.column(0).as_string(),
            value: reading.column(1).as_primitive(),
        }
    }

    fn fill(&mut self, from: &NestedColumns<'_>, row: usize) {
        from.raw.put(row, &mut self.raw);
        let range = items(from.tags, row);
        self.tags.resize_with(range.len(), String::new);
        for (i, tag) in range.zip(&mut self.tags) {
            tag.clear();
            tag.push_str(from.tag.value(i));
        }
        if from.place.is_valid(row) {
            let place = self.place.get_or_insert_default();
            from.id.put(row, &mut place.id);
            from.lat.put(row, &mut place.lat);
            from.lon.put(row, &mut place.lon);
            from.name.put(row, &mut place.name);
        } else {
            self.place = None;
        }
        let range = items(from.readings, row);
        self.readings.resize_with(range.len(), Reading::default);
        for (i, reading) in range.zip(&mut self.readings) {
            from.key.put(i, &mut reading.key);
            from.value.put(i, &mut reading.value);
        }
    }
}

fn items(lists: &ListArray, row: usize) -> Range<usize> {
    if lists.is_null(row) {
        return 0..0;
    }
    lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize
}
