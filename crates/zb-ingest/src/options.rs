//! The settings of a sender.

mod check;

use std::{fmt, sync::Arc, time::Duration};

use arrow_schema::Schema;
use zb_retry::{Budget, Policy};

use crate::{Observer, Quarantine, SlowDown, TableSchemaSource, Transport, stamp};

/// Where a [`Sender`](crate::Sender) sends to, and how.
///
/// # Defaults
///
/// | setting | default |
/// |---|---|
/// | [`max_in_flight_bytes`](Self::max_in_flight_bytes) | 16 MiB |
/// | [`request_bytes`](Self::request_bytes) | 2 MiB |
/// | [`request_rows`](Self::request_rows) | 32,768 |
/// | [`connect_timeout`](Self::connect_timeout) | 30 s for each attempt |
/// | [`ack_timeout`](Self::ack_timeout) | 60 s without any answer |
/// | [`retry`](Self::retry) | [`zb_retry::Policy`]'s own |
/// | [`encoding`](Self::encoding) | [`zb_convert::Options`]' own |
/// | [`streams`](Self::streams) | 1 |
/// | [`max_probes`](Self::max_probes) | 10,000 |
/// | [`slow_down`](Self::slow_down) | [`SlowDown`]'s own |
/// | [`transport`](Self::transport) | [`Transport::Protobuf`] |
#[derive(Clone)]
#[must_use]
pub struct SenderOptions {
    pub(crate) endpoint: String,
    pub(crate) max_in_flight_bytes: usize,
    pub(crate) request_bytes: usize,
    pub(crate) request_rows: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) retry: Policy,
    pub(crate) retry_budget: Option<Budget>,
    pub(crate) encoding: zb_convert::Options,
    pub(crate) table_schemas: Option<Arc<dyn TableSchemaSource>>,
    pub(crate) application: Option<String>,
    pub(crate) allow_plaintext: bool,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) quarantine: Option<Arc<dyn Quarantine>>,
    pub(crate) streams: usize,
    pub(crate) max_probes: usize,
    pub(crate) slow_down: SlowDown,
    pub(crate) stamps: bool,
    pub(crate) dry_run: bool,
    pub(crate) transport: Transport,
}

impl SenderOptions {
    /// The most bytes of records that the SDK takes in one call: 10 MiB less 64 KiB.
    pub const MAX_REQUEST_BYTES: usize = 10_420_224;

    /// The most streams that a sender may have.
    pub const MAX_STREAMS: usize = 64;

    /// Sends to `endpoint`, an `https` URL; one without a scheme is taken for that. Plain `http`
    /// is for endpoints on this machine, unless [allowed](Self::allow_plaintext).
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            max_in_flight_bytes: 16 << 20,
            request_bytes: 2 << 20,
            request_rows: 32_768,
            connect_timeout: Duration::from_secs(30),
            ack_timeout: Duration::from_mins(1),
            retry: Policy::new(),
            retry_budget: None,
            encoding: zb_convert::Options::default(),
            table_schemas: None,
            application: None,
            allow_plaintext: false,
            observers: Vec::new(),
            quarantine: None,
            streams: 1,
            max_probes: 10_000,
            slow_down: SlowDown::new(),
            stamps: false,
            dry_run: false,
            transport: Transport::default(),
        }
    }

    /// Sends there instead.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// How many encoded bytes may be on their way without an acknowledgement. When they are,
    /// [`submit`](crate::Sender::submit) waits. At least one request is always let through, and never
    /// more than 4,096 at once.
    ///
    /// This bounds memory: the SDK keeps up to two copies of these bytes until it has the
    /// acknowledgement, and the ledger keeps the batches they come from, which are larger than
    /// their encoded rows where columns are mostly null.
    pub fn max_in_flight_bytes(mut self, bytes: usize) -> Self {
        self.max_in_flight_bytes = bytes;
        self
    }

    /// How large a request may become, framing included; at most 10,420,224. A record larger than
    /// this and within the service's limit travels alone.
    pub fn request_bytes(mut self, bytes: usize) -> Self {
        self.request_bytes = bytes;
        self
    }

    /// How many rows a request may carry.
    pub fn request_rows(mut self, rows: usize) -> Self {
        self.request_rows = rows;
        self
    }

    /// How long one attempt to open a connection may take, the token included, the wait before it
    /// not.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the oldest request in flight may wait for its acknowledgement, counted anew from
    /// each acknowledgement before it, until the connection is taken for lost.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// How lost connections are opened again: the waits between attempts, and how many attempts
    /// without an acknowledgement there may be.
    pub fn retry(mut self, policy: Policy) -> Self {
        self.retry = policy;
        self
    }

    /// A budget that bounds the retries of all senders that share it: every attempt to connect but
    /// the first after a success takes one out, every request that is acknowledged puts a part of one
    /// back. A sender that finds it empty gives up as if its policy allowed no more. None by default.
    pub fn retry_budget(mut self, budget: &Budget) -> Self {
        self.retry_budget = Some(budget.clone());
        self
    }

    /// How batches are turned into rows.
    pub fn encoding(mut self, options: zb_convert::Options) -> Self {
        self.encoding = options;
        self
    }

    /// Who says which columns a table has. Rows are then made to fit it: columns found by name,
    /// values brought to the table's types where nothing is lost, and what does not fit named at once
    /// when the sender is opened. Without, rows are made as the batches have them.
    pub fn table_schemas(mut self, source: Arc<dyn TableSchemaSource>) -> Self {
        self.table_schemas = Some(source);
        self
    }

    /// Makes rows as the batches have them, though somebody [may say](Self::table_schemas) which
    /// columns the table has: for what was made from records, where a time is an integer already.
    pub fn unfitted(mut self) -> Self {
        self.table_schemas = None;
        self
    }

    /// Sends to an `http` endpoint on another machine, tokens and rows in clear text.
    pub fn allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// The name of the program, for the service's logs.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Where refused rows go besides the receipt.
    pub fn quarantine(mut self, quarantine: Arc<dyn Quarantine>) -> Self {
        self.quarantine = Some(quarantine);
        self
    }

    /// How many streams share the requests, from 1 to 64. More than one gives up the order of the
    /// rows for throughput: requests go to whichever stream has the least to do.
    pub fn streams(mut self, streams: usize) -> Self {
        self.streams = streams;
        self
    }

    /// How many times rows that the service refuses may be halved while those it refuses are looked
    /// for. Beyond, rows that were not told apart are rejected together. Each refusal costs a stream,
    /// and so do at most two more before rows are rejected: two streams must have refused them that
    /// had nothing else on them.
    pub fn max_probes(mut self, probes: usize) -> Self {
        self.max_probes = probes;
        self
    }

    /// When to hold back because too much goes wrong.
    pub fn slow_down(mut self, rules: SlowDown) -> Self {
        self.slow_down = rules;
        self
    }

    /// Sends two columns with each row that the table must have: `_zb_batch`, a string that is
    /// another for every batch, and `_zb_row`, a BIGINT, its place in the batch. The service delivers
    /// at least once; rows that agree in both are the same, and a MERGE can take them out.
    pub fn stamp_rows(mut self) -> Self {
        self.stamps = true;
        self
    }

    /// Sends no such columns, though it was [said before](Self::stamp_rows).
    pub fn unstamped(mut self) -> Self {
        self.stamps = false;
        self
    }

    /// The columns that a table must have, in any order, for batches of `schema`: its own, and those
    /// that are [stamped](Self::stamp_rows).
    pub fn table_schema(&self, schema: &Schema) -> Schema {
        if self.stamps {
            stamp::schema(schema)
        } else {
            schema.clone()
        }
    }

    /// In which form rows travel.
    ///
    /// What is said of encoded bytes is, for Arrow Flight, said of what the rows take in memory, with
    /// the types of the table.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Converts and checks, and connects to nothing: what would be sent comes back as
    /// [not sent](crate::Receipt::not_sent).
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// What is set, for whoever changes a part of it or shows it.
    pub fn values(&self) -> OptionValues<'_> {
        OptionValues {
            max_in_flight_bytes: self.max_in_flight_bytes,
            request_bytes: self.request_bytes,
            request_rows: self.request_rows,
            connect_timeout: self.connect_timeout,
            ack_timeout: self.ack_timeout,
            retry: self.retry,
            encoding: &self.encoding,
            application: self.application.as_deref(),
            streams: self.streams,
            max_probes: self.max_probes,
            stamp_rows: self.stamps,
            transport: self.transport,
        }
    }

    /// Whether nothing is connected to.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Who is told what happens, besides those who are told already.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }
}

/// What is set in [`SenderOptions`], each under the name of the method that sets it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the methods say it")]
pub struct OptionValues<'a> {
    pub max_in_flight_bytes: usize,
    pub request_bytes: usize,
    pub request_rows: usize,
    pub connect_timeout: Duration,
    pub ack_timeout: Duration,
    pub retry: Policy,
    pub encoding: &'a zb_convert::Options,
    pub application: Option<&'a str>,
    pub streams: usize,
    pub max_probes: usize,
    pub stamp_rows: bool,
    pub transport: Transport,
}

impl fmt::Debug for SenderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderOptions")
            .field("endpoint", &self.endpoint)
            .field("max_in_flight_bytes", &self.max_in_flight_bytes)
            .field("request_bytes", &self.request_bytes)
            .field("request_rows", &self.request_rows)
            .field("connect_timeout", &self.connect_timeout)
            .field("ack_timeout", &self.ack_timeout)
            .field("retry", &self.retry)
            .field("encoding", &self.encoding)
            .field("application", &self.application)
            .field("allow_plaintext", &self.allow_plaintext)
            .field("streams", &self.streams)
            .field("max_probes", &self.max_probes)
            .field("slow_down", &self.slow_down)
            .field("stamps", &self.stamps)
            .field("dry_run", &self.dry_run)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
