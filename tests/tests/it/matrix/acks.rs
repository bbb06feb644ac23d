//! Acknowledgements that are late, lost or wrong.

use std::time::Duration;

use zb_core::ErrorKind;

use super::case::{Case, case, impatient};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "an acknowledgement that is withheld is covered by the next one",
            r#"{ on = "ack", nth = 1, do = "withhold" }"#,
        )
        .sends(1, 60, 50)
        // Room for what makes the next one come.
        .options(|options| options.max_in_flight_bytes(4 << 20))
        .once(),
        case(
            "acknowledgements that never come leave the rows unknown",
            r#"{ on = "ack", do = "withhold" }"#,
        )
        .options(|options| {
            let soon = Duration::from_millis(150);
            options.ack_timeout(soon).retry(impatient())
        })
        .fails(ErrorKind::Unavailable)
        .twice(),
        case(
            "an acknowledgement that is lost is asked for again when its time is over",
            r#"{ on = "ack", from = 2, times = 4, do = "withhold" }"#,
        )
        .options(|options| options.ack_timeout(Duration::from_millis(250))),
        case(
            "acknowledgements that are late are waited for",
            r#"{ on = "ack", delay = "150ms" }"#,
        )
        .once(),
        case(
            "an acknowledgement that comes twice counts once",
            r#"{ on = "ack", do = "acknowledge", twice = true }"#,
        )
        .once(),
        case(
            "acknowledgements that go backwards take nothing back",
            r#"{ on = "ack", from = 2, times = 2, do = "acknowledge", backwards = 1 }"#,
        ),
        case(
            "acknowledgements that are behind are waited for",
            r#"{ on = "ack", from = 2, times = 3, do = "acknowledge", behind = 2 }"#,
        )
        .options(|options| options.ack_timeout(Duration::from_millis(250))),
        case(
            "an acknowledgement of what was not sent makes no row durable",
            r#"{ on = "ack", nth = 2, do = "acknowledge", beyond = 1000 }"#,
        ),
        case(
            "an acknowledgement of the largest offset makes no row durable",
            r#"{ on = "ack", nth = 2, do = "acknowledge", exactly = 9223372036854775807 }"#,
        ),
        case(
            "an acknowledgement below zero makes no row durable",
            r#"{ on = "ack", nth = 2, do = "acknowledge", exactly = -1 }"#,
        ),
        case(
            "an acknowledgement without an offset makes no row durable",
            r#"{ on = "ack", nth = 2, do = "acknowledge", no_offset = true }"#,
        ),
        case(
            "acknowledgements that are lost with their connection again and again",
            r#"{ on = "ack", from = 2, every = 3, times = 4, do = "cut" }"#,
        )
        .sends(1, 16, 50)
        .twice(),
    ]
}
