//! OAuth tokens for Databricks Zerobus Ingest: where they come from, how long they are kept, and
//! when a new one is fetched before anybody has to wait for it.
//!
//! ```no_run
//! use std::sync::Arc;
//! use zb_auth::{ClientCredentials, ExposeSecret, Scope, Secret, TableName, TokenCache};
//! use zb_auth::workspace_id_from_endpoint;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
//! let scope = Scope::Table("main.nyc.flights".parse::<TableName>()?);
//! let lease = tokens.token(&scope).await?;
//! let header = format!("Bearer {}", lease.secret().expose_secret());
//!
//! // The service refused it? Then it is not served again; a newer one would be.
//! tokens.invalidate(&scope, lease.generation());
//! # Ok(())
//! # }
//! ```
//!
//! # Where tokens come from
//!
//! | source | what it does |
//! |---|---|
//! | [`ClientCredentials`] | asks for a token as a service principal, whose id and secret come from the program, from [environment variables](ClientCredentials::from_environment) or from a [profile](ClientCredentials::from_profile) of `~/.databrickscfg` |
//! | [`TokenExchange`] | exchanges the token of another source, that of an identity provider, for one of Databricks (RFC 8693): no secret is kept anywhere |
//! | [`FileToken`] | reads a token that something else writes to a file and renews there |
//! | [`EnvToken`] | reads a token from an environment variable |
//! | [`Callback`] | calls a function |
//!
//! They ask once and remember nothing. [`Retrying`] around one makes it patient, [`TokenCache`] around
//! all gives out what is fetched.
//!
//! # What it promises
//!
//! - A token is fetched once, however many ask for it at the same time, and all of them get the same
//!   outcome. Who goes away does not take the request along.
//! - It is renewed in the background when five minutes of it (or half its life) are left, whether
//!   somebody asks just then or not: a reconnect does not wait for the token endpoint. If renewing
//!   fails, the old one goes on serving until it ends, and the next try follows within seconds (within
//!   a minute, if it was refused for good).
//! - A token that the service refused is forgotten, and no newer one with it.
//! - Its life is counted from the moment the request was sent, on a clock that cannot be set. A date
//!   in a `Retry-After` is read by the server's clock.
//! - One HTTP client with time limits for everything, no redirects, and a limit on how much of an
//!   answer is read. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`), but for
//!   loopback addresses.
//! - Secrets are kept in [`Secret`]; no `Debug`, no error text and no log shows one. Of what a
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
//! `examples/cached.rs` has a file, a cache, and a hundred who ask.

mod cache;
mod callback;
mod credentials;
mod endpoint;
mod environment;
mod error;
mod file;
mod flight;
mod http;
mod lease;
mod lock;
mod place;
mod profile;
mod refusal;
mod reply;
mod response;
mod retry_after;
mod retrying;
mod scope;
mod slot;
mod source;
mod state;
mod token;
mod token_exchange;
mod workspace;

pub use async_trait::async_trait;
pub use cache::TokenCache;
pub use callback::Callback;
pub use credentials::{ClientCredentials, ClientCredentialsBuilder};
pub use endpoint::workspace_id_from_endpoint;
pub use environment::EnvToken;
pub use error::{Cause, EndpointProblem, Error, ErrorKind, Outage, ProtocolFault};
pub use file::FileToken;
pub use lease::{Generation, Lease};
pub use place::{Place, PlaceProblem};
pub use profile::Profile;
pub use reply::Reply;
pub use retrying::Retrying;
pub use scope::Scope;
pub use source::TokenSource;
pub use token::Token;
pub use token_exchange::{TokenExchange, TokenExchangeBuilder};
#[doc(no_inline)]
pub use zb_types::{ExposeSecret, Secret, TableName};
