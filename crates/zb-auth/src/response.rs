//! The JSON of a token, read as tolerantly as the service's own clients read it.

use std::time::Duration;

use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse, basic::BasicTokenType};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::time::Instant;

use crate::{Error, ProtocolFault, Token};

/// A token response of RFC 6749 with two allowances: `token_type` may be missing, and `expires_in`
/// may be quoted. A value of it that makes no sense counts as none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Response {
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "any_case")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl Response {
    /// The token, if it is one that can be used. Its life counts from when it was asked for.
    pub(crate) fn into_token(self, asked: Instant) -> Result<Token, Error> {
        if self.token_type != BasicTokenType::Bearer {
            return Err(ProtocolFault::TokenType.into());
        }
        // `expiring` reads zero as unknown.
        let expires_in = self.expires_in().unwrap_or_default();
        let token = Token::new(self.access_token.into_secret()).expiring(asked, expires_in);
        if token.is_legal() {
            Ok(token)
        } else {
            Err(ProtocolFault::IllegalToken.into())
        }
    }

    /// What is wrong with an answer that cannot be read. The parser's own text may quote it.
    pub(crate) fn fault(error: &serde_json::Error) -> ProtocolFault {
        if error.is_data() {
            ProtocolFault::NoToken
        } else {
            ProtocolFault::NotJson
        }
    }
}

impl TokenResponse for Response {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

fn any_case<'de, D: Deserializer<'de>>(json: D) -> Result<BasicTokenType, D::Error> {
    let name = Option::<String>::deserialize(json)?;
    Ok(match name {
        Some(name) if !name.eq_ignore_ascii_case("bearer") => BasicTokenType::Extension(name),
        _ => BasicTokenType::Bearer,
    })
}

fn seconds<'de, D: Deserializer<'de>>(json: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(json)?;
    Ok(match &value {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expires_in(json: &str) -> Option<u64> {
        let json = format!(r#"{{"access_token": "t", "expires_in": {json}}}"#);
        serde_json::from_str::<Response>(&json).unwrap().expires_in
    }

    #[test]
    fn a_quoted_life_is_a_life_and_nonsense_is_none() {
        assert_eq!(expires_in("3600"), Some(3600));
        assert_eq!(expires_in("\" 3600 \""), Some(3600));
        for nonsense in ["null", "-1", "1.5", "\"soon\"", "[]", "{}", "1e99"] {
            assert_eq!(expires_in(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_token_type_may_be_missing_or_in_any_case() {
        let kind = |rest: &str| {
            let json = format!(r#"{{"access_token": "t"{rest}}}"#);
            serde_json::from_str::<Response>(&json).unwrap().token_type
        };
        assert_eq!(kind(""), BasicTokenType::Bearer);
        assert_eq!(kind(r#", "token_type": null"#), BasicTokenType::Bearer);
        assert_eq!(kind(r#", "token_type": "BEARER""#), BasicTokenType::Bearer);
        assert_ne!(kind(r#", "token_type": "mac""#), BasicTokenType::Bearer);
    }

    #[test]
    fn debug_shows_no_token() {
        let json = r#"{"access_token": "hunter2"}"#;
        let response: Response = serde_json::from_str(json).unwrap();
        assert!(!format!("{response:?}").contains("hunter2"));
    }
}
