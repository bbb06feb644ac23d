//! The one trait that everything which yields tokens implements.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Error, Scope, Token};

/// Something that yields tokens.
///
/// It need not remember any: [`TokenCache`](crate::TokenCache) does, for every source.
///
/// ```
/// use std::time::Duration;
/// use tokio::time::Instant;
/// use zb_auth::{Error, ExposeSecret, Scope, Token, TokenCache, TokenSource, async_trait};
///
/// struct Vault;
///
/// #[async_trait]
/// impl TokenSource for Vault {
///     async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
///         let asked = Instant::now();
///         let secret = "whatever the vault says".replace(' ', "-");
///         Ok(Token::new(secret).expiring(asked, Duration::from_secs(3600)))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let tokens = TokenCache::new(Vault);
/// let lease = tokens.token(&Scope::Workspace).await?;
/// assert_eq!(lease.secret().expose_secret(), "whatever-the-vault-says");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Fetches a new token for `scope`.
    ///
    /// # Errors
    ///
    /// Why there is none. A source of your own says so with [`Error::transient`] or
    /// [`Error::permanent`].
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error>;
}

#[async_trait]
impl<S: TokenSource + ?Sized> TokenSource for Arc<S> {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        (**self).fetch(scope).await
    }
}

#[async_trait]
impl<S: TokenSource + ?Sized> TokenSource for Box<S> {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        (**self).fetch(scope).await
    }
}
