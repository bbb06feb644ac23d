//! Whether rows are made to fit the table.

/// Whether rows are made to fit the table, whose columns Unity Catalog tells.
///
/// To fit is to find columns by name, to bring values to the table's types where nothing is lost,
/// and to name everything that does not fit at once, when a sender is opened or a table was altered.
///
/// What a client may write to, it need not be allowed to look at: a table's columns are read with a
/// token of their own, a plain one for the workspace, whenever a stream is opened.
///
/// # What becomes of each type
///
/// Columns are found by name, whatever their order; one that differs in case alone is taken where there
/// is no other. Nullable columns of the table may be missing. Dictionaries and run-ends are as their
/// values.
///
/// | column of the table | takes | |
/// |---|---|---|
/// | BOOLEAN | Boolean | |
/// | TINYINT, SMALLINT, INT, BIGINT | any integer | row error where a value is out of its bounds |
/// | BIGINT | times of day, durations, too | microseconds |
/// | FLOAT, DOUBLE | any integer, floats of its width and below | row error where a value would change |
/// | DECIMAL(p, s) | decimals, integers, texts | row error where a value is not held exactly |
/// | STRING | any text, any binary, `arrow.uuid`, `arrow.json` | row error where bytes are not UTF-8 |
/// | BINARY | any binary, any text | |
/// | DATE | Date32, Date64 | row error where a Date64 is no whole day |
/// | TIMESTAMP | Timestamp with a zone, of any unit | microseconds; what is finer is a row error, or [cut off](zb_convert::SubMicroseconds) |
/// | `TIMESTAMP_NTZ` | Timestamp without a zone, of any unit | the same |
/// | ARRAY, MAP, STRUCT | lists, maps and structs of any layout | what is in them likewise; null lists become empty ones |
/// | VARIANT | variants, JSON as text | |
///
/// A column that is NOT NULL takes one that may be null, with a row error where it is. Everything else is
/// an error that names every column concerned: a column that the table does not have, one that it needs,
/// a Timestamp without a zone for TIMESTAMP, a Float64 for FLOAT or DECIMAL, a number for STRING.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Fit {
    /// Where the columns can be read. Otherwise rows are sent as the batches have them, a warning is
    /// logged once for each table, and the service decides.
    #[default]
    WhenReadable,
    /// Always: a sender is not opened where the columns cannot be read.
    Required,
    /// Never: rows are sent as the batches have them, and the service decides.
    Off,
}
