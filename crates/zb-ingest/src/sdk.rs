//! The official SDK, and all that is known of it: no type of it leaves this module.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use databricks_zerobus_ingest_sdk::{
    HeadersProvider, ProtoBytes, ZerobusError, ZerobusResult, ZerobusSdk, ZerobusStream,
};
use prost_types::DescriptorProto;
use zb_types::{ExposeSecret, Secret, TableName};

use crate::{
    Error, Event, SenderOptions, Status, TokenError, TokenSource, lane::Line, observer::Observers,
};

/// How many requests the SDK may hold: its queues are made for that many at once. The budget lets
/// no more through, since nothing calls back a hand-over that waits for room in there.
pub(crate) const MAX_IN_FLIGHT_REQUESTS: u32 = 4_096;

/// The SDK's own timer is not tied to the oldest record in flight, so that an idle stream is cut off
/// now and then and a busy one that has lost a record is not. The lane has a timer that is.
const NO_TIMER: Duration = Duration::from_hours(24);

/// The SDK ends its own waits after this; a longer one is begun anew.
const WAIT: Duration = Duration::from_hours(1);

/// Between the attempts of the SDK. The real wait is in [`Headers::get_headers`].
const SDK_BACKOFF: Duration = Duration::from_millis(1);

/// A stream to one table.
pub(crate) struct Stream {
    inner: ZerobusStream,
    context: Arc<Context>,
}

/// What the stream, its hook and its errors share.
struct Context {
    table: TableName,
    endpoint: String,
    tokens: Arc<dyn TokenSource>,
    observers: Observers,
    line: Arc<Line>,
    connected_before: std::sync::atomic::AtomicBool,
    served: Mutex<Option<Secret>>,
    /// Why the last attempt got no token; the SDK passes on only a text.
    no_token: Mutex<Option<TokenError>>,
}

/// How a wait for an acknowledgement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    Acknowledged,
    NotYet,
}

impl Stream {
    /// One attempt. The SDK reopens a connection that is lost later with nothing in flight, once and by
    /// itself; otherwise, or when that fails, the lane opens another stream and sends again what was not
    /// acknowledged.
    pub(crate) async fn open(
        table: &TableName,
        descriptor: DescriptorProto,
        tokens: Arc<dyn TokenSource>,
        options: &SenderOptions,
        observers: Observers,
        line: Arc<Line>,
    ) -> Result<Self, Error> {
        let context = Arc::new(Context {
            table: table.clone(),
            endpoint: options.endpoint.clone(),
            tokens,
            observers,
            line,
            connected_before: false.into(),
            served: Mutex::new(None),
            no_token: Mutex::new(None),
        });
        let mut sdk = ZerobusSdk::builder()
            .endpoint(&options.endpoint)
            .sdk_identifier(concat!("zb/", env!("CARGO_PKG_VERSION")));
        if let Some(application) = &options.application {
            sdk = sdk.application_name(application);
        }
        if options.is_loopback() {
            // A proxy from the environment is not on the way to this machine.
            sdk = sdk.connector_factory(Arc::new(|_: &str| None));
        }
        let sdk = sdk.build().map_err(|e| context.error(e))?;
        // The SDK bounds the hook, and so our wait, together with the connecting.
        let attempt = options.connect_timeout.saturating_add(options.retry.cap());
        let inner = sdk
            .stream_builder()
            .table(table.as_str())
            .headers_provider(Arc::new(Headers(Arc::clone(&context))))
            .compiled_proto(descriptor)
            .max_inflight_requests(MAX_IN_FLIGHT_REQUESTS as usize)
            .recovery(true)
            .recovery_retries(0)
            .recovery_backoff_ms(millis(SDK_BACKOFF))
            .recovery_timeout_ms(millis(attempt))
            .server_lack_of_ack_timeout_ms(millis(NO_TIMER))
            .flush_timeout_ms(millis(WAIT))
            .build()
            .await
            .map_err(|e| context.error(e))?;
        Ok(Self { inner, context })
    }

    /// Hands over one request and returns its offset. Nothing has been sent when this returns.
    pub(crate) async fn ingest(&self, records: Vec<Vec<u8>>) -> Result<i64, Error> {
        let records = records.into_iter().map(ProtoBytes);
        match self.inner.ingest_records_offset(records).await {
            Ok(Some(offset)) => Ok(offset),
            Ok(None) => Err(self.context.service(3, "a request without records")),
            // The SDK says only that the stream is closed; a wait for what will never come, which
            // then is none, says why. A flush would not, with nothing in flight.
            Err(error) if self.inner.is_closed() => {
                let wait = self.inner.wait_for_offset(i64::MAX);
                let cause = wait.await.err().unwrap_or(error);
                Err(self.context.error(cause))
            }
            Err(error) => Err(self.context.error(error)),
        }
    }

    pub(crate) async fn wait(&self, offset: i64) -> Result<Waited, Error> {
        match self.inner.wait_for_offset(offset).await {
            Ok(()) => Ok(Waited::Acknowledged),
            Err(_) if !self.inner.is_closed() => Ok(Waited::NotYet),
            Err(error) => Err(self.context.error(error)),
        }
    }

    /// Ends the stream in good order. Every request must be settled.
    pub(crate) async fn close(mut self) {
        if let Err(error) = self.inner.close().await {
            tracing::debug!(table = %self.context.table, %error, "the stream closed with an error");
        }
    }
}

/// The SDK asks for headers once for each attempt to connect, before anything else: the place to
/// wait, to count, and to give a token.
struct Headers(Arc<Context>);

#[async_trait]
impl HeadersProvider for Headers {
    async fn get_headers(&self) -> ZerobusResult<HashMap<&'static str, String>> {
        let context = &*self.0;
        let reconnect = context
            .connected_before
            .swap(true, std::sync::atomic::Ordering::Relaxed);
        let in_flight = context.line.in_flight();
        if reconnect && in_flight > 0 {
            // The SDK ends the reader of the old connection without waiting for its end. An
            // acknowledgement that it applies late counts for what was sent again, and one of the new
            // connection then for rows that are nowhere yet. A stream of its own has no such past.
            return Err(ZerobusError::InvalidStateError(
                "the connection was lost with requests in flight".to_owned(),
            ));
        }
        if reconnect {
            context.line.lost();
        }
        let Some(turn) = context.line.pace.turn(in_flight == 0) else {
            return Err(ZerobusError::InvalidStateError(
                "the retry policy allows no more attempts".to_owned(),
            ));
        };
        let again = context.line.connecting();
        context.observers.tell(&Event::Connecting {
            attempt: turn.attempt,
            wait: turn.wait,
            again,
            in_flight,
        });
        tracing::debug!(
            table = %context.table, attempt = turn.attempt, wait = ?turn.wait, in_flight, "connecting"
        );
        tokio::time::sleep(turn.wait).await;

        let token = match context.tokens.token(&context.table).await {
            Ok(token) => token,
            Err(error) => {
                // The text does not matter, the kind decides whether the SDK tries again.
                let told = if error.is_transient() {
                    ZerobusError::TokenFetchError(error.to_string())
                } else {
                    ZerobusError::InvalidUCTokenError(error.to_string())
                };
                *lock(&context.no_token) = Some(error);
                return Err(told);
            }
        };
        *lock(&context.no_token) = None;
        let headers = HashMap::from([
            ("authorization", format!("Bearer {}", token.expose_secret())),
            ("x-databricks-zerobus-table-name", context.table.to_string()),
        ]);
        *lock(&context.served) = Some(token);
        context.line.alive();
        Ok(headers)
    }

    async fn invalidate(&self) {
        let served = lock(&self.0.served).take();
        if let Some(token) = served {
            self.0.tokens.refused(&self.0.table, &token).await;
        }
    }
}

impl Context {
    fn error(&self, error: ZerobusError) -> Error {
        match error {
            ZerobusError::CreateStreamError(status) | ZerobusError::StreamClosedError(status) => {
                let code = i32::from(status.code());
                match code {
                    // What trying again does not cure: the SDK's own list.
                    3 | 5 | 7 | 11 | 12 | 16 => self.service(code, status.message()),
                    _ => self.unavailable(code, with_causes(&status, status.message())),
                }
            }
            // The SDK drops the status of a refused record and keeps its text.
            ZerobusError::InvalidArgument(message) => self.service(3, message),
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

    fn service(&self, code: i32, message: impl Into<String>) -> Error {
        Error::Service {
            table: self.table.clone(),
            status: Status::new(code, message),
        }
    }

    fn unavailable(&self, code: i32, message: String) -> Error {
        let (attempts, elapsed) = self.line.pace.spent();
        Error::Unavailable {
            table: self.table.clone(),
            endpoint: self.endpoint.clone(),
            attempts,
            elapsed,
            status: Status::new(code, message),
        }
    }
}

/// The message and those of its causes that it does not already say.
fn with_causes(error: &dyn std::error::Error, message: &str) -> String {
    let mut text = message.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
