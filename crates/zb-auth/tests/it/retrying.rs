//! Patience on the paused clock.

use std::{
    io,
    iter::{RepeatN, repeat_n},
    time::Duration,
};

use tokio::time::Instant;
use zb_auth::{Error, ErrorKind, Outage, Retrying, Scope, TokenSource};
use zb_types::ExposeSecret;

use crate::script::{Script, fails, lives};

const SECOND: Duration = Duration::from_secs(1);

fn busy(retry_after: Option<Duration>) -> Error {
    Error::Unavailable {
        outage: Outage::Connection {
            host: "h.com".to_owned(),
        },
        retry_after,
        source: None,
    }
}

/// Every second, `n` times.
fn seconds(n: usize) -> impl Fn() -> RepeatN<Duration> + Send + Sync {
    move || repeat_n(SECOND, n)
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_at_the_callers_pace() {
    let script = Script::new([fails(busy(None)), fails(busy(None)), lives(60 * SECOND)]);
    let start = Instant::now();
    let source = Retrying::new(script.clone(), seconds(5));
    let token = source.fetch(&Scope::Workspace).await.unwrap();
    assert_eq!(token.secret().expose_secret(), "token-3");
    assert_eq!(start.elapsed(), 2 * SECOND);
    // The life counts from the request that got the token, not from the first one.
    assert_eq!(token.expires_at(), Some(start + 62 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_is_the_answer() {
    let script = Script::new([fails(busy(None))]);
    let source = Retrying::new(script.clone(), seconds(3));
    for round in 1..=2 {
        let error = source.fetch(&Scope::Workspace).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(
            script.requests(),
            4 * round,
            "waits are made anew each time"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not_tried_again() {
    let script = Script::new([fails(Error::permanent(io::Error::other("no")))]);
    let source = Retrying::new(script.clone(), seconds(3));
    let error = source.fetch(&Scope::Workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_gets_it_up_to_a_minute() {
    for (asked, waited) in [(7, 7), (86_400, 60)] {
        let script = Script::new([fails(busy(Some(asked * SECOND))), lives(60 * SECOND)]);
        let start = Instant::now();
        let source = Retrying::new(script, seconds(1));
        source.fetch(&Scope::Workspace).await.unwrap();
        assert_eq!(start.elapsed(), waited * SECOND + SECOND);
    }
}
