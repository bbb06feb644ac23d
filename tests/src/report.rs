//! The report of `zb send --output json`, as contracted: a key that is missing fails to parse.

use serde::Deserialize;

/// What became of the rows.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// `catalog.schema.table`
    pub table: String,
    /// Rows taken in.
    pub rows: u64,
    /// Rows acknowledged by the service.
    pub durable: u64,
    /// Rows that can never be stored as they are.
    pub rejected: u64,
    /// Rows that never left.
    pub not_sent: u64,
    /// Rows sent, with no acknowledgement seen.
    pub unknown: u64,
    /// Durable rows that may be in the table twice.
    pub possibly_duplicated: u64,
    /// Encoded bytes.
    pub bytes: u64,
    /// Connections that were attempted.
    pub attempts: u64,
    /// From start to end.
    pub elapsed_ms: u64,
    /// Rejected rows by kind.
    pub rejections: Vec<Rejection>,
}

/// How many rows were rejected for one kind of reason.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Rejection {
    /// The kind.
    pub kind: String,
    /// The rows.
    pub count: u64,
}

impl Report {
    /// Asserts that every one of so many rows is durable, once.
    pub fn all_durable(&self, rows: u64) {
        assert_eq!((self.rows, self.durable), (rows, rows), "{self:?}");
        assert_eq!(self.rejected + self.not_sent + self.unknown, 0, "{self:?}");
        assert_eq!(self.possibly_duplicated, 0, "{self:?}");
        assert!(self.rejections.is_empty(), "{self:?}");
        assert!(self.bytes > 0 && self.attempts > 0, "{self:?}");
    }

    /// Asserts that every row taken in is accounted for, exactly once.
    pub fn adds_up(&self) {
        let accounted = self.durable + self.rejected + self.not_sent + self.unknown;
        assert_eq!(self.rows, accounted, "{self:?}");
        let rejections: u64 = self
            .rejections
            .iter()
            .map(|rejection| rejection.count)
            .sum();
        assert_eq!(self.rejected, rejections, "{self:?}");
    }
}
