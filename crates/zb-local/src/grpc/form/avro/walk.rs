//! A look at a record in Avro before it is unpacked.
//!
//! The reader of `apache-avro` asks for as much memory as a length says, follows a schema that contains
//! itself as deep as the bytes lead (or, where it takes no bytes, for ever), and takes the end of the bytes
//! for a null. What passes here has all its bytes, a depth, and not many more values than bytes.

use apache_avro::schema::{InnerDecimalSchema, Name, Names, NamespaceRef, Schema, UuidSchema};

/// Schemas within schemas, names that stand for some counted: 32 structs, each of which may be null. A
/// schema without names cannot be deeper, for it is JSON. The reader takes kilobytes of stack for each.
const MAX_DEPTH: usize = 64;

/// Values that take no byte: nulls, and records of nothing else.
const MAX_EMPTY: usize = 64 * 1024;

/// Checks that `record` is one of `schema`, and what it comes to.
pub(super) fn check(schema: &Schema, names: &Names, record: &[u8]) -> Result<(), String> {
    let mut walk = Walk {
        names,
        rest: record,
        empty: MAX_EMPTY,
    };
    walk.over(schema, None, 0)?;
    match walk.rest.len() {
        0 => Ok(()),
        rest => Err(format!("{rest} bytes follow the record")),
    }
}

struct Walk<'a> {
    names: &'a Names,
    rest: &'a [u8],
    empty: usize,
}

impl Walk<'_> {
    fn over(&mut self, schema: &Schema, within: NamespaceRef, depth: usize) -> Result<(), String> {
        if depth == MAX_DEPTH {
            return Err(format!("the record is nested deeper than {MAX_DEPTH}"));
        }
        let depth = depth + 1;
        match schema {
            Schema::Null => self.bytes(0),
            Schema::Boolean => self.bytes(1),
            Schema::Float => self.bytes(4),
            Schema::Double => self.bytes(8),
            Schema::Duration(fixed)
            | Schema::Fixed(fixed)
            | Schema::Uuid(UuidSchema::Fixed(fixed)) => self.bytes(fixed.size),
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Fixed(fixed) => self.bytes(fixed.size),
                InnerDecimalSchema::Bytes => self.counted_bytes(),
            },
            Schema::Bytes | Schema::String | Schema::BigDecimal | Schema::Uuid(_) => {
                self.counted_bytes()
            }
            Schema::Array(array) => self.blocks(|walk| walk.over(&array.items, within, depth)),
            Schema::Map(map) => self.blocks(|walk| {
                walk.counted_bytes()?;
                walk.over(&map.types, within, depth)
            }),
            Schema::Union(union) => {
                let branch = usize::try_from(self.integer()?).ok();
                let branch = branch.and_then(|number| union.variants().get(number));
                let branch = branch.ok_or("a union has no such branch")?;
                self.over(branch, within, depth)
            }
            Schema::Record(record) => {
                self.bytes(0)?;
                let name = record.name.fully_qualified_name(within);
                let mut fields = record.fields.iter();
                fields.try_for_each(|field| self.over(&field.schema, name.namespace(), depth))
            }
            Schema::Ref { name } => {
                let name = name.fully_qualified_name(within).into_owned();
                let found = self.names.get::<Name>(&name);
                let found = found.ok_or_else(|| format!("nothing is called {name}"))?;
                self.over(found, name.namespace(), depth)
            }
            // What is left is written as an integer.
            _ => self.integer().map(drop),
        }
    }

    /// Steps over so many bytes.
    fn bytes(&mut self, count: usize) -> Result<(), String> {
        if count == 0 {
            let left = self.empty.checked_sub(1);
            self.empty = left
                .ok_or_else(|| format!("the record has over {MAX_EMPTY} values without a byte"))?;
        }
        let (_, rest) = self.rest.split_at_checked(count).ok_or(ENDS)?;
        self.rest = rest;
        Ok(())
    }

    /// Steps over bytes with their number before them.
    fn counted_bytes(&mut self) -> Result<(), String> {
        let count = usize::try_from(self.integer()?).map_err(|_| "a length is negative")?;
        let (_, rest) = self.rest.split_at_checked(count).ok_or(ENDS)?;
        self.rest = rest;
        Ok(())
    }

    /// Steps over the blocks of an array or a map.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            let count = self.integer()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The bytes of the block, for who leaves it out.
                self.integer()?;
            }
            // Each item takes a byte, or one of the values that are allowed without.
            (0..count.unsigned_abs()).try_for_each(|_| item(self))?;
        }
    }

    /// A variable-length integer, in zigzag.
    fn integer(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(ENDS)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err("an integer has more than ten bytes".to_owned())
    }
}

const ENDS: &str = "the record ends in the middle of a value";

#[cfg(test)]
mod tests {
    use apache_avro::{
        reader::datum::GenericDatumReader, types::Value, writer::datum::GenericDatumWriter,
    };

    use super::*;
    use crate::grpc::form::avro::names;

    fn verdict(schema: &str, record: &[u8]) -> Result<(), String> {
        let schema = Schema::parse_str(schema).unwrap();
        check(&schema, &names(&schema).unwrap(), record)
    }

    /// A record with one field `a` of this type.
    fn of(field: &str) -> String {
        format!(r#"{{"type":"record","name":"r","fields":[{{"name":"a","type":{field}}}]}}"#)
    }

    #[test]
    fn what_is_well_formed_passes_and_what_is_cut_does_not() {
        let fields = [
            (r#""null""#, Value::Null),
            (r#""boolean""#, Value::Boolean(true)),
            (r#""int""#, Value::Int(-70_000)),
            (r#""long""#, Value::Long(i64::MIN)),
            (r#""float""#, Value::Float(1.5)),
            (r#""double""#, Value::Double(1.5)),
            (r#""bytes""#, Value::Bytes(vec![7; 300])),
            (r#""string""#, Value::String("täxt".to_owned())),
            (
                r#"{"type":"fixed","name":"f","size":3}"#,
                Value::Fixed(3, vec![1, 2, 3]),
            ),
            (
                r#"{"type":"enum","name":"e","symbols":["x","y"]}"#,
                Value::Enum(1, "y".to_owned()),
            ),
            (
                r#"["null","long"]"#,
                Value::Union(1, Box::new(Value::Long(5))),
            ),
            (
                r#"{"type":"array","items":"int"}"#,
                Value::Array(vec![Value::Int(1), Value::Int(2)]),
            ),
            (
                r#"{"type":"map","values":"string"}"#,
                Value::Map([("k".to_owned(), Value::String("v".to_owned()))].into()),
            ),
            (
                r#"{"type":"int","logicalType":"date"}"#,
                Value::Date(19_000),
            ),
            (
                r#"{"type":"long","logicalType":"timestamp-micros"}"#,
                Value::TimestampMicros(1),
            ),
        ];
        for (field, value) in fields {
            let schema = of(field);
            let parsed = Schema::parse_str(&schema).unwrap();
            let value = Value::Record(vec![("a".to_owned(), value)]);
            let writer = GenericDatumWriter::builder(&parsed).build().unwrap();
            let bytes = writer.write_value_to_vec(value.clone()).unwrap();
            assert_eq!(verdict(&schema, &bytes), Ok(()), "{field}");
            let read = GenericDatumReader::builder(&parsed).build().unwrap();
            assert_eq!(read.read_value(&mut &bytes[..]).unwrap(), value);
            for end in 0..bytes.len() {
                let error = verdict(&schema, &bytes[..end]).unwrap_err();
                assert_eq!(error, ENDS, "{field} up to {end}");
            }
            let more = [&bytes[..], &[0]].concat();
            assert_eq!(
                verdict(&schema, &more).unwrap_err(),
                "1 bytes follow the record"
            );
        }
    }

    #[test]
    fn a_length_is_not_believed() {
        // As long as a length can be: 2^63 - 1.
        let most = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        for field in [
            r#""bytes""#,
            r#""string""#,
            r#"{"type":"array","items":"boolean"}"#,
            r#"{"type":"map","values":"null"}"#,
            r#"{"type":"fixed","name":"f","size":4611686018427387904}"#,
        ] {
            assert_eq!(verdict(&of(field), &most).unwrap_err(), ENDS, "{field}");
        }
        let nulls = verdict(&of(r#"{"type":"array","items":"null"}"#), &most);
        assert!(nulls.unwrap_err().contains("without a byte"));
        let negative = verdict(&of(r#""bytes""#), &[0x01]);
        assert_eq!(negative.unwrap_err(), "a length is negative");
        let endless = verdict(&of(r#""long""#), &[0xff; 20]);
        assert!(endless.unwrap_err().contains("ten bytes"));
        let branch = verdict(&of(r#"["null","long"]"#), &[0x04]);
        assert_eq!(branch.unwrap_err(), "a union has no such branch");
    }

    #[test]
    fn a_schema_that_contains_itself_has_an_end() {
        // Without a byte for each level, and with one.
        for field in [
            r#""r""#,
            r#"["null","r"]"#,
            r#"{"type":"array","items":"r"}"#,
        ] {
            let deep = [2; 4096];
            let error = verdict(&of(field), &deep).unwrap_err();
            assert!(error.contains("nested deeper"), "{field}: {error}");
        }
    }

    #[test]
    fn few_names_do_not_stand_for_many_values() {
        // Each record has the one before it twice: 2^30 nulls in no byte.
        let mut schema =
            r#"{"type":"record","name":"r0","fields":[{"name":"a","type":"null"}]}"#.to_owned();
        for level in 1..30 {
            let before = level - 1;
            schema = format!(
                r#"{{"type":"record","name":"r{level}","fields":[{{"name":"a","type":{schema}}},{{"name":"b","type":"r{before}"}}]}}"#
            );
        }
        let error = verdict(&schema, &[]).unwrap_err();
        assert!(error.contains("without a byte"), "{error}");
    }

    /// Even where the compiler optimizes nothing, and takes the more stack.
    #[test]
    fn the_deepest_record_is_unpacked_on_the_stack_of_a_thread() {
        // A record, a union and a name for each level, and a null at the end.
        let schema = of(r#"["null","r"]"#);
        let mut record = vec![2; MAX_DEPTH / 3 - 1];
        record.push(0);
        assert_eq!(verdict(&schema, &record), Ok(()));
        let unpacking = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let unpacking = unpacking.spawn(move || {
            let schema = Schema::parse_str(&schema).unwrap();
            let reader = GenericDatumReader::builder(&schema).build().unwrap();
            reader.read_value(&mut &record[..]).unwrap();
        });
        unpacking.unwrap().join().unwrap();
    }
}
