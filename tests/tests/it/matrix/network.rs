//! Connections that do not come about, break, or crawl.

use zb_core::ErrorKind;

use super::{
    case::{Case, case, impatient},
    host::Where,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("nothing goes wrong and every row lands once", "").once(),
        case(
            "a connection that is refused is given up within the policy",
            "",
        )
        .at(Where::Nowhere("http://127.0.0.1:1", "http://127.0.0.1:1"))
        .options(|options| options.retry(impatient()))
        .not_opened(ErrorKind::Unavailable),
        case(
            "a name that does not resolve is given up within the policy",
            "",
        )
        .at(Where::Nowhere(
            "https://zerobus.invalid",
            "https://workspace.invalid",
        ))
        .options(|options| options.retry(impatient()))
        .not_opened(ErrorKind::Unavailable),
        case(
            "a server whose authority is not known gets no secret and no row",
            "",
        )
        .at(Where::Untrusted)
        // The address or the authority is wrong: asking again would bring no token.
        .not_opened(ErrorKind::Config),
        case(
            "a connection that is reset when it is made is made again",
            r#"{ on = "connect", nth = 2, do = "cut" }"#,
        )
        .once(),
        case(
            "a connection that is cut before the commit is opened again",
            r#"{ on = "request", offset = 5, times = 1, do = "cut" }"#,
        ),
        case(
            "a connection that is cut after the commit stores rows twice and says so",
            r#"{ on = "ack", nth = 2, do = "cut" }"#,
        )
        .twice(),
        case(
            "an acknowledgement that is cut in mid-message is no acknowledgement",
            r#"{ on = "ack", nth = 2, do = "cut_mid_message" }"#,
        )
        .twice(),
        case(
            "a connection that is cut in the middle of a request is opened again",
            r#"{ on = "request", offset = 3, times = 1, do = "cut_after", bytes = 700 }"#,
        ),
        case(
            "a connection that is cut again and again gets there all the same",
            r#"{ on = "request", every = 30, do = "cut" }"#,
        )
        .sends(1, 40, 50),
        case(
            "a server that reads slowly holds the sender back and loses nothing",
            r#"{ on = "request", nth = 2, do = "read_slowly", bytes_per_second = 60000 }"#,
        )
        .once(),
        case(
            "a server that stands still for a while is waited for",
            r#"{ on = "request", nth = 4, do = "freeze", lasting = "700ms" }"#,
        )
        .once(),
        case(
            "a server that is slow to open a stream is waited for",
            r#"{ on = "open", nth = 1, delay = "600ms" }"#,
        )
        .once(),
        case(
            "a stream that never opens is given up within the policy",
            r#"{ on = "open", delay = "1h" }"#,
        )
        .options(|options| {
            let quick = std::time::Duration::from_millis(150);
            options.connect_timeout(quick).retry(impatient())
        })
        .not_opened(ErrorKind::Unavailable),
        case(
            "commits that take long hold the sender back and lose nothing",
            r#"{ on = "commit", delay = "100ms" }"#,
        )
        .once(),
    ]
}
