//! What can go wrong.

use std::{io, path::PathBuf};

use otlp_arrow_library::{OtlpConfigError, OtlpError};

/// Files that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A directory, or the threads of the library, cannot be had.
    #[error("{path} cannot be used")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The library refuses its settings.
    #[error("otlp-arrow-library refuses its settings")]
    Settings(#[source] OtlpConfigError),
    /// The library failed.
    #[error("otlp-arrow-library failed")]
    Library(#[source] OtlpError),
    /// Not all was written when the providers were shut down.
    #[error("not all was written")]
    Unwritten(#[source] opentelemetry_sdk::error::OTelSdkError),
}
