//! Rows that will not be stored, and why.

use std::{collections::BTreeMap, fmt, sync::Arc};

use zb_convert::RowError;

use crate::{RowRanges, Status};

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Conversion(RowError),
    /// With how many rows were refused together.
    Service(usize, Arc<Status>, usize),
}

/// Who refused a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectedBy {
    /// It could not be turned into a record; it was never sent.
    Conversion,
    /// The service takes the rows around it and not this one.
    Service,
}

impl RejectedBy {
    /// A short, stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conversion => "conversion",
            Self::Service => "service",
        }
    }
}

impl Rejection {
    pub(crate) fn conversion(error: RowError) -> Self {
        let cause = Cause::Conversion(error);
        Self { cause }
    }

    /// Of a row that was looked at as row `error.row` of `rows`.
    pub(crate) fn conversion_among(mut error: RowError, rows: &RowRanges) -> Self {
        error.row = rows.rows().nth(error.row).unwrap_or(error.row);
        Self::conversion(error)
    }

    /// A row that the service refused, alone or among others that were not told apart.
    pub(crate) fn service(row: usize, status: Arc<Status>, among: usize) -> Self {
        let cause = Cause::Service(row, status, among);
        Self { cause }
    }

    /// How many rows were refused for which [reason](Self::kind).
    pub fn count_by_kind(rejections: &[Self]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for rejection in rejections {
            *counts.entry(rejection.kind()).or_default() += 1;
        }
        counts
    }

    /// The row within its batch, from 0.
    pub fn row(&self) -> usize {
        match &self.cause {
            Cause::Conversion(error) => error.row,
            Cause::Service(row, ..) => *row,
        }
    }

    /// The column as a dotted path; empty where the row as a whole is at fault.
    pub fn column(&self) -> &str {
        match &self.cause {
            Cause::Conversion(error) => &error.path,
            Cause::Service(..) => "",
        }
    }

    /// A short, stable name of the reason, for counting.
    pub fn kind(&self) -> &'static str {
        match &self.cause {
            Cause::Conversion(error) => error.kind.name(),
            Cause::Service(_, _, 1) => "refused_by_service",
            Cause::Service(..) => "refused_with_others",
        }
    }

    /// The reason for people to read, the value included, row and column not.
    pub fn reason(&self) -> String {
        match &self.cause {
            Cause::Conversion(error) => error.reason().to_string(),
            Cause::Service(_, status, 1) => format!("the service refuses the row: {status}"),
            Cause::Service(_, status, among) => format!(
                "the service refuses a group of {among} rows, which were not told apart within \
                 the bound on probes: {status}"
            ),
        }
    }

    /// Who refused it.
    pub fn by(&self) -> RejectedBy {
        match &self.cause {
            Cause::Conversion(_) => RejectedBy::Conversion,
            Cause::Service(..) => RejectedBy::Service,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Conversion(error) => error.fmt(f),
            Cause::Service(row, ..) => write!(f, "row {row}: {}", self.reason()),
        }
    }
}
