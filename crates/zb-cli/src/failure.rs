//! How a command fails: one message, what to do about it, and an exit code.

use std::{error::Error, fmt, process::ExitCode};

use zb_core::{ErrorKind, with_causes};

use crate::{interrupt::Interrupted, legible::legible};

/// Some rows were rejected, all others are durable.
pub(crate) const REJECTED: u8 = 3;

/// What was tried and failed.
const FAILED: u8 = 1;

/// What is wrong with the command or the configuration, before anything was tried.
const USAGE: u8 = 2;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Something was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            message: message.into(),
        }
    }

    /// The command or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
        }
    }

    /// An error and all its causes.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        Self::failed(chain(error))
    }

    /// With a cause.
    pub(crate) fn because(mut self, cause: impl Error + 'static) -> Self {
        self.message = format!("{}: {}", self.message, chain(&cause));
        self
    }

    /// All of these failures as one, if there are any. The first decides on the exit code.
    pub(crate) fn join(failures: impl IntoIterator<Item = Option<Self>>) -> Result<(), Self> {
        let joined = failures.into_iter().flatten().reduce(|mut first, next| {
            if !first.message.contains(&next.message) {
                first.message = format!("{}; besides, {}", first.message, next.message);
            }
            first
        });
        joined.map_or(Ok(()), Err)
    }

    /// The message.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Tells the user.
    #[expect(clippy::print_stderr, reason = "this is where the user is told")]
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("zb: {}", legible(&self.message));
        self.exit_code()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<zb_core::Error> for Failure {
    fn from(error: zb_core::Error) -> Self {
        let failure = Self::of(&error);
        match error.kind() {
            // What a token source says of a setting is found out by trying.
            ErrorKind::Config if !is_about_a_token(&error) => Self {
                code: USAGE,
                ..failure
            },
            _ => failure,
        }
    }
}

fn is_about_a_token(error: &zb_core::Error) -> bool {
    use zb_core::ingest::Error::Token;
    matches!(error, zb_core::Error::Ingest(Token { .. }))
}

impl From<zb_core::ConfigError> for Failure {
    fn from(error: zb_core::ConfigError) -> Self {
        zb_core::Error::from(error).into()
    }
}

impl From<zb_core::ingest::Error> for Failure {
    fn from(error: zb_core::ingest::Error) -> Self {
        zb_core::Error::from(error).into()
    }
}

impl From<crate::input::Error> for Failure {
    fn from(error: crate::input::Error) -> Self {
        let code = if error.is_usage() { USAGE } else { FAILED };
        Self {
            code,
            ..Self::of(&error)
        }
    }
}

impl From<Interrupted> for Failure {
    fn from(_: Interrupted) -> Self {
        Self::failed("interrupted; nothing was sent")
    }
}

/// An error and its causes on one line; a cause that the text before it already says is left out.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    with_causes(&error.to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_hides_another() {
        let failures = [
            "the service is gone",
            "the disk is full",
            "the disk is full",
        ];
        let failures = failures.map(|message| Some(Failure::failed(message)));
        let joined = Failure::join(failures).unwrap_err();
        assert_eq!(
            joined.message(),
            "the service is gone; besides, the disk is full"
        );
        assert!(Failure::join([None, None]).is_ok());
    }
}
