//! Arrow record batches to Protobuf rows, and back.
//!
//! The descriptor is derived from the Arrow schema, each row becomes one message, and a row that
//! cannot be one is left out with its row, column, cause and value, without taking its neighbours
//! with it.
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
//! use zb_convert::{Decoder, Encoder, Options, RowErrorKind};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let batch = RecordBatch::try_from_iter([
//!     ("id", Arc::new(UInt64Array::from(vec![1, u64::MAX, 3])) as ArrayRef),
//!     ("name", Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]))),
//! ])?;
//!
//! let encoder = Encoder::new(&batch.schema(), Options::default())?;
//! let encoded = encoder.encode(&batch)?;
//! assert_eq!(encoded.len(), 2);
//! assert_eq!(encoded.errors()[0].row, 1);
//! assert_eq!(encoded.errors()[0].kind, RowErrorKind::IntegerRange);
//!
//! // The way back, to the types that a Delta table has.
//! let table = zb_convert::delta_schema(&batch.schema())?;
//! let decoded = Decoder::new(encoder.descriptor(), &table)?.decode(encoded.rows())?;
//! assert_eq!(decoded.batch.num_rows(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Types
//!
//! | Arrow | Protobuf (proto2) | Delta |
//! |---|---|---|
//! | Boolean | bool | BOOLEAN |
//! | Int8, Int16, Int32, `UInt8`, `UInt16` | int32 | BYTE, SHORT, INT (`UInt8`: SHORT, `UInt16`: INT) |
//! | Int64, `UInt32`, `UInt64` | int64 | LONG |
//! | Float16, Float32 / Float64 | float / double | FLOAT / DOUBLE |
//! | Utf8, `LargeUtf8`, `Utf8View` | string | STRING |
//! | Binary, `LargeBinary`, `BinaryView`, `FixedSizeBinary` | bytes | BINARY |
//! | FixedSizeBinary(16) with extension `arrow.uuid` | string, canonical form | STRING |
//! | Date32, Date64 | int32, days | DATE |
//! | Timestamp with / without zone | int64, microseconds | TIMESTAMP / `TIMESTAMP_NTZ` |
//! | Decimal32, 64, 128, 256 | string, exact | DECIMAL(p, s) |
//! | Time32, Time64, Duration | int64, microseconds | LONG |
//! | Struct | message | STRUCT |
//! | List, `LargeList`, `FixedSizeList`, `ListView`, `LargeListView` | repeated | ARRAY |
//! | Map | map | MAP |
//! | Dictionary, `RunEndEncoded` | as their values | as their values |
//! | extension `arrow.json` | string | STRING |
//! | extension `arrow.parquet.variant`, not shredded | string, JSON | VARIANT |
//!
//! Null, Interval, Union, structs without fields, lists of lists and maps of lists are refused when
//! the encoder is made, with the column's path and what to do. A column that is not nullable is `required`; the number of a
//! field is its position plus one. Protobuf does not tell a null list from an empty one: null
//! lists are sent as empty ones and [counted](Encoded::null_lists).
//!
//! # Toward a target
//!
//! [`Encoder::new`] derives the message from the schema. [`Encoder::for_table`] and
//! [`Encoder::for_descriptor`] fit batches to a table or to a message that exists: columns are found
//! by name, values are brought to the target's type where nothing can be lost, and every misfit is
//! named at once.
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{ArrayRef, Decimal128Array, RecordBatch, UInt64Array};
//! use arrow_schema::{DataType, Field, Schema};
//! use zb_convert::{Encoder, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let table = Schema::new(vec![
//!     Field::new("price", DataType::Decimal128(10, 2), true),
//!     Field::new("id", DataType::Int16, false),
//! ]);
//! let batch = RecordBatch::try_from_iter([
//!     ("id", Arc::new(UInt64Array::from(vec![1, 70_000])) as ArrayRef),
//!     ("price", Arc::new(Decimal128Array::from(vec![15, 20]).with_precision_and_scale(4, 1)?)),
//! ])?;
//! let encoded = Encoder::for_table(&batch.schema(), &table, Options::default())?.encode(&batch)?;
//! assert_eq!(encoded.bytes(), b"\x0a\x041.50\x10\x01");
//! assert_eq!(
//!     encoded.errors()[0].to_string(),
//!     "row 1, column `id`: an integer out of range (found 70000)"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # When to use this alone
//!
//! To put Arrow data into anything that takes Protobuf rows, and to read them back: it is pure
//! computation, without I/O or an async runtime, and without threads unless the feature `rayon` is
//! on and [`encode_par`](Encoder#method.encode_par) is called.

mod allowance;
mod arrays;
mod block;
mod chunk;
mod coerced;
mod coercion;
mod decimal_text;
mod decoder;
mod delta;
mod descriptor;
mod digits;
mod encoded;
mod encoder;
mod error;
mod field;
mod fit;
#[cfg(feature = "flight")]
mod fitter;
mod kernel;
mod natural;
mod options;
#[cfg(feature = "rayon")]
mod parallel;
mod print;
mod raw;
mod reading;
mod row_error;
mod shape;
mod slots;
mod source;
mod summary;
mod table;
mod target;
mod uuid;
mod variant;
mod varint;
mod wire;

pub use decimal_text::parse_decimal;
pub use decoder::{DecodeLimit, Decoded, Decoder};
pub use delta::{create_table_sql, delta_schema};
pub use encoded::{Encoded, EncodedVecs};
pub use encoder::{ChunkLimit, Encoder};
pub use error::{SchemaError, SchemaProblem, SchemaProblemKind};
#[cfg(feature = "flight")]
pub use fitter::{FittedBatch, Fitter};
pub use natural::arrow_schema;
pub use options::{ExtraColumns, Options, SubMicroseconds};
pub use print::proto_text;
pub use row_error::{RowError, RowErrorKind};
pub use summary::{ColumnSummary, summarize};
pub use table::{FIELD_NUMBER, TABLE_TYPE};

/// The most columns that a message may have: the limit of the service.
pub const MAX_COLUMNS: usize = 2000;

/// The deepest that messages may nest: the limit of the service.
pub const MAX_DEPTH: usize = 100;
