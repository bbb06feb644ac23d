//! What server and client say to each other beside the batches: JSON in the metadata of messages.

use serde::{Deserialize, Serialize};

use crate::{faults::CloseSignal, proto::flight::PutResult};

/// What the client says of a message.
#[derive(Debug, Deserialize)]
struct Sent {
    offset_id: i64,
}

/// The offset of a message, if it has one.
pub(super) fn offset(metadata: &[u8]) -> Option<i64> {
    let sent: Sent = serde_json::from_slice(metadata).ok()?;
    Some(sent.offset_id)
}

/// How far everything is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Acknowledged {
    /// The last message of which every row is.
    ack_up_to_offset: i64,
    /// The rows of this stream, which is what clients go by.
    ack_up_to_records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_stream_duration_ms: Option<i64>,
}

impl Acknowledged {
    /// That the stream is open.
    pub(super) const READY: Self = Self::new(-1, 0);

    pub(super) const fn new(offset: i64, rows: u64) -> Self {
        Self {
            ack_up_to_offset: offset,
            ack_up_to_records: rows,
            close_stream_duration_ms: None,
        }
    }

    /// The same again, with the order to close.
    pub(super) fn closing(self, signal: CloseSignal) -> PutResult {
        let milliseconds = signal.said.map(|(seconds, nanos)| {
            let nanos = i64::from(nanos) / 1_000_000;
            seconds.saturating_mul(1000).saturating_add(nanos)
        });
        Self {
            close_stream_duration_ms: milliseconds,
            ..self
        }
        .message()
    }

    pub(super) fn message(self) -> PutResult {
        // Three numbers are always JSON.
        let app_metadata = serde_json::to_vec(&self).unwrap_or_default().into();
        PutResult { app_metadata }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn text(message: &PutResult) -> String {
        String::from_utf8(message.app_metadata.to_vec()).unwrap()
    }

    #[test]
    fn the_words_are_those_of_the_service() {
        assert_eq!(
            text(&Acknowledged::READY.message()),
            r#"{"ack_up_to_offset":-1,"ack_up_to_records":0}"#
        );
        let signal = CloseSignal::honest(Duration::from_millis(2500));
        assert_eq!(
            text(&Acknowledged::new(5, 100).closing(signal)),
            r#"{"ack_up_to_offset":5,"ack_up_to_records":100,"close_stream_duration_ms":2500}"#
        );
    }

    #[test]
    fn an_offset_is_a_number_in_json() {
        assert_eq!(offset(br#"{"offset_id": 42}"#), Some(42));
        for nothing in [&b""[..], b"42", br#"{"offset_id": "42"}"#] {
            assert_eq!(offset(nothing), None);
        }
    }
}
