//! Every name that leaves this crate, once.
//!
//! Names are those of OpenTelemetry's [semantic conventions for messaging] where there are any, and
//! begin with `zb.` where there are none. Units are [UCUM] as OpenTelemetry writes them.
//!
//! [semantic conventions for messaging]: https://opentelemetry.io/docs/specs/semconv/messaging/
//! [UCUM]: https://ucum.org

/// What `messaging.system` says of everything that is measured here.
pub const SYSTEM: &str = "zerobus";

/// The instrumentation scope of metrics and spans.
pub const SCOPE: &str = "zb";

/// The keys of attributes.
pub mod attribute {
    /// Always [`SYSTEM`](super::SYSTEM).
    pub const MESSAGING_SYSTEM: &str = "messaging.system";
    /// The table, as `catalog.schema.table`.
    pub const DESTINATION: &str = "messaging.destination.name";
    /// What was done: `send`.
    pub const OPERATION_NAME: &str = "messaging.operation.name";
    /// What kind of thing that is, of the kinds that the conventions know: `send`.
    pub const OPERATION_TYPE: &str = "messaging.operation.type";
    /// How many rows a span is about.
    pub const MESSAGE_COUNT: &str = "messaging.batch.message_count";
    /// The host of the ingest endpoint.
    pub const SERVER_ADDRESS: &str = "server.address";
    /// Why rows were rejected, something was tried again, or failed: a word of a small set, never a
    /// message.
    pub const ERROR_TYPE: &str = "error.type";
    /// The worst that became of a row of a batch: `durable`, `rejected`, `not_sent` or `unknown`.
    pub const OUTCOME: &str = "zb.batch.outcome";
    /// Which debug mirror: `arrow` or `proto`.
    pub const MIRROR: &str = "zb.mirror";
    /// How many bytes a span is about.
    pub const BYTES: &str = "zb.bytes";
    /// Which attempt it is, from 1.
    pub const ATTEMPT: &str = "zb.attempt";
}

/// How a metric adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and shrinks.
    UpDownCounter,
    /// The last value counts.
    Gauge,
    /// A distribution.
    Histogram,
}

/// A metric: what it is called and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// How it adds up.
    pub kind: Kind,
    /// Its unit, in UCUM.
    pub unit: &'static str,
    /// What it counts or measures.
    pub description: &'static str,
    /// The attributes it has besides those that every metric of a table has: [`COMMON`].
    pub attributes: &'static [&'static str],
}

/// The attributes of every metric that is about a table. The address only where it is known.
pub const COMMON: &[&str] = &[
    attribute::MESSAGING_SYSTEM,
    attribute::DESTINATION,
    attribute::SERVER_ADDRESS,
];

impl Metric {
    /// Its name in Prometheus, as collectors translate it: `_total` after counters, the unit spelt
    /// out. A histogram has `_bucket`, `_sum` and `_count` after it.
    ///
    /// ```
    /// use zb_telemetry::names;
    ///
    /// let name = names::DURABLE_ROWS.prometheus_name();
    /// assert_eq!(name, "zb_client_durable_rows_total");
    /// ```
    pub fn prometheus_name(&self) -> String {
        let mut name = self.name.replace('.', "_");
        let unit = match self.unit {
            "s" => Some("seconds"),
            "By" => Some("bytes"),
            _ => None,
        };
        if let Some(unit) = unit.filter(|unit| !name.ends_with(*unit)) {
            name.push('_');
            name.push_str(unit);
        }
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal $unit:literal $([$($attribute:ident),+])? $description:literal;)+) => {
        $(
            #[doc = concat!($description, " `", $name, "`, in ", $unit, ".")]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                description: $description,
                attributes: &[$($(attribute::$attribute),+)?],
            };
        )+

        /// All metrics, in the order in which a batch meets them.
        pub const METRICS: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    SUBMITTED_BATCHES = Counter "zb.client.submitted.batches" "{batch}"
        "Batches that were handed in.";
    SUBMITTED_ROWS = Counter "zb.client.submitted.rows" "{row}"
        "Rows that were handed in.";
    SUBMITTED_BYTES = Counter "zb.client.submitted.bytes" "By"
        "Memory of the Arrow batches that were handed in.";
    ENCODED_ROWS = Counter "zb.client.encoded.rows" "{row}"
        "Rows that were encoded for the wire.";
    ENCODED_BYTES = Counter "zb.client.encoded.bytes" "By"
        "What the encoded rows take on the wire, framing included.";
    ENCODE_DURATION = Histogram "zb.client.encode.duration" "s"
        "Time to encode the rows of one request.";
    QUEUE_DURATION = Histogram "zb.client.queue.duration" "s"
        "Time that a request waited for room in the budget of bytes.";
    INFLIGHT_ROWS = UpDownCounter "zb.client.inflight.rows" "{row}"
        "Rows that were admitted and whose fate is open.";
    INFLIGHT_BYTES = UpDownCounter "zb.client.inflight.bytes" "By"
        "Bytes that were admitted and whose fate is open.";
    SENT_MESSAGES = Counter "messaging.client.sent.messages" "{message}" [OPERATION_NAME]
        "Rows that were handed to the transport, each as often as it was.";
    SENT_REQUESTS = Counter "zb.client.sent.requests" "{request}"
        "Requests that were handed to the transport, each as often as it was.";
    SENT_BYTES = Counter "zb.client.sent.bytes" "By"
        "Bytes that were handed to the transport, each as often as they were.";
    ACK_DURATION = Histogram "zb.client.ack.duration" "s"
        "Time from handing a request to the transport to its acknowledgement.";
    DURABLE_ROWS = Counter "zb.client.durable.rows" "{row}"
        "Rows that the service acknowledged.";
    DURABLE_BYTES = Counter "zb.client.durable.bytes" "By"
        "Bytes that the service acknowledged.";
    REJECTED_ROWS = Counter "zb.client.rejected.rows" "{row}" [ERROR_TYPE]
        "Rows that were refused, here or by the service.";
    NOT_SENT_ROWS = Counter "zb.client.not_sent.rows" "{row}"
        "Rows that were given up before they were sent.";
    UNKNOWN_ROWS = Counter "zb.client.unknown.rows" "{row}"
        "Rows that were sent and never acknowledged: they may be stored.";
    DUPLICATED_ROWS = Counter "zb.client.possibly_duplicated.rows" "{row}"
        "Rows that were sent again after a connection was lost: they may be stored twice.";
    SETTLED_BATCHES = Counter "zb.client.settled.batches" "{batch}" [OUTCOME]
        "Batches of which every row has its fate.";
    OPERATION_DURATION = Histogram "messaging.client.operation.duration" "s" [OPERATION_NAME, OPERATION_TYPE, ERROR_TYPE]
        "Time from handing a batch in until every row of it has its fate.";
    CONNECTIONS = Counter "zb.client.connections" "{connection}"
        "Connections that were attempted.";
    RECONNECTS = Counter "zb.client.reconnects" "{connection}"
        "Connections that were attempted after one was lost.";
    BACKOFF_DURATION = Histogram "zb.client.backoff.duration" "s"
        "Time that was waited before a connection.";
    RETRIES = Counter "zb.client.retries" "{retry}" [ERROR_TYPE]
        "How often a stream was lost or not opened and another was tried, by cause.";
    FAILURES = Counter "zb.client.failures" "{failure}" [ERROR_TYPE]
        "Senders that gave up, or were not opened.";
    TOKEN_REQUESTS = Counter "zb.token.requests" "{request}" [ERROR_TYPE]
        "Tokens that were asked for; with an error type, those that were not given.";
    TOKEN_REQUEST_DURATION = Histogram "zb.token.request.duration" "s" [ERROR_TYPE]
        "Time until a token was given or refused.";
    TOKEN_AGE = Gauge "zb.token.age" "s"
        "Age of the token that was last presented.";
    DEBUG_DROPPED = Counter "zb.debug.dropped.batches" "{batch}" [MIRROR]
        "Batches that a debug mirror left out because it could not keep up or not write.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn names_are_the_conventions_or_our_own() {
        for metric in METRICS {
            let own = metric.name.starts_with("zb.");
            assert!(
                own || metric.name.starts_with("messaging.client."),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn names_of_the_conventions_are_written_as_they_write_them() {
        use opentelemetry_semantic_conventions::{attribute as theirs, metric};
        let pairs = [
            (SENT_MESSAGES.name, metric::MESSAGING_CLIENT_SENT_MESSAGES),
            (
                OPERATION_DURATION.name,
                metric::MESSAGING_CLIENT_OPERATION_DURATION,
            ),
            (attribute::MESSAGING_SYSTEM, theirs::MESSAGING_SYSTEM),
            (attribute::DESTINATION, theirs::MESSAGING_DESTINATION_NAME),
            (attribute::OPERATION_NAME, theirs::MESSAGING_OPERATION_NAME),
            (attribute::OPERATION_TYPE, theirs::MESSAGING_OPERATION_TYPE),
            (
                attribute::MESSAGE_COUNT,
                theirs::MESSAGING_BATCH_MESSAGE_COUNT,
            ),
            (attribute::SERVER_ADDRESS, theirs::SERVER_ADDRESS),
            (attribute::ERROR_TYPE, theirs::ERROR_TYPE),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn prometheus_spells_the_unit_once() {
        let name = |metric: Metric| metric.prometheus_name();
        assert_eq!(name(SUBMITTED_BYTES), "zb_client_submitted_bytes_total");
        assert_eq!(name(INFLIGHT_BYTES), "zb_client_inflight_bytes");
        assert_eq!(name(ACK_DURATION), "zb_client_ack_duration_seconds");
        assert_eq!(name(TOKEN_AGE), "zb_token_age_seconds");
        assert_eq!(name(SENT_MESSAGES), "messaging_client_sent_messages_total");
    }
}
