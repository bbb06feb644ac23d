//! The settings that there are. Each is declared here and nowhere else.
//!
//! From an entry follow the key of a TOML file, the environment variable, the key of a profile, the
//! flag, the keyword of Python, every check, what `zb doctor` shows and the row of
//! `docs/reference/configuration.md`. What remains to be written for a new one is the method of
//! `ClientBuilder`, which the tests ask for.

use std::time::Duration;

use zb_convert::SubMicroseconds;
use zb_debug::WhenFull;
use zb_ingest::{SenderOptions, Transport};

use super::{
    declared::{
        Declared,
        Group::{Connection, Debugging, Delivery, Rejected, Table},
    },
    kind::{Kind, Word, bind},
    plan::Plan,
};
use crate::Fit;

/// A time that must not be nothing.
const SOME: Duration = Duration::from_nanos(1);

pub(super) static SETTINGS: &[Declared] = &[
    Declared::new(
        Connection,
        "endpoint",
        Kind::Text(bind(
            |plan, url| plan.connection.endpoint = Some(url),
            |plan| plan.connection.endpoint.clone(),
        )),
        "https://1.zerobus.example",
        "The Zerobus endpoint, such as https://1234567890.zerobus.us-west-2.cloud.databricks.com",
    )
    .with_variables(&["ZEROBUS_SERVER_ENDPOINT", "ZEROBUS_ENDPOINT"])
    .with_unset("needed"),
    Declared::new(
        Connection,
        "host",
        Kind::Text(bind(
            |plan, url| plan.connection.host = Some(url),
            |plan| plan.connection.host.clone(),
        )),
        "https://workspace.example",
        "The workspace, such as https://dbc-a1b2c3d4-e5f6.cloud.databricks.com",
    )
    .with_variables(&["DATABRICKS_HOST"])
    .with_profile("host")
    .with_unset("needed"),
    Declared::new(
        Connection,
        "client_id",
        Kind::Text(bind(
            |plan, id| plan.connection.client_id = Some(id),
            |plan| plan.connection.client_id.clone(),
        )),
        "5f0c",
        "The id of the service principal",
    )
    .with_variables(&["DATABRICKS_CLIENT_ID"])
    .with_profile("client_id")
    .with_unset("needed with a secret"),
    Declared::new(
        Connection,
        "client_secret",
        Kind::Secret(bind(
            |plan, secret| plan.connection.client_secret = Some(secret),
            |plan| plan.connection.client_secret.clone(),
        )),
        "dose-of-canary",
        "The OAuth secret of the service principal; the flag takes a file that holds it and nothing else",
    )
    .with_variables(&["DATABRICKS_CLIENT_SECRET"])
    .with_profile("client_secret")
    .with_flag("client-secret-file")
    .with_unset("needed, or oidc_token_file"),
    Declared::new(
        Connection,
        "oidc_token_file",
        Kind::Path(bind(
            |plan, file| plan.connection.oidc_token_file = Some(file),
            |plan| plan.connection.oidc_token_file.clone(),
        )),
        "/run/token",
        "A file that holds the token of an identity provider which the workspace trusts, instead of a \
         secret",
    )
    .with_variables(&["DATABRICKS_OIDC_TOKEN_FILEPATH"])
    .with_profile("oidc_token_filepath")
    .with_unset("none"),
    Declared::new(
        Connection,
        "allow_plaintext",
        Kind::Flag(bind(
            |plan, allow| plan.connection.allow_plaintext = allow,
            |plan| Some(plan.connection.allow_plaintext),
        )),
        "true",
        "Lets secrets and rows travel in clear text to http addresses of other machines",
    ),
    Declared::new(
        Table,
        "fit",
        Kind::Word(&[
            Word {
                name: "when_readable",
                about: "Where its columns can be read",
                set: |plan| plan.fit = Fit::WhenReadable,
                is: |plan| plan.fit == Fit::WhenReadable,
            },
            Word {
                name: "required",
                about: "Always: nothing is sent where they cannot be read",
                set: |plan| plan.fit = Fit::Required,
                is: |plan| plan.fit == Fit::Required,
            },
            Word {
                name: "off",
                about: "Never: the service decides",
                set: |plan| plan.fit = Fit::Off,
                is: |plan| plan.fit == Fit::Off,
            },
        ]),
        "required",
        "Whether rows are made to fit the table, whose columns Unity Catalog tells",
    ),
    Declared::new(
        Delivery,
        "application",
        Kind::Text(bind(
            |plan, name| plan.sender(|options| options.application(name)),
            |plan| plan.options.values().application.map(str::to_owned),
        )),
        "nightly-etl",
        "The name of the program, for the service's logs",
    )
    .with_unset("none; zb-cli for the program"),
    Declared::new(
        Delivery,
        "transport",
        Kind::Word(&[
            Word {
                name: "protobuf",
                about: "Each row as a Protobuf message",
                set: |plan| plan.sender(|options| options.transport(Transport::Protobuf)),
                is: |plan| plan.options.values().transport == Transport::Protobuf,
            },
            Word {
                name: "flight",
                about: "Record batches, over Arrow Flight",
                set: |plan| plan.sender(|options| options.transport(Transport::Flight)),
                is: |plan| plan.options.values().transport == Transport::Flight,
            },
        ]),
        "flight",
        "In which form rows travel",
    ),
    Declared::new(
        Delivery,
        "streams",
        Kind::Count(
            1..=SenderOptions::MAX_STREAMS as u64,
            bind(
                |plan, n| plan.sender(|options| options.streams(size(n))),
                |plan| Some(plan.options.values().streams as u64),
            ),
        ),
        "4",
        "How many streams share the rows; more than one gives up their order for throughput",
    ),
    Declared::new(
        Delivery,
        "max_in_flight_bytes",
        Kind::Bytes(
            1..=u64::MAX,
            bind(
                |plan, bytes| plan.sender(|options| options.max_in_flight_bytes(size(bytes))),
                |plan| Some(plan.options.values().max_in_flight_bytes as u64),
            ),
        ),
        "32MiB",
        "How many encoded bytes may be on their way without an acknowledgement; handing in waits then. \
         The endpoint inside this process has 8 MiB unless said otherwise",
    )
    .with_flag("in-flight-bytes"),
    Declared::new(
        Delivery,
        "request_bytes",
        Kind::Bytes(
            1..=SenderOptions::MAX_REQUEST_BYTES as u64,
            bind(
                |plan, bytes| plan.sender(|options| options.request_bytes(size(bytes))),
                |plan| Some(plan.options.values().request_bytes as u64),
            ),
        ),
        "1MiB",
        "How large a request may become; a larger record travels alone",
    ),
    Declared::new(
        Delivery,
        "request_rows",
        Kind::Count(
            1..=u64::MAX,
            bind(
                |plan, rows| plan.sender(|options| options.request_rows(size(rows))),
                |plan| Some(plan.options.values().request_rows as u64),
            ),
        ),
        "1000",
        "How many rows a request may carry",
    ),
    Declared::new(
        Delivery,
        "connect_timeout",
        Kind::Duration(
            SOME,
            bind(
                |plan, time| plan.sender(|options| options.connect_timeout(time)),
                |plan| Some(plan.options.values().connect_timeout),
            ),
        ),
        "20s",
        "How long one attempt to connect may take, the token included",
    ),
    Declared::new(
        Delivery,
        "ack_timeout",
        Kind::Duration(
            SOME,
            bind(
                |plan, time| plan.sender(|options| options.ack_timeout(time)),
                |plan| Some(plan.options.values().ack_timeout),
            ),
        ),
        "90s",
        "How long the oldest row may wait for its acknowledgement until the connection is taken for lost",
    ),
    Declared::new(
        Delivery,
        "max_attempts",
        Kind::Count(
            1..=u32::MAX as u64,
            bind(
                |plan, n| plan.retry(|policy| policy.with_max_attempts(small(n))),
                |plan| Some(u64::from(plan.options.values().retry.max_attempts())),
            ),
        ),
        "3",
        "How often connecting is tried, without an acknowledgement in between, before giving up",
    ),
    Declared::new(
        Delivery,
        "give_up_after",
        Kind::Duration(
            Duration::ZERO,
            bind(
                |plan, time| plan.retry(|policy| policy.with_deadline(time)),
                |plan| plan.options.values().retry.deadline(),
            ),
        ),
        "10m",
        "For how long connecting is tried, without an acknowledgement in between, before giving up",
    )
    .with_unset("no limit"),
    Declared::new(
        Delivery,
        "retry_base",
        Kind::Duration(
            Duration::ZERO,
            bind(
                |plan, time| plan.retry(|policy| policy.with_base(time)),
                |plan| Some(plan.options.values().retry.base()),
            ),
        ),
        "100ms",
        "The longest that the first wait between attempts can be; each later one may be twice as long",
    ),
    Declared::new(
        Delivery,
        "retry_cap",
        Kind::Duration(
            Duration::ZERO,
            bind(
                |plan, time| plan.retry(|policy| policy.with_cap(time)),
                |plan| Some(plan.options.values().retry.cap()),
            ),
        ),
        "5s",
        "The longest that any wait between attempts can be",
    ),
    Declared::new(
        Delivery,
        "max_probes",
        Kind::Count(
            0..=u64::MAX,
            bind(
                |plan, n| plan.sender(|options| options.max_probes(size(n))),
                |plan| Some(plan.options.values().max_probes as u64),
            ),
        ),
        "50",
        "How often rows that the service refuses are halved to find the bad ones among them; what is \
         not told apart then is rejected together",
    ),
    Declared::new(
        Delivery,
        "stamp_rows",
        Kind::Flag(bind(
            |plan, stamps| {
                plan.sender(|options| {
                    if stamps {
                        options.stamp_rows()
                    } else {
                        options.unstamped()
                    }
                });
            },
            |plan| Some(plan.options.values().stamp_rows),
        )),
        "true",
        "Sends two more columns, which the table must have: _zb_batch, a string that is another for \
         every batch, and _zb_row, a bigint, the place in it. Rows that are stored twice agree in \
         both, so that a MERGE can take them out",
    ),
    Declared::new(
        Delivery,
        "sub_microseconds",
        Kind::Word(&[
            Word {
                name: "reject",
                about: "The row is rejected",
                set: |plan| {
                    plan.encoding(|encoding| encoding.sub_microseconds(SubMicroseconds::Reject));
                },
                is: |plan| has_sub_microseconds(plan, SubMicroseconds::Reject),
            },
            Word {
                name: "truncate",
                about: "The time is rounded down",
                set: |plan| {
                    plan.encoding(|encoding| encoding.sub_microseconds(SubMicroseconds::Truncate));
                },
                is: |plan| has_sub_microseconds(plan, SubMicroseconds::Truncate),
            },
        ]),
        "truncate",
        "What becomes of times finer than a microsecond, which no Delta table keeps",
    ),
    Declared::new(
        Rejected,
        "quarantine",
        Kind::Path(bind(
            |plan, directory| plan.quarantine = Some(directory),
            |plan| plan.quarantine.clone(),
        )),
        "/kept/rejected",
        "Where rejected rows are kept, as Arrow files with reason columns; nothing is made there unless \
         there are some. The program takes zb-quarantine unless said otherwise",
    )
    .with_builder("quarantine_dir")
    .with_unset("in receipts alone"),
    Declared::new(
        Debugging,
        "debug_dir",
        Kind::Path(bind(
            |plan, directory| plan.mirrors.directory = Some(directory),
            |plan| plan.mirrors.directory.clone(),
        )),
        "/kept/debug",
        "Keeps what is handed in and what is sent for people to look at: DIR/zerobus/arrow/ as Arrow IPC \
         streams and DIR/zerobus/proto/ as length-delimited Protobuf with its descriptor; zb inspect \
         shows them. A mirror that fails fails no send",
    )
    .with_unset("nothing is kept"),
    Declared::new(
        Debugging,
        "debug_only",
        Kind::Word(&[
            Word {
                name: "arrow",
                about: "What is handed in",
                set: |plan| plan.mirrors.only = Some(zb_debug::Kind::Arrow),
                is: |plan| plan.mirrors.only == Some(zb_debug::Kind::Arrow),
            },
            Word {
                name: "proto",
                about: "What is sent",
                set: |plan| plan.mirrors.only = Some(zb_debug::Kind::Proto),
                is: |plan| plan.mirrors.only == Some(zb_debug::Kind::Proto),
            },
        ]),
        "proto",
        "Only one of the two",
    )
    .with_unset("both")
    .with_needs("debug_dir"),
    Declared::new(
        Debugging,
        "debug_file_bytes",
        Kind::Bytes(
            1..=u64::MAX,
            bind(
                |plan, bytes| plan.mirrors.file_bytes = bytes,
                |plan| Some(plan.mirrors.file_bytes),
            ),
        ),
        "10MiB",
        "When another file is begun",
    ),
    Declared::new(
        Debugging,
        "debug_keep_files",
        Kind::Count(
            1..=u64::MAX,
            bind(
                |plan, files| plan.mirrors.keep_files = Some(files),
                |plan| plan.mirrors.keep_files,
            ),
        ),
        "5",
        "How many files of each table and kind are kept; the oldest go first",
    )
    .with_unset("all")
    .with_needs("debug_dir"),
    Declared::new(
        Debugging,
        "debug_hash",
        Kind::Names(bind(
            |plan, columns| plan.mirrors.hash = columns,
            |plan| some(&plan.mirrors.hash),
        )),
        "name,mail",
        "Columns whose values are not to be on the disk: a keyed hash stands for each",
    )
    .with_unset("none")
    .with_needs("debug_dir"),
    Declared::new(
        Debugging,
        "debug_null",
        Kind::Names(bind(
            |plan, columns| plan.mirrors.null = columns,
            |plan| some(&plan.mirrors.null),
        )),
        "salary",
        "Columns whose values are not to be on the disk: they are null there",
    )
    .with_unset("none")
    .with_needs("debug_dir"),
    Declared::new(
        Debugging,
        "debug_when_full",
        Kind::Word(&[
            Word {
                name: "drop",
                about: "What does not fit is dropped and counted",
                set: |plan| plan.mirrors.when_full = WhenFull::Drop,
                is: |plan| plan.mirrors.when_full == WhenFull::Drop,
            },
            Word {
                name: "block",
                about: "Sending waits for the disk",
                set: |plan| plan.mirrors.when_full = WhenFull::Block,
                is: |plan| plan.mirrors.when_full == WhenFull::Block,
            },
        ]),
        "block",
        "What happens when a mirror cannot keep up",
    )
    .with_needs("debug_dir"),
];

/// On machines where sizes are smaller, the largest there is.
fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn some(names: &[String]) -> Option<Vec<String>> {
    (!names.is_empty()).then(|| names.to_vec())
}

/// The encoding does not tell its choices one by one.
fn has_sub_microseconds(plan: &Plan, choice: SubMicroseconds) -> bool {
    let encoding = plan.options.values().encoding;
    *encoding == encoding.clone().sub_microseconds(choice)
}
