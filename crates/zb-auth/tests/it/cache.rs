//! The cache on the paused clock.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::{JoinSet, yield_now},
    time::{Instant, advance, sleep, timeout},
};
use zb_auth::{Callback, Error, ErrorKind, Lease, Outage, Scope, Token, TokenCache};
use zb_types::ExposeSecret;

use crate::{
    endpoint::{Endpoint, token},
    request::flights,
    script::{Script, Turn, fails, fleeting, lives},
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn cache(turns: impl IntoIterator<Item = Turn>) -> (Arc<TokenCache>, Script) {
    let script = Script::new(turns);
    (Arc::new(TokenCache::new(script.clone())), script)
}

fn away() -> Error {
    Error::transient(io::Error::from(io::ErrorKind::ConnectionReset))
}

async fn name(cache: &TokenCache) -> String {
    text(&cache.token(&flights()).await.unwrap())
}

fn text(lease: &Lease) -> String {
    lease.secret().expose_secret().to_owned()
}

/// Lets what runs in the background run until it waits for the clock.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_and_kept() {
    let (cache, script) = cache([lives(HOUR)]);
    for _ in 0..10 {
        assert_eq!(name(&cache).await, "token-1");
        advance(5 * MINUTE).await;
    }
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_scope_has_its_own() {
    let (cache, script) = cache([lives(HOUR)]);
    let weather = Scope::Table("main.nyc.weather".parse().unwrap());
    for (scope, expected) in [
        (flights(), "token-1"),
        (weather, "token-2"),
        (Scope::Workspace, "token-3"),
        (flights(), "token-1"),
    ] {
        assert_eq!(text(&cache.token(&scope).await.unwrap()), expected);
    }
    assert_eq!(script.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_make_one_request() {
    let (cache, script) = cache([lives(HOUR).taking(SECOND)]);
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { name(&cache).await })
        })
        .collect();
    for task in asking {
        assert_eq!(task.await.unwrap(), "token-1");
    }
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_are_told_of_one_failure() {
    let (cache, script) = cache([fails(away()).taking(SECOND), lives(HOUR)]);
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.token(&flights()).await })
        })
        .collect();
    for task in asking {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(script.requests(), 1);
    // Who comes later asks again.
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_a_token_of_unknown_life_share_it() {
    let (cache, script) = cache([fleeting().taking(SECOND)]);
    let (a, b) = tokio::join!(name(&cache), name(&cache));
    assert_eq!((a.as_str(), b.as_str()), ("token-1", "token-1"));
    // But it is not kept.
    assert_eq!(name(&cache).await, "token-2");
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_leave_do_not_take_the_request_along() {
    let (cache, script) = cache([lives(HOUR).taking(10 * SECOND)]);
    let staying = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            sleep(SECOND).await;
            name(&cache).await
        }
    });
    timeout(5 * SECOND, cache.token(&flights()))
        .await
        .unwrap_err();
    assert_eq!(staying.await.unwrap(), "token-1");
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn impatient_callers_get_their_token_in_the_end() {
    let (cache, script) = cache([lives(HOUR).taking(10 * SECOND)]);
    // Nobody waits as long as it takes, and it is there all the same.
    for _ in 0..4 {
        if let Ok(lease) = timeout(3 * SECOND, cache.token(&flights())).await {
            assert_eq!(text(&lease.unwrap()), "token-1");
        }
    }
    assert_eq!(name(&cache).await, "token-1");
    assert_eq!(script.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn five_minutes_before_the_end_it_is_renewed_and_nobody_waits() {
    let (cache, script) = cache([lives(HOUR), lives(HOUR).taking(3 * SECOND)]);
    name(&cache).await;
    advance(54 * MINUTE).await;
    name(&cache).await;
    settle().await;
    assert_eq!(script.requests(), 1, "six minutes are enough");

    advance(90 * SECOND).await;
    let before = Instant::now();
    for _ in 0..10 {
        assert_eq!(name(&cache).await, "token-1");
    }
    assert_eq!(before.elapsed(), Duration::ZERO);
    sleep(4 * SECOND).await;
    assert_eq!(name(&cache).await, "token-2");
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_short_life_is_renewed_at_half() {
    let (cache, script) = cache([lives(MINUTE)]);
    name(&cache).await;
    advance(29 * SECOND).await;
    name(&cache).await;
    settle().await;
    assert_eq!(script.requests(), 1);
    advance(2 * SECOND).await;
    settle().await;
    assert_eq!(name(&cache).await, "token-2");
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_old_one_serves_while_renewing_fails() {
    let (cache, script) = cache([lives(HOUR), fails(away())]);
    name(&cache).await;
    advance(56 * MINUTE).await;
    // Busy callers for three minutes and a half, up to the last ten seconds and into them.
    for _ in 0..2390 {
        assert_eq!(name(&cache).await, "token-1");
        settle().await;
        advance(Duration::from_millis(100)).await;
    }
    let tries = script.requests() - 1;
    assert!(
        (45..=60).contains(&tries),
        "{tries} renewals in four minutes"
    );
    // Then it is over.
    advance(2 * SECOND).await;
    let error = cache.token(&flights()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn renewing_waits_as_long_as_the_server_asked() {
    let busy = Error::Unavailable {
        outage: Outage::Connection {
            host: "h.com".to_owned(),
        },
        retry_after: Some(60 * SECOND),
        source: None,
    };
    let (cache, script) = cache([lives(HOUR), fails(busy), lives(HOUR)]);
    name(&cache).await;
    advance(56 * MINUTE).await;
    name(&cache).await;
    settle().await;
    assert_eq!(script.requests(), 2);
    advance(59 * SECOND).await;
    name(&cache).await;
    settle().await;
    assert_eq!(script.requests(), 2);
    advance(2 * SECOND).await;
    name(&cache).await;
    settle().await;
    assert_eq!(name(&cache).await, "token-3");
}

#[tokio::test(start_paused = true)]
async fn in_its_last_seconds_who_asks_waits_for_the_next_one() {
    let (cache, _) = cache([lives(HOUR), lives(HOUR).taking(SECOND)]);
    name(&cache).await;
    advance(59 * MINUTE + 55 * SECOND).await;
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test(start_paused = true)]
async fn in_its_last_seconds_nobody_waits_longer_than_half_of_what_is_left() {
    let (cache, _) = cache([lives(HOUR), lives(HOUR).taking(20 * SECOND)]);
    name(&cache).await;
    advance(59 * MINUTE + 54 * SECOND).await;
    let before = Instant::now();
    assert_eq!(name(&cache).await, "token-1");
    assert!(
        before.elapsed() <= 3 * SECOND + MS,
        "{:?}",
        before.elapsed()
    );
    // What was asked for goes on.
    sleep(20 * SECOND).await;
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ended_is_never_served() {
    let (cache, _) = cache([lives(HOUR)]);
    name(&cache).await;
    advance(HOUR).await;
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test(start_paused = true)]
async fn the_life_is_counted_from_the_request() {
    let (cache, _) = cache([lives(MINUTE).taking(40 * SECOND)]);
    let lease = cache.token(&flights()).await.unwrap();
    let left = lease.expires_at().unwrap() - Instant::now();
    assert!(left <= 20 * SECOND && left > 19 * SECOND, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ended_on_its_way_is_an_outage() {
    let (cache, _) = cache([lives(SECOND).taking(2 * SECOND), lives(HOUR)]);
    match cache.token(&flights()).await.unwrap_err() {
        Error::Unavailable { outage, .. } => assert_eq!(outage, Outage::ExpiredOnArrival),
        other => panic!("{other:?}"),
    }
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_forgotten() {
    let (cache, script) = cache([lives(HOUR)]);
    let first = cache.token(&flights()).await.unwrap();
    cache.invalidate(&flights(), first.generation());
    assert_eq!(name(&cache).await, "token-2");
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_does_not_hit_a_newer_token() {
    let (cache, script) = cache([lives(HOUR)]);
    let first = cache.token(&flights()).await.unwrap();
    cache.invalidate(&flights(), first.generation());
    let second = cache.token(&flights()).await.unwrap();
    assert!(second.generation() > first.generation());
    // 64 streams lost the same token and say so one after the other.
    for _ in 0..64 {
        cache.invalidate(&flights(), first.generation());
        assert_eq!(name(&cache).await, "token-2");
    }
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_under_way_outlives_the_refusal_of_the_one_before() {
    let (cache, script) = cache([lives(HOUR), lives(HOUR).taking(5 * SECOND)]);
    let first = cache.token(&flights()).await.unwrap();
    advance(56 * MINUTE).await;
    name(&cache).await;
    settle().await;
    assert_eq!(script.requests(), 2, "the renewal is under way");
    cache.invalidate(&flights(), first.generation());
    assert_eq!(name(&cache).await, "token-2");
    assert_eq!(script.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_one_scope_leaves_the_others_alone() {
    let (cache, script) = cache([lives(HOUR)]);
    let lease = cache.token(&flights()).await.unwrap();
    cache.token(&Scope::Workspace).await.unwrap();
    cache.invalidate(&flights(), lease.generation());
    cache.token(&Scope::Workspace).await.unwrap();
    assert_eq!(script.requests(), 2);
}

#[tokio::test]
async fn a_hundred_who_ask_a_real_endpoint_make_one_request() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let cache = Arc::new(TokenCache::new(endpoint.credentials().build().unwrap()));
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let cache = Arc::clone(&cache);
        asking.spawn(async move { name(&cache).await });
    }
    assert!(asking.join_all().await.iter().all(|name| name == "t"));
    assert_eq!(name(&cache).await, "t");
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answers_holds_nobody_for_ever() {
    let script = Script::new([lives(HOUR).taking(24 * HOUR), lives(HOUR)]);
    let cache = TokenCache::new(script).with_time_limit(MINUTE);
    let start = Instant::now();
    match cache.token(&flights()).await.unwrap_err() {
        Error::Unavailable { outage, .. } => assert_eq!(outage, Outage::Slow { after: MINUTE }),
        other => panic!("{other:?}"),
    }
    assert_eq!(start.elapsed(), MINUTE);
    assert_eq!(name(&cache).await, "token-2");
}

#[tokio::test]
async fn a_source_that_panics_is_an_outage_and_is_asked_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let source = Callback::new(move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(call > 0, "the first call is one too many");
            Ok(Token::new("t"))
        }
    });
    let cache = TokenCache::new(source);
    match cache.token(&flights()).await.unwrap_err() {
        Error::Unavailable { outage, .. } => assert_eq!(outage, Outage::Abandoned),
        other => panic!("{other:?}"),
    }
    assert_eq!(name(&cache).await, "t");
}

#[test]
fn a_request_that_ended_with_its_runtime_is_made_again_in_another() {
    let (cache, _) = cache([lives(HOUR).taking(HOUR), lives(HOUR)]);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap()
    };
    runtime().block_on(async {
        timeout(MS, cache.token(&flights())).await.unwrap_err();
    });
    assert_eq!(runtime().block_on(name(&cache)), "token-2");
}
