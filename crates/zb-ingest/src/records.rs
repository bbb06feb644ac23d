//! Rows as requests carry them.

#[cfg(feature = "flight")]
use arrow_array::RecordBatch;
use zb_convert::{EncodedVecs, RowError};

use crate::{Rejection, RowRanges};

/// The rows of one request.
#[derive(Debug)]
pub(crate) enum Records {
    Protobuf(Vec<Vec<u8>>),
    #[cfg(feature = "flight")]
    Flight(RecordBatch),
}

impl Records {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Protobuf(records) => records.len(),
            #[cfg(feature = "flight")]
            Self::Flight(batch) => batch.num_rows(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What one request carries.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) records: Records,
    /// Their size, framing included.
    pub(crate) bytes: usize,
}

/// Rows of a batch, enough for one request.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) payload: Payload,
    /// Which rows of the batch they are.
    pub(crate) rows: RowRanges,
    /// What is wrong with the rows that are left out.
    pub(crate) errors: Vec<RowError>,
    pub(crate) null_lists: u64,
}

impl Chunk {
    /// Takes out of `encoded` what was put there.
    pub(crate) fn protobuf(encoded: &mut EncodedVecs) -> Self {
        let bytes = encoded.framed_len();
        let records = Records::Protobuf(encoded.take_rows());
        Self {
            payload: Payload { records, bytes },
            rows: encoded.row_ranges().iter().cloned().collect(),
            errors: encoded.take_errors(),
            null_lists: encoded.null_lists(),
        }
    }

    /// Takes out the rows that are left out.
    pub(crate) fn take_rejections(&mut self) -> impl Iterator<Item = Rejection> + use<> {
        let errors = std::mem::take(&mut self.errors).into_iter();
        errors.map(Rejection::conversion)
    }

    #[cfg(feature = "flight")]
    pub(crate) fn flight(mut fitted: zb_convert::FittedBatch) -> Self {
        let bytes = fitted.bytes();
        Self {
            rows: fitted.row_ranges().iter().cloned().collect(),
            errors: fitted.take_errors(),
            null_lists: 0,
            payload: Payload {
                records: Records::Flight(fitted.into_batch()),
                bytes,
            },
        }
    }
}
