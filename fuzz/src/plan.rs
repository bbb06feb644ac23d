//! Schemas and descriptors: planned or refused, and what is planned for is the same to everyone.

use std::sync::Arc;

use arrow_schema::{
    DataType as T, Field, Fields, IntervalUnit, Schema, TimeUnit, UnionFields, UnionMode,
};
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, FileDescriptorProto};
use zb_convert::{
    Decoder, Encoder, Options, SchemaProblem, SchemaProblemKind, arrow_schema, create_table_sql,
    delta_schema, proto_text, summarize,
};

/// Fields in all; a schema is described by fewer bytes than it would take otherwise.
const MOST_FIELDS: usize = 300;

/// The first byte chooses what the rest is: a schema, or a descriptor, or first one and then the
/// other.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    match choice % 3 {
        0 => schema(&Script::schema(rest)),
        1 => {
            if let Ok(sent) = DescriptorProto::decode(rest) {
                descriptor(&sent);
            }
        }
        _ => {
            let (first, second) = rest.split_at(rest.len() / 2);
            if let Ok(sent) = DescriptorProto::decode(second) {
                // Any answer will do.
                let schema = Script::schema(first);
                let _ = Decoder::new(&sent, &schema);
                let _ = Encoder::for_descriptor(&schema, sent, Options::default());
                let _ = Encoder::for_table(&schema, &Script::schema(second), Options::default());
            }
        }
    }
}

fn schema(schema: &Schema) {
    let table = "main.default.t".parse().expect("a name of three parts");
    let Ok(encoder) = Encoder::new(schema, Options::default()) else {
        assert!(delta_schema(schema).is_err());
        assert!(create_table_sql(&table, schema).is_err());
        assert!(summarize(schema).is_err());
        return;
    };
    let sent = encoder.descriptor();
    let file = FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![sent.clone()],
        ..FileDescriptorProto::default()
    };
    DescriptorPool::new()
        .add_file_descriptor_proto(file)
        .expect("a valid descriptor");
    assert!(!proto_text(sent).is_empty());

    let delta = delta_schema(schema).expect("what can be encoded has a table");
    assert_eq!(
        delta_schema(&delta).as_ref(),
        Ok(&delta),
        "the normal form is its own"
    );
    assert_eq!(
        create_table_sql(&table, schema),
        create_table_sql(&table, &delta)
    );
    assert_eq!(
        Decoder::new(sent, schema)
            .expect("its own descriptor")
            .schema()
            .as_ref(),
        &delta
    );
    Decoder::new(sent, &delta).expect("the table's descriptor");
    descriptor(sent);
}

fn descriptor(sent: &DescriptorProto) {
    let _ = proto_text(sent);
    let Ok(schema) = arrow_schema(sent) else {
        return;
    };
    // The names may be none that a table can have, the numbers none that a field can have.
    if Encoder::new(&schema, Options::default()).is_ok()
        && let Err(error) = Decoder::new(sent, &schema)
    {
        let of_the_descriptor = |problem: &SchemaProblem| {
            matches!(problem.kind(), SchemaProblemKind::Descriptor { .. })
        };
        assert!(error.problems().iter().all(of_the_descriptor), "{error}");
    }
}

/// Bytes as directions for a schema; where there are none left, they are zeros.
struct Script<'a> {
    bytes: std::slice::Iter<'a, u8>,
    fields: usize,
}

impl Script<'_> {
    fn schema(bytes: &[u8]) -> Schema {
        let mut script = Script {
            bytes: bytes.iter(),
            fields: 0,
        };
        let mut fields = Vec::new();
        while !script.bytes.as_slice().is_empty() && script.fields < MOST_FIELDS {
            fields.push(script.field(0));
        }
        Schema::new(fields)
    }

    fn next(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn name(&mut self) -> String {
        const LETTERS: &[char] = &[
            'a', 'b', 'A', '_', '1', 'E', 'n', 't', 'r', 'y', 'ä', '.', ' ', '\0', '`', '"',
        ];
        let count = self.next() % 5;
        (0..count)
            .map(|_| LETTERS[usize::from(self.next()) % LETTERS.len()])
            .collect()
    }

    fn field(&mut self, depth: usize) -> Field {
        self.fields += 1;
        let name = match self.next() {
            // Names that are all different, so that schemas are not mostly refused.
            n if n < 200 => format!("c{n}"),
            _ => self.name(),
        };
        let extension = match self.next() {
            0..32 => Some("arrow.uuid"),
            32..40 => Some("arrow.json"),
            40..48 => Some("arrow.parquet.variant"),
            _ => None,
        };
        let nullable = self.next() & 1 == 0;
        let field = Field::new(name, self.data_type(depth), nullable);
        match extension {
            None => field,
            Some(name) => {
                let pair = ("ARROW:extension:name".to_owned(), name.to_owned());
                field.with_metadata([pair].into())
            }
        }
    }

    fn unit(&mut self) -> TimeUnit {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        [Second, Millisecond, Microsecond, Nanosecond][usize::from(self.next() % 4)]
    }

    fn fields(&mut self, depth: usize) -> Fields {
        let count = self.next() % 6;
        (0..count)
            .take_while(|_| self.fields < MOST_FIELDS)
            .map(|_| ())
            .collect::<Vec<_>>()
            .into_iter()
            .map(|()| self.field(depth + 1))
            .collect()
    }

    fn data_type(&mut self, depth: usize) -> T {
        const LEAVES: u8 = 28;
        const ALL: u8 = 42;
        // Deep schemas are made by a byte a level, so that the limit is within reach.
        let most = if depth > 120 { LEAVES } else { ALL };
        match self.next() % most {
            0 => T::Boolean,
            1 => T::Int8,
            2 => T::Int16,
            3 => T::Int32,
            4 => T::Int64,
            5 => T::UInt8,
            6 => T::UInt16,
            7 => T::UInt32,
            8 => T::UInt64,
            9 => T::Float16,
            10 => T::Float32,
            11 => T::Float64,
            12 => T::Utf8,
            13 => T::LargeUtf8,
            14 => T::Utf8View,
            15 => T::Binary,
            16 => T::LargeBinary,
            17 => T::BinaryView,
            18 => T::FixedSizeBinary(i32::from(self.next())),
            19 => T::Date32,
            20 => T::Date64,
            21 => T::Timestamp(self.unit(), (self.next() & 1 == 0).then(|| "UTC".into())),
            22 => T::Duration(self.unit()),
            23 => T::Time64(self.unit()),
            24 => T::Decimal128(self.next(), self.next() as i8),
            25 => T::Decimal256(self.next(), self.next() as i8),
            26 => T::Null,
            27 => T::Interval(IntervalUnit::MonthDayNano),
            28 | 29 => T::Struct(self.fields(depth)),
            30 => T::Struct(vec![self.field(depth + 1)].into()),
            31 => T::List(Arc::new(self.field(depth + 1))),
            32 => T::LargeList(Arc::new(self.field(depth + 1))),
            33 => T::FixedSizeList(Arc::new(self.field(depth + 1)), i32::from(self.next())),
            34 => T::ListView(Arc::new(self.field(depth + 1))),
            35 | 36 => {
                let entries = vec![self.field(depth + 1), self.field(depth + 1)];
                let entries = Field::new("entries", T::Struct(entries.into()), false);
                T::Map(Arc::new(entries), self.next() & 1 == 0)
            }
            37 => T::Map(Arc::new(self.field(depth + 1)), false),
            38 => T::Dictionary(Box::new(T::Int32), Box::new(self.data_type(depth + 1))),
            39 => {
                let ends = Field::new("run_ends", T::Int32, false);
                T::RunEndEncoded(Arc::new(ends), Arc::new(self.field(depth + 1)))
            }
            40 => T::Decimal32(self.next(), self.next() as i8),
            _ => T::Union(UnionFields::empty(), UnionMode::Sparse),
        }
    }
}
