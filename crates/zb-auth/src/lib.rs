//! OAuth tokens for Databricks Zerobus Ingest: where they come from, how long they are kept, and
//! when a new one is fetched before anybody has to wait for it.
//!
//! ```
//! use std::sync::Arc;
//! use zb_auth::{ClientCredentials, Scope, TokenCache, workspace_id_from_endpoint};
//! use zb_types::{ExposeSecret, Secret, TableName};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = "https://1234567890.zerobus.eu-west-1.cloud.databricks.com";
//! let credentials = ClientCredentials::builder(
//!     "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com",
//!     "f3f3a0b8-0d6c-4d0f-9d0b-2f8f0d4f9e11",
//!     Secret::from("the client secret"),
//!     workspace_id_from_endpoint(endpoint)?,
//! )
//! .build()?;
//! let tokens = Arc::new(TokenCache::new(credentials));
//!
//! # async fn connect(tokens: Arc<TokenCache>) -> Result<(), Box<dyn std::error::Error>> {
//! let scope = Scope::Table("main.nyc.flights".parse::<TableName>()?);
//! let lease = tokens.token(&scope).await?;
//! let header = format!("Bearer {}", lease.secret().expose_secret());
//!
//! // The service refused it? Then it is not served again; a newer one would be.
//! tokens.invalidate(&scope, lease.generation());
//! # drop(header);
//! # Ok(())
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - A token is fetched once, however many ask for it at the same time, and all of them get the same
//!   outcome.
//! - It is renewed while it still has up to five minutes (or half its life) left, in the background:
//!   a reconnect does not wait for the token endpoint. If that fails, the old one goes on serving.
//! - Its life is counted from the moment the request was sent, on a clock that cannot be set back.
//! - One HTTP client with time limits for everything, no redirects, and a limit on how much of an
//!   answer is read.
//! - Secrets are kept in [`zb_types::Secret`]; no `Debug` and no error text shows one. Of what a
//!   server says, only the OAuth error code and a shortened description are repeated.
//! - A client secret does not travel in clear text, except to a loopback address or where
//!   [`allow_plaintext`](ClientCredentialsBuilder::allow_plaintext) says so.
//!
//! The token endpoint being away for a while is told apart from being refused
//! ([`Error::is_transient`]); [`Retrying`] tries again, at a pace that the caller brings along.
//!
//! # When to use this alone
//!
//! Wherever something talks to Zerobus or Unity Catalog and wants a bearer token: nothing in here
//! knows of Arrow, of gRPC or of the Zerobus SDK. A source of your own is a [`TokenSource`] away.

mod cache;
mod credentials;
mod endpoint;
mod error;
mod http;
mod lease;
mod reply;
mod response;
mod retry_after;
mod retrying;
mod scope;
mod source;
mod token;

pub use async_trait::async_trait;
pub use cache::TokenCache;
pub use credentials::{ClientCredentials, ClientCredentialsBuilder};
pub use endpoint::workspace_id_from_endpoint;
pub use error::{Cause, EndpointProblem, Error, ErrorKind, Outage, ProtocolFault};
pub use lease::{Generation, Lease};
pub use reply::Reply;
pub use retrying::Retrying;
pub use scope::Scope;
pub use source::TokenSource;
pub use token::Token;
