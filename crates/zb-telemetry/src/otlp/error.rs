//! What can go wrong between here and a collector.

use std::{fmt, time::Duration};

use opentelemetry_sdk::error::OTelSdkError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Telemetry that cannot be set up, or did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting, of the environment or of the builder, is wrong.
    #[error("{setting} is wrong: {reason}")]
    Setting {
        /// The setting, as the environment calls it.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An exporter could not be made.
    #[error("{signal} cannot be exported")]
    Setup {
        /// Of what.
        signal: Signal,
        /// Why.
        #[source]
        source: Source,
    },
    /// The threads that export could not be started.
    #[error("the threads that export cannot be started")]
    Threads(#[source] std::io::Error),
    /// The directory for Arrow files cannot be used.
    #[error("the directory for telemetry cannot be used")]
    Files(#[source] std::io::Error),
    /// Something was not exported, and is lost.
    #[error("{signal} were not exported")]
    Export {
        /// What.
        signal: Signal,
        /// Why.
        #[source]
        source: Source,
    },
    /// Records of Arrow files, which are spans or points of metrics, were not written, and are lost.
    #[error("{records} records of {signal} were not written into files")]
    Unwritten {
        /// Of what.
        signal: Signal,
        /// How many, since this was last said.
        records: u64,
        /// Why the first of them was not.
        #[source]
        source: Source,
    },
    /// The collector took too long.
    #[error("{signal} were not exported within {limit:?}")]
    TimedOut {
        /// What.
        signal: Signal,
        /// How long was waited.
        limit: Duration,
    },
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Setting { .. } | Self::Setup { .. } => ErrorKind::Configuration,
            Self::Threads(_) | Self::Files(_) => ErrorKind::Resources,
            Self::Export { .. } | Self::Unwritten { .. } | Self::TimedOut { .. } => {
                ErrorKind::Export
            }
        }
    }

    pub(super) fn setting(setting: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::Setting {
            setting: setting.into(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn setup(signal: Signal, source: impl Into<Source>) -> Self {
        Self::Setup {
            signal,
            source: source.into(),
        }
    }

    pub(super) fn export(signal: Signal, error: OTelSdkError) -> Self {
        match error {
            OTelSdkError::Timeout(limit) => Self::TimedOut { signal, limit },
            error => Self::Export {
                signal,
                source: error.into(),
            },
        }
    }
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is wrong: nothing was started.
    Configuration,
    /// The machine has no thread left, or no directory.
    Resources,
    /// Something did not arrive, at a collector or in a file.
    Export,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Resources => "resources",
            Self::Export => "export",
        }
    }
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

impl Signal {
    /// As the environment's variables have it in their names.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// What is posted to with HTTP, below the endpoint.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        })
    }
}
