//! How handing in came to its end.

use zb_core::ingest;

use crate::failure::Failure;

/// Why no more batches are handed in.
#[derive(Debug)]
pub(crate) enum Ending {
    /// There are no more.
    Done,
    /// The user wants an end.
    Interrupted,
    /// A file cannot be read on, or the sender takes in no more.
    Failed(Failure),
}

impl Ending {
    /// The user has wanted an end meanwhile. A failure is still what is told.
    pub(crate) fn cut_short(self) -> Self {
        match self {
            Self::Done | Self::Interrupted => Self::Interrupted,
            Self::Failed(failure) => Self::Failed(failure),
        }
    }

    /// What the run failed of, where `closed` is why the sender has not delivered everything.
    pub(crate) fn outcome(self, closed: Option<ingest::Error>) -> Result<(), Failure> {
        let closed = match (&self, closed) {
            // Rows are given up on then because the user wants it, which is said already.
            (Self::Interrupted, Some(error)) if error.kind() == ingest::ErrorKind::Closed => None,
            (_, closed) => closed.map(Failure::from),
        };
        let ending = match self {
            Self::Done => None,
            Self::Interrupted => Some(Failure::failed(
                "interrupted; rows that were not handed in by then are not counted",
            )),
            Self::Failed(failure) => Some(failure),
        };
        Failure::join([ending, closed])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(outcome: Result<(), Failure>) -> String {
        outcome.unwrap_err().message().to_owned()
    }

    fn closed() -> ingest::Error {
        ingest::Error::Closed {
            table: "a.b.c".parse().unwrap(),
        }
    }

    #[test]
    fn a_failure_stays_one_when_the_user_waits_no_longer() {
        let failed = Ending::Failed(Failure::failed("f.arrows is damaged")).cut_short();
        assert_eq!(message(failed.outcome(None)), "f.arrows is damaged");
        let done = Ending::Done.cut_short();
        assert!(message(done.outcome(None)).starts_with("interrupted"));
    }

    #[test]
    fn rows_that_were_given_up_on_fail_a_run_unless_the_user_wants_it() {
        assert!(Ending::Done.outcome(None).is_ok());
        let reason = message(Ending::Done.outcome(Some(closed())));
        let interrupted = message(Ending::Interrupted.outcome(Some(closed())));
        assert!(!interrupted.contains(&reason), "{interrupted}");
        let failed = Ending::Failed(Failure::failed("f.arrows is damaged"));
        let both = message(failed.outcome(Some(closed())));
        assert!(both.contains("f.arrows is damaged") && both.contains(&reason));
    }
}
