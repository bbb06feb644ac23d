//! A token endpoint that is away, slow, strict or wrong, and tokens that end too soon.

use std::time::Duration;

use zb_core::ErrorKind;

use super::case::{Case, case, impatient};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("a secret that is wrong is said to be wrong", "")
            .secret("dose-not-this-one")
            .not_opened(ErrorKind::Authentication),
        case(
            "401 from the token endpoint is final",
            r#"{ on = "token", do = "answer", status = 401, body = '{"error": "invalid_client"}' }"#,
        )
        .not_opened(ErrorKind::Authentication),
        case(
            "429 from the token endpoint is waited out for as long as it says",
            r#"{ on = "token", nth = 1, do = "answer", status = 429, retry_after = 1 }"#,
        )
        .once(),
        case(
            "429 with a date is read by the clock of the server, which is years behind",
            r#"{ on = "token", nth = 1, do = "answer", status = 429, headers = { date = "Sun, 06 Nov 1994 08:49:37 GMT", retry-after = "Sun, 06 Nov 1994 08:49:38 GMT" } }"#,
        )
        .once(),
        case(
            "500 from the token endpoint is tried again",
            r#"{ on = "token", times = 2, do = "answer", status = 500 }"#,
        )
        .once(),
        case(
            "503 from the token endpoint for ever is given up within the policy",
            r#"{ on = "token", do = "answer", status = 503 }"#,
        )
        .options(|options| options.retry(impatient()))
        .not_opened(ErrorKind::Unavailable),
        case(
            "a token endpoint that is slow is waited for",
            r#"{ on = "token", nth = 1, delay = "700ms" }"#,
        )
        .once(),
        case(
            "a token endpoint that drips is given up within the policy",
            r#"{ on = "token", do = "answer", status = 200, filler = 1000, drip = "200ms" }"#,
        )
        .options(|options| {
            let soon = Duration::from_millis(200);
            options.connect_timeout(soon).retry(impatient())
        })
        .not_opened(ErrorKind::Unavailable),
        case(
            "a token endpoint that cuts the connection is tried again",
            r#"{ on = "token", times = 2, do = "cut" }"#,
        )
        .once(),
        case(
            "a page instead of a token is no token",
            r#"{ on = "token", do = "answer", status = 200, body = "<html>sign in</html>" }"#,
        )
        .not_opened(ErrorKind::Authentication),
        case(
            "an empty answer is no token",
            r#"{ on = "token", do = "answer", status = 200 }"#,
        )
        .not_opened(ErrorKind::Authentication),
        case(
            "an answer without end is no token",
            r#"{ on = "token", do = "answer", status = 200, filler = 100000000 }"#,
        )
        .not_opened(ErrorKind::Authentication),
        case(
            "a redirect of the token endpoint is not followed",
            r#"{ on = "token", do = "answer", status = 307, headers = { location = "http://127.0.0.1:1/" } }"#,
        )
        .not_opened(ErrorKind::Config),
        case(
            "a token that has expired on arrival is refused and replaced",
            r#"{ on = "token", times = 1, do = "lifetime", lifetime = "0s" }"#,
        )
        .once(),
        case(
            "a token that ends before it says is replaced when it is refused",
            r#"{ on = "token", nth = 1, do = "lifetime", lifetime = "50ms", expires_in = 3600 },
               { on = "request", nth = 1, delay = "100ms", do = "cut" }"#,
        ),
        case(
            "a token that claims to live for ever is good for as long as it is",
            r#"{ on = "token", do = "lifetime", lifetime = "1h", expires_in = 9223372036854775807 }"#,
        )
        .once(),
        case(
            "a token of a server whose clock was set back is used for as long as it says",
            r#"{ on = "token", times = 1, do = "lifetime", lifetime = "1h", expires_in = -3600 }"#,
        )
        .once(),
        case(
            "a token that expires in mid-stream is replaced",
            r#"{ on = "request", nth = 6, do = "expire_token" }"#,
        ),
        case(
            "a token that expires with every twelfth request is replaced every time",
            r#"{ on = "request", every = 12, times = 4, do = "expire_token" }"#,
        )
        .sends(1, 24, 50),
        case(
            "a token that is refused when the stream is opened is replaced once",
            r#"{ on = "open", nth = 1, do = "expire_token" }"#,
        )
        .once(),
        case(
            "a token that is refused again and again is said to be refused",
            r#"{ on = "open", do = "expire_token" }"#,
        )
        .not_opened(ErrorKind::Authentication),
        case(
            "a token endpoint that is away when a stream must be opened again is waited for",
            r#"{ on = "request", nth = 6, do = "expire_token" },
               { on = "token", from = 2, times = 3, do = "answer", status = 503 }"#,
        ),
    ]
}
