//! The tokens of `zb-auth`, as `zb-ingest` asks for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use zb_auth::{Lease, Scope, TokenCache};
use zb_ingest::{TokenError, TokenSource};
use zb_telemetry::{Event, Recorder};
use zb_types::{ExposeSecret, Secret, TableName};

use crate::ErrorKind;

/// Serves senders from a cache, and tells it which token was refused.
pub(crate) struct CachedTokens {
    cache: Arc<TokenCache>,
    recorder: Option<Arc<dyn Recorder>>,
    /// The token that was last given out for each table.
    served: Mutex<HashMap<TableName, Lease>>,
}

impl CachedTokens {
    pub(crate) fn new(cache: Arc<TokenCache>, recorder: Option<Arc<dyn Recorder>>) -> Self {
        Self {
            cache,
            recorder,
            served: Mutex::default(),
        }
    }

    fn served(&self) -> std::sync::MutexGuard<'_, HashMap<TableName, Lease>> {
        // Nothing panics while it holds the lock; if something did, the map is still whole.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenSource for CachedTokens {
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError> {
        let scope = Scope::Table(table.clone());
        let lease = self.cache.token(&scope).await;
        let lease = lease
            .map_err(|error| TokenError::new(ErrorKind::of_auth(&error).for_sender(), error))?;
        if let (Some(recorder), Some(issued)) = (&self.recorder, lease.issued_at()) {
            let age = issued.elapsed();
            recorder.record(&Event::TokenUsed { age });
        }
        let token = lease.secret().clone();
        self.served().insert(table.clone(), lease);
        Ok(token)
    }

    async fn refused(&self, table: &TableName, token: &Secret) {
        let lease = self.served().get(table).cloned();
        if let Some(lease) = lease
            && lease.secret().expose_secret() == token.expose_secret()
        {
            self.cache
                .invalidate(&Scope::Table(table.clone()), lease.generation());
        }
    }
}
