//! Renewal in the background, on the paused clock.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};
use zb_auth::{Error, Lease, Outage, Scope, TokenCache};

use crate::{
    request::flights,
    script::{Script, Turn, fails, fleeting, lives},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn cache(turns: impl IntoIterator<Item = Turn>) -> (Arc<TokenCache>, Script) {
    let script = Script::new(turns);
    (Arc::new(TokenCache::new(script.clone())), script)
}

fn away(retry_after: Option<Duration>) -> Error {
    Error::Unavailable {
        outage: Outage::Source,
        retry_after,
        source: Some(Arc::new(io::Error::from(io::ErrorKind::ConnectionReset))),
    }
}

/// A token, if there is one without waiting.
async fn at_once(cache: &TokenCache) -> Lease {
    let before = Instant::now();
    let lease = cache.token(&flights()).await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO, "somebody waited");
    assert!(
        lease.expires_at().unwrap() > before,
        "a token that had ended"
    );
    lease
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_reconnects_every_quarter_of_an_hour_never_waits() {
    let (cache, script) = cache([lives(HOUR).taking(20 * SECOND)]);
    cache.token(&flights()).await.unwrap();
    for _ in 0..4 * 24 {
        sleep(15 * MINUTE).await;
        at_once(&cache).await;
    }
    // One for each 55 minutes of a day, and the first one.
    assert_eq!(script.requests(), 27);
}

#[tokio::test(start_paused = true)]
async fn nobody_has_to_ask_for_a_renewal() {
    let (cache, script) = cache([lives(HOUR).taking(SECOND)]);
    cache.token(&flights()).await.unwrap();
    sleep(54 * MINUTE).await;
    assert_eq!(script.requests(), 1);
    sleep(2 * MINUTE).await;
    assert_eq!(script.requests(), 2);
    // After the end of the first one.
    sleep(10 * MINUTE).await;
    let lease = at_once(&cache).await;
    assert!(lease.expires_at().unwrap() - Instant::now() > 45 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_seconds_is_there_all_the_same() {
    for life in [1, 2, 3, 10, 30] {
        let (cache, script) = cache([lives(life * SECOND).taking(SECOND / 50)]);
        cache.token(&flights()).await.unwrap();
        for _ in 0..1000 {
            sleep(SECOND / 10).await;
            at_once(&cache).await;
        }
        let renewals = script.requests() - 1;
        // At half of each life, and not more often than that.
        let expected = 200 / life as usize;
        assert!(renewals <= expected, "{renewals} renewals at {life} s");
        assert!(
            renewals * 10 >= expected * 9,
            "{renewals} renewals at {life} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_wants_any_more_is_let_go() {
    let (cache, script) = cache([lives(HOUR)]);
    cache.token(&flights()).await.unwrap();
    sleep(24 * HOUR).await;
    // The first one was asked for within its life, the second one was not.
    assert_eq!(script.requests(), 2);
    cache.token(&flights()).await.unwrap();
    assert_eq!(script.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_short_one_is_kept_for_twenty_minutes_after_the_last_who_asked() {
    let (cache, script) = cache([lives(MINUTE)]);
    cache.token(&flights()).await.unwrap();
    sleep(16 * MINUTE).await;
    at_once(&cache).await;
    sleep(24 * HOUR).await;
    let renewals = script.requests() - 1;
    assert!((70..=74).contains(&renewals), "{renewals} in 36 minutes");
}

#[tokio::test(start_paused = true)]
async fn each_scope_is_kept_fresh() {
    let (cache, script) = cache([lives(HOUR)]);
    cache.token(&flights()).await.unwrap();
    cache.token(&Scope::Workspace).await.unwrap();
    sleep(56 * MINUTE).await;
    assert_eq!(script.requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_within_seconds_until_it_succeeds() {
    let mut turns = vec![lives(HOUR)];
    turns.extend((0..20).map(|_| fails(away(None)).taking(SECOND)));
    turns.push(lives(HOUR));
    let (cache, script) = cache(turns);
    cache.token(&flights()).await.unwrap();
    sleep(54 * MINUTE).await;
    for _ in 0..6 * 60 {
        sleep(SECOND).await;
        at_once(&cache).await;
    }
    assert_eq!(script.requests(), 22, "twenty failures in two minutes");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_asked_again_now_and_then() {
    let refused = fails(Error::permanent(io::Error::other("revoked")));
    let (cache, script) = cache([lives(HOUR), refused]);
    cache.token(&flights()).await.unwrap();
    sleep(59 * MINUTE + 59 * SECOND).await;
    at_once(&cache).await;
    let renewals = script.requests() - 1;
    assert!((8..=12).contains(&renewals), "{renewals} in five minutes");
    sleep(2 * SECOND).await;
    cache.token(&flights()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_day_gets_a_minute() {
    let busy = fails(away(Some(24 * HOUR)));
    let (cache, script) = cache([lives(HOUR), busy, lives(HOUR)]);
    cache.token(&flights()).await.unwrap();
    sleep(55 * MINUTE + 59 * SECOND).await;
    assert_eq!(script.requests(), 2);
    sleep(2 * SECOND).await;
    assert_eq!(script.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_gone_renews_nothing_and_leaves_no_task_behind() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let (cache, script) = cache([lives(HOUR)]);
    cache.token(&flights()).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(tasks(), before + 1, "the one that renews it");
    drop(cache);
    sleep(SECOND).await;
    assert_eq!(tasks(), before);
    sleep(2 * HOUR).await;
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_renewed_but_replaced() {
    let (cache, script) = cache([lives(HOUR)]);
    let lease = cache.token(&flights()).await.unwrap();
    cache.invalidate(&flights(), lease.generation());
    sleep(2 * HOUR).await;
    assert_eq!(script.requests(), 1, "nobody asked for another one");
    cache.token(&flights()).await.unwrap();
    sleep(56 * MINUTE).await;
    assert_eq!(script.requests(), 3, "which is kept fresh in its turn");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_unknown_life_is_not_renewed() {
    let (cache, script) = cache([fleeting()]);
    cache.token(&flights()).await.unwrap();
    sleep(24 * HOUR).await;
    assert_eq!(script.requests(), 1);
}
