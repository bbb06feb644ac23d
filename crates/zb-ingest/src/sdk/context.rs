//! What a stream, its hook and its errors share, and what the SDK's errors mean.

use std::sync::{Arc, Mutex};

use databricks_zerobus_ingest_sdk::ZerobusError;
use zb_types::{Secret, TableName, with_causes};

use crate::{Error, Status, TokenError, TokenSource, lane::Line, lock::lock, observer::Observers};

/// Of one stream.
pub(super) struct Context {
    pub(super) table: TableName,
    pub(super) endpoint: String,
    pub(super) tokens: Arc<dyn TokenSource>,
    pub(super) observers: Observers,
    pub(super) line: Arc<Line>,
    pub(super) connected_before: std::sync::atomic::AtomicBool,
    pub(super) served: Mutex<Option<Secret>>,
    /// Why the last attempt got no token; the SDK passes on only a text.
    pub(super) no_token: Mutex<Option<TokenError>>,
}

impl Context {
    pub(super) fn error(&self, error: ZerobusError) -> Error {
        match error {
            ZerobusError::CreateStreamError(status) | ZerobusError::StreamClosedError(status) => {
                let code = i32::from(status.code());
                match code {
                    // What trying again does not cure: the SDK's own list.
                    3 | 5 | 7 | 11 | 12 | 16 => self.service(code, status.message()),
                    _ => self.unavailable(code, with_causes(status.message(), &status)),
                }
            }
            // The SDK drops the status of a refused record and keeps its text.
            ZerobusError::InvalidArgument(message) => self.service(3, message),
            // A schema that the table does not take; the details are in the message.
            #[cfg(feature = "flight")]
            ZerobusError::InvalidSchema { message, .. } => self.service(3, message),
            ZerobusError::InvalidZerobusEndpointError(problem) => Error::Config {
                setting: "endpoint",
                problem: format!("{} is no URL to connect to: {problem}", self.endpoint),
            },
            ZerobusError::TokenFetchError(_) | ZerobusError::InvalidUCTokenError(_) => {
                match lock(&self.no_token).clone() {
                    Some(source) => Error::Token {
                        table: self.table.clone(),
                        source,
                    },
                    None => self.unavailable(16, error.to_string()),
                }
            }
            ZerobusError::ChannelCreationError(message)
            // Our own word, from `Headers::get_headers`.
            | ZerobusError::InvalidStateError(message) => self.unavailable(14, message),
            other => self.unavailable(14, other.to_string()),
        }
    }

    pub(super) fn service(&self, code: i32, message: impl Into<String>) -> Error {
        Error::Service {
            table: self.table.clone(),
            status: Status::new(code, message),
        }
    }

    fn unavailable(&self, code: i32, message: String) -> Error {
        let status = Status::new(code, message);
        Error::unavailable(&self.table, &self.endpoint, &self.line.pace, status)
    }
}
