//! What the loss of a stream means: the one place where that is decided, by kind and code and
//! never by text.

use crate::{Code, Error, Event, Status, pacing::Pace, shared::Shared};

use super::Delivery;

/// A stream that delivers no more, or did not come about.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) error: Error,
    /// Whether it was lost while it was opened.
    pub(super) opening: bool,
}

impl Lost {
    pub(super) fn open(error: Error) -> Self {
        let opening = false;
        Self { error, opening }
    }
}

/// What to do about it.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The same requests again on another stream.
    Again,
    /// The same with another token.
    FreshToken,
    /// The service refuses a record and does not say which.
    Isolate(Status),
    GiveUp,
}

/// What is remembered of the attempts since the last acknowledgement.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Why the last one came to nothing.
    cause: Option<Error>,
    /// Whether one was made because a token was refused.
    fresh_token_tried: bool,
}

impl Attempts {
    pub(super) fn verdict(&self, error: &Error, pace: &Pace) -> Verdict {
        if pace.is_spent() {
            Verdict::GiveUp
        } else if error.is_about_credentials() && !self.fresh_token_tried {
            // The token may have expired, or rights have been given since it was made.
            Verdict::FreshToken
        } else if error.is_transient() {
            Verdict::Again
        } else {
            Verdict::GiveUp
        }
    }

    /// Remembers what a verdict was about; the error when all is lost.
    pub(super) fn note(
        &mut self,
        verdict: &Verdict,
        error: Error,
        pace: &Pace,
    ) -> Result<(), Error> {
        match verdict {
            Verdict::Again => self.cause = Some(error),
            Verdict::FreshToken => self.fresh_token_tried = true,
            Verdict::Isolate(_) => {}
            // That the policy allows no more says nothing; what was before it does.
            Verdict::GiveUp if pace.has_refused() => {
                return Err(self.cause.take().unwrap_or(error));
            }
            Verdict::GiveUp => return Err(error),
        }
        Ok(())
    }
}

/// Tells of a stream that was lost or did not come about, and of what follows.
pub(super) fn tell_loss(shared: &Shared, error: &Error, verdict: &Verdict, in_flight: usize) {
    tracing::warn!(
        table = %shared.table, %error, in_flight, ?verdict, "the stream is lost, or was not opened"
    );
    shared.observers.tell(&Event::Lost {
        error,
        retried: !matches!(verdict, Verdict::GiveUp),
        in_flight,
    });
}

impl Delivery {
    /// Decides, and prepares for what is decided: gives the refusal when rows must be isolated, the
    /// error when all is lost.
    pub(super) fn take_verdict(&mut self, lost: Lost) -> Result<Option<Status>, Error> {
        let verdict = self.verdict(&lost);
        tell_loss(&self.shared, &lost.error, &verdict, self.in_flight.len());
        self.lost = lost.error.kind().name();
        self.stream = None;
        if !lost.opening {
            self.line.lost();
        }
        for request in &mut self.in_flight {
            request.offset = None;
        }
        self.attempts.note(&verdict, lost.error, &self.line.pace)?;
        let Verdict::Isolate(status) = verdict else {
            return Ok(None);
        };
        // It was there and has answered; the next stream need not wait.
        self.line.progress();
        Ok(Some(status))
    }

    fn verdict(&self, lost: &Lost) -> Verdict {
        match &lost.error {
            Error::Service { status, .. }
                if matches!(status.code, Code::INVALID_ARGUMENT | Code::OUT_OF_RANGE)
                    && !lost.opening
                    && !self.in_flight.is_empty() =>
            {
                Verdict::Isolate(status.clone())
            }
            error => self.attempts.verdict(error, &self.line.pace),
        }
    }
}
