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
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
//!
//! Null, Interval, Union, the variant extension types, lists of lists and maps of lists are
//! refused when the encoder is made. A column that is not nullable is `required`; the number of a
//! field is its position plus one. Protobuf does not tell a null list from an empty one: null
//! lists are sent as empty ones and [counted](Encoded::null_lists).
//!
//! # When to use this alone
//!
//! To put Arrow data into anything that takes Protobuf rows, and to read them back: it is pure
//! computation, without I/O, threads or an async runtime.

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
mod target;
mod uuid;
mod variant;
mod varint;
mod wire;

pub use decoder::{DecodeLimit, Decoded, Decoder};
pub use delta::{create_table_sql, delta_schema};
pub use encoded::{Encoded, EncodedVecs};
pub use encoder::{ChunkLimit, Encoder};
pub use error::{SchemaError, SchemaProblem, SchemaProblemKind};
pub use natural::arrow_schema;
pub use options::{ExtraColumns, Options, SubMicroseconds};
pub use print::proto_text;
pub use row_error::{RowError, RowErrorKind};
pub use summary::{ColumnSummary, summarize};

/// The most columns that a message may have: the limit of the service.
pub const MAX_COLUMNS: usize = 2000;

/// The deepest that messages may nest: the limit of the service.
pub const MAX_DEPTH: usize = 100;
