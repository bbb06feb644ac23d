//! Tokens from a function.

use std::fmt;

use async_trait::async_trait;

use crate::{Error, Scope, Token, TokenSource};

/// Tokens from an async function, for what has no state of its own. What has implements
/// [`TokenSource`].
///
/// ```
/// use std::time::Duration;
/// use tokio::time::Instant;
/// use zb_auth::{Callback, Error, Scope, Token, TokenSource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let broker = Callback::new(|scope: Scope| async move {
///     let asked = Instant::now();
///     // ask whoever knows, then
///     Ok(Token::new(format!("for-{scope:?}")).expiring(asked, Duration::from_mins(15)))
/// });
/// assert!(broker.fetch(&Scope::Workspace).await?.expires_at().is_some());
/// # Ok(())
/// # }
/// ```
pub struct Callback<F>(F);

impl<F, Fut> Callback<F>
where
    F: Fn(Scope) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Token, Error>> + Send,
{
    /// Tokens as `fetch` returns them. A failure is made with [`Error::transient`] or
    /// [`Error::permanent`].
    pub fn new(fetch: F) -> Self {
        Self(fetch)
    }
}

#[async_trait]
impl<F, Fut> TokenSource for Callback<F>
where
    F: Fn(Scope) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Token, Error>> + Send,
{
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        (self.0)(scope.clone()).await
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(..)")
    }
}
