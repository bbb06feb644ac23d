//! The rules. An entry here is a decision about the architecture: see ARCHITECTURE.md.

/// Which of our crates a crate may name.
pub(crate) enum Ours {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Any, but those that [`RESERVED`] keeps for someone else.
    Any,
}

use Ours::{Any, Only};

/// Every crate of the workspace, from the bottom up. Siblings do not name each other.
pub(crate) const LAYERS: &[(&str, Ours)] = &[
    ("zb-types", Only(&[])),
    ("zb-retry", Only(&[])),
    ("zb-convert", Only(&["zb-types"])),
    ("zb-auth", Only(&["zb-types"])),
    ("zb-debug", Only(&["zb-types"])),
    ("zb-telemetry", Only(&["zb-types"])),
    ("zb-ingest", Only(&["zb-convert", "zb-retry", "zb-types"])),
    ("zb-local", Only(&["zb-convert", "zb-types"])),
    (
        "zb-core",
        Only(&[
            "zb-auth",
            "zb-convert",
            "zb-debug",
            "zb-ingest",
            "zb-local",
            "zb-retry",
            "zb-telemetry",
            "zb-types",
        ]),
    ),
    ("zb-cli", Only(&["zb-core"])),
    ("zerobus-arrow", Only(&["zb-core"])),
    // What people copy has to do with what they are given.
    ("zb-examples", Only(&["zb-core"])),
    ("tested-service", Only(&["zb-core"])),
    ("xtask", Only(&[])),
    // Of benchmarks, and of nothing that is published.
    ("zb-bench", Only(&[])),
    ("zb-tests", Any),
];

/// A crate, ours or foreign, that only some may name.
pub(crate) struct Reserved {
    pub(crate) name: &'static str,
    pub(crate) by: &'static [&'static str],
    pub(crate) why: &'static str,
}

/// Why OpenTelemetry is kept in one place.
const OPENTELEMETRY: &str = "every minor of OpenTelemetry is breaking: one crate follows it";

/// Crates that are kept in one place. Tests may name the foreign ones: they judge from outside.
pub(crate) const RESERVED: &[Reserved] = &[
    Reserved {
        name: "zb-local",
        by: &["zb-core"],
        why: "an endpoint to test against must not become a part of what it tests",
    },
    Reserved {
        name: "databricks-zerobus-ingest-sdk",
        by: &["zb-ingest", "zb-tests"],
        why: "a new major version of the SDK must touch one crate alone",
    },
    Reserved {
        name: "deltalake-core",
        by: &["zb-local", "zb-tests"],
        why: "whoever only sends must not build a Delta writer",
    },
    Reserved {
        name: "tonic",
        // zb-ingest names it in its manifest alone, to choose the crypto provider of the SDK's TLS.
        by: &["zb-ingest", "zb-local", "zb-tests"],
        why: "the client's gRPC is the SDK's; the server's is the endpoint's",
    },
    Reserved {
        name: "axum",
        by: &["zb-local", "zb-tests"],
        why: "only the local endpoint serves HTTP",
    },
    Reserved {
        name: "oauth2",
        by: &["zb-auth", "zb-tests"],
        why: "tokens are fetched in one place, where secrets are guarded",
    },
    Reserved {
        name: "reqwest",
        // zb-core asks Unity Catalog for the columns of a table; zb-telemetry posts to a collector.
        by: &["zb-auth", "zb-core", "zb-telemetry", "zb-tests"],
        why: "HTTP stays where addresses and tokens are looked after",
    },
    Reserved {
        name: "opentelemetry",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
    Reserved {
        name: "opentelemetry-http",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
    Reserved {
        name: "opentelemetry-otlp",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
    Reserved {
        name: "opentelemetry-proto",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
    Reserved {
        name: "opentelemetry_sdk",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
    Reserved {
        name: "tracing-opentelemetry",
        by: &["zb-telemetry", "zb-tests"],
        why: OPENTELEMETRY,
    },
];

/// A crate and what it may not name, not even in its tests, with the reason.
pub(crate) const BARRED: &[(&str, &str, &str)] = &[(
    "zb-convert",
    "tokio",
    "conversion is pure CPU: no runtime, no I/O",
)];

/// Packages whose types cross our crates: two versions in the tree would not fit together.
pub(crate) const ONE_VERSION: &[&str] = &["arrow-array", "arrow-schema", "prost", "tokio", "tonic"];

/// Packages that must not be in the tree at all; families by the beginning of their names.
pub(crate) const ABSENT: &[(&str, &str)] = &[("datafusion", "it multiplies the build time")];
