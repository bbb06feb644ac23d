//! Choices that a schema leaves open.

/// The largest record that the service takes in one call of the SDK, in bytes: 10 MiB less 64 KiB
/// (`max_ingest_payload_bytes` of the SDK).
const MAX_RECORD_BYTES: usize = 10_420_224;

/// How record batches are turned into rows.
///
/// # Defaults
///
/// | option | default |
/// |---|---|
/// | [`message_name`](Self::message_name) | `Record` |
/// | [`sub_microseconds`](Self::sub_microseconds) | [`SubMicroseconds::Reject`] |
/// | [`max_record_bytes`](Self::max_record_bytes) | 10,420,224 |
/// | [`extra_columns`](Self::extra_columns) | [`ExtraColumns::Refuse`] |
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Options {
    pub(crate) message_name: String,
    pub(crate) sub_microseconds: SubMicroseconds,
    pub(crate) max_record_bytes: usize,
    pub(crate) extra_columns: ExtraColumns,
}

/// What becomes of a time that is finer than a microsecond, the finest a Delta table keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubMicroseconds {
    /// The row is refused.
    #[default]
    Reject,
    /// The time is rounded down to the microsecond before.
    Truncate,
}

/// What becomes of a column that the other side does not have: a column of the schema that is not
/// in the target, or one of a batch that is not in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExtraColumns {
    /// The schema or the batch is refused, and the column named. Toward a target, columns of the
    /// types Null, Interval and Union are let through as long as all their values are null.
    #[default]
    Refuse,
    /// The column is left out.
    Drop,
}

impl Options {
    /// The name of the root message in the descriptor, an identifier of Protobuf.
    pub fn message_name(mut self, name: impl Into<String>) -> Self {
        self.message_name = name.into();
        self
    }

    /// What to do with times finer than a microsecond.
    pub fn sub_microseconds(mut self, choice: SubMicroseconds) -> Self {
        self.sub_microseconds = choice;
        self
    }

    /// What to do with columns that the other side does not have.
    pub fn extra_columns(mut self, choice: ExtraColumns) -> Self {
        self.extra_columns = choice;
        self
    }

    /// The largest record in bytes; a larger one is a row error.
    pub fn max_record_bytes(mut self, bytes: usize) -> Self {
        self.max_record_bytes = bytes;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_name: "Record".to_owned(),
            sub_microseconds: SubMicroseconds::default(),
            max_record_bytes: MAX_RECORD_BYTES,
            extra_columns: ExtraColumns::default(),
        }
    }
}
