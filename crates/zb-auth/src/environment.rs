//! Tokens and credentials from environment variables.

use std::env::{self, VarError};

use async_trait::async_trait;
use zb_types::{ExposeSecret, Secret};

use crate::{Error, Place, PlaceProblem, Scope, Token, TokenSource};

/// A token from an environment variable, such as `DATABRICKS_TOKEN`, or `DATABRICKS_OIDC_TOKEN` to
/// [exchange](crate::TokenExchange).
///
/// The variable is read for each token, whatever that is for. Nobody says how long it lives, so a
/// cache does not keep it.
///
/// ```
/// use zb_auth::{EnvToken, ErrorKind, Scope, TokenSource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = EnvToken::new("NOT_SET_ANYWHERE").fetch(&Scope::Workspace).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Place);
/// assert_eq!(error.to_string(), "the variable NOT_SET_ANYWHERE is not there");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EnvToken {
    variable: String,
}

impl EnvToken {
    /// The token in this variable.
    pub fn new(variable: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
        }
    }
}

#[async_trait]
impl TokenSource for EnvToken {
    async fn fetch(&self, _: &Scope) -> Result<Token, Error> {
        let token = Token::new(secret(&self.variable)?);
        if token.is_legal() {
            Ok(token)
        } else {
            Err(problem(&self.variable, PlaceProblem::Illegal))
        }
    }
}

/// What a variable holds, without the white space around it.
pub(crate) fn secret(variable: &str) -> Result<Secret, Error> {
    let found = match env::var(variable) {
        Ok(text) => Secret::from(text),
        Err(VarError::NotPresent) => return Err(problem(variable, PlaceProblem::Missing)),
        // Its cause would show what the variable holds.
        Err(VarError::NotUnicode(_)) => return Err(problem(variable, PlaceProblem::Unreadable)),
    };
    match found.expose_secret().trim() {
        "" => Err(problem(variable, PlaceProblem::Empty)),
        text => Ok(Secret::from(text)),
    }
}

fn problem(variable: &str, problem: PlaceProblem) -> Error {
    Error::place(Place::Variable(variable.to_owned()), problem)
}
