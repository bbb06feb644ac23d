//! Variants become JSON, as `parquet-variant-json` writes it, and hostile ones an error.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StructArray, cast::AsArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet_variant::{Variant, VariantBuilder};
use parquet_variant_json::{JsonToVariant as _, VariantToJson};
use proptest::prelude::*;
use zb_convert::{
    Decoder, Encoded, Encoder, Options, RowErrorKind, SchemaProblemKind, create_table_sql,
    delta_schema,
};

type Bytes = (Vec<u8>, Vec<u8>);

fn field(parts: Fields) -> Field {
    let name = "ARROW:extension:name".to_owned();
    Field::new("v", DataType::Struct(parts), true)
        .with_metadata([(name, "arrow.parquet.variant".to_owned())].into())
}

fn batch(variants: &[Option<Bytes>]) -> RecordBatch {
    let part = |pick: fn(&Bytes) -> &[u8]| -> ArrayRef {
        let bytes = variants.iter().map(|v| v.as_ref().map_or(&[][..], pick));
        Arc::new(BinaryArray::from_iter_values(bytes))
    };
    let parts = Fields::from(vec![
        Field::new("metadata", DataType::Binary, false),
        Field::new("value", DataType::Binary, false),
    ]);
    let nulls: NullBuffer = variants.iter().map(Option::is_some).collect();
    let columns = vec![part(|v| &v.0), part(|v| &v.1)];
    let array: ArrayRef = Arc::new(StructArray::new(parts.clone(), columns, Some(nulls)));
    RecordBatch::try_new(Arc::new(Schema::new(vec![field(parts)])), vec![array]).unwrap()
}

fn encode(batch: &RecordBatch) -> (Encoder, Encoded) {
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let encoded = encoder.encode(batch).unwrap();
    (encoder, encoded)
}

fn texts(batch: &RecordBatch) -> Vec<Option<String>> {
    let (encoder, encoded) = encode(batch);
    assert_eq!(encoded.errors(), []);
    let table = delta_schema(&batch.schema()).unwrap();
    let decoded = Decoder::new(encoder.descriptor(), &table)
        .unwrap()
        .decode(encoded.rows())
        .unwrap();
    let column = decoded.batch.column(0).as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

fn of(build: impl FnOnce(&mut VariantBuilder)) -> Bytes {
    let mut builder = VariantBuilder::new();
    build(&mut builder);
    builder.finish()
}

fn json(text: &str) -> Bytes {
    of(|builder| builder.append_json(text).unwrap())
}

fn theirs((metadata, value): &Bytes) -> String {
    Variant::try_new(metadata, value)
        .unwrap()
        .to_json_string()
        .unwrap()
}

#[test]
fn every_kind_of_value_is_written_as_the_arrow_project_writes_it() {
    let date = chrono::NaiveDate::from_ymd_opt(2013, 1, 31).unwrap();
    let at = date.and_hms_nano_opt(5, 6, 7, 80_009_000).unwrap();
    let fine = date.and_hms_nano_opt(5, 6, 7, 123).unwrap();
    let whole = date.and_hms_opt(5, 6, 7).unwrap();
    let values: Vec<Variant> = vec![
        Variant::Null,
        true.into(),
        false.into(),
        (-5_i8).into(),
        300_i16.into(),
        (-70_000_i32).into(),
        i64::MIN.into(),
        1.5_f32.into(),
        (-2.25e10_f64).into(),
        parquet_variant::VariantDecimal4::try_new(-12_345, 3)
            .unwrap()
            .into(),
        parquet_variant::VariantDecimal8::try_new(1_200, 2)
            .unwrap()
            .into(),
        parquet_variant::VariantDecimal16::try_new(-5, 20)
            .unwrap()
            .into(),
        date.into(),
        at.and_utc().into(),
        fine.and_utc().into(),
        whole.and_utc().into(),
        at.into(),
        fine.into(),
        whole.into(),
        chrono::NaiveTime::from_hms_micro_opt(23, 59, 1, 120_000)
            .unwrap()
            .into(),
        chrono::NaiveTime::from_hms_opt(0, 0, 0).unwrap().into(),
        Variant::Binary(b"\x00\xff\x10 bytes"),
        Variant::from("short \"quoted\" \u{1} ä"),
        Variant::from(
            "long: 0123456789012345678901234567890123456789012345678901234567890123456789\n",
        ),
        Variant::Uuid(uuid::Uuid::from_u128(
            0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6,
        )),
    ];
    let mut variants: Vec<Option<Bytes>> = values
        .into_iter()
        .map(|v| Some(of(|b| b.append_value(v))))
        .collect();
    for text in [
        "{}",
        "[]",
        r#"{"a":1,"b":[true,null,"x",{"c":{}}],"z":"\\"}"#,
        r"[[],[[1]],{}]",
    ] {
        variants.push(Some(json(text)));
    }
    let large: Vec<String> = (0..300).map(|i| format!("\"key{i}\":[{i}]")).collect();
    variants.push(Some(json(&format!("{{{}}}", large.join(",")))));
    let expected: Vec<_> = variants.iter().map(|v| v.as_ref().map(theirs)).collect();
    variants.push(None);
    let mut found = texts(&batch(&variants));
    assert_eq!(found.pop(), Some(None), "a null is a null");
    assert_eq!(found, expected);
}

#[test]
fn a_variant_column_is_a_string_on_the_wire_and_variant_in_ddl() {
    let batch = batch(&[Some(json("1"))]);
    let sql = create_table_sql(&"a.b.c".parse().unwrap(), &batch.schema()).unwrap();
    assert!(sql.contains("`v` VARIANT"), "{sql}");
    let (encoder, _) = encode(&batch);
    assert_eq!(
        encoder.descriptor().field[0].r#type(),
        prost_types::field_descriptor_proto::Type::String
    );
}

#[test]
fn what_json_has_no_words_for_and_what_is_no_variant_is_a_row_error() {
    let good = json("[1]");
    let rows = [
        Some(of(|b| b.append_value(f64::NAN))),
        Some(good.clone()),
        Some((vec![], vec![])),
        Some((good.0.clone(), vec![])),
        Some((good.0.clone(), vec![0xff, 0xff])),
        Some((vec![9], good.1.clone())),
    ];
    let batch = batch(&rows);
    let (_, encoded) = encode(&batch);
    let errors: Vec<_> = encoded.errors().iter().map(|e| (e.row, e.kind)).collect();
    assert_eq!(
        errors,
        [0, 2, 3, 4, 5].map(|row| (row, RowErrorKind::Variant))
    );
}

#[test]
fn a_shredded_or_misshapen_variant_is_refused_when_the_plan_is_made() {
    let binary = |name| Field::new(name, DataType::Binary, true);
    for parts in [
        vec![
            binary("metadata"),
            binary("value"),
            Field::new("typed_value", DataType::Int64, true),
        ],
        vec![binary("metadata")],
        vec![
            binary("metadata"),
            Field::new("value", DataType::Utf8, true),
        ],
    ] {
        let schema = Schema::new(vec![field(parts.into())]);
        let error = Encoder::new(&schema, Options::default()).unwrap_err();
        let problem = &error.problems()[0];
        assert_eq!(problem.path(), "v");
        assert!(
            matches!(
                problem.kind(),
                SchemaProblemKind::UnsupportedExtension { .. }
            ),
            "{problem}"
        );
    }
}

/// Arrays of one item inside one another.
fn deep(levels: usize) -> Vec<u8> {
    let mut value = vec![0];
    for _ in 0..levels {
        // Array, offsets of four bytes, one item.
        let mut outer = vec![0b0000_1111, 1, 0, 0, 0, 0];
        outer.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        outer.extend(value);
        value = outer;
    }
    value
}

#[test]
fn bytes_that_unfold_without_end_are_stopped() {
    let names = json("1").0;
    assert_eq!(texts(&batch(&[Some((names.clone(), deep(100)))])).len(), 1);
    let too_deep = batch(&[Some((names.clone(), deep(100_000)))]);
    assert_eq!(encode(&too_deep).1.errors()[0].kind, RowErrorKind::Variant);

    // Two fields of every object are the same one below: 2^60 when written out.
    let (names, _) = json(r#"{"a":1}"#);
    let mut value = vec![0];
    for _ in 0..60 {
        let mut outer = vec![0b0000_1110, 2, 0, 0];
        outer.extend([0; 8]);
        outer.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        outer.extend(value);
        value = outer;
    }
    let bomb = batch(&[Some((names, value))]);
    let encoder =
        Encoder::new(&bomb.schema(), Options::default().max_record_bytes(1 << 20)).unwrap();
    let encoded = encoder.encode(&bomb).unwrap();
    assert_eq!(encoded.errors()[0].kind, RowErrorKind::RecordTooLarge);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damaged_variants_never_panic(at in 0usize..60, with in any::<u8>(), cut in 0usize..60) {
        let (mut metadata, mut value) = json(r#"{"a":[1,2.5,"x"],"b":{"c":null,"d":"yyyyyy"}}"#);
        let len = metadata.len();
        if let Some(byte) = metadata.iter_mut().chain(&mut value).nth(at) {
            *byte = with;
        }
        if cut > len {
            value.truncate(cut - len);
        }
        let batch = batch(&[Some((metadata, value))]);
        let (_, encoded) = encode(&batch);
        prop_assert_eq!(encoded.len() + encoded.errors().len(), 1);
    }
}
