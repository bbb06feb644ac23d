//! What a refusal means.

use std::time::Duration;

use oauth2::basic::BasicErrorResponse;
use zb_types::Secret;

use crate::{EndpointProblem, Error, Outage, ProtocolFault, Reply, http::Head};

/// What it means that a server answered this and not with a token. `secret` is what the server may
/// have repeated.
pub(crate) fn refusal(
    head: Head,
    said: Option<&BasicErrorResponse>,
    secret: &Secret,
    host: &str,
) -> Error {
    let code = said.map(|said| said.error().as_ref());
    let mut reply = Reply::new(head.status);
    if let (Some(code), Some(said)) = (code, said) {
        let description = said.error_description().map(String::as_str);
        reply = reply.saying(code, description, secret);
    }
    classify(reply, code, head.retry_after, host)
}

/// The one table that says what a refusal means. The status decides first where it speaks of the
/// moment, then the OAuth code, then the status again.
fn classify(reply: Reply, code: Option<&str>, retry_after: Option<Duration>, host: &str) -> Error {
    let unavailable = |reply| Error::Unavailable {
        outage: Outage::Reply(reply),
        retry_after,
        source: None,
    };
    match (reply.status(), code) {
        (408 | 429 | 500..=599, _) | (_, Some("temporarily_unavailable" | "server_error")) => {
            unavailable(reply)
        }
        (_, Some("invalid_client")) => Error::Credentials { reply },
        // The last two: RFC 8707 and RFC 9396, a workspace or a table that is not the client's.
        (
            _,
            Some(
                "access_denied"
                | "invalid_grant"
                | "invalid_scope"
                | "unauthorized_client"
                | "invalid_target"
                | "invalid_authorization_details",
            ),
        )
        | (403, _) => Error::Permission { reply },
        (401, _) => Error::Credentials { reply },
        (300..=399, _) | (404 | 405 | 410, None) => EndpointProblem::NotFound {
            host: host.to_owned(),
            status: reply.status(),
        }
        .into(),
        _ => ProtocolFault::Refused(reply).into(),
    }
}
