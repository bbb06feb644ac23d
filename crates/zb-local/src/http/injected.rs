//! Answers over HTTP that a script of faults has ordered.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;

use crate::{
    faults::{Action, Answer},
    wire::Connection,
};

/// How much of a filler is sent at once.
const PIECE: u64 = 64 * 1024;

/// The answer instead of the real one, if there is one.
pub(super) fn instead(action: Option<&Action>, connection: &Connection) -> Option<Response> {
    match action? {
        Action::Answer(answer) => Some(response(answer)),
        Action::Cut => {
            connection.cut();
            // Nobody gets it.
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
        _ => None,
    }
}

fn response(answer: &Answer) -> Response {
    let mut response = Response::new(body(answer));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        } else {
            tracing::warn!(name, "a header of the fault script is not one of HTTP");
        }
    }
    response
}

fn body(answer: &Answer) -> Body {
    let text = Bytes::from(answer.body.clone());
    if answer.filler == 0 && answer.drip.is_none() {
        return Body::from(text);
    }
    let left = (text, answer.filler);
    let drip = answer.drip;
    Body::from_stream(stream::unfold(
        left,
        move |(mut text, mut filler)| async move {
            let most = if drip.is_some() { 1 } else { PIECE };
            if let Some(interval) = drip {
                tokio::time::sleep(interval).await;
            }
            let piece = if text.is_empty() {
                let size = filler.min(most);
                filler -= size;
                Bytes::from(vec![b'x'; size as usize])
            } else {
                text.split_to(text.len().min(most as usize))
            };
            let next = (!piece.is_empty()).then_some(Ok::<_, Infallible>(piece));
            next.map(|piece| (piece, (text, filler)))
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    async fn read(answer: &Answer) -> Bytes {
        axum::body::to_bytes(body(answer), usize::MAX)
            .await
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_empty_long_or_slow() {
        assert_eq!(read(&Answer::status(200)).await, "");
        let long = Answer::status(200).body("abc").filler(200_000);
        assert_eq!(read(&long).await.len(), 200_003);
        let begun = Instant::now();
        let slow = Answer::status(200)
            .body("abc")
            .filler(1)
            .drip(Duration::from_secs(1));
        assert_eq!(read(&slow).await, "abcx");
        // One more wait finds out that there is no more.
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[test]
    fn a_header_that_is_none_is_left_out() {
        let answer = Answer::status(429)
            .retry_after(3)
            .header("no header", "x")
            .header("location", "http://127.0.0.1:1/");
        let response = response(&answer);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().len(), 2);
        assert_eq!(response.headers()["retry-after"], "3");
    }
}
