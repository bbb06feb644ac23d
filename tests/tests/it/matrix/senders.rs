//! Senders that are shared, many-streamed, closed early, dropped, or held back.

use std::time::Duration;

use zb_core::ErrorKind;

use super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("64 tasks share one sender", "")
            .sends(64, 3, 20)
            .once(),
        case(
            "64 tasks share one sender whose connection is cut again and again",
            r#"{ on = "request", every = 40, times = 4, do = "cut" },
               { on = "ack", from = 3, every = 5, times = 3, do = "cut" }"#,
        )
        .sends(64, 3, 20),
        case(
            "64 tasks that wait for room all hear of a failure",
            r#"{ on = "request", from = 12, do = "status", code = "NOT_FOUND" }"#,
        )
        .sends(64, 3, 20)
        .options(|options| options.max_in_flight_bytes(4 << 10))
        .fails(ErrorKind::NotFound),
        case("several streams share the rows", "")
            .sends(4, 10, 50)
            .options(|options| options.streams(4))
            .unordered()
            .once(),
        case(
            "one of several streams is cut and the others go on",
            r#"{ on = "request", every = 25, times = 4, do = "cut" }"#,
        )
        .sends(4, 10, 50)
        .options(|options| options.streams(4))
        .unordered(),
        case(
            "one of several streams is refused for good and every row has a fate",
            r#"{ on = "request", from = 20, do = "status", code = "UNIMPLEMENTED" }"#,
        )
        .sends(4, 10, 50)
        .options(|options| options.streams(4))
        .unordered()
        .fails(ErrorKind::Refused),
        case(
            "rows that are stamped can be told from their duplicates",
            r#"{ on = "ack", from = 2, every = 2, times = 3, do = "cut" }"#,
        )
        .stamped()
        .twice(),
        case("a dry run writes nothing", "")
            .options(zb_core::ingest::SenderOptions::dry_run)
            .kept_back()
            .once(),
        case("a dry run does not even need a server", "")
            .at(super::host::Where::Nowhere(
                "https://zerobus.invalid",
                "https://workspace.invalid",
            ))
            .options(zb_core::ingest::SenderOptions::dry_run)
            .kept_back()
            .once(),
        case(
            "a sender that is closed under load gives every row a fate",
            "",
        )
        .sends(8, 1, 20)
        .during(|stage| Box::pin(async move { stage.acknowledged(500).await }))
        .closes_after(Duration::from_secs(10))
        .cut_short()
        .once(),
        case(
            "a sender that is closed while nothing is acknowledged hands back what is left",
            r#"{ on = "ack", from = 2, do = "withhold" }"#,
        )
        .sends(8, 1, 20)
        .during(|stage| Box::pin(async move { stage.acknowledged(1).await }))
        .closes_after(Duration::from_millis(300))
        .cut_short(),
        case(
            "a sender that is closed with no time at all hands back what is left",
            r#"{ on = "commit", delay = "200ms" }"#,
        )
        .sends(4, 1, 50)
        .during(|stage| Box::pin(async move { stage.witness.moved().await }))
        .perhaps()
        .closes_after(Duration::ZERO)
        .cut_short(),
        case(
            "a sender that is dropped gives every row a fate",
            r#"{ on = "commit", from = 3, delay = "200ms" }"#,
        )
        .perhaps()
        .dropped(),
        case(
            "a sender holds itself back while too much goes wrong, and delivers",
            r#"{ on = "request", every = 6, times = 12, do = "status", code = "UNAVAILABLE" }"#,
        )
        .sends(1, 12, 50)
        .options(|options| {
            use zb_core::ingest::SlowDown;
            let rules = SlowDown::new().least(5).threshold(0.3);
            let brisk = rules.cap(Duration::from_millis(30));
            options.slow_down(brisk)
        }),
        case(
            "requests of one row each get there one by one",
            r#"{ on = "request", every = 60, times = 3, do = "cut" }"#,
        )
        .sends(1, 4, 50)
        .options(|options| options.request_rows(1)),
        case(
            "a budget that is smaller than a request lets one through at a time",
            r#"{ on = "request", nth = 9, do = "cut" }"#,
        )
        .options(|options| options.max_in_flight_bytes(100)),
    ]
}
