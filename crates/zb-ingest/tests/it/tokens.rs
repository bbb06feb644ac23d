//! Where the senders of these tests get their tokens.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use zb_auth::{ClientCredentials, Generation, Scope, TokenCache, workspace_id_from_endpoint};
use zb_ingest::{TokenError, TokenSource};
use zb_local::Server;
use zb_types::{ExposeSecret, Secret, TableName};

/// Tokens from the server's own token endpoint, kept in a cache.
pub(crate) struct Tokens {
    cache: TokenCache,
    served: Mutex<Vec<(Generation, Secret)>>,
}

impl Tokens {
    pub(crate) fn of(server: &Server) -> Arc<Self> {
        Self::with_secret(server, server.client_secret().clone())
    }

    pub(crate) fn with_secret(server: &Server, secret: Secret) -> Arc<Self> {
        let workspace = workspace_id_from_endpoint(server.endpoint()).unwrap();
        let url = server.unity_catalog_url();
        let credentials = ClientCredentials::builder(url, server.client_id(), secret, workspace);
        Arc::new(Self {
            cache: TokenCache::new(credentials.build().unwrap()),
            served: Mutex::default(),
        })
    }

    /// Every token that was given out.
    pub(crate) fn served(&self) -> Vec<String> {
        let served = self.served.lock().unwrap();
        let tokens = served.iter().map(|(_, token)| token.expose_secret());
        tokens.map(str::to_owned).collect()
    }
}

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError> {
        let lease = self.cache.token(&Scope::Table(table.clone())).await;
        let lease = lease.map_err(|error| {
            if error.is_transient() {
                TokenError::transient(error)
            } else {
                TokenError::permanent(error)
            }
        })?;
        let token = lease.secret().clone();
        let mut served = self.served.lock().unwrap();
        served.push((lease.generation(), token.clone()));
        Ok(token)
    }

    async fn refused(&self, table: &TableName, token: &Secret) {
        let served = self.served.lock().unwrap();
        let of_token = |(_, other): &&(_, Secret)| other.expose_secret() == token.expose_secret();
        if let Some((generation, _)) = served.iter().find(of_token) {
            let scope = Scope::Table(table.clone());
            self.cache.invalidate(&scope, *generation);
        }
    }
}

/// Gives out a token that nobody accepts while it is [`stale`](Self::turn_stale).
pub(crate) struct Expiring {
    good: Arc<Tokens>,
    stale: AtomicBool,
    /// Whether a refusal makes it good.
    heals: bool,
    refused: Mutex<Vec<String>>,
}

impl Expiring {
    pub(crate) const TOKEN: &str = "a-token-of-last-year";

    /// Expiring until it is refused.
    pub(crate) fn once(good: Arc<Tokens>) -> Arc<Self> {
        Arc::new(Self::new(good, true, true))
    }

    /// Expiring whatever happens.
    pub(crate) fn forever(good: Arc<Tokens>) -> Arc<Self> {
        Arc::new(Self::new(good, true, false))
    }

    /// Good until told otherwise.
    pub(crate) fn later(good: Arc<Tokens>) -> Arc<Self> {
        Arc::new(Self::new(good, false, false))
    }

    /// Good ones until told otherwise, and again once one was refused.
    pub(crate) fn for_a_while(good: Arc<Tokens>) -> Arc<Self> {
        Arc::new(Self::new(good, false, true))
    }

    fn new(good: Arc<Tokens>, stale: bool, heals: bool) -> Self {
        Self {
            good,
            stale: stale.into(),
            heals,
            refused: Mutex::default(),
        }
    }

    pub(crate) fn turn_stale(&self) {
        self.stale.store(true, Ordering::SeqCst);
    }

    /// The tokens that were reported as refused.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenSource for Expiring {
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError> {
        if self.stale.load(Ordering::SeqCst) {
            Ok(Secret::from(Self::TOKEN))
        } else {
            self.good.token(table).await
        }
    }

    async fn refused(&self, _: &TableName, token: &Secret) {
        let token = token.expose_secret().to_owned();
        self.refused.lock().unwrap().push(token);
        if self.heals {
            self.stale.store(false, Ordering::SeqCst);
        }
    }
}

/// A token for a server that never gets to see it.
pub(crate) struct Any;

#[async_trait]
impl TokenSource for Any {
    async fn token(&self, _: &TableName) -> Result<Secret, TokenError> {
        Ok(Secret::from("any-token"))
    }

    async fn refused(&self, _: &TableName, _: &Secret) {}
}
