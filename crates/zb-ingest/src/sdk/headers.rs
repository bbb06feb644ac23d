//! The hook that the SDK asks before each attempt to connect.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use databricks_zerobus_ingest_sdk::{HeadersProvider, ZerobusError, ZerobusResult};
use zb_types::ExposeSecret as _;

use super::context::Context;
use crate::{Event, lock::lock};

/// The SDK asks for headers once for each attempt to connect, before anything else: the place to
/// wait, to count, and to give a token.
pub(super) struct Headers(pub(super) Arc<Context>);

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
