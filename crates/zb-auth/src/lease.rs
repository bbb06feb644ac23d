//! A token as the cache hands it out: with a number, so that a refusal hits the right one.

use std::sync::Arc;

use tokio::time::Instant;
use zb_types::Secret;

/// A token in use.
///
/// Cloning it copies no secret.
#[derive(Debug, Clone)]
pub struct Lease {
    pub(crate) secret: Arc<Secret>,
    pub(crate) generation: Generation,
    pub(crate) issued_at: Option<Instant>,
    pub(crate) expires_at: Option<Instant>,
}

impl Lease {
    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Which token of its scope this is. What [`TokenCache::invalidate`] wants to know.
    ///
    /// [`TokenCache::invalidate`]: crate::TokenCache::invalidate
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// When it was asked for, if the source said how long it lives.
    pub fn issued_at(&self) -> Option<Instant> {
        self.issued_at
    }

    /// When it ends, if the source said so.
    pub fn expires_at(&self) -> Option<Instant> {
        self.expires_at
    }
}

/// Counts the tokens that a cache fetched for one scope; a later token has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub(crate) u64);
