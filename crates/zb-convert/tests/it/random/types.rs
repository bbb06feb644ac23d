//! Every type that can be sent, and how they nest.

use std::sync::Arc;

use arrow_schema::{DataType as T, Field, Fields, TimeUnit};
use proptest::{prelude::*, sample::select, strategy::Union};

const UNITS: [TimeUnit; 4] = [
    TimeUnit::Second,
    TimeUnit::Millisecond,
    TimeUnit::Microsecond,
    TimeUnit::Nanosecond,
];

/// A nullable field of every type that holds no other: at least one for each kind, unit and sign.
pub(crate) fn every_leaf() -> Vec<Field> {
    let mut types = vec![
        T::Boolean,
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::UInt64,
        T::Float16,
        T::Float32,
        T::Float64,
        T::Utf8,
        T::LargeUtf8,
        T::Utf8View,
        T::Binary,
        T::LargeBinary,
        T::BinaryView,
        T::FixedSizeBinary(0),
        T::FixedSizeBinary(3),
        T::FixedSizeBinary(16),
        T::Date32,
        T::Date64,
        T::Time32(TimeUnit::Second),
        T::Time32(TimeUnit::Millisecond),
        T::Time64(TimeUnit::Microsecond),
        T::Time64(TimeUnit::Nanosecond),
        T::Decimal32(9, 0),
        T::Decimal32(5, 2),
        T::Decimal32(9, 9),
        T::Decimal32(4, -2),
        T::Decimal64(18, 4),
        T::Decimal64(18, 0),
        T::Decimal64(12, -6),
        T::Decimal128(38, 0),
        T::Decimal128(38, 38),
        T::Decimal128(20, 4),
        T::Decimal128(10, -3),
        T::Decimal256(38, 10),
        T::Decimal256(38, 0),
        T::Decimal256(30, -8),
    ];
    for unit in UNITS {
        types.push(T::Duration(unit));
        for zone in [None, Some("UTC"), Some("America/New_York"), Some("+05:30")] {
            types.push(T::Timestamp(unit, zone.map(Into::into)));
        }
    }
    let mut leaves: Vec<Field> = types.into_iter().map(nullable).collect();
    leaves.push(extension("arrow.uuid", T::FixedSizeBinary(16)));
    for text in [T::Utf8, T::LargeUtf8, T::Utf8View] {
        leaves.push(extension("arrow.json", text));
    }
    leaves
}

fn nullable(data_type: T) -> Field {
    Field::new("x", data_type, true)
}

fn extension(name: &str, storage: T) -> Field {
    let pair = ("ARROW:extension:name".to_owned(), name.to_owned());
    nullable(storage).with_metadata([pair].into())
}

fn leaf() -> BoxedStrategy<Field> {
    select(every_leaf()).boxed()
}

/// A column of any type, nested no deeper than `depth`, null or not.
pub(super) fn field(depth: u32) -> BoxedStrategy<Field> {
    (any_type(depth), any::<bool>())
        .prop_map(|(field, nullable)| field.with_nullable(nullable))
        .boxed()
}

fn any_type(depth: u32) -> BoxedStrategy<Field> {
    let Some(below) = depth.checked_sub(1) else {
        return leaf();
    };
    let lists = || prop_oneof![lists(below), maps(below)];
    Union::new_weighted(vec![
        (4, item(depth)),
        (2, lists().boxed()),
        (1, encoded(lists().boxed())),
    ])
    .boxed()
}

/// What may stand in a list or be the value of a map: no list, and no map.
fn item(depth: u32) -> BoxedStrategy<Field> {
    let Some(below) = depth.checked_sub(1) else {
        return leaf();
    };
    Union::new_weighted(vec![
        (4, leaf()),
        (2, structs(below)),
        (2, encoded(item(below))),
    ])
    .boxed()
}

/// Of up to three fields.
fn structs(depth: u32) -> BoxedStrategy<Field> {
    prop::collection::vec(field(depth), 1..=3)
        .prop_map(|children| {
            let named = children.into_iter().enumerate();
            let fields: Fields = named.map(|(i, f)| f.with_name(format!("f{i}"))).collect();
            nullable(T::Struct(fields))
        })
        .boxed()
}

fn lists(depth: u32) -> BoxedStrategy<Field> {
    let item = (item(depth), any::<bool>());
    (item, 0..5, 0..4)
        .prop_map(|((item, nullable_item), layout, size)| {
            let item = Arc::new(item.with_name("item").with_nullable(nullable_item));
            nullable(match layout {
                0 => T::List(item),
                1 => T::LargeList(item),
                2 => T::ListView(item),
                3 => T::LargeListView(item),
                _ => T::FixedSizeList(item, size),
            })
        })
        .boxed()
}

fn maps(depth: u32) -> BoxedStrategy<Field> {
    let keys: Vec<Field> = every_leaf().into_iter().filter(is_key).collect();
    let key = prop_oneof![3 => select(keys.clone()), 1 => encoded(select(keys).boxed())];
    (key, item(depth), any::<bool>())
        .prop_map(|(key, value, sorted)| {
            let key = key.with_name("keys").with_nullable(false);
            let entries = T::Struct(Fields::from(vec![key, value.with_name("values")]));
            nullable(T::Map(
                Arc::new(Field::new("entries", entries, false)),
                sorted,
            ))
        })
        .boxed()
}

/// Protobuf has keys of integers, booleans and strings.
fn is_key(field: &Field) -> bool {
    use T::{Binary, BinaryView, Float16, Float32, Float64, LargeBinary};
    match field.data_type() {
        Float16 | Float32 | Float64 | Binary | LargeBinary | BinaryView => false,
        T::FixedSizeBinary(_) => !field.metadata().is_empty(),
        _ => true,
    }
}

/// The same values behind a dictionary or in runs. The field keeps what it was, its extension
/// included.
fn encoded(values: BoxedStrategy<Field>) -> BoxedStrategy<Field> {
    let keys = vec![
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::UInt64,
    ];
    let dictionary = select(keys).prop_map(|key| (true, key));
    let runs = select(vec![T::Int16, T::Int32, T::Int64]).prop_map(|ends| (false, ends));
    (values, prop_oneof![2 => dictionary, 1 => runs])
        .prop_map(|(field, (dictionary, index))| {
            let values = field.data_type().clone();
            let data_type = if dictionary {
                T::Dictionary(Box::new(index), Box::new(values))
            } else {
                T::RunEndEncoded(
                    Arc::new(Field::new("run_ends", index, false)),
                    Arc::new(Field::new("values", values, true)),
                )
            };
            field.with_data_type(data_type)
        })
        .boxed()
}
