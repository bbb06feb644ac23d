//! The token endpoint of `zb-local`, which checks what the service checks.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use zb_auth::{ClientCredentials, ErrorKind, Scope, TokenCache, workspace_id_from_endpoint};
use zb_local::Server;
use zb_types::Secret;

use crate::request::flights;

struct Ground {
    server: Server,
    _dir: TempDir,
}

impl Ground {
    async fn new(token_lifetime: Duration) -> Self {
        let dir = TempDir::new().unwrap();
        let server = Server::builder(dir.path()).token_lifetime(token_lifetime);
        Self {
            server: server.start().await.unwrap(),
            _dir: dir,
        }
    }

    fn cache(&self, secret: &Secret) -> Arc<TokenCache> {
        let credentials = ClientCredentials::builder(
            self.server.unity_catalog_url(),
            self.server.client_id(),
            secret.clone(),
            workspace_id_from_endpoint(self.server.endpoint()).unwrap(),
        );
        Arc::new(TokenCache::new(credentials.build().unwrap()))
    }
}

#[tokio::test]
async fn a_hundred_who_ask_get_one_token() {
    let ground = Ground::new(Duration::from_hours(1)).await;
    let cache = ground.cache(ground.server.client_secret());
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let cache = Arc::clone(&cache);
        asking.spawn(async move { cache.token(&flights()).await.unwrap().generation() });
    }
    let generations = asking.join_all().await;
    assert!(generations.iter().all(|g| *g == generations[0]));
    assert_eq!(ground.server.stats().tokens_issued, 1);
    cache.token(&Scope::Workspace).await.unwrap();
    assert_eq!(ground.server.stats().tokens_issued, 2);
}

#[tokio::test]
async fn a_short_lived_token_is_renewed_before_it_ends() {
    let ground = Ground::new(Duration::from_secs(4)).await;
    let cache = ground.cache(ground.server.client_secret());
    let first = cache.token(&flights()).await.unwrap();
    while ground.server.stats().tokens_issued < 2 {
        assert!(Instant::now() < first.expires_at().unwrap(), "it has ended");
        sleep(Duration::from_millis(20)).await;
    }
    // Issued is not arrived yet.
    let mut second = first.clone();
    while second.generation() == first.generation() {
        sleep(Duration::from_millis(20)).await;
        second = cache.token(&flights()).await.unwrap();
    }
    assert!(second.generation() > first.generation());
    // The refusal of the first one comes late.
    cache.invalidate(&flights(), first.generation());
    let third = cache.token(&flights()).await.unwrap();
    assert_eq!(third.generation(), second.generation());
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let ground = Ground::new(Duration::from_hours(1)).await;
    let cache = ground.cache(&Secret::from("dose-wrong"));
    let error = cache.token(&flights()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(ground.server.stats().tokens_issued, 0);
}
