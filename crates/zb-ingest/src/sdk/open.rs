//! Opening a stream.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use databricks_zerobus_ingest_sdk::ZerobusSdk;
use zb_types::TableName;

use super::{Inner, MAX_IN_FLIGHT_REQUESTS, Stream, context::Context, headers::Headers, millis};
use crate::{Error, SenderOptions, TokenSource, lane::Line, observer::Observers, plan::Form};

/// The SDK's own timer is not tied to the oldest record in flight, so that an idle stream is cut off
/// now and then and a busy one that has lost a record is not. The lane has a timer that is.
const NO_TIMER: Duration = Duration::from_hours(24);

/// The SDK ends its own waits after this; a longer one is begun anew.
const WAIT: Duration = Duration::from_hours(1);

/// The same over Arrow Flight, where a stream that is silent is closed before it is asked what it
/// has not acknowledged, and takes so long to.
#[cfg(feature = "flight")]
const FLIGHT_WAIT: Duration = Duration::from_millis(500);

/// Between the attempts of the SDK. The real wait is in the hook for headers.
const SDK_BACKOFF: Duration = Duration::from_millis(1);

impl Stream {
    /// One attempt. The SDK reopens a connection that is lost later with nothing in flight, once and by
    /// itself; otherwise, or when that fails, the lane opens another stream and sends again what was not
    /// acknowledged.
    pub(crate) async fn open(
        table: &TableName,
        form: &Form,
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
        let stream = sdk
            .stream_builder()
            .table(table.as_str())
            .headers_provider(Arc::new(Headers(Arc::clone(&context))))
            .recovery_backoff_ms(millis(SDK_BACKOFF))
            .recovery_timeout_ms(millis(attempt))
            .server_lack_of_ack_timeout_ms(millis(NO_TIMER));
        let inner = match form {
            Form::Protobuf(_, descriptor) => stream
                .compiled_proto((**descriptor).clone())
                .max_inflight_requests(MAX_IN_FLIGHT_REQUESTS as usize)
                .recovery(true)
                .recovery_retries(0)
                .flush_timeout_ms(millis(WAIT))
                .build()
                .await
                .map(|stream| Inner::Protobuf(Box::new(stream))),
            #[cfg(feature = "flight")]
            Form::Flight(fitter) => {
                let opening = stream
                    .arrow(Arc::clone(fitter.fitted_schema()))
                    .max_inflight_batches(MAX_IN_FLIGHT_REQUESTS as usize)
                    .connection_timeout_ms(millis(attempt))
                    // With it the SDK would forget why a connection was lost, and which rows were
                    // acknowledged on it is all that is needed to go on.
                    .recovery(false)
                    .flush_timeout_ms(millis(FLIGHT_WAIT))
                    .build_arrow();
                // It is large, and would be part of everything that waits for it.
                let stream = Box::pin(opening).await;
                stream.map(|stream| Inner::Flight(Box::new(stream)))
            }
        };
        match inner {
            Ok(inner) => Ok(Self { inner, context }),
            Err(error) => Err(context.error(error)),
        }
    }
}
