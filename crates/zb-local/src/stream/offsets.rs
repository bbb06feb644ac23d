//! Offsets as they have to come, one after another.

use tonic::Status;

/// The offset that has to come next.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    next: i64,
}

impl Offsets {
    /// Offsets that go on after this one.
    pub(crate) fn after(last: i64) -> Self {
        Self {
            next: last.saturating_add(1),
        }
    }

    /// The offset, if it is the one that has to come. It is not passed by before
    /// [`pass`](Self::pass).
    pub(crate) fn check(&self, actual: Option<i64>) -> Result<i64, Status> {
        let expected = self.next;
        match actual {
            Some(actual) if actual == expected => Ok(actual),
            Some(actual) => Err(Status::invalid_argument(format!(
                "Non-incremental offset: expected {expected}, actual {actual}"
            ))),
            None => Err(Status::invalid_argument(format!(
                "The offset is missing: expected {expected}"
            ))),
        }
    }

    pub(crate) fn pass(&mut self) {
        self.next += 1;
    }
}
