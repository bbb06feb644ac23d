//! The widest and the deepest that the service takes, through the encoder and back.

use std::{sync::Arc, thread};

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use zb_convert::{
    Decoder, Encoder, MAX_COLUMNS, MAX_DEPTH, Options, SchemaProblemKind, create_table_sql,
    proto_text,
};

use crate::oracle;

/// What threads have unless someone asks for more.
const STACK: usize = 2 << 20;

/// A column of structs in one another, `depth` messages in all with the record itself.
fn nested(depth: usize) -> (Field, ArrayRef) {
    let leaf: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None, Some(-1)]));
    let first = (Field::new("leaf", DataType::Int32, true), leaf);
    (1..depth).fold(first, |(field, array), _| {
        let fields = Fields::from(vec![field]);
        let array: ArrayRef = Arc::new(StructArray::new(fields.clone(), vec![array], None));
        (Field::new("s", DataType::Struct(fields), true), array)
    })
}

fn in_small_thread(work: fn()) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    thread.unwrap().join().unwrap();
}

#[test]
fn messages_a_hundred_deep_are_written_and_read_in_two_mebibytes_of_stack() {
    in_small_thread(|| {
        let (field, array) = nested(MAX_DEPTH);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(schema.clone(), vec![array]).unwrap();
        let (encoder, encoded) = oracle::encode(&batch);
        let decoder = Decoder::new(encoder.descriptor(), &schema).unwrap();
        let decoded = decoder.decode(encoded.rows()).unwrap();
        assert_eq!(decoded.errors, []);
        assert_eq!(decoded.batch, batch);
        assert!(proto_text(encoder.descriptor()).contains("int32 leaf = 1"));
        let table = "a.b.c".parse().unwrap();
        assert!(
            create_table_sql(&table, &schema)
                .unwrap()
                .contains("leaf: INT")
        );
    });
}

#[test]
fn one_message_deeper_is_refused() {
    in_small_thread(|| {
        let (field, _) = nested(MAX_DEPTH + 1);
        let error = Encoder::new(&Schema::new(vec![field]), Options::default()).unwrap_err();
        let [problem] = error.problems() else {
            panic!("{error}")
        };
        assert_eq!(*problem.kind(), SchemaProblemKind::TooDeep);
        assert!(problem.path().ends_with(".s.s.leaf"), "{}", problem.path());
    });
}

#[test]
fn two_thousand_columns_are_written_and_read_and_one_more_is_refused() {
    let fields = |count: usize| -> Vec<Field> {
        (0..count)
            .map(|i| match i % 2 {
                0 => Field::new(format!("n{i}"), DataType::Int32, true),
                _ => Field::new(format!("t{i}"), DataType::Utf8, true),
            })
            .collect()
    };
    let columns = (0..MAX_COLUMNS as i32).map(|i| -> ArrayRef {
        match i % 2 {
            0 => Arc::new(Int32Array::from(vec![Some(i), None, Some(-i)])),
            _ => Arc::new(StringArray::from(vec![Some(i.to_string()), None, None])),
        }
    });
    let schema = Arc::new(Schema::new(fields(MAX_COLUMNS)));
    let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    let (encoder, encoded) = oracle::encode(&batch);
    let decoder = Decoder::new(encoder.descriptor(), &schema).unwrap();
    assert_eq!(decoder.decode(encoded.rows()).unwrap().batch, batch);
    for (row, expected) in
        oracle::read(encoder.descriptor(), &encoded)
            .iter()
            .zip([MAX_COLUMNS, 0, MAX_COLUMNS / 2])
    {
        assert_eq!(row.fields().count(), expected);
    }

    let schema = Schema::new(fields(MAX_COLUMNS + 1));
    let error = Encoder::new(&schema, Options::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2001") && text.contains("2000"), "{text}");
}
