//! The token endpoint of `zb-local` when it is away, slow or wrong, as its fault script has it.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use zb_auth::{
    ClientCredentials, Error, ErrorKind, Lease, Outage, Retrying, TokenCache,
    workspace_id_from_endpoint,
};
use zb_local::{
    Server,
    faults::{Answer, Fault},
};

use crate::request::flights;

struct Ground {
    server: Server,
    _dir: TempDir,
}

impl Ground {
    async fn new(fault: Fault) -> Self {
        let dir = TempDir::new().unwrap();
        let server = Server::builder(dir.path()).faults(fault);
        Self {
            server: server.start().await.unwrap(),
            _dir: dir,
        }
    }

    /// Tokens of the server, each asked for three times at most.
    fn cache(&self, timeout: Duration) -> Arc<TokenCache> {
        let credentials = ClientCredentials::builder(
            self.server.unity_catalog_url(),
            self.server.client_id(),
            self.server.client_secret().clone(),
            workspace_id_from_endpoint(self.server.endpoint()).unwrap(),
        );
        let credentials = credentials.timeout(timeout).build().unwrap();
        let soon = || [Duration::from_millis(5); 2].into_iter();
        Arc::new(TokenCache::new(Retrying::new(credentials, soon)))
    }

    async fn token(&self) -> Result<Lease, Error> {
        self.cache(Duration::from_secs(10)).token(&flights()).await
    }

    /// How many tokens were asked for and how many issued.
    fn asked_and_issued(&self) -> (u64, u64) {
        let stats = self.server.stats();
        (stats.token_requests, stats.tokens_issued)
    }
}

#[tokio::test]
async fn a_refusal_is_not_asked_about_twice() {
    let refusal = Answer::status(401).body(r#"{"error":"invalid_client"}"#);
    let ground = Ground::new(Fault::on_token().answer(refusal)).await;
    let error = ground.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(ground.asked_and_issued(), (1, 0));
}

#[tokio::test]
async fn a_server_that_has_too_much_to_do_is_left_alone_for_as_long_as_it_says() {
    let busy = Answer::status(429).retry_after(1);
    let ground = Ground::new(Fault::on_token().nth(1).answer(busy)).await;
    let began = Instant::now();
    ground.token().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(ground.asked_and_issued(), (2, 1));
}

#[tokio::test]
async fn a_server_error_is_tried_again_and_in_the_end_reported() {
    let ground = Ground::new(Fault::on_token().times(2).answer(500)).await;
    ground.token().await.unwrap();
    assert_eq!(ground.asked_and_issued(), (3, 1));

    let ground = Ground::new(Fault::on_token().answer(500)).await;
    let error = ground.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(ground.asked_and_issued(), (3, 0));
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_not_waited_for() {
    let ground = Ground::new(Fault::on_token().nth(1).delay(Duration::from_hours(1))).await;
    let cache = ground.cache(Duration::from_millis(200));
    cache.token(&flights()).await.unwrap();
    assert_eq!(ground.asked_and_issued().1, 1);

    let slow = Answer::status(200)
        .filler(1_000)
        .drip(Duration::from_millis(50));
    let ground = Ground::new(Fault::on_token().answer(slow)).await;
    let error = ground
        .cache(Duration::from_millis(200))
        .token(&flights())
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_connection_that_is_reset_is_tried_again() {
    let ground = Ground::new(Fault::on_token().times(2).cut()).await;
    ground.token().await.unwrap();
    assert_eq!(ground.asked_and_issued(), (3, 1));
}

#[tokio::test]
async fn a_page_instead_of_a_token_is_not_asked_for_twice() {
    let page = Answer::status(200).body("<html>sign in</html>");
    let ground = Ground::new(Fault::on_token().answer(page)).await;
    let error = ground.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(ground.asked_and_issued(), (1, 0));
}

#[tokio::test]
async fn a_token_that_is_over_when_it_comes_is_not_served() {
    // Its life is counted from when it was asked for.
    let late = Fault::on_token().after(Duration::from_millis(1_200));
    let ground = Ground::new(late.lifetime(Duration::from_secs(1))).await;
    let error = ground.token().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                outage: Outage::ExpiredOnArrival,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_that_says_it_has_no_life_is_served_and_not_kept() {
    let ground = Ground::new(Fault::on_token().lifetime(Duration::ZERO)).await;
    let cache = ground.cache(Duration::from_secs(10));
    for asked in 1..=2 {
        let lease = cache.token(&flights()).await.unwrap();
        assert_eq!(lease.expires_at(), None);
        assert_eq!(ground.asked_and_issued(), (asked, asked));
    }
}

#[tokio::test]
async fn the_clock_of_the_server_does_not_matter() {
    // A date in `Retry-After` is read against the server's own date, thirty years behind.
    let behind = Answer::status(503)
        .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
        .header("retry-after", "Sun, 06 Nov 1994 08:49:38 GMT");
    let ground = Ground::new(Fault::on_token().nth(1).answer(behind)).await;
    let began = Instant::now();
    let lease = ground.token().await.unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    // How long a token lives is counted here, from when it was asked for.
    let left = lease.expires_at().unwrap() - Instant::now();
    assert!(left <= Duration::from_hours(1), "{left:?}");
    assert!(left > Duration::from_mins(59), "{left:?}");
}

#[tokio::test]
async fn sixty_four_who_ask_a_server_that_stumbles_cost_two_requests() {
    let stumble = Fault::on_token().nth(1).after(Duration::from_millis(100));
    let ground = Ground::new(stumble.answer(503)).await;
    let cache = ground.cache(Duration::from_secs(10));
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let cache = Arc::clone(&cache);
        asking.spawn(async move { cache.token(&flights()).await.unwrap().generation() });
    }
    let generations = asking.join_all().await;
    assert!(generations.iter().all(|g| *g == generations[0]));
    assert_eq!(ground.asked_and_issued(), (2, 1));
}

#[tokio::test]
async fn a_renewal_that_fails_leaves_the_old_token_in_service() {
    let dir = TempDir::new().unwrap();
    let server = Server::builder(dir.path())
        .token_lifetime(Duration::from_secs(6))
        .faults(Fault::on_token().from_nth(2).answer(503));
    let ground = Ground {
        server: server.start().await.unwrap(),
        _dir: dir,
    };
    let cache = ground.cache(Duration::from_secs(10));
    let first = cache.token(&flights()).await.unwrap();
    while ground.asked_and_issued().0 < 2 {
        assert!(Instant::now() < first.expires_at().unwrap(), "it has ended");
        sleep(Duration::from_millis(10)).await;
    }
    let still = cache.token(&flights()).await.unwrap();
    assert_eq!(still.generation(), first.generation());
}
