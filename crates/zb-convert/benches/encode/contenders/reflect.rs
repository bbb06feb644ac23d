//! Messages that are known only at run time: `prost_reflect::DynamicMessage`.

use std::hint::black_box;

use arrow_array::{
    Array,
    cast::AsArray,
    types::{
        Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType,
    },
};
use arrow_schema::{DataType, TimeUnit};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

use super::name;
use crate::{
    by_hand::put_decimal,
    measure::{Contender, Form},
    set::Set,
};

/// It is slow, and so does fewer rows: the first ones.
pub(crate) const ROWS: usize = 4_000;

/// The whole work: a message from the arrays for each row, and its bytes.
pub(super) fn vec_per_row(set: &Set) -> Contender<'_> {
    let message = Message::bind(set.message.clone(), set.batch.columns());
    let rows = ROWS.min(set.batch.num_rows());
    let encoded = (0..rows).map(|row| message.read(row).encode_to_vec());
    assert_eq!(
        set.first_other(rows, encoded),
        None,
        "a dynamic message is other"
    );
    let contender = set.contender(name::REFLECT, Form::Vecs, move || {
        for chunk in &set.chunks {
            let chunk = chunk.start..chunk.end.min(rows);
            let encoded = chunk.map(|row| message.read(row).encode_to_vec());
            black_box(encoded.collect::<Vec<_>>());
        }
    });
    Contender {
        rows,
        bytes: set.whole.ends()[rows - 1],
        ..contender
    }
}

/// The value of a row, if it has one.
type Read<'a> = Box<dyn Fn(usize) -> Option<Value> + 'a>;

struct Message<'a> {
    descriptor: MessageDescriptor,
    fields: Vec<(FieldDescriptor, Read<'a>)>,
}

impl<'a> Message<'a> {
    fn bind(descriptor: MessageDescriptor, columns: &'a [arrow_array::ArrayRef]) -> Self {
        let fields = descriptor
            .fields()
            .zip(columns)
            .map(|(field, column)| {
                let read = read(column.as_ref(), &field);
                (field, read)
            })
            .collect();
        Self { descriptor, fields }
    }

    fn read(&self, row: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(self.descriptor.clone());
        for (field, read) in &self.fields {
            if let Some(value) = read(row) {
                message.set_field(field, value);
            }
        }
        message
    }
}

fn read<'a>(array: &'a dyn Array, field: &FieldDescriptor) -> Read<'a> {
    let value: Box<dyn Fn(usize) -> Value + 'a> = match array.data_type() {
        DataType::Boolean => {
            let array = array.as_boolean();
            Box::new(|row| Value::Bool(array.value(row)))
        }
        DataType::Int32 => {
            let array = array.as_primitive::<Int32Type>();
            Box::new(|row| Value::I32(array.value(row)))
        }
        DataType::Int64 => {
            let array = array.as_primitive::<Int64Type>();
            Box::new(|row| Value::I64(array.value(row)))
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            Box::new(|row| Value::F64(array.value(row)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let array = array.as_primitive::<TimestampMicrosecondType>();
            Box::new(|row| Value::I64(array.value(row)))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let array = array.as_primitive::<TimestampMillisecondType>();
            Box::new(|row| Value::I64(array.value(row) * 1000))
        }
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            Box::new(|row| Value::String(array.value(row).to_owned()))
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            Box::new(|row| Value::Bytes(array.value(row).to_vec().into()))
        }
        DataType::Decimal128(_, scale) => {
            let array = array.as_primitive::<Decimal128Type>();
            let scale = (*scale).try_into().unwrap();
            Box::new(move |row| {
                let mut text = String::new();
                put_decimal(&mut text, array.value(row), scale);
                Value::String(text)
            })
        }
        DataType::Dictionary(..) => {
            let array = array.as_dictionary::<Int32Type>();
            let read = read(array.values().as_ref(), field);
            return Box::new(move |row| read(array.key(row)?));
        }
        DataType::Struct(_) => {
            let array = array.as_struct();
            let message = Message::bind(message_of(field), array.columns());
            Box::new(move |row| Value::Message(message.read(row)))
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let read = read(array.values().as_ref(), field);
            Box::new(move |row| {
                let offsets = &array.value_offsets()[row..row + 2];
                let items = offsets[0] as usize..offsets[1] as usize;
                Value::List(items.filter_map(&read).collect())
            })
        }
        other => unimplemented!("no data set has {other}"),
    };
    Box::new(move |row| array.is_valid(row).then(|| value(row)))
}

fn message_of(field: &FieldDescriptor) -> MessageDescriptor {
    let kind = field.kind();
    kind.as_message().unwrap().clone()
}
