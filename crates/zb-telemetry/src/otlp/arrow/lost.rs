//! What could not be written, counted.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use arrow_schema::ArrowError;

use super::super::{Error, Signal};
use crate::lock::lock;

/// The records of one signal that are in no file.
pub(crate) struct Lost {
    signal: Signal,
    ever: AtomicU64,
    /// Those that nobody was told of yet, with the first cause.
    untold: Mutex<Option<(u64, ArrowError)>>,
}

impl Lost {
    pub(crate) fn new(signal: Signal) -> Self {
        Self {
            signal,
            ever: AtomicU64::new(0),
            untold: Mutex::new(None),
        }
    }

    pub(super) fn add(&self, records: usize, cause: ArrowError) {
        let records = records as u64;
        self.ever.fetch_add(records, Ordering::Relaxed);
        let mut untold = lock(&self.untold);
        match &mut *untold {
            Some((already, _)) => *already += records,
            None => *untold = Some((records, cause)),
        }
    }

    pub(crate) fn ever(&self) -> u64 {
        self.ever.load(Ordering::Relaxed)
    }

    /// Says once what was lost since it was last asked.
    pub(crate) fn tell(&self) -> Result<(), Error> {
        let mut untold = lock(&self.untold);
        match untold.take() {
            None => Ok(()),
            Some((records, cause)) => Err(Error::Unwritten {
                signal: self.signal,
                records,
                source: cause.into(),
            }),
        }
    }
}
