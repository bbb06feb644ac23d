//! Access tokens: signed, so that they outlive a restart of the server as the service's do.
//!
//! They are JSON Web Tokens with an HMAC-SHA-256 signature. What a token is good for is in it:
//! writing to one table, or the REST API.

use std::{
    collections::HashSet,
    fmt,
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zb_types::{ExposeSecret as _, Secret, TableName};

use crate::lock::lock;

/// What a token lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Write to this table through Zerobus, and nothing else.
    Write(TableName),
    /// Use the REST API, and nothing else.
    Rest,
}

/// Why a token is refused. Either way its bearer should get another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the token was not issued by this server")]
    Foreign,
    #[error("the token has expired")]
    Expired,
}

/// Issues tokens and checks those that come back.
pub(crate) struct Tokens {
    mac: Hmac<Sha256>,
    lifetime: Duration,
    /// Digests of tokens that are worth nothing before their time.
    expired: Mutex<HashSet<[u8; 32]>>,
}

/// Header of every token: `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970, with a fraction: JWT allows it, and tests want short lives.
    exp: f64,
    table: Option<String>,
}

impl Tokens {
    pub(crate) fn new(key: &Secret, lifetime: Duration) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&Sha256::digest(key.expose_secret()));
        let mac = Hmac::new(&block.into());
        let expired = Mutex::default();
        Self {
            mac,
            lifetime,
            expired,
        }
    }

    /// How long a new token is good for.
    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A new token that is good for this long; no two are alike.
    pub(crate) fn issue(&self, grant: &Grant, lifetime: Duration) -> Secret {
        let table = match grant {
            Grant::Write(table) => Some(table.as_str()),
            Grant::Rest => None,
        };
        let claims = json!({
            "jti": uuid::Uuid::new_v4().to_string(),
            "exp": since_epoch().saturating_add(lifetime).as_secs_f64(),
            "scope": "all-apis",
            "table": table,
        });
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("{HEADER}.{claims}");
        let signature = self.signature(&signed).finalize().into_bytes();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into()
    }

    /// What the bearer of `token` may do.
    pub(crate) fn check(&self, token: &str) -> Result<Grant, TokenError> {
        let claims = self.verified(token).ok_or(TokenError::Foreign)?;
        if claims.exp <= since_epoch().as_secs_f64() || self.has_expired(token) {
            return Err(TokenError::Expired);
        }
        match claims.table.map(|table| table.parse()) {
            None => Ok(Grant::Rest),
            Some(Ok(table)) => Ok(Grant::Write(table)),
            Some(Err(_)) => Err(TokenError::Foreign),
        }
    }

    /// Has a token expire now.
    pub(crate) fn expire(&self, token: &str) {
        let mut expired = lock(&self.expired);
        expired.insert(Sha256::digest(token).into());
    }

    fn has_expired(&self, token: &str) -> bool {
        let expired = lock(&self.expired);
        !expired.is_empty() && expired.contains::<[u8; 32]>(&Sha256::digest(token).into())
    }

    fn verified(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.signature(signed).verify_slice(&signature).ok()?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    fn signature(&self, signed: &str) -> Hmac<Sha256> {
        self.mac.clone().chain_update(signed)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tokens(key: &str, lifetime: Duration) -> Tokens {
        Tokens::new(&key.into(), lifetime)
    }

    #[test]
    fn a_token_says_what_it_is_good_for() {
        let tokens = tokens("k", Duration::from_mins(1));
        let table: TableName = "main.nyc.flights".parse().unwrap();
        for grant in [Grant::Write(table), Grant::Rest] {
            let token = tokens.issue(&grant, tokens.lifetime());
            assert_eq!(tokens.check(token.expose_secret()), Ok(grant));
        }
    }

    #[test]
    fn a_token_outlives_the_server_but_not_its_key() {
        let token = tokens("k", Duration::from_mins(1)).issue(&Grant::Rest, Duration::from_mins(1));
        let token = token.expose_secret();
        let check = |key| tokens(key, Duration::from_mins(1)).check(token);
        assert_eq!(check("k"), Ok(Grant::Rest));
        assert_eq!(check("another"), Err(TokenError::Foreign));
    }

    #[test]
    fn a_token_expires() {
        let tokens = tokens("k", Duration::from_mins(1));
        let token = tokens.issue(&Grant::Rest, Duration::ZERO);
        assert_eq!(
            tokens.check(token.expose_secret()),
            Err(TokenError::Expired)
        );
    }

    #[test]
    fn a_token_can_expire_before_its_time() {
        let tokens = tokens("k", Duration::from_mins(1));
        let [token, other] = [(); 2].map(|()| tokens.issue(&Grant::Rest, Duration::from_mins(1)));
        tokens.expire(token.expose_secret());
        let check = |token: &Secret| tokens.check(token.expose_secret());
        assert_eq!(check(&token), Err(TokenError::Expired));
        assert_eq!(check(&other), Ok(Grant::Rest));
    }

    #[test]
    fn a_token_that_was_touched_is_foreign() {
        let tokens = tokens("k", Duration::from_mins(1));
        let token = tokens.issue(&Grant::Rest, Duration::from_mins(1));
        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":9e99,"table":"a.b.c"}"#);
        for forged in [
            String::new(),
            signed.to_owned(),
            format!("{signed}."),
            format!("{HEADER}.{claims}.{signature}"),
        ] {
            assert_eq!(tokens.check(&forged), Err(TokenError::Foreign), "{forged}");
        }
    }
}
